# Reads the host, its volumes, virtual switches and virtual machines. Fills hosts.providers.types.HostFacts.
param()
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 3.0

. "$PSScriptRoot\..\shared\vm.ps1"
. "$PSScriptRoot\..\shared\notes.ps1"

function Get-HostVolume {
    # hosts.providers.types.Volume of the fixed volumes that have a drive letter.
    Get-CimInstance -ClassName 'Win32_Volume' -Filter 'DriveType=3' |
        Where-Object { $_.DriveLetter } | Sort-Object -Property DriveLetter |
        ForEach-Object {
            [PSCustomObject]@{
                path = $_.DriveLetter + '\'
                label = [string]$_.Label
                size_bytes = [long]$_.Capacity
                free_bytes = [long]$_.FreeSpace
            }
        }
}

function Get-HostNetwork {
    # hosts.providers.types.Network of the virtual switches. A switch has no VLAN of its own: its adapters have.
    Get-VMSwitch | Sort-Object -Property Name | ForEach-Object {
        [PSCustomObject]@{
            network_id = $_.Id.ToString()
            name = [string]$_.Name
            kind = ([string]$_.SwitchType).ToLowerInvariant()
            vlan_id = $null
        }
    }
}

function Test-ServiceRunning {
    param([Parameter(Mandatory)] [string]$Name)
    $service = Get-Service -Name $Name -ErrorAction SilentlyContinue
    ($null -ne $service) -and ([string]$service.Status -eq 'Running')
}

$hasModule = $null -ne (Get-Module -Name 'Hyper-V' -ListAvailable)
if (-not $hasModule -or -not (Test-ServiceRunning -Name 'vmms')) {
    $what = if ($hasModule) { 'the service vmms does not run' } else { 'the PowerShell module Hyper-V is missing' }
    Write-Error -ErrorId 'NotAHypervisor' -Category NotInstalled -ErrorAction Stop `
        -Message "$env:COMPUTERNAME is no Hyper-V host: $what."
}
$system = Get-CimInstance -ClassName 'Win32_OperatingSystem'
$processor = Get-CimInstance -ClassName 'Win32_Processor' | Select-Object -First 1
$vmHost = Get-VMHost
[PSCustomObject]@{
    computer_name = [string]$env:COMPUTERNAME
    os_name = [string]$system.Caption
    os_version = [string]$system.Version
    cpu_vendor = [string]$processor.Manufacturer
    cpu_model = ([string]$processor.Name).Trim()
    cpu_count = [int]$vmHost.LogicalProcessorCount
    memory_mb = [long][math]::Floor($vmHost.MemoryCapacity / 1mb)
    memory_available_mb = [long][math]::Floor($system.FreePhysicalMemory / 1kb)
    supported_vm_versions = @(Get-VMHostSupportedVersion | ForEach-Object { $_.Version.ToString() })
    default_vm_path = [string]$vmHost.VirtualMachinePath
    default_disk_path = [string]$vmHost.VirtualHardDiskPath
    is_clustered = Test-ServiceRunning -Name 'ClusSvc'
    max_migrations = [int]$vmHost.MaximumVirtualMachineMigrations
    volumes = @(Get-HostVolume)
    networks = @(Get-HostNetwork)
    vms = @(Get-VM | Sort-Object -Property Name | ForEach-Object { ConvertTo-FerryVm -Vm $_ -Tolerant })
}
