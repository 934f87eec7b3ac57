function Step-Hold {
    # Everything is copied and it runs on. When it may pause, what it wrote is copied in rounds as long as that is worth
    # it. A window that has passed ends the move.
    if (-not (Confirm-Step -On $SourceHost -Action "Wait until $VmName may be paused, then copy what it wrote")) { return }
    if ($null -eq $CutOverFrom -and $null -eq $CutOverUntil) {
        $null = Read-Host -Prompt "$VmName runs on. Press Enter to pause and move it now"
    }
    while ($null -ne $CutOverFrom -and [DateTime]::Now -lt $CutOverFrom) { Start-Sleep -Seconds 5 }
    for ($round = 1; $round -le $MaxRounds -and -not $Move.IsSynced; $round++) {
        Confirm-Window
        $vm = Get-SourceVm
        Confirm-CopiedLayer -Vm $vm
        if (Test-Round -Vm $vm) { New-Checkpoint } else { $Move.IsSynced = $true }
        Copy-Due -Files @(Get-DueFile -Vm (Get-SourceVm))
    }
    Confirm-Window
}

function Confirm-Window {
    if ($null -ne $CutOverUntil -and [DateTime]::Now -gt $CutOverUntil) { throw "The window until $CutOverUntil has passed." }
}
