# Begins to merge away the checkpoints of a job; Hyper-V goes on by itself. Fills hosts.providers.types.Vm, whose
# is_merging says whether it still does.
param(
    [Parameter(Mandatory)] $Claim,
    [Parameter(Mandatory)] [guid]$VmId,
    [Parameter(Mandatory)] [ValidatePattern('^ferry-[0-9]+$')] [string]$Tag
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 3.0

. "$PSScriptRoot\..\shared\root.ps1"
. "$PSScriptRoot\..\shared\fence.ps1"
. "$PSScriptRoot\..\shared\vm.ps1"
. "$PSScriptRoot\..\shared\notes.ps1"

function Wait-CheckpointMade {
    # The VM when it takes no checkpoint. One whose call was cut off goes on in Hyper-V, and is listed at its end only.
    param([Parameter(Mandatory)] [guid]$VmId)
    for ($attempt = 0; ; $attempt++) {
        $found = Get-FerryVm -VmId $VmId
        $statuses = @($found.OperationalStatus | ForEach-Object { [string]$_ })
        if ($statuses -notcontains 'CreatingSnapshot') { return $found }
        if ($attempt -ge 120) {
            Write-Error -ErrorId 'WrongState' -Category ResourceBusy -ErrorAction Stop `
                -Message "$($found.Name) is still taking a checkpoint."
        }
        Start-Sleep -Milliseconds 500
    }
}

function Get-LayerCount {
    # How many files the disks have; less than none when a file went away while it was looked at.
    param([Parameter(Mandatory)] $Vm)
    $drives = @(Get-VMHardDiskDrive -VM $Vm | Where-Object { $_.Path -and $null -eq $_.DiskNumber })
    try { @($drives | ForEach-Object { Get-VhdChain -Path $_.Path }).Count } catch { -1 }
}

function Wait-MergeBegin {
    # Hyper-V shows "merging" only a moment after the checkpoint is gone: without this wait the answer could read as
    # "merged" before anything was.
    param([Parameter(Mandatory)] [guid]$VmId, [Parameter(Mandatory)] [int]$LayersBefore)
    for ($attempt = 0; $attempt -lt 20; $attempt++) {
        $now = Get-FerryVm -VmId $VmId
        if ((Test-VmMerging -Vm $now) -or (Get-LayerCount -Vm $now) -lt $LayersBefore) { return }
        Start-Sleep -Milliseconds 500
    }
}

$fence = Enter-Fence -Claim $Claim
$vm = Wait-CheckpointMade -VmId $VmId
$all = @(Get-VMSnapshot -VM $vm)
$ours = @($all | Where-Object { $_.Name -eq $Tag -or $_.Name -like "$Tag-*" -or $_.Name -like "$Tag *" })
if ($ours.Count -gt 0) {
    $layers = Get-LayerCount -Vm $vm
    $ours | Sort-Object -Property CreationTime -Descending |
        ForEach-Object { Remove-VMSnapshot -VMSnapshot $_ -Confirm:$false }
    Wait-MergeBegin -VmId $VmId -LayersBefore $layers
} elseif ($all.Count -eq 0 -and -not [System.IO.Directory]::Exists($vm.SnapshotFileLocation)) {
    # An imported VM may still name the other host's folder for its next checkpoint. It can only be changed
    # once there is no checkpoint.
    Set-VM -VM $vm -SnapshotFileLocation $vm.ConfigurationLocation
}
[PSCustomObject]@{ vm = Read-FerryVm -VmId $VmId }
