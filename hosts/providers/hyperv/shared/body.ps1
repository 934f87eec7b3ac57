# What the bodies of detached works share: the record they write, and how they fail.

function ConvertTo-RecordTable {
    # The record as a table, so that single fields can be changed and it can be written again.
    param([Parameter(Mandatory)] $Record)
    $table = [ordered]@{}
    foreach ($property in $Record.PSObject.Properties) { $table[$property.Name] = $property.Value }
    $table
}

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
