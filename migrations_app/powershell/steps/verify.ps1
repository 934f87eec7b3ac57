function Step-Verify {
    if (-not (Confirm-Step -On $TargetHost -Action "Verify that $VmName is $VmState with the disks that were copied")) { return }
    $vm = Confirm-OnTarget
    if ($vm.state -ne $VmState) { throw "$VmName on $TargetHost is $($vm.state), not $VmState." }
}
