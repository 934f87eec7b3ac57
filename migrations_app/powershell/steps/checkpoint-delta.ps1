function Step-CheckpointDelta {
    # A round is worth it if it shortens the outage by more than its own fixed cost; after one that is not, no other is.
    $action = "Freeze what $VmName wrote meanwhile, if copying it now shortens the outage"
    if (-not (Confirm-Step -On $SourceHost -Action $action)) { return }
    if ($Move.IsSynced) { return }
    $vm = Get-SourceVm
    Confirm-CopiedLayer -Vm $vm
    if (Test-Round -Vm $vm) { New-Checkpoint } else { $Move.IsSynced = $true }
}
