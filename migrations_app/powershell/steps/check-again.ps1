function Step-CheckAgain {
    # Reads only, so it looks under -WhatIf as well. Ferry's ratings are no part of it.
    $vm = Get-SourceVm
    Confirm-SameDisk -Vm $vm
    $source = Invoke-OnHost -On $SourceHost -Call 'inspect-host'
    $target = Invoke-OnHost -On $TargetHost -Call 'inspect-host'
    $against = @(Get-VmObstacle -Vm $vm; Get-TargetObstacle -Vm $vm -Source $source -Target $target)
    if ($against.Count -gt 0) { throw ($against -join ' ') }
    Write-Line -Text '    Nothing speaks against the move.'
}

function Get-VmObstacle {
    # What speaks against moving it at all, a sentence each.
    param([Parameter(Mandatory)] $Vm)
    if ($Vm.state -ne $VmState) { "$VmName is $($Vm.state) on $SourceHost; the move was planned for $VmState." }
    if ($Vm.is_merging) { "Checkpoints of $VmName are being merged." }
    if ($Vm.is_clustered) { "$VmName is highly available: move it with Failover Cluster Manager." }
    if ($Vm.is_replicated) { "$VmName is replicated: remove the replication first." }
    if ($Vm.has_assigned_device) { "$VmName has a device of its host assigned." }
    foreach ($path in $Vm.dvd_paths) { "$path is in the DVD drive of $VmName." }
    foreach ($disk in $Vm.disks) {
        if ($disk.is_pass_through -or $disk.is_shared) { "The disk at $($disk.location) of $VmName is passed through or shared." }
    }
    $adapters = @($Vm.adapters | ForEach-Object { $_.adapter_id } | Sort-Object)
    $planned = @($Networks.Keys | Sort-Object)
    if (($adapters -join '|') -ne ($planned -join '|')) { "$VmName does not have the adapters with which the move was planned." }
}

function Get-TargetObstacle {
    # What speaks against this target, a sentence each.
    param([Parameter(Mandatory)] $Vm, [Parameter(Mandatory)] $Source, [Parameter(Mandatory)] $Target)
    if ($Source.computer_name -eq $Target.computer_name) { "$SourceHost and $TargetHost are the same host." }
    if (@($Target.vms | Where-Object { $_.uid -eq $VmId }).Count -gt 0) { "$TargetHost has a virtual machine with the id of $VmName." }
    $folder = $TargetFolder.TrimEnd('\')
    foreach ($other in @($Target.vms | Where-Object { $_.folder -eq $folder })) { "$folder is the folder of $($other.name)." }
    if ($Target.supported_vm_versions -notcontains $Vm.version) { "$TargetHost does not know version $($Vm.version)." }
    if ($VmState -eq 'running' -and $Vm.memory_mb -gt $Target.memory_available_mb) {
        "$TargetHost has $($Target.memory_available_mb) MB of memory free; $VmName has $($Vm.memory_mb) MB."
    }
    $switches = @($Target.networks | ForEach-Object { $_.name })
    foreach ($network in @($Networks.Values | Where-Object { $_ -and $switches -notcontains $_ })) {
        "$TargetHost has no virtual network $network."
    }
    Get-RoomObstacle -Vm $Vm -Target $Target
}

function Get-RoomObstacle {
    # Volumes of the target with less room than the files need that go there. A folder below a mount point has the room
    # that its drive shows.
    param([Parameter(Mandatory)] $Vm, [Parameter(Mandatory)] $Target)
    $needs = @{}
    foreach ($file in @(Get-DueFile -Vm $Vm -All)) {
        $needs[[System.IO.Path]::GetPathRoot($file.Target)] += $file.Bytes
    }
    if ($VmState -eq 'running') { $needs[[System.IO.Path]::GetPathRoot($TargetFolder)] += [long]$Vm.memory_mb * 1mb }
    foreach ($drive in $needs.Keys) {
        $volume = @($Target.volumes | Where-Object { $_.path -eq $drive })
        if ($volume.Count -eq 0) { "$TargetHost has no volume $drive." }
        elseif ($needs[$drive] -gt $volume[0].free_bytes) {
            '{0} of {1} has {2:N1} GB free; {3:N1} GB go there.' -f $drive, $TargetHost, ($volume[0].free_bytes / 1gb),
                ($needs[$drive] / 1gb)
        }
    }
}
