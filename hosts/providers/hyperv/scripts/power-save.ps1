# Saves the state of a virtual machine that no job has marked and that runs or is paused; a saved one is left as it is.
# Fills hosts.providers.types.Vm.
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
if (@('running', 'paused', 'saved') -notcontains $state) { Stop-ForState -Vm $vm -Done 'saved' }
if ('saved' -ne $state) {
    try { Save-VM -VM $vm } catch { Stop-WithFailure -Failure $_ }
}
[PSCustomObject]@{ vm = Read-FerryVm -VmId $VmId }
