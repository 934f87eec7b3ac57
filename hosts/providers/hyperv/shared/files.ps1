# Deletes a job's files, never one that a virtual machine of this host still uses, and the folders left empty.

function Get-UsedFile {
    # The full paths of everything that the VMs registered here use, their checkpoints included.
    foreach ($vm in @(Get-VM)) {
        $snapshots = @(Get-VMSnapshot -VM $vm)
        $drives = @(Get-VMHardDiskDrive -VM $vm) +
            @($snapshots | ForEach-Object { Get-VMHardDiskDrive -VMSnapshot $_ })
        foreach ($drive in @($drives | Where-Object { $_.Path -and $null -eq $_.DiskNumber })) {
            $drive.Path
            # A chain that is broken already has no readable parents; its own file is listed all the same.
            try { @(Get-VhdChain -Path $drive.Path) | ForEach-Object { $_.Path } } catch { Write-Verbose -Message "$_" }
        }
        @(Get-VMDvdDrive -VM $vm | Where-Object { $_.Path }) | ForEach-Object { $_.Path }
        @(Get-StateFile -Vm $vm -Snapshots $snapshots) | ForEach-Object { $_.path }
    }
}

function Confirm-Unused {
    # Raises WrongState when a VM registered here uses one of these files.
    param([AllowEmptyCollection()] [string[]]$Paths)
    $used = @(Get-UsedFile)
    $taken = @($Paths | Where-Object { $used -contains $_ })
    if ($taken.Count -gt 0) {
        Write-Error -ErrorId 'WrongState' -Category ResourceBusy -ErrorAction Stop `
            -Message "A virtual machine registered on $env:COMPUTERNAME uses $($taken[0]); nothing was deleted."
    }
}

function Remove-FileUnlessHeld {
    # True when the file is gone, false when somebody holds it open.
    param([Parameter(Mandatory)] [string]$Path)
    try {
        [System.IO.File]::Delete($Path)
        $true
    } catch [System.IO.DirectoryNotFoundException] {
        $true
    } catch [System.IO.IOException] {
        # ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION
        if (@(0x80070020, 0x80070021) -notcontains $_.Exception.GetBaseException().HResult) { throw }
        $false
    }
}

function Get-KeptFolder {
    # Folders that stay even when empty: the host's default ones and those of the VMs registered here.
    $vmHost = Get-VMHost
    $vmHost.VirtualMachinePath
    $vmHost.VirtualHardDiskPath
    foreach ($vm in @(Get-VM)) { $vm.ConfigurationLocation; $vm.SnapshotFileLocation; $vm.SmartPagingFilePath }
}

function Get-FolderOfFile {
    # The folders that may be left empty by a file, innermost first: Hyper-V's folder named like the file, the file's
    # own, and below a VM folder also its three usual ones and itself.
    param([Parameter(Mandatory)] [string]$Path)
    $parts = @('Virtual Hard Disks', 'Virtual Machines', 'Snapshots')
    $folder = [System.IO.Path]::GetDirectoryName($Path)
    [System.IO.Path]::Combine($folder, [System.IO.Path]::GetFileNameWithoutExtension($Path))
    $folder
    if ($parts -contains [System.IO.Path]::GetFileName($folder)) {
        $vmFolder = [System.IO.Path]::GetDirectoryName($folder)
        foreach ($part in $parts) { [System.IO.Path]::Combine($vmFolder, $part) }
        $vmFolder
    }
}

function Remove-EmptyFolder {
    # Removes the folders that these files left empty, but no kept one and nothing directly below a kept one.
    param([AllowEmptyCollection()] [string[]]$Paths)
    $kept = @(Get-KeptFolder | Where-Object { $_ } | ForEach-Object { ([string]$_).TrimEnd('\') })
    $folders = @($Paths | ForEach-Object { Get-FolderOfFile -Path $_ } | Select-Object -Unique |
        Sort-Object -Property Length -Descending)
    foreach ($folder in $folders) {
        $parent = [System.IO.Path]::GetDirectoryName($folder)
        $isUsual = @('Virtual Hard Disks', 'Virtual Machines', 'Snapshots') -contains [System.IO.Path]::GetFileName($folder)
        if ($null -eq $parent -or $kept -contains $folder -or ($isUsual -and $kept -contains $parent)) { continue }
        if (-not [System.IO.Directory]::Exists($folder)) { continue }
        if (@([System.IO.Directory]::GetFileSystemEntries($folder)).Count -eq 0) {
            [System.IO.Directory]::Delete($folder)
        }
    }
}
