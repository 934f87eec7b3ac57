# Body of detached works (start-works): hashes files of this host one after the other, also those that Hyper-V has open.
# Each of $Works: {Path, ProgressPath}. Their records fill hosts.providers.types.Work. Started again a hash begins anew:
# a digest cannot be taken up half way.
param(
    [Parameter(Mandatory)] [object[]]$Works
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 3.0

. "$PSScriptRoot\..\shared\failures.ps1"
. "$PSScriptRoot\..\shared\record.ps1"
. "$PSScriptRoot\..\shared\body.ps1"

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
            Write-Record -Path $work.ProgressPath -Record $record
            $clock.Restart()
        }
        $null = $hash.TransformFinalBlock([byte[]]::new(0), 0, 0)
        [System.BitConverter]::ToString($hash.Hash).Replace('-', '').ToLowerInvariant()
    } finally {
        $hash.Dispose()
    }
}

foreach ($work in $Works) {
    $record = ConvertTo-RecordTable -Record (Read-Record -Path $work.ProgressPath)
    try {
        $stream = [System.IO.FileStream]::new($work.Path, [System.IO.FileMode]::Open, [System.IO.FileAccess]::Read,
            [System.IO.FileShare]'ReadWrite, Delete', 4096, [System.IO.FileOptions]::SequentialScan)
        try {
            $record.bytes_total = $stream.Length
            $record.digest = Get-Digest -Stream $stream
        } finally {
            $stream.Dispose()
        }
        $record.state = 'done'
        Write-Record -Path $work.ProgressPath -Record $record
    } catch {
        Write-FailedRecord -Path $work.ProgressPath -Record $record -Failure $_
    }
}
