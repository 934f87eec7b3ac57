# Registers a virtual machine whose files are here: its own id, saved as it came, disks and networks as ordered. Never
# starts it. Fills hosts.providers.types.Vm.
param(
    [Parameter(Mandatory)] $Claim,
    [Parameter(Mandatory)] [guid]$Uid,
    [Parameter(Mandatory)] [ValidatePattern('^ferry-[0-9]+$')] [string]$Tag,
    [Parameter(Mandatory)] [string]$Folder,
    [Parameter(Mandatory)] [string]$ConfigPath,
    [Parameter(Mandatory)] [AllowEmptyCollection()] [object[]]$Disks,
    [Parameter(Mandatory)] [AllowEmptyCollection()] [object[]]$Adapters
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 3.0

. "$PSScriptRoot\..\shared\root.ps1"
. "$PSScriptRoot\..\shared\fence.ps1"
. "$PSScriptRoot\..\shared\vm.ps1"
. "$PSScriptRoot\..\shared\notes.ps1"
. "$PSScriptRoot\..\shared\planned.ps1"
. "$PSScriptRoot\..\shared\import.ps1"

function Confirm-Report {
    # Raises Incompatible unless this is our VM and nothing is against it.
    param([Parameter(Mandatory)] $Report)
    $found = @(Get-ImportObstacle -Report $Report)
    $isOurs = ($Report.VM.Id -eq $Uid) -and (Test-FerryMark -Notes $Report.VM.Notes -Tag $Tag)
    if ($isOurs -and $found.Count -eq 0) { return }
    $reason = 'it is not the VM that was marked.'
    if ($isOurs) { $reason = $found -join ' ' }
    Write-Error -ErrorId 'Incompatible' -Category InvalidData -ErrorAction Stop `
        -Message "$env:COMPUTERNAME cannot take the virtual machine in ${ConfigPath}: $reason"
}

function Set-Untouched {
    # Held, and without an order to start that the other host had got from this job: notes travel with the VM.
    param([Parameter(Mandatory)] $Vm)
    $change = @{}
    if ([string]$Vm.AutomaticStartAction -ne 'Nothing') { $change['AutomaticStartAction'] = 'Nothing' }
    if ((Get-StartOrder -Notes $Vm.Notes) -eq $Tag) { $change['Notes'] = Remove-StartOrder -Notes $Vm.Notes -Tag $Tag }
    if ($change.Count -gt 0) { Set-VM -VM $Vm @change }
}

function Grant-VmAccess {
    # Copied files lack the account of the VM; without it the start fails with "general access denied".
    param([Parameter(Mandatory)] $Vm)
    $files = @($Disks | ForEach-Object { $_.layers | ForEach-Object { [string]$_[1] } })
    $files += @(Get-StateFile -Vm $Vm -Snapshots @(Get-VMSnapshot -VM $Vm) | ForEach-Object { $_.path })
    foreach ($file in @($files | Where-Object { [System.IO.File]::Exists($_) } | Select-Object -Unique)) {
        $null = & icacls.exe $file /grant "NT VIRTUAL MACHINE\$($Vm.Id):(F)" /q
        if ($LASTEXITCODE -ne 0) { throw "icacls could not give the virtual machine access to $file (code $LASTEXITCODE)." }
    }
}

$fence = Enter-Fence -Claim $Claim
$vm = Get-RegisteredVm -VmId $Uid -Tag $Tag
if ($null -eq $vm) {
    Remove-PlannedVm -Tag $Tag
    try {
        $report = New-ImportReport -Folder $Folder -ConfigPath $ConfigPath -Disks $Disks -Adapters $Adapters
        Confirm-Report -Report $report
        Set-Untouched -Vm $report.VM
        $null = Import-VM -CompatibilityReport $report
    } finally {
        Remove-PlannedVm -Tag $Tag
    }
    $vm = Get-FerryVm -VmId $Uid
}
# Again on a repeated call: the first one may have ended between the import and this line.
Grant-VmAccess -Vm $vm
$isOrdered = (Get-StartOrder -Notes $vm.Notes) -eq $Tag
if (-not $isOrdered -and [string]$vm.AutomaticStartAction -ne 'Nothing') { Set-VM -VM $vm -AutomaticStartAction Nothing }
[PSCustomObject]@{ vm = Read-FerryVm -VmId $Uid }
