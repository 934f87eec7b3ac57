function Step-Finish {
    if (-not (Confirm-Step -On $TargetHost -Action "Take the marks off $VmName and give its automatic start action back")) { return }
    $null = Invoke-Change -On $TargetHost -Call 'unmark-vm' -With @{ VmId = $VmId; Tag = $Tag }
    Write-Line -Text "$VmName is on $TargetHost. What was compared is in $(Get-RecordPath)."
}
