# Turns what Hyper-V and the file system say into the kinds of hosts/providers/errors.py. Messages are translated by
# Windows, so only error ids and the hexadecimal codes inside the messages are read.

function Get-FailureKind {
    # The kind of an error, or nothing when it is none that Ferry knows.
    param([Parameter(Mandatory)] [System.Management.Automation.ErrorRecord]$Failure)
    $text = '{0} {1} 0x{2:X8}' -f $Failure.FullyQualifiedErrorId, $Failure.Exception.Message,
        $Failure.Exception.GetBaseException().HResult
    switch -Regex ($text) {
        '^OutOfMemory\b|0x8007000E|0x800705AA' { return 'NotEnoughMemory' }
        '0x80070070|0x80070027' { return 'NotEnoughSpace' }
        '0xC0370029' { return 'Incompatible' }
        '0x80070002|0x80070003|0x80070043' { return 'NotFound' }
        '^AccessDenied\b|0x80070005|0x8007052E' { return 'AccessDenied' }
        '0x80070033|0x80070035|0x8007003B|0x80070040|0x80070079|0x800704CF' { return 'HostUnreachable' }
        '0x80070020|0x80070021' { return 'WrongState' }
    }
}

function Stop-WithFailure {
    # Raises the error again under the kind that Ferry knows, or as it came.
    param([Parameter(Mandatory)] [System.Management.Automation.ErrorRecord]$Failure)
    $kind = Get-FailureKind -Failure $Failure
    if ($null -eq $kind) { throw $Failure }
    Write-Error -ErrorId $kind -Category InvalidOperation -Message $Failure.Exception.Message -ErrorAction Stop
}
