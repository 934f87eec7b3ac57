# Fits a copied configuration to this host before it is registered: parents of layers, disk paths, networks.

function Get-ParentPath {
    # Where a layer looks for its parent; '' when that cannot even be read, as with a parent that moved.
    param([Parameter(Mandatory)] [string]$Path)
    try { [string](Get-VHD -Path $Path).ParentPath } catch { '' }
}

function Repair-ParentLink {
    # Points every layer at the copy of its parent. Hyper-V compares the parents' ids: never with -IgnoreIdMismatch.
    param([AllowEmptyCollection()] [object[]]$Disks)
    foreach ($disk in $Disks) {
        $pairs = @($disk.layers)
        for ($number = 1; $number -lt $pairs.Count; $number++) {
            $child = [string]$pairs[$number][1]
            $parent = [string]$pairs[$number - 1][1]
            if ((Get-ParentPath -Path $child) -ne $parent) { Set-VHD -Path $child -ParentPath $parent }
        }
    }
}

function Get-PathTable {
    # Old path, new path and file name -> new path. A file name that two layers share finds nothing.
    param([AllowEmptyCollection()] [object[]]$Disks)
    $table = @{}
    $pairs = New-Object -TypeName 'System.Collections.Generic.List[object]'
    foreach ($disk in $Disks) { foreach ($pair in $disk.layers) { $pairs.Add($pair) } }
    foreach ($pair in $pairs) {
        $name = [System.IO.Path]::GetFileName([string]$pair[0])
        $table[$name] = $(if ($table.ContainsKey($name)) { '' } else { [string]$pair[1] })
    }
    foreach ($pair in $pairs) { $table[[string]$pair[1]] = [string]$pair[1] }
    foreach ($pair in $pairs) { $table[[string]$pair[0]] = [string]$pair[1] }
    $table
}

function Set-ImportDisk {
    # Gives every drive of the planned VM and of its checkpoints the path of its copy. Raises Incompatible for a disk
    # that was not copied or whose newest layer is not the one the configuration writes to.
    param(
        [Parameter(Mandatory)] $Vm,
        [AllowEmptyCollection()] [object[]]$Snapshots,
        [AllowEmptyCollection()] [object[]]$Disks
    )
    $table = Get-PathTable -Disks $Disks
    $tops = @{}
    foreach ($disk in $Disks) { $tops[[string]$disk.location] = [string]@($disk.layers)[-1][1] }
    $own = @(Get-VMHardDiskDrive -VM $Vm)
    $frozen = @($Snapshots | ForEach-Object { Get-VMHardDiskDrive -VMSnapshot $_ })
    foreach ($drive in @(($own + $frozen) | Where-Object { $_.Path -and $null -eq $_.DiskNumber })) {
        $location = '{0} {1}:{2}' -f $drive.ControllerType, $drive.ControllerNumber, $drive.ControllerLocation
        $path = $table[[string]$drive.Path]
        if (-not $path) { $path = $table[[System.IO.Path]::GetFileName([string]$drive.Path)] }
        $isStale = ($own -contains $drive) -and $tops.ContainsKey($location) -and ($tops[$location] -ne $path)
        if (-not $path -or $isStale) {
            Write-Error -ErrorId 'Incompatible' -Category InvalidData -ErrorAction Stop `
                -Message "The configuration uses $($drive.Path) at $location, which is not what was copied."
        }
        if ($path -ne $drive.Path) { Set-VMHardDiskDrive -VMHardDiskDrive $drive -Path $path }
    }
}

function Set-ImportNetwork {
    # Connects every adapter as ordered: the configuration knows the other host's switches, by id (error 33012). An
    # adapter that only a checkpoint has is disconnected; one of the VM without an order is left for the report.
    param(
        [Parameter(Mandatory)] $Vm,
        [AllowEmptyCollection()] [object[]]$Snapshots,
        [AllowEmptyCollection()] [object[]]$Adapters
    )
    $switches = @(Get-VMSwitch | ForEach-Object { $_.Name })
    $wanted = @{}
    foreach ($order in $Adapters) { $wanted[[string]$order.adapter_id] = $order.network_name }
    $own = @(Get-VMNetworkAdapter -VM $Vm)
    $frozen = @($Snapshots | ForEach-Object { Get-VMNetworkAdapter -VMSnapshot $_ })
    foreach ($adapter in ($own + $frozen)) {
        $key = Get-AdapterKey -Adapter $adapter
        if ($own -contains $adapter -and -not $wanted.ContainsKey($key)) { continue }
        $network = $wanted[$key]
        if (-not $network) {
            Disconnect-VMNetworkAdapter -VMNetworkAdapter $adapter
            continue
        }
        if ($switches -notcontains $network) {
            Write-Error -ErrorId 'NotFound' -Category ObjectNotFound -ErrorAction Stop `
                -Message "There is no virtual switch named $network on $env:COMPUTERNAME."
        }
        Connect-VMNetworkAdapter -VMNetworkAdapter $adapter -SwitchName $network
    }
}

