# Takes one sample of the load of the host and of its virtual machines. Fills hosts.providers.types.HostLoad.
# Counters come from CIM classes: their names are the same in every language, unlike those of Get-Counter.
param()
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 3.0

function Get-PerformanceRow {
    # The instances of a performance class, or none where the host has no such counters.
    param([Parameter(Mandatory)] [string]$ClassName, [Parameter(Mandatory)] [string]$Filter)
    Get-CimInstance -ClassName $ClassName -Filter $Filter -ErrorAction SilentlyContinue
}

function Get-CpuPercent {
    # The hypervisor's own figure; the ordinary processor counter sees only the parent partition.
    $class = 'Win32_PerfFormattedData_HvStats_HyperVHypervisorLogicalProcessor'
    $total = Get-PerformanceRow -ClassName $class -Filter "Name='_Total'" | Select-Object -First 1
    if ($null -ne $total) { return [math]::Min(100.0, [double]$total.PercentTotalRunTime) }
    $average = Get-CimInstance -ClassName 'Win32_Processor' | Measure-Object -Property LoadPercentage -Average
    if ($null -eq $average) { return 0.0 }
    [double]$average.Average
}

function Get-DiskIops {
    $total = Get-PerformanceRow -ClassName 'Win32_PerfFormattedData_PerfDisk_PhysicalDisk' -Filter "Name='_Total'" |
        Select-Object -First 1
    if ($null -eq $total) { return 0.0 }
    [double]$total.DiskTransfersPersec
}

function Get-NetworkPercent {
    # Traffic of the physical adapters against what they can carry. The counters write ( ) # / \ as [ ] _ _ _.
    $physical = Get-CimInstance -Namespace 'root\StandardCimv2' -ClassName 'MSFT_NetAdapter' -Filter 'HardwareInterface=TRUE'
    $names = @($physical | ForEach-Object {
        ([string]$_.InterfaceDescription).Replace('(', '[').Replace(')', ']') -replace '[#/\\]', '_'
    })
    $class = 'Win32_PerfFormattedData_Tcpip_NetworkAdapter'
    $adapters = @(Get-PerformanceRow -ClassName $class -Filter 'CurrentBandwidth > 0' | Where-Object { $names -contains $_.Name })
    [double]$bits = 0
    [double]$bandwidth = 0
    foreach ($adapter in $adapters) {
        $bits += 8.0 * $adapter.BytesTotalPersec
        $bandwidth += [double]$adapter.CurrentBandwidth
    }
    if ($bandwidth -eq 0) { return 0.0 }
    [math]::Min(100.0, 100.0 * $bits / $bandwidth)
}

$system = Get-CimInstance -ClassName 'Win32_OperatingSystem'
[PSCustomObject]@{
    cpu_percent = Get-CpuPercent
    memory_available_mb = [long][math]::Floor($system.FreePhysicalMemory / 1kb)
    disk_iops = Get-DiskIops
    network_percent = Get-NetworkPercent
    vms = @(Get-VM | ForEach-Object {
        [PSCustomObject]@{
            uid = $_.Id.ToString()
            cpu_percent = [double]$_.CPUUsage
            memory_demand_mb = [long][math]::Floor($_.MemoryDemand / 1mb)
        }
    })
}
