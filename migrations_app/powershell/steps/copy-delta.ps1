function Step-CopyDelta {
    if (-not (Confirm-Step -On $TargetHost -Action "Copy what $VmName wrote meanwhile")) { return }
    if (-not $Move.IsSynced) { Copy-Due -Files @(Get-DueFile -Vm (Get-SourceVm)) }
}
