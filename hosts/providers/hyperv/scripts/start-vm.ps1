# Starts or restores a virtual machine of this job and gives its automatic start action back; a running one only gets
# the latter. That the start was ordered is in the notes before it is, so whoever finds the VM off later knows that it
# may have run here. Fills hosts.providers.types.Vm.
param(
    [Parameter(Mandatory)] $Claim,
    [Parameter(Mandatory)] [guid]$VmId,
    [Parameter(Mandatory)] [ValidatePattern('^ferry-[0-9]+$')] [string]$Tag
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 3.0

. "$PSScriptRoot\..\shared\root.ps1"
. "$PSScriptRoot\..\shared\fence.ps1"
. "$PSScriptRoot\..\shared\failures.ps1"
. "$PSScriptRoot\..\shared\vm.ps1"
. "$PSScriptRoot\..\shared\notes.ps1"

function Wait-SettledVm {
    # The VM when it is no longer between two states, or as it is after a minute.
    for ($attempt = 0; ; $attempt++) {
        $found = Get-FerryVm -VmId $VmId
        if ($attempt -ge 120 -or -not (Test-VmBetween -Vm $found)) { return $found }
        Start-Sleep -Milliseconds 500
    }
}

function Undo-StartOrder {
    # The host refused, and the VM stands as it stood: it did not run. A line that stays all the same does no harm, and
    # why the host refused is what the console must hear.
    param([Parameter(Mandatory)] $Vm)
    try {
        Set-VM -VM $Vm -Notes (Remove-StartOrder -Notes $Vm.Notes -Tag $Tag)
    } catch {
        Write-Verbose -Message "$_"
    }
}

function Start-OrderedVm {
    # Notes the order, then starts. An order that was noted before this call is never taken away: the VM may have run.
    param([Parameter(Mandatory)] $Vm)
    $before = ConvertTo-VmState -State $Vm.State
    $isFirst = (Get-StartOrder -Notes $Vm.Notes) -ne $Tag
    if ($isFirst) { Set-VM -VM $Vm -Notes (Add-FerryLine -Notes $Vm.Notes -Line "$Tag start-ordered") }
    try {
        Start-VM -VM $Vm
    } catch {
        $failure = $_
        $now = Wait-SettledVm
        $state = ConvertTo-VmState -State $now.State
        if ($isFirst -and $state -eq $before) { Undo-StartOrder -Vm $now }
        if ($state -ne 'running') { Stop-WithFailure -Failure $failure }
    }
}

function Restore-StartAction {
    # From now on a reboot of the host starts the VM here as it did before the job. The line is written again in case a
    # call that was cut off took it away meanwhile.
    param([Parameter(Mandatory)] $Vm, [switch]$WithOrder)
    $change = @{}
    $action = Get-NotedAction -Notes $Vm.Notes -Tag $Tag
    if ($null -ne $action -and [string]$Vm.AutomaticStartAction -ne $action) { $change['AutomaticStartAction'] = $action }
    if ($WithOrder -and (Get-StartOrder -Notes $Vm.Notes) -ne $Tag) {
        $change['Notes'] = Add-FerryLine -Notes $Vm.Notes -Line "$Tag start-ordered"
    }
    if ($change.Count -gt 0) { Set-VM -VM $Vm @change }
}

$fence = Enter-Fence -Claim $Claim
$vm = Get-FerryVm -VmId $VmId
Confirm-FerryMark -Vm $vm -Tag $Tag
$vm = Wait-SettledVm
$isDue = @('saved', 'off') -contains (ConvertTo-VmState -State $vm.State)
if ($isDue) {
    Start-OrderedVm -Vm $vm
    $vm = Wait-SettledVm
}
if ('running' -ne (ConvertTo-VmState -State $vm.State)) {
    Write-Error -ErrorId 'WrongState' -Category InvalidOperation -ErrorAction Stop `
        -Message "$($vm.Name) does not run: it is $($vm.State)."
}
Restore-StartAction -Vm $vm -WithOrder:$isDue
[PSCustomObject]@{ vm = Read-FerryVm -VmId $VmId }
