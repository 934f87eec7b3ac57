# The two hosts: a remote session to each, and calls of the functions that run there.

function Open-HostSession {
    # A session that knows the functions of $OnHosts. Raises HostUnreachable.
    param([Parameter(Mandatory)] [string]$On)
    try {
        $session = New-PSSession -ComputerName $On
        $null = Invoke-Command -Session $session -ScriptBlock $OnHosts
        $session
    } catch {
        Write-Error -ErrorId 'HostUnreachable' -Category ConnectionError -Message "$On does not answer: $_" -ErrorAction Stop
    }
}

function Get-HostSession {
    # The open session, or a new one where it broke or is still busy with a call that was interrupted.
    param([Parameter(Mandatory)] [string]$On)
    $known = $Move.Sessions[$On]
    if ($null -ne $known -and ([string]$known.State -ne 'Opened' -or [string]$known.Availability -ne 'Available')) {
        Remove-PSSession -Session $known -WhatIf:$false -Confirm:$false -ErrorAction SilentlyContinue
        $known = $null
    }
    if ($null -eq $known) { $known = Open-HostSession -On $On }
    $Move.Sessions[$On] = $known
    $known
}

function Close-HostSession {
    foreach ($session in @($Move.Sessions.Values)) {
        Remove-PSSession -Session $session -WhatIf:$false -Confirm:$false -ErrorAction SilentlyContinue
    }
}

function Invoke-OnHost {
    # Calls a function that only reads. Parameters and answer travel as JSON, which cuts nothing off.
    param([Parameter(Mandatory)] [string]$On, [Parameter(Mandatory)] [string]$Call, [hashtable]$With = @{})
    $answer = Invoke-Command -Session (Get-HostSession -On $On) -ScriptBlock {
        param([string]$Call, [string]$Given)
        Invoke-Call -Call $Call -Given $Given
    } -ArgumentList $Call, (ConvertTo-Json -InputObject $With -Depth 8 -Compress)
    ConvertFrom-Json -InputObject ([string]$answer)
}

function Invoke-Change {
    # Calls a function that changes the host. Its claim lets calls act there one after the other, and never one that comes
    # late: a call whose connection broke may still be under way (Enter-Fence, below).
    param([Parameter(Mandatory)] [string]$On, [Parameter(Mandatory)] [string]$Call, [hashtable]$With = @{})
    $run = $Tag.Replace('ferry-', '')
    $With['Claim'] = @{ job = "$run-$run"; call = [DateTime]::UtcNow.Ticks; wait_s = 300 }
    Invoke-OnHost -On $On -Call $Call -With $With
}

function Find-Vm {
    # The virtual machine as this host has it, or nothing.
    param([Parameter(Mandatory)] [string]$On)
    (Invoke-OnHost -On $On -Call 'get-vm' -With @{ VmId = $VmId }).vm
}

function Get-SourceVm {
    $vm = Find-Vm -On $SourceHost
    if ($null -eq $vm) { throw "$VmName is not on $SourceHost any more." }
    $vm
}

function Test-Marked {
    # Whether the virtual machine bears the tag of this run.
    param([Parameter(Mandatory)] $Vm)
    @(([string]$Vm.notes -split '\r?\n') | Where-Object { @($_.Trim() -split ' ')[0] -eq $Tag }).Count -gt 0
}
