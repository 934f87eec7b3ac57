# The pace of a process that copies. All copies of a job on this host share one limit: a file beside their records, which
# is read again every second, so that it can be changed while they run.

$limitName = 'limit'

function Read-Limit {
    # Bytes per second; 0 is none. Text that is no number counts as none: nobody but start-works writes there.
    param([Parameter(Mandatory)] [string]$Folder)
    $limit = [long]0
    $null = [long]::TryParse([string](Read-Replaced -Path ([System.IO.Path]::Combine($Folder, $limitName))), [ref]$limit)
    [math]::Max([long]0, $limit)
}

function Write-Limit {
    # Only a change is written. Without a file there is no limit.
    param([Parameter(Mandatory)] [string]$Folder, [Parameter(Mandatory)] [long]$Limit)
    if ((Read-Limit -Folder $Folder) -eq $Limit) { return }
    Write-Replaced -Path ([System.IO.Path]::Combine($Folder, $limitName)) -Text ([string]$Limit)
}

function New-Pace {
    # `Budget`: the bytes that may be moved at once; below 0 there is something to wait for. `Share`: bytes per second.
    param([Parameter(Mandatory)] [string]$Folder)
    @{
        Folder = $Folder
        Share = [double]0
        Budget = [double]0
        Clock = [System.Diagnostics.Stopwatch]::StartNew()
        ReadAt = [long]-1000
        FilledAt = [long]0
    }
}

function Get-Share {
    # This process's part of the limit: as much as each other has that copies for the job here at this moment.
    param([Parameter(Mandatory)] [string]$Folder)
    $limit = Read-Limit -Folder $Folder
    if ($limit -eq 0) { return [double]0 }
    $copies = @(Get-ChildItem -LiteralPath $Folder -File | Where-Object { $_.Extension -eq '.json' } |
        ForEach-Object { Read-Record -Path $_.FullName } |
        Where-Object { $_.kind -eq 'copy-file' -and $_.state -eq 'running' })
    $processes = @($copies | ForEach-Object { $_.process_id } | Sort-Object -Unique)
    $limit / [math]::Max(1, $processes.Count)
}

function Update-Budget {
    # What is not used is kept for a quarter of a second: a pause earns no burst.
    param([Parameter(Mandatory)] [hashtable]$Pace)
    $now = $Pace.Clock.ElapsedMilliseconds
    if ($now - $Pace.ReadAt -ge 1000) {
        $Pace.ReadAt = $now
        $Pace.Share = Get-Share -Folder $Pace.Folder
    }
    $earned = $Pace.Share * ($now - $Pace.FilledAt) / 1000
    $Pace.FilledAt = $now
    $Pace.Budget = $(if ($Pace.Share -gt 0) { [math]::Min($Pace.Budget + $earned, $Pace.Share / 4) } else { 0 })
}

function Wait-Pace {
    # Sleeps until the process may go on, and returns how many bytes it may move then: little at a time when it is slow,
    # so that a new limit is not waited for.
    param([Parameter(Mandatory)] [hashtable]$Pace, [Parameter(Mandatory)] [long]$Most)
    Update-Budget -Pace $Pace
    while ($Pace.Budget -lt 0) {
        [System.Threading.Thread]::Sleep([int][math]::Min(250, 1 - 1000 * $Pace.Budget / $Pace.Share))
        Update-Budget -Pace $Pace
    }
    $count = $Most
    if ($Pace.Share -gt 0) { $count = [long][math]::Min($Most, [math]::Max(64kb, $Pace.Share / 4)) }
    $Pace.Budget -= $count
    $count
}
