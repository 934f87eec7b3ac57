# What the bodies of detached works share: how they fail.

function Write-FailedRecord {
    # What a work leaves behind when it fails: a kind of hosts/providers/errors.py and Windows' own sentence.
    param(
        [Parameter(Mandatory)] [string]$Path,
        [Parameter(Mandatory)] [System.Collections.IDictionary]$Record,
        [Parameter(Mandatory)] [System.Management.Automation.ErrorRecord]$Failure
    )
    $kind = Get-FailureKind -Failure $Failure
    if ($null -eq $kind) { $kind = ([string]$Failure.FullyQualifiedErrorId -split ',')[0] }
    $known = @('NotFound', 'AlreadyExists', 'WrongState', 'NotEnoughSpace', 'AccessDenied', 'HostUnreachable')
    if ($known -notcontains $kind) { $kind = 'Refused' }
    $Record.state = 'failed'
    $Record.error_kind = $kind
    $Record.error = [string]$Failure.Exception.GetBaseException().Message
    Write-Record -Path $Path -Record $Record
}
