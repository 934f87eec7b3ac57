# What must be so before the next step, asked of the hosts each time.

function Confirm-CopiedLayer {
    # Raises when what was copied is not what the disks consist of any more: a file that is gone was merged into another
    # one, and one that was written took another one in.
    param([Parameter(Mandatory)] $Vm)
    Confirm-SameDisk -Vm $Vm
    $stamps = @{}
    foreach ($disk in $Vm.disks) { foreach ($layer in $disk.layers) { $stamps[$layer.path] = $layer.stamp } }
    foreach ($proof in $Move.Proofs) {
        if (-not $stamps.ContainsKey($proof.Source)) { throw "$($proof.Source) was merged on $SourceHost after it was copied." }
        if ($stamps[$proof.Source] -ne $proof.Stamp) { throw "$($proof.Source) was written on $SourceHost after it was copied." }
    }
}

function Confirm-SameDisk {
    param([Parameter(Mandatory)] $Vm)
    $now = @($Vm.disks | ForEach-Object { $_.location } | Sort-Object)
    $planned = @($DiskFolders.Keys | Sort-Object)
    if (($now -join '|') -ne ($planned -join '|')) { throw "$VmName does not have the disks with which the move was planned." }
}

function Confirm-StandingStill {
    # The virtual machine, proved to stand still on the source and not written since it was copied.
    $vm = Get-SourceVm
    if (@('saved', 'off') -notcontains $vm.state) { throw "$VmName is $($vm.state) on $SourceHost; it must stand still." }
    $stamps = @{}
    foreach ($disk in $vm.disks) { foreach ($layer in $disk.layers) { $stamps[$layer.path] = $layer.stamp } }
    foreach ($file in $vm.state_files) { $stamps[$file.path] = $file.stamp }
    foreach ($proof in $Move.Proofs) {
        if ($stamps[$proof.Source] -ne $proof.Stamp) { throw "$($proof.Source) was written on $SourceHost after it was copied." }
    }
    $vm
}

function Confirm-OnTarget {
    # The virtual machine as the target has it: registered by this run, each disk on a base that was copied and compared.
    $vm = Find-Vm -On $TargetHost
    if ($null -eq $vm -or -not (Test-Marked -Vm $vm)) { throw "$VmName is not on $TargetHost as this run registered it." }
    $copied = @($Move.Proofs | ForEach-Object { $_.Target })
    $bases = @($vm.disks | ForEach-Object { @($_.layers)[0].path } | Where-Object { $copied -contains $_ })
    if ($bases.Count -ne $DiskFolders.Count -or @($vm.disks).Count -ne $DiskFolders.Count) {
        throw "$VmName on $TargetHost does not have the disks that were copied."
    }
    $vm
}

function Set-Committed {
    # The target has it: from here on only forward.
    $Move.IsCommitted = $true
    $Move.ResumeBy = $null
    Save-Record
}

function Remove-FromSource {
    $null = Invoke-Change -On $SourceHost -Call 'remove-vm' -With @{ VmId = $VmId; Tag = $Tag }
    if (-not $KeepSourceFiles) { Remove-Made -On $SourceHost -Paths @($Move.Proofs | ForEach-Object { $_.Source }) }
}
