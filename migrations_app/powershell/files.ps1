# Files: which are still to be copied, copying them from share to share, and the proof that both hosts have the same.

function ConvertTo-SharePath {
    # "D:\x" of a host as \\host\D$\x.
    param([Parameter(Mandatory)] [string]$On, [Parameter(Mandatory)] [string]$Path)
    if ($Path.StartsWith('\\')) { return $Path }
    if ($Path -notmatch '^[A-Za-z]:\\') { throw "$Path lies on no drive of $On." }
    '\\{0}\{1}$\{2}' -f $On, $Path.Substring(0, 1), $Path.Substring(3)
}

function Get-PlaceOfFile {
    # Where a file of the virtual machine that is no disk goes: the same place below its folder on the target.
    param([Parameter(Mandatory)] [string]$Path)
    $base = $SourceFolder.TrimEnd('\') + '\'
    if ($Path.StartsWith($base, [StringComparison]::OrdinalIgnoreCase)) {
        return [System.IO.Path]::Combine($TargetFolder, $Path.Substring($base.Length))
    }
    [System.IO.Path]::Combine($TargetFolder, 'Virtual Machines', [System.IO.Path]::GetFileName($Path))
}

function Get-PlaceOfLayer {
    param([Parameter(Mandatory)] [string]$Location, [Parameter(Mandatory)] [string]$Path)
    [System.IO.Path]::Combine([string]$DiskFolders[$Location], [System.IO.Path]::GetFileName($Path))
}

function Get-DueFile {
    # What no earlier step copied: the files that are frozen, with -All also those that are written and the state.
    param([Parameter(Mandatory)] $Vm, [switch]$All)
    $copied = @($Move.Proofs | ForEach-Object { $_.Source })
    $due = foreach ($disk in $Vm.disks) {
        $layers = @($disk.layers)
        if (-not $All) { $layers = @($layers | Select-Object -First ($layers.Count - 1)) }
        foreach ($layer in $layers) {
            $place = Get-PlaceOfLayer -Location $disk.location -Path $layer.path
            @{ Source = $layer.path; Target = $place; Bytes = [long]$layer.file_size_bytes; Stamp = $layer.stamp }
        }
    }
    if ($All) {
        $due = @($due) + @(foreach ($file in $Vm.state_files) {
            $place = Get-PlaceOfFile -Path $file.path
            @{ Source = $file.path; Target = $place; Bytes = [long]$file.size_bytes; Stamp = $file.stamp }
        })
    }
    @($due | Where-Object { $null -ne $_ -and $copied -notcontains $_.Source })
}

function Copy-Due {
    # Copies and proves these files one after the other, and measures how fast that is.
    param([AllowEmptyCollection()] [object[]]$Files)
    foreach ($file in $Files) {
        $clock = [System.Diagnostics.Stopwatch]::StartNew()
        Write-Line -Text ('    {0}, {1:N1} GB' -f $file.Source, ($file.Bytes / 1gb))
        Copy-Proved -File $file
        if ($file.Bytes -gt $Move.CopyBytes) {
            $Move.CopyBytes = $file.Bytes
            $Move.CopyBytesPerS = $file.Bytes / [math]::Max(0.001, $clock.Elapsed.TotalSeconds)
        }
    }
}

function Copy-Proved {
    # The source reads its file while it travels, the target what has arrived. A file that was there before stays.
    param([Parameter(Mandatory)] [hashtable]$File)
    $end = ConvertTo-SharePath -On $TargetHost -Path $File.Target
    if ([System.IO.File]::Exists($end)) { throw "$($File.Target) exists on $TargetHost already." }
    $Move.Made.Add($File.Target)
    Save-Record
    $null = [System.IO.Directory]::CreateDirectory([System.IO.Path]::GetDirectoryName($end))
    $reading = Invoke-Command -Session (Get-HostSession -On $SourceHost) -AsJob -ScriptBlock {
        param([string]$Path)
        ferry-digest-file -Path $Path
    } -ArgumentList $File.Source
    Copy-Bytes -From (ConvertTo-SharePath -On $SourceHost -Path $File.Source) -To "$end.$Tag"
    $digest = (Receive-Job -Job $reading -Wait -AutoRemoveJob).digest
    $arrived = (Invoke-OnHost -On $TargetHost -Call 'digest-file' -With @{ Path = "$($File.Target).$Tag" }).digest
    if ($digest -ne $arrived) { throw "The bytes of $($File.Source) that arrived on $TargetHost are not those of $SourceHost." }
    [System.IO.File]::Move("$end.$Tag", $end)
    $Move.Proofs.Add(@{ Source = $File.Source; Target = $File.Target; Digest = $digest; Stamp = $File.Stamp })
    Save-Record
}

function Copy-Bytes {
    # Reads the next piece while the last one is written.
    param([Parameter(Mandatory)] [string]$From, [Parameter(Mandatory)] [string]$To)
    $source = [System.IO.FileStream]::new($From, [System.IO.FileMode]::Open, [System.IO.FileAccess]::Read,
        [System.IO.FileShare]'ReadWrite, Delete', 4096, [System.IO.FileOptions]'Asynchronous, SequentialScan')
    try {
        $target = [System.IO.FileStream]::new($To, [System.IO.FileMode]::CreateNew, [System.IO.FileAccess]::Write)
        try {
            Copy-Stream -Source $source -Target $target
            $target.Flush($true)
        } finally {
            $target.Dispose()
        }
    } finally {
        $source.Dispose()
    }
}

function Copy-Stream {
    param([Parameter(Mandatory)] [System.IO.Stream]$Source, [Parameter(Mandatory)] [System.IO.Stream]$Target)
    $chunk = 4mb
    $buffers = @([byte[]]::new($chunk), [byte[]]::new($chunk))
    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    $shown = [System.Diagnostics.Stopwatch]::StartNew()
    $turn = 0
    $done = [long]0
    $reading = $Source.ReadAsync($buffers[$turn], 0, $chunk)
    while (($count = $reading.GetAwaiter().GetResult()) -gt 0) {
        $filled = $buffers[$turn]
        $turn = 1 - $turn
        $reading = $Source.ReadAsync($buffers[$turn], 0, $chunk)
        $Target.Write($filled, 0, $count)
        $done += $count
        Confirm-InTime
        Wait-Limit -Done $done -Clock $clock
        if ($shown.ElapsedMilliseconds -ge 1000) {
            Write-Progress -Activity 'Copying' -PercentComplete ([int](100 * $done / $Source.Length))
            $shown.Restart()
        }
    }
    Write-Progress -Activity 'Copying' -Completed
    if ($done -ne $Source.Length) { throw "A file changed its size while it was copied: $done bytes were read." }
}

function Wait-Limit {
    # Pauses when more was copied than the limit allows by now.
    param([Parameter(Mandatory)] [long]$Done, [Parameter(Mandatory)] [System.Diagnostics.Stopwatch]$Clock)
    if ($LimitBytesPerS -le 0) { return }
    $early = $Done / $LimitBytesPerS - $Clock.Elapsed.TotalSeconds
    if ($early -gt 0) { Start-Sleep -Milliseconds ([int](1000 * $early)) }
}

function Remove-Made {
    # Removes files from a host that bears nothing else by these names, for a minute while one is in use.
    param([Parameter(Mandatory)] [string]$On, [AllowEmptyCollection()] [string[]]$Paths)
    if ($Paths.Count -eq 0) { return }
    for ($attempt = 1; ; $attempt++) {
        $Paths = @((Invoke-Change -On $On -Call 'delete-files' -With @{ Paths = $Paths; Tag = $Tag }).in_use)
        if ($Paths.Count -eq 0) { return }
        if ($attempt -ge 30) { throw "$($Paths[0]) on $On is in use and could not be deleted." }
        Start-Sleep -Seconds 2
    }
}

function Remove-CopiedFile {
    # What this run put on the target, after a registration that took effect late. A file that stands beside its
    # unfinished copy is somebody else's, who was quicker.
    $null = Invoke-Change -On $TargetHost -Call 'remove-vm' -With @{ VmId = $VmId; Tag = $Tag }
    $paths = @(foreach ($made in $Move.Made) {
        "$made.$Tag"
        if (-not [System.IO.File]::Exists((ConvertTo-SharePath -On $TargetHost -Path "$made.$Tag"))) { $made }
    })
    Remove-Made -On $TargetHost -Paths $paths
}
