function Step-Checkpoint {
    if (-not (Confirm-Step -On $SourceHost -Action "Freeze the disks of $VmName by a checkpoint, $Tag-1")) { return }
    New-Checkpoint
}

function Undo-Checkpoint {
    # Every checkpoint of this run, those of the rounds as well.
    if ($null -ne (Find-Vm -On $SourceHost)) { Merge-Checkpoint -On $SourceHost }
}
