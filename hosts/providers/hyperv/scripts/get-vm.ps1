# Reads one virtual machine by its id. Fills hosts.providers.types.Vm as {"vm": ...}, null when it is not here.
param(
    [Parameter(Mandatory)] [guid]$VmId
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 3.0

. "$PSScriptRoot\..\shared\vm.ps1"
. "$PSScriptRoot\..\shared\notes.ps1"

$vm = Find-FerryVm -VmId $VmId
[PSCustomObject]@{ vm = $(if ($null -eq $vm) { $null } else { Read-FerryVm -VmId $VmId }) }
