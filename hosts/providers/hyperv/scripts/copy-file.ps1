# Body of a detached work (start-works): pulls a file from another host and hashes every byte that arrives. Its record
# fills hosts.providers.types.Work. Cut off anywhere, it goes on where it stopped when it is started again.
param(
    [Parameter(Mandatory)] [string]$Source,
    [Parameter(Mandatory)] [string]$Destination,
    [Parameter(Mandatory)] [string]$Username,
    [Parameter(Mandatory)] [string]$Password,
    [Parameter(Mandatory)] [long]$LimitBytesPerS,
    [Parameter(Mandatory)] [string]$ProgressPath,
    [Parameter(Mandatory)] [string]$Tag
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 3.0

. "$PSScriptRoot\..\shared\failures.ps1"
. "$PSScriptRoot\..\shared\record.ps1"
. "$PSScriptRoot\..\shared\body.ps1"

$chunkBytes = 4mb
$partial = "$Destination.$Tag"
$record = ConvertTo-RecordTable -Record (Read-Record -Path $ProgressPath)

function Get-ShareName {
    if ($Source -notmatch '^(\\\\[^\\]+\\[^\\]+)\\') { throw "$Source is no file in a share." }
    $Matches[1]
}

function Connect-Share {
    # Signs in to the share that holds the source. Explicit credentials: a WinRM logon carries none to a second host.
    # Encrypted where the cmdlet knows how (2019 and later). Another work of the same logon may have made the mapping.
    param([Parameter(Mandatory)] [string]$Share)
    if (@(Get-SmbMapping -RemotePath $Share -ErrorAction SilentlyContinue).Count -gt 0) { return }
    $mapping = @{ RemotePath = $Share; UserName = $Username; Password = $Password; Persistent = $false }
    if ((Get-Command -Name 'New-SmbMapping').Parameters.ContainsKey('RequirePrivacy')) { $mapping['RequirePrivacy'] = $true }
    try {
        $null = New-SmbMapping @mapping
    } catch {
        # Lost a race against that other work.
        if (@(Get-SmbMapping -RemotePath $Share -ErrorAction SilentlyContinue).Count -eq 0) { throw }
    }
}

function Open-Source {
    # The source for reading. A work of the same logon that ends takes the mapping away, so a refusal is tried again.
    param([Parameter(Mandatory)] [string]$Share)
    for ($attempt = 1; ; $attempt++) {
        Connect-Share -Share $Share
        try {
            return [System.IO.FileStream]::new($Source, [System.IO.FileMode]::Open, [System.IO.FileAccess]::Read,
                [System.IO.FileShare]'ReadWrite, Delete', 4096, [System.IO.FileOptions]'Asynchronous, SequentialScan')
        } catch [System.UnauthorizedAccessException], [System.IO.IOException] {
            if ($attempt -ge 6) { throw }
            Start-Sleep -Milliseconds 500
        }
    }
}

function Disconnect-Share {
    # Without -Force Windows refuses while another work of this logon still has files open there, as it should.
    param([Parameter(Mandatory)] [string]$Share)
    Remove-SmbMapping -RemotePath $Share -Confirm:$false -ErrorAction SilentlyContinue
}

function Write-Advance {
    # At most twice a second; a lost record of progress costs nothing, so only the last one may fail the work.
    param([Parameter(Mandatory)] [long]$Done, [Parameter(Mandatory)] [System.Diagnostics.Stopwatch]$SinceLast)
    $record.bytes_done = $Done
    if ($SinceLast.ElapsedMilliseconds -lt 500) { return }
    Write-Record -Path $ProgressPath -Record $record
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

function Wait-Limit {
    # Sleeps as long as the bytes moved so far are ahead of the limit.
    param([Parameter(Mandatory)] [long]$Moved, [Parameter(Mandatory)] [System.Diagnostics.Stopwatch]$Since)
    if ($LimitBytesPerS -le 0) { return }
    $ahead = [long](1000.0 * $Moved / $LimitBytesPerS) - $Since.ElapsedMilliseconds
    if ($ahead -gt 0) { [System.Threading.Thread]::Sleep([int][math]::Min($ahead, 600000)) }
}

function Copy-Rest {
    # Moves what is left, reading the next piece while the last one is hashed and written. Returns the bytes there.
    param([Parameter(Mandatory)] $From, [Parameter(Mandatory)] $Target, [Parameter(Mandatory)] $Hash)
    $start = $Target.Position
    $null = $From.Seek($start, [System.IO.SeekOrigin]::Begin)
    $buffers = @([byte[]]::new($chunkBytes), [byte[]]::new($chunkBytes))
    $turn = 0
    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    $whole = [System.Diagnostics.Stopwatch]::StartNew()
    $reading = $From.ReadAsync($buffers[$turn], 0, $chunkBytes)
    while (($count = $reading.GetAwaiter().GetResult()) -gt 0) {
        $filled = $buffers[$turn]
        $turn = 1 - $turn
        Wait-Limit -Moved ($Target.Position - $start + $count) -Since $whole
        $reading = $From.ReadAsync($buffers[$turn], 0, $chunkBytes)
        $null = $Hash.TransformBlock($filled, 0, $count, $null, 0)
        $Target.Write($filled, 0, $count)
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
    $target = [System.IO.FileStream]::new($partial, [System.IO.FileMode]::OpenOrCreate, [System.IO.FileAccess]::ReadWrite,
        [System.IO.FileShare]::Read, 4096, [System.IO.FileOptions]::SequentialScan)
    try {
        $null = Read-Kept -Target $target -Hash $hash -Total $From.Length
        $done = Copy-Rest -From $From -Target $target -Hash $hash
        if ($done -ne $record.bytes_total -or $done -ne $From.Length) { throw "$Source changed its size while it was copied." }
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
    Write-Record -Path $ProgressPath -Record $record
    try {
        [System.IO.File]::Move($partial, $Destination)
    } catch [System.IO.IOException] {
        if ([System.IO.File]::Exists($Destination)) { Stop-Taken }
        throw
    }
}

function Test-Finished {
    # Whether only the last line of the record was missing.
    [System.IO.File]::Exists($Destination) -and -not [System.IO.File]::Exists($partial)
}

function Stop-Taken {
    Write-Error -ErrorId 'AlreadyExists' -Category ResourceExists -ErrorAction Stop `
        -Message "$Destination exists on $env:COMPUTERNAME and is not of $Tag."
}

function Copy-Pulled {
    $null = [System.IO.Directory]::CreateDirectory([System.IO.Path]::GetDirectoryName($Destination))
    if ([System.IO.File]::Exists($Destination)) { Stop-Taken }
    $share = Get-ShareName
    try {
        $from = Open-Source -Share $share
        try { $digest = Copy-All -From $from } finally { $from.Dispose() }
    } finally {
        Disconnect-Share -Share $share
    }
    Complete-Copy -Digest $digest
}

try {
    $isThere = $record.is_finishing -and (Test-Finished)
    if ($isThere) {
        $record.bytes_total = $record.bytes_done = [System.IO.FileInfo]::new($Destination).Length
    } else {
        Copy-Pulled
    }
    $record.state = 'done'
    Write-Record -Path $ProgressPath -Record $record
} catch {
    # The file at the destination is not this one.
    if ([System.IO.File]::Exists($partial)) { $record.is_finishing = $false }
    Write-FailedRecord -Path $ProgressPath -Record $record -Failure $_
}
