# Keeps the host from starting a virtual machine of this job by itself, then saves its state and ends it; waits for a
# save that is under way; a saved or off one is only held.
# Fills hosts.providers.types.Vm, with the state files that the save wrote.
param(
    [Parameter(Mandatory)] $Claim,
    [Parameter(Mandatory)] [guid]$VmId,
    [Parameter(Mandatory)] [ValidatePattern('^ferry-[0-9]+$')] [string]$Tag
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 3.0

. "$PSScriptRoot\..\shared\root.ps1"
. "$PSScriptRoot\..\shared\fence.ps1"
. "$PSScriptRoot\..\shared\failures.ps1"
. "$PSScriptRoot\..\shared\vm.ps1"
. "$PSScriptRoot\..\shared\notes.ps1"

$fence = Enter-Fence -Claim $Claim
$vm = Get-FerryVm -VmId $VmId
Confirm-FerryMark -Vm $vm -Tag $Tag
# Before the save: between the two the host may lose power.
if ([string]$vm.AutomaticStartAction -ne 'Nothing') { Set-VM -VM $vm -AutomaticStartAction Nothing }
if (@('running', 'paused') -contains (ConvertTo-VmState -State $vm.State)) {
    try { Save-VM -VM $vm } catch { Stop-WithFailure -Failure $_ }
}
# The console's deadline ends this loop if Hyper-V does not.
while ('saving' -eq (ConvertTo-VmState -State ($vm = Get-FerryVm -VmId $VmId).State)) { Start-Sleep -Milliseconds 500 }
if (@('saved', 'off') -notcontains (ConvertTo-VmState -State $vm.State)) {
    Write-Error -ErrorId 'WrongState' -Category InvalidOperation -ErrorAction Stop `
        -Message "$($vm.Name) cannot be saved: it is $($vm.State)."
}
[PSCustomObject]@{ vm = Read-FerryVm -VmId $VmId }
