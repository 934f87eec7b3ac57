# The record of a detached piece of work: one JSON file that the work writes and the console's calls read.

function Read-Record {
    # The record as an object, or nothing when there is none. Opened so that the work can replace it meanwhile.
    param([Parameter(Mandatory)] [string]$Path)
    for ($attempt = 1; [System.IO.File]::Exists($Path); $attempt++) {
        try {
            $share = [System.IO.FileShare]'ReadWrite, Delete'
            $stream = [System.IO.FileStream]::new($Path, [System.IO.FileMode]::Open, [System.IO.FileAccess]::Read, $share)
            $reader = [System.IO.StreamReader]::new($stream, [System.Text.Encoding]::UTF8)
            try { return ConvertFrom-Json -InputObject ($reader.ReadToEnd()) } finally { $reader.Dispose() }
        } catch [System.IO.IOException] {
            if ($attempt -ge 20) { throw }
            Start-Sleep -Milliseconds 50
        }
    }
}

function Write-Record {
    # Replaces the record in one go: a reader sees the old one or the new one. A reader may hold it for a moment.
    param([Parameter(Mandatory)] [string]$Path, [Parameter(Mandatory)] [System.Collections.IDictionary]$Record)
    [System.IO.File]::WriteAllText("$Path.new", (ConvertTo-Json -InputObject $Record -Compress -Depth 4))
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
