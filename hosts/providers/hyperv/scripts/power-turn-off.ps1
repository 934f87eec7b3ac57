# Turns a virtual machine off that no job has marked, as if its plug were pulled, also while its guest shuts down; one that
# is off is left as it is. Fills hosts.providers.types.Vm.
param(
    [Parameter(Mandatory)] $Claim,
    [Parameter(Mandatory)] [guid]$VmId
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 3.0

. "$PSScriptRoot\..\shared\root.ps1"
. "$PSScriptRoot\..\shared\fence.ps1"
. "$PSScriptRoot\..\shared\failures.ps1"
. "$PSScriptRoot\..\shared\vm.ps1"
. "$PSScriptRoot\..\shared\notes.ps1"
. "$PSScriptRoot\..\shared\power.ps1"

$fence = Enter-Fence -Claim $Claim
$vm = Get-UnmarkedVm -VmId $VmId
$state = ConvertTo-VmState -State $vm.State
if (@('running', 'paused', 'stopping', 'off') -notcontains $state) { Stop-ForState -Vm $vm -Done 'turned off' }
if ('off' -ne $state) {
    try { Stop-VM -VM $vm -TurnOff -Force } catch { Stop-WithFailure -Failure $_ }
}
[PSCustomObject]@{ vm = Read-FerryVm -VmId $VmId }
