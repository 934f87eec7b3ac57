function Step-HandOver {
    # The same for a virtual machine that stands still: here the target gets it.
    if (-not (Confirm-Step -On $SourceHost -Action "Remove $VmName, which $TargetHost has with all its disks")) { return }
    if ($null -ne (Find-Vm -On $SourceHost)) { $null = Confirm-StandingStill }
    $null = Confirm-OnTarget
    Remove-FromSource
    Set-Committed
}

function Undo-HandOver {
    # Unmarked first: from then on no removal takes effect there that was ordered before.
    $null = Invoke-Change -On $SourceHost -Call 'unmark-vm' -With @{ VmId = $VmId; Tag = $Tag }
    if ($null -ne (Find-Vm -On $SourceHost)) { return }
    Set-Committed
    throw "$VmName is not registered on $SourceHost any more."
}
