# Compare-VM leaves a planned virtual machine behind when nothing is imported from it; it blocks the next attempt.

function Get-PlannedVm {
    # The planned VMs whose notes bear this tag.
    param([Parameter(Mandatory)] [string]$Tag)
    $all = @(Get-CimInstance -Namespace 'root\virtualization\v2' -ClassName 'Msvm_PlannedComputerSystem')
    foreach ($planned in $all) {
        $settings = @(Get-CimAssociatedInstance -InputObject $planned -ResultClassName 'Msvm_VirtualSystemSettingData')
        $marked = @($settings | Where-Object { Test-FerryMark -Notes (@($_.Notes) -join "`r`n") -Tag $Tag })
        if ($marked.Count -gt 0) { $planned }
    }
}

function Remove-PlannedVm {
    # Destroys them and waits until they are gone.
    param([Parameter(Mandatory)] [string]$Tag)
    foreach ($planned in @(Get-PlannedVm -Tag $Tag)) {
        $service = Get-CimInstance -Namespace 'root\virtualization\v2' -ClassName 'Msvm_VirtualSystemManagementService'
        $arguments = @{ AffectedSystem = $planned }
        $answer = Invoke-CimMethod -InputObject $service -MethodName 'DestroySystem' -Arguments $arguments
        # 4096: Hyper-V goes on in a job of its own.
        if (@(0, 4096) -notcontains $answer.ReturnValue) {
            throw "The planned virtual machine $($planned.Name) could not be destroyed (code $($answer.ReturnValue))."
        }
    }
    for ($attempt = 0; $attempt -lt 60 -and @(Get-PlannedVm -Tag $Tag).Count -gt 0; $attempt++) {
        Start-Sleep -Milliseconds 500
    }
}
