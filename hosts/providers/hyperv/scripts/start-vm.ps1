# Starts or restores a virtual machine; leaves a running one; waits for a start that is under way.
# Fills hosts.providers.types.Vm.
param(
    [Parameter(Mandatory)] [guid]$VmId
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 3.0

. "$PSScriptRoot\..\shared\failures.ps1"
. "$PSScriptRoot\..\shared\vm.ps1"

$vm = Get-FerryVm -VmId $VmId
if (@('saved', 'off') -contains (ConvertTo-VmState -State $vm.State)) {
    try { Start-VM -VM $vm } catch { Stop-WithFailure -Failure $_ }
}
# The console's deadline ends this loop if Hyper-V does not.
while ('starting' -eq (ConvertTo-VmState -State ($vm = Get-FerryVm -VmId $VmId).State)) { Start-Sleep -Milliseconds 500 }
if ('running' -ne (ConvertTo-VmState -State $vm.State)) {
    Write-Error -ErrorId 'WrongState' -Category InvalidOperation -ErrorAction Stop `
        -Message "$($vm.Name) does not run: it is $($vm.State)."
}
[PSCustomObject]@{ vm = Read-FerryVm -VmId $VmId }
