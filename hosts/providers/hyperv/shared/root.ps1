# The one folder of Ferry on a host: what its works and its fences keep there outlives every call.

function Get-WorkRoot {
    # The folder of all records. They say which processes to end and which files to delete, so a folder that somebody
    # without rights made beforehand (ProgramData lets everybody) is refused. By SID: names are translated.
    $root = [System.IO.Path]::Combine($env:ProgramData, 'Ferry')
    if ([System.IO.Directory]::Exists($root)) {
        $sid = [System.Security.Principal.SecurityIdentifier]
        $owner = [System.IO.Directory]::GetAccessControl($root).GetOwner($sid).Value
        $trusted = @('S-1-5-18', 'S-1-5-32-544', [System.Security.Principal.WindowsIdentity]::GetCurrent().User.Value)
        if ($trusted -notcontains $owner) { throw "$root belongs to $owner, not to an administrator: remove it." }
    }
    $root
}
