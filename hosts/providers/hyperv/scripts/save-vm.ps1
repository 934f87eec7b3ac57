# Saves a running virtual machine's state and ends it; waits for a save that is under way; leaves a saved or off one.
# Fills hosts.providers.types.Vm, with the state files that the save wrote.
param(
    [Parameter(Mandatory)] [guid]$VmId
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 3.0

. "$PSScriptRoot\..\shared\failures.ps1"
. "$PSScriptRoot\..\shared\vm.ps1"

$vm = Get-FerryVm -VmId $VmId
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
