# Body of a detached work (start-works): hashes a file of this host, also one that Hyper-V has open. Its record fills
# hosts.providers.types.Work. Started again it begins anew: a digest cannot be taken up half way.
param(
    [Parameter(Mandatory)] [string]$Path,
    [Parameter(Mandatory)] [string]$ProgressPath
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 3.0

. "$PSScriptRoot\..\shared\failures.ps1"
. "$PSScriptRoot\..\shared\record.ps1"
. "$PSScriptRoot\..\shared\body.ps1"

$record = ConvertTo-RecordTable -Record (Read-Record -Path $ProgressPath)

function Get-Digest {
    # The digest of all bytes of an open file, progress written at most twice a second.
    param([Parameter(Mandatory)] $Stream)
    $hash = [System.Security.Cryptography.SHA256Cng]::new()
    $buffer = [byte[]]::new(4mb)
    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    try {
        while (($count = $Stream.Read($buffer, 0, $buffer.Length)) -gt 0) {
            $null = $hash.TransformBlock($buffer, 0, $count, $null, 0)
            $record.bytes_done = $Stream.Position
            if ($clock.ElapsedMilliseconds -lt 500) { continue }
            Write-Record -Path $ProgressPath -Record $record
            $clock.Restart()
        }
        $null = $hash.TransformFinalBlock([byte[]]::new(0), 0, 0)
        [System.BitConverter]::ToString($hash.Hash).Replace('-', '').ToLowerInvariant()
    } finally {
        $hash.Dispose()
    }
}

try {
    $stream = [System.IO.FileStream]::new($Path, [System.IO.FileMode]::Open, [System.IO.FileAccess]::Read,
        [System.IO.FileShare]'ReadWrite, Delete', 4096, [System.IO.FileOptions]::SequentialScan)
    try {
        $record.bytes_total = $stream.Length
        $record.digest = Get-Digest -Stream $stream
    } finally {
        $stream.Dispose()
    }
    $record.state = 'done'
    Write-Record -Path $ProgressPath -Record $record
} catch {
    Write-FailedRecord -Path $ProgressPath -Record $record -Failure $_
}
