# The detached work of a job on this host: its records and its processes.

function Get-WorkFolder {
    param([Parameter(Mandatory)] [string]$Tag)
    [System.IO.Path]::Combine((Get-WorkRoot), $Tag)
}

function Get-ProcessStart {
    # When this process began, as a file time; nothing when there is no such process. A process id is used again by
    # Windows, id and start together are not.
    param([Parameter(Mandatory)] [long]$ProcessId)
    $process = Get-CimInstance -ClassName 'Win32_Process' -Filter "ProcessId=$ProcessId"
    if ($null -ne $process) { $process.CreationDate.ToFileTimeUtc() }
}

function Test-WorkAlive {
    param([Parameter(Mandatory)] $Record)
    $start = Get-ProcessStart -ProcessId $Record.process_id
    ($null -ne $start) -and ($start -eq $Record.process_started)
}

function Get-WorkRecord {
    # The records of a job in the order they were begun; one that says "running" without its process says "lost".
    param([Parameter(Mandatory)] [string]$Tag)
    $folder = Get-WorkFolder -Tag $Tag
    if (-not [System.IO.Directory]::Exists($folder)) { return }
    Get-ChildItem -LiteralPath $folder -File | Where-Object { $_.Extension -eq '.json' } |
        ForEach-Object { Get-SettledRecord -Path $_.FullName } | Where-Object { $null -ne $_ } |
        Sort-Object -Property 'begun', 'work_id'
}

function Get-SettledRecord {
    # One record. Read again after its process was found gone: it may have ended well just between.
    param([Parameter(Mandatory)] [string]$Path)
    $record = Read-Record -Path $Path
    if ($null -eq $record -or $record.state -ne 'running' -or (Test-WorkAlive -Record $record)) { return $record }
    $record = Read-Record -Path $Path
    if ($null -ne $record -and $record.state -eq 'running') { $record.state = 'lost' }
    $record
}

function Test-OwnDestination {
    # Whether the file at the record's destination was put there by this work: it says that it is done, or it was about
    # to rename its unfinished file and that one is gone. While the unfinished file is there, a file at the destination
    # is somebody else's that came meanwhile.
    param([Parameter(Mandatory)] $Record, [Parameter(Mandatory)] [string]$Tag)
    if ($Record.kind -ne 'copy-file' -or -not $Record.destination) { return $false }
    if ($Record.state -eq 'done') { return $true }
    [bool]$Record.is_finishing -and -not [System.IO.File]::Exists(('{0}.{1}' -f $Record.destination, $Tag))
}

function ConvertTo-Work {
    # hosts.providers.types.Work of a record.
    param([Parameter(Mandatory)] $Record)
    [PSCustomObject]@{
        work_id = [string]$Record.work_id
        state = [string]$Record.state
        bytes_done = [long]$Record.bytes_done
        bytes_total = [long]$Record.bytes_total
        digest = $Record.digest
        error_kind = $Record.error_kind
        error = $Record.error
        bytes_sent = [long]$Record.bytes_sent
    }
}

function Stop-Work {
    # Ends the processes of a job and waits until they are gone. Raises WrongState when one will not go. Several records
    # may name the same process: once it is gone, Windows may give its id to somebody else.
    param([Parameter(Mandatory)] [string]$Tag)
    foreach ($record in @(Get-WorkRecord -Tag $Tag)) {
        if ($record.state -ne 'running' -or -not (Test-WorkAlive -Record $record)) { continue }
        Stop-Process -Id $record.process_id -Force -ErrorAction SilentlyContinue
        for ($attempt = 0; (Test-WorkAlive -Record $record); $attempt++) {
            if ($attempt -ge 60) {
                Write-Error -ErrorId 'WrongState' -Category ResourceBusy -ErrorAction Stop `
                    -Message "The work $($record.work_id) of $Tag (process $($record.process_id)) does not end."
            }
            Start-Sleep -Milliseconds 500
        }
    }
}
