# The course of the move, a line a step, and its way back. What each step does follows below; then what runs on the hosts.

function Move-Forward {
    if (-not $Finish) {
        Invoke-Step -Number '<number>' -Title '<title>' -Step '<step until the target has it>'
    }
    Invoke-Step -Number '<number>' -Title '<title>' -Step '<step after that>'
}

function Move-Back {
    # The last step first. What a silent host keeps us from may wait; whether the target has started it, and its way back
    # to life, may not.
    Invoke-Undo -Step '<undone step>' -CanWait '<can wait>'
}

function Start-Move {
    $isDone = $false
    $failure = $null
    try {
        if ($Undo) { Invoke-UndoOnly } else { Move-Forward }
        $isDone = $true
    } catch {
        $failure = $_
    } finally {
        # Here, because Ctrl+C is caught nowhere.
        try {
            if (-not $isDone -and -not $Undo -and $Move.Begun.Count -gt 0) { Invoke-WayOut -Failure $failure }
        } finally {
            Close-HostSession
        }
    }
    if ($null -ne $failure) { throw $failure }
}
