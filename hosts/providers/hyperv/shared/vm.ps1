# Reads one virtual machine as hosts.providers.types.Vm.

function Find-FerryVm {
    # The VM with this id, or nothing. Get-VM -Id fails alike for "not here" and "not allowed", so CIM is asked first;
    # and an account without rights sees an empty list there, so nothing counts as an answer until Get-VMHost succeeds.
    param([Parameter(Mandatory)] [guid]$VmId)
    $filter = "Name='{0}'" -f $VmId.ToString().ToUpperInvariant()
    $system = Get-CimInstance -Namespace 'root\virtualization\v2' -ClassName 'Msvm_ComputerSystem' -Filter $filter
    if ($null -eq $system) { $null = Get-VMHost; return }
    Get-VM -Id $VmId
}

function Get-FerryVm {
    # The VM with this id. Raises NotFound.
    param([Parameter(Mandatory)] [guid]$VmId)
    $vm = Find-FerryVm -VmId $VmId
    if ($null -eq $vm) {
        Write-Error -ErrorId 'NotFound' -Category ObjectNotFound -ErrorAction Stop `
            -Message "There is no virtual machine with the id $VmId on $env:COMPUTERNAME."
    }
    $vm
}

function Get-VhdChain {
    # The files of a disk as Get-VHD shows them, from the base to the one that is written.
    param([Parameter(Mandatory)] [string]$Path)
    $chain = New-Object -TypeName 'System.Collections.Generic.List[object]'
    $next = $Path
    while (-not [string]::IsNullOrEmpty($next)) {
        if ($chain.Count -ge 128) { throw "The chain of $Path has no end." }
        $vhd = Get-VHD -Path $next
        $chain.Insert(0, $vhd)
        $next = $vhd.ParentPath
    }
    $chain
}

function Get-FileStamp {
    # What changes when a file is written: when that was (ticks, UTC) and how long it is. Asked of the file itself; the
    # directory's own figures lag behind. '' when it is not there.
    param([Parameter(Mandatory)] [string]$Path)
    $file = [System.IO.FileInfo]::new($Path)
    if (-not $file.Exists) { return '' }
    '{0}-{1}' -f $file.LastWriteTimeUtc.Ticks, $file.Length
}

function ConvertTo-VmDisk {
    # hosts.providers.types.Disk. A chain that cannot be read is an error, but an empty shell when -Tolerant: one
    # broken disk must not hide a whole host.
    param([Parameter(Mandatory)] $Drive, [switch]$Tolerant)
    $isPassThrough = $null -ne $Drive.DiskNumber
    $chain = @()
    $size = [long]0
    if ($isPassThrough) {
        $disk = Get-CimInstance -Namespace 'root\Microsoft\Windows\Storage' -ClassName 'MSFT_Disk' `
            -Filter "Number=$($Drive.DiskNumber)"
        if ($null -ne $disk) { $size = [long]$disk.Size }
    } else {
        try { $chain = @(Get-VhdChain -Path $Drive.Path) } catch { if (-not $Tolerant) { throw } }
        if ($chain.Count -gt 0) { $size = [long]$chain[-1].Size }
    }
    $layers = @($chain | ForEach-Object {
        [PSCustomObject]@{
            path = [string]$_.Path
            parent_path = $(if ([string]::IsNullOrEmpty($_.ParentPath)) { $null } else { [string]$_.ParentPath })
            file_size_bytes = [long]$_.FileSize
            stamp = Get-FileStamp -Path $_.Path
        }
    })
    if ($layers.Count -eq 0 -and -not $isPassThrough) {
        $layers = @([PSCustomObject]@{
            path = [string]$Drive.Path
            parent_path = $null
            file_size_bytes = [long]0
            stamp = ''
        })
    }
    [PSCustomObject]@{
        location = '{0} {1}:{2}' -f $Drive.ControllerType, $Drive.ControllerNumber, $Drive.ControllerLocation
        size_bytes = $size
        is_dynamic = ($chain.Count -gt 0) -and ([string]$chain[0].VhdType -ne 'Fixed')
        is_pass_through = $isPassThrough
        is_shared = ($Drive.SupportPersistentReservations -eq $true) -or ([string]$Drive.Path -like '*.vhds')
        layers = $layers
    }
}

