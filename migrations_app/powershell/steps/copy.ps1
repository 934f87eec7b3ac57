function Step-Copy {
    # Everything that is not written any more, also what older checkpoints froze.
    if (-not (Confirm-Step -On $TargetHost -Action "Copy the frozen disks of $VmName while it runs")) { return }
    Copy-Due -Files @(Get-DueFile -Vm (Get-SourceVm))
}

function Undo-Copy {
    Remove-CopiedFile
}
