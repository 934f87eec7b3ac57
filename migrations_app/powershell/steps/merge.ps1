function Step-Merge {
    if (Confirm-Step -On $TargetHost -Action "Merge the checkpoints of this run while $VmName runs") { Merge-Checkpoint -On $TargetHost }
}
