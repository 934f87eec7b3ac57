# Ends the work of a job and removes its records, and unless KeepFiles every file that it copied and the folders left
# empty. Destinations are all that it was told to copy here: a record may be lost, but the unfinished files have names.
# Returns {}; fills no type. Raises WrongState while a file is held or a VM of the job is between two states; a repeated
# call goes on.
param(
    [Parameter(Mandatory)] $Claim,
    [Parameter(Mandatory)] [ValidatePattern('^ferry-[0-9]+$')] [string]$Tag,
    [Parameter(Mandatory)] [bool]$KeepFiles,
    [Parameter(Mandatory)] [AllowEmptyCollection()] [string[]]$Destinations
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 3.0

. "$PSScriptRoot\..\shared\root.ps1"
. "$PSScriptRoot\..\shared\fence.ps1"
. "$PSScriptRoot\..\shared\vm.ps1"
. "$PSScriptRoot\..\shared\notes.ps1"
. "$PSScriptRoot\..\shared\planned.ps1"
. "$PSScriptRoot\..\shared\files.ps1"
. "$PSScriptRoot\..\shared\record.ps1"
. "$PSScriptRoot\..\shared\works.ps1"

function Confirm-SettledVm {
    # Raises WrongState while a VM of this job is between two states: its files are about to be used.
    $ours = @(Get-VM | Where-Object { Test-FerryMark -Notes $_.Notes -Tag $Tag })
    $between = @($ours | Where-Object { Test-VmBetween -Vm $_ })
    if ($between.Count -gt 0) {
        Write-Error -ErrorId 'WrongState' -Category ResourceBusy -ErrorAction Stop `
            -Message "$($between[0].Name) is $($between[0].State); nothing was deleted."
    }
}

function Remove-Claim {
    # A work that did not come to its rename no longer says that it would: once its unfinished file is deleted, nothing
    # else would tell a stranger's file at the destination from its own.
    param([Parameter(Mandatory)] $Record)
    $table = ConvertTo-RecordTable -Record $Record
    $table.is_finishing = $false
    $path = [System.IO.Path]::Combine((Get-WorkFolder -Tag $Tag), "$($Record.work_id).json")
    Write-Record -Path $path -Record $table
}

function Get-MadeFile {
    # What the copies made: the unfinished file always, the finished one only if the work itself put it there.
    foreach ($destination in $Destinations) { '{0}.{1}' -f $destination, $Tag }
    foreach ($record in @(Get-WorkRecord -Tag $Tag | Where-Object { $_.kind -eq 'copy-file' })) {
        '{0}.{1}' -f $record.destination, $Tag
        if (Test-OwnDestination -Record $record -Tag $Tag) {
            [string]$record.destination
        } elseif ($record.is_finishing) {
            Remove-Claim -Record $record
        }
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

$fence = Enter-Fence -Claim $Claim
if (-not $KeepFiles) { Confirm-SettledVm }
Stop-Work -Tag $Tag
if (-not $KeepFiles) {
    Remove-PlannedVm -Tag $Tag
    $made = @(Get-MadeFile | Sort-Object -Unique)
    if ($made.Count -gt 0) { Remove-MadeFile -Paths $made }
}
$folder = Get-WorkFolder -Tag $Tag
if ([System.IO.Directory]::Exists($folder)) { [System.IO.Directory]::Delete($folder, $true) }
[PSCustomObject]@{}
