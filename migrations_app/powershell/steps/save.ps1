function Step-Save {
    # The outage begins. From here on the source does not start it by itself any more.
    if (-not (Confirm-Step -On $SourceHost -Action "Save the state of ${VmName}: the outage begins")) { return }
    Confirm-CopiedLayer -Vm (Get-SourceVm)
    $Move.ResumeBy = [DateTime]::UtcNow.AddSeconds($OutageDeadlineS)
    $vm = (Invoke-Change -On $SourceHost -Call 'save-vm' -With @{ VmId = $VmId; Tag = $Tag }).vm
    if ($vm.state -ne 'saved') { throw "$VmName is $($vm.state) on $SourceHost, not saved." }
}

function Undo-Save {
    # It resumes, unless somebody has shut it down meanwhile. Once the target may have been told to start it, the target
    # must be proved to have nothing left to start.
    if ($Move.StartOrdered -and $null -ne (Find-Vm -On $TargetHost)) { throw "$VmName is still registered on $TargetHost." }
    if ((Get-SourceVm).state -eq 'off') { return }
    $null = Invoke-Change -On $SourceHost -Call 'start-vm' -With @{ VmId = $VmId; Tag = $Tag }
    Write-Line -Text "$VmName runs on $SourceHost."
}
