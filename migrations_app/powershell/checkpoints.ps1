# Checkpoints, and whether another round of them is worth it.

function New-Checkpoint {
    # Freezes what is written until now.
    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    $Move.Rounds++
    $null = Invoke-Change -On $SourceHost -Call 'checkpoint-vm' -With @{ VmId = $VmId; Name = "$Tag-$($Move.Rounds)" }
    $Move.FrozenAt = [DateTime]::UtcNow
    $Move.FreezeS = [math]::Min($Move.FreezeS, $clock.Elapsed.TotalSeconds)
}

function Merge-Checkpoint {
    # Takes the checkpoints of this run away and waits until their files are merged. Hyper-V may say "not merging" while a
    # checkpoint still waits for its turn: both are looked at.
    param([Parameter(Mandatory)] [string]$On)
    for (;;) {
        $vm = (Invoke-Change -On $On -Call 'merge-checkpoints' -With @{ VmId = $VmId; Tag = $Tag }).vm
        $left = @($vm.checkpoints | Where-Object { $_.name.StartsWith("$Tag-") })
        if ($left.Count -eq 0 -and -not $vm.is_merging) { return }
        Start-Sleep -Seconds 5
    }
}

function Test-Round {
    # With U bytes waiting, w bytes written and R copied a second, a round lasts t + U/R, w(t + U/R) are left by it, and
    # the difference is what it saves.
    param([Parameter(Mandatory)] $Vm)
    $waiting = [long]0
    foreach ($disk in $Vm.disks) { $waiting += @($disk.layers)[-1].file_size_bytes }
    $cost = $Move.FreezeS + 1
    $written = $waiting / [math]::Max(0.001, ([DateTime]::UtcNow - $Move.FrozenAt).TotalSeconds)
    $left = $written * ($cost + $waiting / $Move.CopyBytesPerS)
    $saved = ($waiting - $left) / $Move.CopyBytesPerS
    $isWorthIt = $waiting -gt 0 -and $written -lt $Move.CopyBytesPerS -and $saved -gt $cost
    $word = if ($isWorthIt) { 'a round saves {0:N0} s of outage.' } else { 'another round is not worth it.' }
    Write-Line -Text ('    {0:N2} GB were written meanwhile: {1}' -f ($waiting / 1gb), ($word -f $saved))
    $isWorthIt
}
