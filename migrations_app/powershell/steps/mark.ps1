function Step-Mark {
    # While its disks are copied, a reboot of the source still starts a virtual machine that runs; one that stands still
    # must not be started by anybody.
    if (-not (Confirm-Step -On $SourceHost -Action "Mark $VmName in its notes as under migration by this run")) { return }
    $hold = $VmState -ne 'running'
    $null = Invoke-Change -On $SourceHost -Call 'mark-vm' -With @{ VmId = $VmId; Tag = $Tag; Hold = $hold }
}

function Undo-Mark {
    $null = Invoke-Change -On $SourceHost -Call 'unmark-vm' -With @{ VmId = $VmId; Tag = $Tag }
}
