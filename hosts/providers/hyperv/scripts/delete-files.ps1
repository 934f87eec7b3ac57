# Deletes files and the folders they leave empty. Returns {"in_use": [path, ...]}, those that somebody still holds open;
# fills the Sequence[str] of QuickMigrates.delete_files.
param(
    [Parameter(Mandatory)] $Claim,
    [Parameter(Mandatory)] [AllowEmptyCollection()] [string[]]$Paths,
    [Parameter(Mandatory)] [ValidatePattern('^ferry-[0-9]+$')] [string]$Tag
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 3.0

. "$PSScriptRoot\..\shared\root.ps1"
. "$PSScriptRoot\..\shared\fence.ps1"
. "$PSScriptRoot\..\shared\vm.ps1"
. "$PSScriptRoot\..\shared\notes.ps1"
. "$PSScriptRoot\..\shared\files.ps1"

$fence = Enter-Fence -Claim $Claim
Write-Verbose -Message "Deleting $($Paths.Count) files for $Tag."
Confirm-Unused -Paths $Paths
$held = @($Paths | Where-Object { -not (Remove-FileUnlessHeld -Path $_) })
Remove-EmptyFolder -Paths $Paths
[PSCustomObject]@{ in_use = $held }
