# Tags a virtual machine in its notes, and with Hold also keeps the host from starting it by itself.
# Fills hosts.providers.types.Vm.
param(
    [Parameter(Mandatory)] $Claim,
    [Parameter(Mandatory)] [guid]$VmId,
    [Parameter(Mandatory)] [ValidatePattern('^ferry-[0-9]+$')] [string]$Tag,
    [Parameter(Mandatory)] [bool]$Hold
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 3.0

. "$PSScriptRoot\..\shared\root.ps1"
. "$PSScriptRoot\..\shared\fence.ps1"
. "$PSScriptRoot\..\shared\vm.ps1"
. "$PSScriptRoot\..\shared\notes.ps1"

$fence = Enter-Fence -Claim $Claim
$vm = Get-FerryVm -VmId $VmId
$marks = @(Get-FerryMark -Notes $vm.Notes)
$foreign = @($marks | Where-Object { $_.tag -ne $Tag })
if ($foreign.Count -gt 0) {
    Write-Error -ErrorId 'AlreadyExists' -Category ResourceExists -ErrorAction Stop `
        -Message "$($vm.Name) bears the tag $($foreign[0].tag) of another job."
}
# One call for both: what the start action was must be noted before it is lost.
$change = @{}
if ($null -eq (Get-NotedAction -Notes $vm.Notes -Tag $Tag)) {
    $change['Notes'] = Add-FerryLine -Notes $vm.Notes -Line ('{0} start-action={1}' -f $Tag, $vm.AutomaticStartAction)
}
if ($Hold -and [string]$vm.AutomaticStartAction -ne 'Nothing') { $change['AutomaticStartAction'] = 'Nothing' }
if ($change.Count -gt 0) { Set-VM -VM $vm @change }
[PSCustomObject]@{ vm = Read-FerryVm -VmId $VmId }
