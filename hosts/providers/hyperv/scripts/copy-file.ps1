# Body of detached works (start-works): pulls files from another host, one after the other, and hashes every byte that
# arrives. Each of $Works: {Source, Destination, Username, Password, Tag, ProgressPath}. Their records fill
# hosts.providers.types.Work. Cut off anywhere, a file goes on where it stopped when it is started again.
param(
    [Parameter(Mandatory)] [object[]]$Works
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 3.0

. "$PSScriptRoot\..\shared\failures.ps1"
. "$PSScriptRoot\..\shared\record.ps1"
. "$PSScriptRoot\..\shared\body.ps1"
. "$PSScriptRoot\..\shared\pace.ps1"
. "$PSScriptRoot\..\shared\ranges.ps1"

$chunkBytes = 4mb
$zeros = [byte[]]::new($chunkBytes)
$pace = New-Pace -Folder ([System.IO.Path]::GetDirectoryName($Works[0].ProgressPath))

function Get-ShareName {
    if ($work.Source -notmatch '^(\\\\[^\\]+\\[^\\]+)\\') { throw "$($work.Source) is no file in a share." }
    $Matches[1]
}

function Connect-Share {
    # Signs in to the share that holds the source. Explicit credentials: a WinRM logon carries none to a second host.
    # Encrypted where the cmdlet knows how (2019 and later). An earlier file or another process may have made the mapping.
    param([Parameter(Mandatory)] [string]$Share)
    if (@(Get-SmbMapping -RemotePath $Share -ErrorAction SilentlyContinue).Count -gt 0) { return }
    $mapping = @{ RemotePath = $Share; UserName = $work.Username; Password = $work.Password; Persistent = $false }
    if ((Get-Command -Name 'New-SmbMapping').Parameters.ContainsKey('RequirePrivacy')) { $mapping['RequirePrivacy'] = $true }
    try {
        $null = New-SmbMapping @mapping
    } catch {
        # Lost a race against that other process.
        if (@(Get-SmbMapping -RemotePath $Share -ErrorAction SilentlyContinue).Count -eq 0) { throw }
    }
}

function Open-Source {
    # The source for reading. A process of the same logon that ends takes the mapping away, so a refusal is tried again.
    param([Parameter(Mandatory)] [string]$Share)
    for ($attempt = 1; ; $attempt++) {
        Connect-Share -Share $Share
        try {
            return [System.IO.FileStream]::new($work.Source, [System.IO.FileMode]::Open, [System.IO.FileAccess]::Read,
                [System.IO.FileShare]'ReadWrite, Delete', 4096, [System.IO.FileOptions]'Asynchronous, SequentialScan')
        } catch [System.UnauthorizedAccessException], [System.IO.IOException] {
            if ($attempt -ge 6) { throw }
            Start-Sleep -Milliseconds 500
        }
    }
}

function Disconnect-Share {
    # Without -Force Windows refuses while another process of this logon still has files open there, as it should.
    param([Parameter(Mandatory)] [string]$Share)
    Remove-SmbMapping -RemotePath $Share -Confirm:$false -ErrorAction SilentlyContinue
}

function Write-Advance {
    # At most twice a second; a lost record of progress costs nothing, so only the last one may fail the work.
    param([Parameter(Mandatory)] [long]$Done, [Parameter(Mandatory)] [System.Diagnostics.Stopwatch]$SinceLast)
    $record.bytes_done = $Done
    if ($SinceLast.ElapsedMilliseconds -lt 500) { return }
    Write-Record -Path $work.ProgressPath -Record $record
    $SinceLast.Restart()
}

function Read-Kept {
    # Hashes what an earlier run wrote, and leaves the file open at its end. Returns how much that is.
    param([Parameter(Mandatory)] $Target, [Parameter(Mandatory)] $Hash, [Parameter(Mandatory)] [long]$Total)
    if ($Target.Length -gt $Total) { $Target.SetLength(0) }
    $buffer = [byte[]]::new($chunkBytes)
    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    while (($count = $Target.Read($buffer, 0, $buffer.Length)) -gt 0) {
        $null = $Hash.TransformBlock($buffer, 0, $count, $null, 0)
        Write-Advance -Done $Target.Position -SinceLast $clock
    }
    $Target.Position
}

function Start-Piece {
    # The next piece of the source from this offset on: a read that is under way, or zeros where nothing was ever written.
    param([Parameter(Mandatory)] $From, [Parameter(Mandatory)] [long]$Offset, [Parameter(Mandatory)] [byte[]]$Buffer,
        [Parameter(Mandatory)] $Ranges)
    while ($Ranges.Count -gt 0 -and $Ranges.Peek().End -le $Offset) { $null = $Ranges.Dequeue() }
    $next = $(if ($Ranges.Count -gt 0) { $Ranges.Peek().Start } else { $record.bytes_total })
    if ($next -gt $Offset -or $Offset -ge $record.bytes_total) {
        $count = [int][math]::Min($next - $Offset, $chunkBytes)
        return @{ Buffer = $zeros; Reading = [System.Threading.Tasks.Task]::FromResult($count); IsSent = $false }
    }
    $count = Wait-Pace -Pace $pace -Most ([math]::Min($Ranges.Peek().End - $Offset, $chunkBytes))
    if ($From.Position -ne $Offset) { $From.Position = $Offset }
    @{ Buffer = $Buffer; Reading = $From.ReadAsync($Buffer, 0, [int]$count); IsSent = $true }
}

function Copy-Rest {
    # Moves what is left, reading the next piece while the last one is hashed and written. Holes are written as zeros:
    # Hyper-V opens no virtual disk that is marked sparse. Returns the bytes there.
    param([Parameter(Mandatory)] $From, [Parameter(Mandatory)] $Target, [Parameter(Mandatory)] $Hash,
        [Parameter(Mandatory)] $Ranges)
    $buffers = @([byte[]]::new($chunkBytes), [byte[]]::new($chunkBytes))
    $turn = 0
    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    $piece = Start-Piece -From $From -Offset $Target.Position -Buffer $buffers[$turn] -Ranges $Ranges
    while (($count = $piece.Reading.GetAwaiter().GetResult()) -gt 0) {
        $got = $piece
        $turn = 1 - $turn
        $piece = Start-Piece -From $From -Offset ($Target.Position + $count) -Buffer $buffers[$turn] -Ranges $Ranges
        if ($got.IsSent) { $record.bytes_sent += $count }
        $null = $Hash.TransformBlock($got.Buffer, 0, $count, $null, 0)
        $Target.Write($got.Buffer, 0, $count)
        Write-Advance -Done $Target.Position -SinceLast $clock
    }
    $Target.Position
}

function Copy-All {
    # Fills the unfinished file and returns the digest of its bytes.
    param([Parameter(Mandatory)] $From)
    $record.bytes_total = $From.Length
    # The native implementation: .NET Framework's default one is several times slower.
    $hash = [System.Security.Cryptography.SHA256Cng]::new()
    $ranges = [System.Collections.Generic.Queue[object]]::new()
    Add-AllocatedRange -Path $work.Source -Length $From.Length -To $ranges
    $target = [System.IO.FileStream]::new($partial, [System.IO.FileMode]::OpenOrCreate, [System.IO.FileAccess]::ReadWrite,
        [System.IO.FileShare]::Read, 4096, [System.IO.FileOptions]::SequentialScan)
    try {
        $null = Read-Kept -Target $target -Hash $hash -Total $From.Length
        $done = Copy-Rest -From $From -Target $target -Hash $hash -Ranges $ranges
        if ($done -ne $record.bytes_total -or $done -ne $From.Length) {
            throw "$($work.Source) changed its size while it was copied."
        }
        $null = $hash.TransformFinalBlock([byte[]]::new(0), 0, 0)
        $target.Flush($true)
        $record.bytes_done = $done
        [System.BitConverter]::ToString($hash.Hash).Replace('-', '').ToLowerInvariant()
    } finally {
        $target.Dispose()
        $hash.Dispose()
    }
}

function Complete-Copy {
    # Gives the file its name. The record says so beforehand: a run that is cut off here must know the file as its own.
    # Windows never renames onto a file that came meanwhile.
    param([Parameter(Mandatory)] [string]$Digest)
    $record.digest = $Digest
    $record.is_finishing = $true
    Write-Record -Path $work.ProgressPath -Record $record
    try {
        [System.IO.File]::Move($partial, $work.Destination)
    } catch [System.IO.IOException] {
        if ([System.IO.File]::Exists($work.Destination)) { Stop-Taken }
        throw
    }
}

function Test-Finished {
    # Whether only the last line of the record was missing.
    [System.IO.File]::Exists($work.Destination) -and -not [System.IO.File]::Exists($partial)
}

function Stop-Taken {
    Write-Error -ErrorId 'AlreadyExists' -Category ResourceExists -ErrorAction Stop `
        -Message "$($work.Destination) exists on $env:COMPUTERNAME and is not of $($work.Tag)."
}

function Copy-Pulled {
    $null = [System.IO.Directory]::CreateDirectory([System.IO.Path]::GetDirectoryName($work.Destination))
    if ([System.IO.File]::Exists($work.Destination)) { Stop-Taken }
    $from = Open-Source -Share (Get-ShareName)
    try { $digest = Copy-All -From $from } finally { $from.Dispose() }
    Complete-Copy -Digest $digest
}

function Copy-Work {
    # Brings one file and its record to their end.
    $isThere = $record.is_finishing -and (Test-Finished)
    if ($isThere) {
        $record.bytes_total = $record.bytes_done = [System.IO.FileInfo]::new($work.Destination).Length
    } else {
        Copy-Pulled
    }
    $record.state = 'done'
    Write-Record -Path $work.ProgressPath -Record $record
}

try {
    foreach ($work in $Works) {
        $partial = "$($work.Destination).$($work.Tag)"
        $record = ConvertTo-RecordTable -Record (Read-Record -Path $work.ProgressPath)
        try {
            Copy-Work
        } catch {
            # The file at the destination is not this one.
            if ([System.IO.File]::Exists($partial)) { $record.is_finishing = $false }
            Write-FailedRecord -Path $work.ProgressPath -Record $record -Failure $_
        }
    }
} finally {
    foreach ($work in $Works) { Disconnect-Share -Share (Get-ShareName) }
}
