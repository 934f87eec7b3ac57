# The record of a detached piece of work: one JSON file that the work writes and the console's calls read.

function New-LostRecord {
    # What is known of a work whose record cannot be read (a host that lost power may leave zeros): only its name.
    param([Parameter(Mandatory)] [string]$Path)
    [PSCustomObject]@{
        work_id = [System.IO.Path]::GetFileNameWithoutExtension($Path)
        kind = ''
        state = 'lost'
        bytes_done = [long]0
        bytes_total = [long]0
        digest = $null
        error_kind = $null
        error = $null
        bytes_sent = [long]0
        source = ''
        destination = $null
        is_finishing = $false
        begun = ''
        process_id = [long]0
        process_started = [long]0
    }
}

function ConvertFrom-RecordText {
    # The record of this text; a lost one unless it is a whole record.
    param([AllowEmptyString()] [string]$Text, [Parameter(Mandatory)] [string]$Path)
    $lost = New-LostRecord -Path $Path
    try { $record = ConvertFrom-Json -InputObject $Text } catch { return $lost }
    if ($record -isnot [System.Management.Automation.PSCustomObject]) { return $lost }
    $names = @($record.PSObject.Properties | ForEach-Object { $_.Name })
    $missing = @($lost.PSObject.Properties | Where-Object { $names -notcontains $_.Name })
    if ($missing.Count -gt 0 -or @('running', 'done', 'failed', 'lost') -notcontains $record.state) { return $lost }
    $record
}

function Read-Replaced {
    # The text of a file that others replace, or nothing when there is none. Opened so that they can do it meanwhile.
    param([Parameter(Mandatory)] [string]$Path)
    for ($attempt = 1; [System.IO.File]::Exists($Path); $attempt++) {
        try {
            $share = [System.IO.FileShare]'ReadWrite, Delete'
            $stream = [System.IO.FileStream]::new($Path, [System.IO.FileMode]::Open, [System.IO.FileAccess]::Read, $share)
            $reader = [System.IO.StreamReader]::new($stream, [System.Text.Encoding]::UTF8)
            try { return $reader.ReadToEnd() } finally { $reader.Dispose() }
        } catch [System.IO.IOException] {
            if ($attempt -ge 20) { throw }
            Start-Sleep -Milliseconds 50
        }
    }
}

function Read-Record {
    # The record as an object, or nothing when there is none.
    param([Parameter(Mandatory)] [string]$Path)
    $text = Read-Replaced -Path $Path
    if ($null -ne $text) { ConvertFrom-RecordText -Text $text -Path $Path }
}

function ConvertTo-RecordTable {
    # The record as a table, so that single fields can be changed and it can be written again.
    param([Parameter(Mandatory)] $Record)
    $table = [ordered]@{}
    foreach ($property in $Record.PSObject.Properties) { $table[$property.Name] = $property.Value }
    $table
}

function Write-Flushed {
    # A file with this text, on the disk when the call returns: NTFS keeps names through a power loss, not contents.
    param([Parameter(Mandatory)] [string]$Path, [Parameter(Mandatory)] [string]$Text)
    $bytes = [System.Text.Encoding]::UTF8.GetBytes($Text)
    $stream = [System.IO.FileStream]::new($Path, [System.IO.FileMode]::Create, [System.IO.FileAccess]::Write)
    try {
        $stream.Write($bytes, 0, $bytes.Length)
        $stream.Flush($true)
    } finally {
        $stream.Dispose()
    }
}

function Write-Record {
    param([Parameter(Mandatory)] [string]$Path, [Parameter(Mandatory)] [System.Collections.IDictionary]$Record)
    Write-Replaced -Path $Path -Text (ConvertTo-Json -InputObject $Record -Compress -Depth 4)
}

function Write-Replaced {
    # Replaces the file in one go: a reader sees the old text or the new one. A reader may hold it for a moment.
    param([Parameter(Mandatory)] [string]$Path, [Parameter(Mandatory)] [string]$Text)
    Write-Flushed -Path "$Path.new" -Text $Text
    for ($attempt = 1; ; $attempt++) {
        try {
            if ([System.IO.File]::Exists($Path)) {
                [System.IO.File]::Replace("$Path.new", $Path, [System.Management.Automation.Language.NullString]::Value)
            } else {
                [System.IO.File]::Move("$Path.new", $Path)
            }
            return
        } catch [System.IO.IOException], [System.UnauthorizedAccessException] {
            if ($attempt -ge 40) { throw }
            Start-Sleep -Milliseconds 50
        }
    }
}
