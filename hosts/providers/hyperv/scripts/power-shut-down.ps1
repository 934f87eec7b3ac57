# Asks the guest of a running virtual machine that no job has marked to shut down, and waits five seconds at most:
# the console looks whether it is off. A virtual machine that is off is left as it is. Fills hosts.providers.types.Vm.
param(
    [Parameter(Mandatory)] $Claim,
    [Parameter(Mandatory)] [guid]$VmId
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 3.0

. "$PSScriptRoot\..\shared\root.ps1"
. "$PSScriptRoot\..\shared\fence.ps1"
. "$PSScriptRoot\..\shared\failures.ps1"
. "$PSScriptRoot\..\shared\vm.ps1"
. "$PSScriptRoot\..\shared\notes.ps1"
. "$PSScriptRoot\..\shared\power.ps1"

function Confirm-Listener {
    # Raises WrongState unless the guest has the service that hears it. By its id: its name is translated.
    param([Parameter(Mandatory)] $Vm)
    $service = @(Get-VMIntegrationService -VM $Vm |
        Where-Object { [string]$_.Id -like '*9F8233AC-BE49-4C79-8EE3-E7E1985B2077' })
    $isThere = $service.Count -gt 0 -and $service[0].Enabled
    if ($isThere -and @('NoContact', 'LostCommunication') -notcontains [string]$service[0].PrimaryOperationalStatus) { return }
    Write-Error -ErrorId 'WrongState' -Category InvalidOperation -ErrorAction Stop `
        -Message "The guest of $($Vm.Name) cannot be told to shut down: its integration services do not answer."
}

function Request-ShutDown {
    # Stop-VM would wait for minutes, and this shell of the host with it. It goes on in the guest when this script ends;
    # -Force keeps it from asking whether it is meant.
    param([Parameter(Mandatory)] $Vm)
    $request = Stop-VM -VM $Vm -Force -AsJob
    for ($attempt = 0; $attempt -lt 10 -and 'Running' -eq [string]$request.State; $attempt++) {
        Start-Sleep -Milliseconds 500
    }
    if ('Failed' -eq [string]$request.State) {
        try { $null = Receive-Job -Job $request } catch { Stop-WithFailure -Failure $_ }
    }
}

$fence = Enter-Fence -Claim $Claim
$vm = Get-UnmarkedVm -VmId $VmId
$state = ConvertTo-VmState -State $vm.State
if (@('running', 'stopping', 'off') -notcontains $state) { Stop-ForState -Vm $vm -Done 'shut down' }
if ('running' -eq $state) {
    Confirm-Listener -Vm $vm
    Request-ShutDown -Vm $vm
}
[PSCustomObject]@{ vm = Read-FerryVm -VmId $VmId }
