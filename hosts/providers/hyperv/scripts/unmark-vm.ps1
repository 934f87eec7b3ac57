# Takes every line of the tag out of a virtual machine's notes and gives its automatic start action back. Returns {};
# fills no type.
param(
    [Parameter(Mandatory)] $Claim,
    [Parameter(Mandatory)] [guid]$VmId,
    [Parameter(Mandatory)] [ValidatePattern('^ferry-[0-9]+$')] [string]$Tag
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 3.0

. "$PSScriptRoot\..\shared\root.ps1"
. "$PSScriptRoot\..\shared\fence.ps1"
. "$PSScriptRoot\..\shared\vm.ps1"
. "$PSScriptRoot\..\shared\notes.ps1"

$fence = Enter-Fence -Claim $Claim
$vm = Find-FerryVm -VmId $VmId
if ($null -ne $vm -and (Test-FerryMark -Notes $vm.Notes -Tag $Tag)) {
    # One call for both: a lost connection must not leave the one without the other.
    $change = @{ Notes = Remove-FerryMark -Notes $vm.Notes -Tag $Tag }
    $action = Get-NotedAction -Notes $vm.Notes -Tag $Tag
    if ($null -ne $action) { $change['AutomaticStartAction'] = $action }
    Set-VM -VM $vm @change
}
[PSCustomObject]@{}
