# Reads the names of the folders in a folder; fills the Sequence[str] of hosts.providers.browsing as {"folders": ...}.
param(
    [Parameter(Mandatory)] [string]$Path,
    [Parameter(Mandatory)] [int]$Most
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 3.0

. "$PSScriptRoot\..\shared\failures.ps1"

# System Volume Information, $Recycle.Bin and the like bear at least one of these.
$unwanted = [System.IO.FileAttributes]'Hidden, System'
try {
    $found = @([System.IO.DirectoryInfo]::new($Path).GetDirectories() |
        Where-Object { ($_.Attributes -band $unwanted) -eq 0 } |
        Sort-Object -Property Name | Select-Object -First $Most)
} catch {
    Stop-WithFailure -Failure $_
}
[PSCustomObject]@{ folders = @($found | ForEach-Object { [string]$_.Name }) }