function Set-ImportFolder {
    # A folder of the other host that this one lacks (next checkpoints, paging file) becomes the VM's own. What Hyper-V
    # refuses to change now stays, and shows in the second comparison if it matters; merge-checkpoints tries again.
    param([Parameter(Mandatory)] $Vm, [Parameter(Mandatory)] [string]$Folder)
    try {
        if (-not [System.IO.Directory]::Exists($Vm.SmartPagingFilePath)) { Set-VM -VM $Vm -SmartPagingFilePath $Folder }
        if (-not [System.IO.Directory]::Exists($Vm.SnapshotFileLocation)) { Set-VM -VM $Vm -SnapshotFileLocation $Folder }
    } catch {
        Write-Verbose -Message "$_"
    }
}

function New-ImportReport {
    # Compare-VM's report of the configuration, fitted to this host and compared again. Starts nothing, copies nothing.
    # A report is a snapshot: only the second comparison knows of the changes.
    param(
        [Parameter(Mandatory)] [string]$Folder,
        [Parameter(Mandatory)] [string]$ConfigPath,
        [AllowEmptyCollection()] [object[]]$Disks,
        [AllowEmptyCollection()] [object[]]$Adapters
    )
    if (-not [System.IO.File]::Exists($ConfigPath)) {
        Write-Error -ErrorId 'NotFound' -Category ObjectNotFound -ErrorAction Stop -Message "$ConfigPath is not there."
    }
    Repair-ParentLink -Disks $Disks
    $report = Compare-VM -Path $ConfigPath -Register
    $snapshots = @(Get-VMSnapshot -VM $report.VM)
    Set-ImportFolder -Vm $report.VM -Folder $Folder
    Set-ImportDisk -Vm $report.VM -Snapshots $snapshots -Disks $Disks
    Set-ImportNetwork -Vm $report.VM -Snapshots $snapshots -Adapters $Adapters
    Compare-VM -CompatibilityReport $report
}

function Get-ImportObstacle {
    # What a report still holds, as sentences with Hyper-V's own number: 33012 for a switch that was not found.
    param([Parameter(Mandatory)] $Report)
    @($Report.Incompatibilities) | Where-Object { $null -ne $_ } |
        ForEach-Object { '{0} ({1})' -f ([string]$_.Message).Trim(), $_.MessageId }
}

function Get-RegisteredVm {
    # The VM with this id if this job has registered it already, or nothing. Raises AlreadyExists for another one's.
    param([Parameter(Mandatory)] [guid]$VmId, [Parameter(Mandatory)] [string]$Tag)
    $vm = Find-FerryVm -VmId $VmId
    if ($null -ne $vm -and -not (Test-FerryMark -Notes $vm.Notes -Tag $Tag)) {
        Write-Error -ErrorId 'AlreadyExists' -Category ResourceExists -ErrorAction Stop `
            -Message "$($vm.Name), with the same id, is registered on $env:COMPUTERNAME and does not bear the tag $Tag."
    }
    $vm
}
