# Makes the checkpoint of this name unless there is one: the layers written until now are frozen.
# Fills hosts.providers.types.Vm. A production checkpoint writes no memory image; Hyper-V itself falls back to a
# standard one where the guest cannot take part. The VM's own setting is given back in any case.
param(
    [Parameter(Mandatory)] $Claim,
    [Parameter(Mandatory)] [guid]$VmId,
    [Parameter(Mandatory)] [ValidateNotNullOrEmpty()] [string]$Name
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 3.0

. "$PSScriptRoot\..\shared\root.ps1"
. "$PSScriptRoot\..\shared\fence.ps1"
. "$PSScriptRoot\..\shared\failures.ps1"
. "$PSScriptRoot\..\shared\vm.ps1"
. "$PSScriptRoot\..\shared\notes.ps1"

function New-ProductionCheckpoint {
    param([Parameter(Mandatory)] $Vm, [Parameter(Mandatory)] [string]$Name)
    $setting = [string]$Vm.CheckpointType
    if ($setting -ne 'Production') { Set-VM -VM $Vm -CheckpointType Production }
    try {
        Checkpoint-VM -VM $Vm -SnapshotName $Name
    } finally {
        if ($setting -ne 'Production') { Set-VM -VM $Vm -CheckpointType $setting }
    }
}

$fence = Enter-Fence -Claim $Claim
$vm = Get-FerryVm -VmId $VmId
if (@(Get-VMSnapshot -VM $vm | Where-Object { $_.Name -eq $Name }).Count -eq 0) {
    $state = ConvertTo-VmState -State $vm.State
    if (@('running', 'off', 'saved', 'paused') -notcontains $state -or (Test-VmMerging -Vm $vm)) {
        Write-Error -ErrorId 'WrongState' -Category InvalidOperation -ErrorAction Stop `
            -Message "$($vm.Name) cannot take a checkpoint now: it is $($vm.State), $($vm.Status)."
    }
    try { New-ProductionCheckpoint -Vm $vm -Name $Name } catch { Stop-WithFailure -Failure $_ }
}
[PSCustomObject]@{ vm = Read-FerryVm -VmId $VmId }
