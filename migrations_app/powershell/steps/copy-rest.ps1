function Step-CopyRest {
    if (-not (Confirm-Step -On $TargetHost -Action "Copy the saved state and the last changes of $VmName")) { return }
    $vm = Get-SourceVm
    Confirm-CopiedLayer -Vm $vm
    Copy-Due -Files @(Get-DueFile -Vm $vm -All)
}
