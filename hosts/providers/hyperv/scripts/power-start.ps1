# Starts a virtual machine that no job has marked, restores it when it is saved, resumes it when it is paused; one that
# runs is left as it is. Fills hosts.providers.types.Vm.
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
if (@('off', 'saved', 'paused', 'running') -notcontains $state) { Stop-ForState -Vm $vm -Done 'started' }
try {
    if ('paused' -eq $state) { Resume-VM -VM $vm } elseif ('running' -ne $state) { Start-VM -VM $vm }
} catch {
    Stop-WithFailure -Failure $_
}
[PSCustomObject]@{ vm = Read-FerryVm -VmId $VmId }
