function Step-Start {
    # The step of no return. That the start was ordered is written down before it is.
    if (-not (Confirm-Step -On $TargetHost -Action "Restore ${VmName}: the outage ends")) { return }
    $null = Confirm-StandingStill
    Confirm-InTime
    $Move.StartOrdered = $true
    Save-Record
    $vm = (Invoke-Change -On $TargetHost -Call 'start-vm' -With @{ VmId = $VmId; Tag = $Tag }).vm
    if (@('running', 'paused') -notcontains $vm.state) { throw "$VmName is $($vm.state) on $TargetHost, not running." }
    Set-Committed
}

function Undo-Start {
    # Nothing to take back unless it runs or has run there; that is asked, not guessed. The host keeps the order to start
    # it, and takes that away only when the start has failed.
    $found = Find-Vm -On $TargetHost
    if ($null -eq $found) { return }
    $standsStill = @('saved', 'off') -contains $found.state
    if (@('running', 'paused') -contains $found.state -or ($standsStill -and $found.start_ordered_by -eq $Tag)) {
        Set-Committed
        throw "$VmName was started on $TargetHost, and is $($found.state) there."
    }
    if (-not $standsStill) { throw "$VmName is $($found.state) on $TargetHost." }
}
