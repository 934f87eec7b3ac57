# Removes the registration of a virtual machine that bears the tag, never its disks. Returns {}; fills no type. Raises
# WrongState unless it is off or saved: also while it starts, saves or stops.
# Remove-VM merges checkpoints that are left into their disks, so files may stay in use for a while.
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

$fence = Enter-Fence -Claim $Claim
$vm = Find-FerryVm -VmId $VmId
if ($null -ne $vm) {
    Confirm-FerryMark -Vm $vm -Tag $Tag
    if (@('off', 'saved') -notcontains (ConvertTo-VmState -State $vm.State)) {
        Write-Error -ErrorId 'WrongState' -Category InvalidOperation -ErrorAction Stop `
            -Message "$($vm.Name) is $($vm.State); only a virtual machine that is off or saved is removed."
    }
    Remove-VM -VM $vm -Force
    for ($attempt = 0; $null -ne (Find-FerryVm -VmId $VmId); $attempt++) {
        if ($attempt -ge 60) {
            Write-Error -ErrorId 'WrongState' -Category ResourceBusy -ErrorAction Stop `
                -Message "$($vm.Name) was removed, but Hyper-V on $env:COMPUTERNAME still shows it."
        }
        Start-Sleep -Milliseconds 500
    }
}
[PSCustomObject]@{}