function Get-AdapterKey {
    # The last part of the adapter's Id ("Microsoft:<vm or checkpoint>\<adapter>"): the same before and after an
    # import, and the same in the VM and in its checkpoints. Names and MAC addresses are neither.
    param([Parameter(Mandatory)] $Adapter)
    ([string]$Adapter.Id -split '\\')[-1].ToLowerInvariant()
}

function ConvertTo-VmAdapter {
    # hosts.providers.types.Adapter. Only access mode has one VLAN; a trunk reads as none.
    param([Parameter(Mandatory)] $Adapter)
    $vlan = $Adapter.VlanSetting
    $isAccess = ($null -ne $vlan) -and ([string]$vlan.OperationMode -eq 'Access')
    [PSCustomObject]@{
        adapter_id = Get-AdapterKey -Adapter $Adapter
        name = [string]$Adapter.Name
        mac = [string]$Adapter.MacAddress
        network_name = $(if ([string]::IsNullOrEmpty($Adapter.SwitchName)) { $null } else { [string]$Adapter.SwitchName })
        vlan_id = $(if ($isAccess) { [int]$vlan.AccessVlanId } else { $null })
        addresses = @($Adapter.IPAddresses | Where-Object { $_ } | ForEach-Object { [string]$_ })
    }
}

function Get-StateFile {
    # hosts.providers.types.StateFile of the VM and of its checkpoints. A checkpoint made before its VM's snapshot
    # location changed lies where it was made, so all three places are looked at.
    param([Parameter(Mandatory)] $Vm, [AllowEmptyCollection()] [object[]]$Snapshots)
    $places = @(, @([System.IO.Path]::Combine($Vm.ConfigurationLocation, 'Virtual Machines'), $Vm.Id))
    foreach ($snapshot in $Snapshots) {
        $roots = @($snapshot.Path, $Vm.SnapshotFileLocation, $Vm.ConfigurationLocation) |
            Where-Object { $_ } | ForEach-Object { ([string]$_).TrimEnd('\') } | Sort-Object -Unique
        foreach ($root in @($roots)) { $places += , @([System.IO.Path]::Combine($root, 'Snapshots'), $snapshot.Id) }
    }
    foreach ($place in $places) {
        if (-not [System.IO.Directory]::Exists($place[0])) { continue }
        Get-ChildItem -LiteralPath $place[0] -Filter "$($place[1]).*" -File |
            Where-Object { @('.vmcx', '.vmrs', '.vmgs') -contains $_.Extension } |
            ForEach-Object {
                # The directory's own size lags behind while a file is open.
                $_.Refresh()
                $stamp = '{0}-{1}' -f $_.LastWriteTimeUtc.Ticks, $_.Length
                [PSCustomObject]@{ path = $_.FullName; size_bytes = [long]$_.Length; stamp = $stamp }
            }
    }
}

function ConvertTo-VmState {
    # hosts.providers.types.VmState. The critical states (storage lost) are "other" on purpose: nothing may act on them.
    param([Parameter(Mandatory)] $State)
    switch ([string]$State) {
        'Running' { 'running' }
        'Off' { 'off' }
        'Saved' { 'saved' }
        'FastSaved' { 'saved' }
        'Paused' { 'paused' }
        'Starting' { 'starting' }
        'Resuming' { 'starting' }
        'Reset' { 'starting' }
        'Saving' { 'saving' }
        'FastSaving' { 'saving' }
        'Stopping' { 'stopping' }
        'ForceShutdown' { 'stopping' }
        'ForceReboot' { 'stopping' }
        default { 'other' }
    }
}

function Test-VmBetween {
    # Whether the VM is on its way from one state to another.
    param([Parameter(Mandatory)] $Vm)
    @('starting', 'saving', 'stopping') -contains (ConvertTo-VmState -State $Vm.State)
}

function Test-VmMerging {
    param([Parameter(Mandatory)] $Vm)
    $statuses = @($Vm.OperationalStatus | ForEach-Object { [string]$_ })
    ($statuses -contains 'MergingDisks') -or ($statuses -contains 'DeletingSnapshot')
}

function Test-VmDevice {
    # Whether a device of the host is given to the VM: neither saves nor moves.
    param([Parameter(Mandatory)] $Vm)
    if (@(Get-VMAssignableDevice -VM $Vm).Count -gt 0) { return $true }
    if ($null -eq (Get-Command -Name 'Get-VMGpuPartitionAdapter' -ErrorAction SilentlyContinue)) { return $false }
    @(Get-VMGpuPartitionAdapter -VM $Vm).Count -gt 0
}

function ConvertTo-FerryVm {
    # hosts.providers.types.Vm of a VM from Get-VM.
    param([Parameter(Mandatory)] $Vm, [switch]$Tolerant)
    $snapshots = @(Get-VMSnapshot -VM $Vm)
    $drives = @(Get-VMHardDiskDrive -VM $Vm | Where-Object { $_.Path -or $null -ne $_.DiskNumber })
    $folder = ([string]$Vm.ConfigurationLocation).TrimEnd('\')
    [PSCustomObject]@{
        uid = $Vm.Id.ToString()
        name = [string]$Vm.Name
        state = ConvertTo-VmState -State $Vm.State
        generation = [int]$Vm.Generation
        version = [string]$Vm.Version
        cpu_count = [int]$Vm.ProcessorCount
        cpu_percent = [double]$Vm.CPUUsage
        memory_mb = [long][math]::Floor($Vm.MemoryAssigned / 1mb)
        memory_demand_mb = [long][math]::Floor($Vm.MemoryDemand / 1mb)
        memory_startup_mb = [long][math]::Floor($Vm.MemoryStartup / 1mb)
        has_dynamic_memory = [bool]$Vm.DynamicMemoryEnabled
        uptime_s = [long][math]::Floor($Vm.Uptime.TotalSeconds)
        notes = [string]$Vm.Notes
        folder = $folder
        config_path = [System.IO.Path]::Combine($folder, 'Virtual Machines', $Vm.Id.ToString().ToUpperInvariant() + '.vmcx')
        start_action = [string]$Vm.AutomaticStartAction
        start_ordered_by = Get-StartOrder -Notes $Vm.Notes
        is_merging = Test-VmMerging -Vm $Vm
        is_clustered = [bool]$Vm.IsClustered
        is_replicated = [string]$Vm.ReplicationMode -ne 'None'
        has_assigned_device = Test-VmDevice -Vm $Vm
        is_emulated = $false
        has_processor_compatibility = [bool](Get-VMProcessor -VM $Vm).CompatibilityForMigrationEnabled
        dvd_paths = @(Get-VMDvdDrive -VM $Vm | Where-Object { $_.Path } | ForEach-Object { [string]$_.Path })
        disks = @($drives | ForEach-Object { ConvertTo-VmDisk -Drive $_ -Tolerant:$Tolerant })
        adapters = @(Get-VMNetworkAdapter -VM $Vm | ForEach-Object { ConvertTo-VmAdapter -Adapter $_ })
        checkpoints = @($snapshots | ForEach-Object {
            [PSCustomObject]@{
                checkpoint_id = $_.Id.ToString()
                name = [string]$_.Name
                parent_id = $(if ($_.ParentSnapshotId) { $_.ParentSnapshotId.ToString() } else { $null })
            }
        })
        state_files = @(Get-StateFile -Vm $Vm -Snapshots $snapshots)
    }
}

function Read-FerryVm {
    # hosts.providers.types.Vm of the VM with this id. Raises NotFound. A merge takes files away while they are read, so
    # what could not be read is looked at again.
    param([Parameter(Mandatory)] [guid]$VmId)
    for ($attempt = 1; ; $attempt++) {
        $vm = Get-FerryVm -VmId $VmId
        try {
            return ConvertTo-FerryVm -Vm $vm
        } catch {
            if ($attempt -ge 4) { throw }
            Start-Sleep -Milliseconds 500
        }
    }
}
