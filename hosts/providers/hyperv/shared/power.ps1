# What starts and ends a virtual machine for a person asks first: whether a job has it, and how it is.

function Get-UnmarkedVm {
    # The VM with this id. Raises NotFound, and WrongState when it bears the mark of a job: it may be off here because it
    # runs on another host, and a person who starts it here would have it twice.
    param([Parameter(Mandatory)] [guid]$VmId)
    $vm = Get-FerryVm -VmId $VmId
    $marks = @(Get-FerryMark -Notes $vm.Notes)
    if ($marks.Count -gt 0) {
        Write-Error -ErrorId 'WrongState' -Category InvalidOperation -ErrorAction Stop `
            -Message ("$($vm.Name) bears the tag $($marks[0].tag) of a move on $env:COMPUTERNAME and is left alone: " +
                'it may run on another host.')
    }
    $vm
}

function Stop-ForState {
    # Raises WrongState: what the VM is does not let it be done.
    param([Parameter(Mandatory)] $Vm, [Parameter(Mandatory)] [string]$Done)
    Write-Error -ErrorId 'WrongState' -Category InvalidOperation -ErrorAction Stop `
        -Message "$($Vm.Name) cannot be ${Done}: it is $($Vm.State)."
}
