# Lets the calls of one job act on this host one after the other, and none that was ordered before one that has begun.
# A call that its worker gave up (a save that hung, a start whose connection dropped) may still get here: by its number
# it is known as late, and does nothing. The fence is a file that is open for this call alone: Windows closes it when
# the call's process ends, however it ends. Its name is no tag, because it outlives the job: see Remove-OldFence.

function New-FenceFolder {
    # The folder of the fences. One that Ferry makes is for SYSTEM and the administrators only, from its first moment.
    $root = Get-WorkRoot
    if (-not [System.IO.Directory]::Exists($root)) {
        $security = [System.Security.AccessControl.DirectorySecurity]::new()
        $security.SetSecurityDescriptorSddlForm('O:BAG:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)')
        $null = [System.IO.Directory]::CreateDirectory($root, $security)
    }
    [System.IO.Directory]::CreateDirectory([System.IO.Path]::Combine($root, 'fences')).FullName
}

function Remove-OldFence {
    # A late call comes after minutes, at worst with a console that was asleep: after 30 days nobody waits for one.
    param([Parameter(Mandatory)] [string]$Folder)
    $before = [DateTime]::UtcNow.AddDays(-30)
    foreach ($old in @(Get-ChildItem -LiteralPath $Folder -File | Where-Object { $_.LastWriteTimeUtc -lt $before })) {
        try { [System.IO.File]::Delete($old.FullName) } catch { Write-Verbose -Message "$_" }
    }
}

function Open-Fence {
    # The fence, when no other call of the job has it. Raises WrongState when one has it for longer than $WaitS seconds.
    param([Parameter(Mandatory)] [string]$Path, [Parameter(Mandatory)] [int]$WaitS)
    for ($attempt = 0; ; $attempt++) {
        try {
            return [System.IO.FileStream]::new($Path, [System.IO.FileMode]::OpenOrCreate,
                [System.IO.FileAccess]::ReadWrite, [System.IO.FileShare]::None)
        } catch [System.IO.IOException] {
            # ERROR_SHARING_VIOLATION
            if (0x80070020 -ne $_.Exception.GetBaseException().HResult) { throw }
        }
        if ($attempt -ge 4 * $WaitS) {
            Write-Error -ErrorId 'WrongState' -Category ResourceBusy -ErrorAction Stop `
                -Message "An earlier call of this job is still under way on $env:COMPUTERNAME."
        }
        Start-Sleep -Milliseconds 250
    }
}

function Read-Fence {
    # The highest number that was let through. What cannot be read was cut off before its call did anything.
    param([Parameter(Mandatory)] [System.IO.FileStream]$Fence)
    $bytes = [byte[]]::new(19)
    $count = $Fence.Read($bytes, 0, $bytes.Length)
    $text = [System.Text.Encoding]::ASCII.GetString($bytes, 0, $count)
    if ($text -match '^[0-9]{19}$') { [long]$text } else { [long]0 }
}

function Enter-Fence {
    # Notes the number of this call, on the disk before the call does anything, and returns the open fence: keep it in
    # a variable, or the fence falls. Raises Overtaken when a number as high was let through before.
    # The claim: {job, call, wait_s} of hosts/providers/claims.py.
    param([Parameter(Mandatory)] $Claim)
    if ($Claim.job -cnotmatch '^[0-9]+-[0-9]+$') { throw "There can be no job '$($Claim.job)'." }
    $folder = New-FenceFolder
    $fence = Open-Fence -Path ([System.IO.Path]::Combine($folder, $Claim.job)) -WaitS $Claim.wait_s
    if ([long]$Claim.call -le (Read-Fence -Fence $fence)) {
        $fence.Dispose()
        Write-Error -ErrorId 'Overtaken' -Category InvalidOperation -ErrorAction Stop `
            -Message "A later call of this job was on $env:COMPUTERNAME before this one, which does nothing."
    }
    if ($fence.Length -eq 0) { Remove-OldFence -Folder $folder }
    # In place and always as long: the disk has the old number or the new one.
    $bytes = [System.Text.Encoding]::ASCII.GetBytes(([long]$Claim.call).ToString('D19'))
    $fence.Position = 0
    $fence.Write($bytes, 0, $bytes.Length)
    $fence.Flush($true)
    $fence
}
