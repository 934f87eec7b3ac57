# Tags a virtual machine in its notes and keeps the host from starting it by itself. Fills hosts.providers.types.Vm.
param(
    [Parameter(Mandatory)] [guid]$VmId,
    [Parameter(Mandatory)] [ValidatePattern('^ferry-[0-9]+$')] [string]$Tag
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 3.0

. "$PSScriptRoot\..\shared\vm.ps1"
. "$PSScriptRoot\..\shared\notes.ps1"

$vm = Get-FerryVm -VmId $VmId
$marks = @(Get-FerryMark -Notes $vm.Notes)
$foreign = @($marks | Where-Object { $_.tag -ne $Tag })
if ($foreign.Count -gt 0) {
    Write-Error -ErrorId 'AlreadyExists' -Category ResourceExists -ErrorAction Stop `
        -Message "$($vm.Name) bears the tag $($foreign[0].tag) of another job."
}
if ($marks.Count -eq 0) {
    $lines = @([string]$vm.Notes, ('{0} start-action={1}' -f $Tag, $vm.AutomaticStartAction)) | Where-Object { $_ }
    Set-VM -VM $vm -Notes (@($lines) -join "`r`n") -AutomaticStartAction Nothing
} elseif ([string]$vm.AutomaticStartAction -ne 'Nothing') {
    Set-VM -VM $vm -AutomaticStartAction Nothing
}
[PSCustomObject]@{ vm = Read-FerryVm -VmId $VmId }
