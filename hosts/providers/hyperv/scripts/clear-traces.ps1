# Ends the work of a job and removes its records, and unless KeepFiles every file that it copied and the folders left
# empty. Returns {}; fills no type. Raises WrongState while a file is held; a repeated call goes on.
param(
    [Parameter(Mandatory)] [ValidatePattern('^ferry-[0-9]+$')] [string]$Tag,
    [Parameter(Mandatory)] [bool]$KeepFiles
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 3.0

. "$PSScriptRoot\..\shared\vm.ps1"
. "$PSScriptRoot\..\shared\notes.ps1"
. "$PSScriptRoot\..\shared\planned.ps1"
. "$PSScriptRoot\..\shared\files.ps1"
. "$PSScriptRoot\..\shared\record.ps1"
. "$PSScriptRoot\..\shared\works.ps1"

function Get-MadeFile {
    # What the copies made: the unfinished file always, the finished one only if the work itself put it there.
    foreach ($record in @(Get-WorkRecord -Tag $Tag | Where-Object { $_.kind -eq 'copy-file' })) {
        '{0}.{1}' -f $record.destination, $Tag
        if ($record.state -eq 'done' -or $record.is_finishing) { [string]$record.destination }
    }
}

function Remove-MadeFile {
    # A removed VM's disks are held while Hyper-V merges them, so a held file is tried for half a minute.
    param([AllowEmptyCollection()] [string[]]$Paths)
    Confirm-Unused -Paths $Paths
    $held = $Paths
    for ($attempt = 0; $attempt -lt 60; $attempt++) {
        $held = @($held | Where-Object { -not (Remove-FileUnlessHeld -Path $_) })
        if ($held.Count -eq 0) { break }
        Start-Sleep -Milliseconds 500
    }
    if ($held.Count -gt 0) {
        Write-Error -ErrorId 'WrongState' -Category ResourceBusy -ErrorAction Stop -Message "$($held[0]) is still in use."
    }
    Remove-EmptyFolder -Paths $Paths
}

Stop-Work -Tag $Tag
if (-not $KeepFiles) {
    Remove-PlannedVm -Tag $Tag
    $made = @(Get-MadeFile)
    if ($made.Count -gt 0) { Remove-MadeFile -Paths $made }
}
$folder = Get-WorkFolder -Tag $Tag
if ([System.IO.Directory]::Exists($folder)) { [System.IO.Directory]::Delete($folder, $true) }
[PSCustomObject]@{}
