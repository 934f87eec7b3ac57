# What only this script has run on a host; a job of Ferry has other ways for it.

function Invoke-Call {
    # Runs ferry-<call> with parameters from JSON, and answers in JSON. It is run in this very scope, so that its fence can
    # be closed here: the process of a session outlives the call.
    param([Parameter(Mandatory)] [string]$Call, [Parameter(Mandatory)] [string]$Given)
    $with = @{}
    foreach ($one in (ConvertFrom-Json -InputObject $Given).PSObject.Properties) { $with[$one.Name] = $one.Value }
    $fence = $null
    try {
        $answer = . ("ferry-$Call") @with 3>$null
        ConvertTo-Json -InputObject $answer -Depth 12 -Compress
    } finally {
        if ($null -ne $fence) { $fence.Dispose() }
    }
}

function ferry-digest-file {
    # SHA-256 of a file of this host, also of one that Hyper-V has open.
    param([Parameter(Mandatory)] [string]$Path)
    $stream = [System.IO.FileStream]::new($Path, [System.IO.FileMode]::Open, [System.IO.FileAccess]::Read,
        [System.IO.FileShare]'ReadWrite, Delete', 4194304, [System.IO.FileOptions]::SequentialScan)
    $hash = [System.Security.Cryptography.SHA256Cng]::new()
    try {
        $digest = [System.BitConverter]::ToString($hash.ComputeHash($stream)).Replace('-', '').ToLowerInvariant()
        [PSCustomObject]@{ digest = $digest }
    } finally {
        $hash.Dispose()
        $stream.Dispose()
    }
}
