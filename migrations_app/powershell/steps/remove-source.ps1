function Step-RemoveSource {
    # Looked at once more: the files on the source may be the only ones left.
    if (-not (Confirm-Step -On $SourceHost -Action "Remove $VmName, which $TargetHost has with all its disks")) { return }
    $null = Confirm-OnTarget
    Remove-FromSource
}
