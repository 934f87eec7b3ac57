function Step-CopyAll {
    if (-not (Confirm-Step -On $TargetHost -Action "Copy the disks and the configuration of $VmName")) { return }
    Copy-Due -Files @(Get-DueFile -Vm (Confirm-StandingStill) -All)
}

function Undo-CopyAll {
    Remove-CopiedFile
}
