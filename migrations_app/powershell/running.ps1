# How steps are run and taken back, and what the run remembers.

function New-Move {
    # What this run knows. `Step` is the one that runs, `Begun` are those that may have changed something.
    @{
        Sessions = @{}
        Step = ''
        Begun = [System.Collections.Generic.List[string]]::new()
        Proofs = [System.Collections.Generic.List[object]]::new()
        Made = [System.Collections.Generic.List[string]]::new()
        StartOrdered = $false
        IsCommitted = $false
        IsLeftBehind = $false
        ResumeBy = $null
        Rounds = 0
        IsSynced = $false
        FrozenAt = [DateTime]::UtcNow
        FreezeS = 30.0
        CopyBytes = [long]0
        CopyBytesPerS = 60000000.0
    }
}

function Get-RecordPath {
    [System.IO.Path]::Combine($RecordFolder, "$Tag.json")
}

function Save-Record {
    # Replaced in one go: what cannot be read later helps nobody.
    $kept = @{ VmId = $VmId }
    foreach ($name in @('Begun', 'Proofs', 'Made', 'StartOrdered', 'IsCommitted')) { $kept[$name] = $Move[$name] }
    $path = Get-RecordPath
    [System.IO.File]::WriteAllText("$path.new", (ConvertTo-Json -InputObject $kept -Depth 4))
    if ([System.IO.File]::Exists($path)) {
        [System.IO.File]::Replace("$path.new", $path, [System.Management.Automation.Language.NullString]::Value)
    } else {
        [System.IO.File]::Move("$path.new", $path)
    }
}

function Read-Record {
    # What an interrupted run knew.
    $path = Get-RecordPath
    if (-not [System.IO.File]::Exists($path)) { throw "There is no $path. Give the -Tag of the run that was interrupted." }
    $kept = ConvertFrom-Json -InputObject ([System.IO.File]::ReadAllText($path))
    if ($kept.VmId -ne $VmId) { throw "$path is the record of another virtual machine." }
    $read = New-Move
    foreach ($name in @('Begun', 'Proofs', 'Made')) { foreach ($one in $kept.$name) { $read[$name].Add($one) } }
    foreach ($name in @('StartOrdered', 'IsCommitted')) { $read[$name] = [bool]$kept.$name }
    $read
}

function Write-Line {
    param([Parameter(Mandatory)] [string]$Text)
    Write-Host -Object ('{0:HH:mm:ss} {1}' -f [DateTime]::Now, $Text)
}

function Invoke-Step {
    param([Parameter(Mandatory)] [string]$Number, [Parameter(Mandatory)] [string]$Title, [Parameter(Mandatory)] [string]$Step)
    Write-Line -Text "$Number $Title"
    $Move.Step = $Step
    & ("Step-$Step")
}

function Confirm-Step {
    # Whether this step shall act: false under -WhatIf. Whoever answers no to -Confirm ends the move, because none of its
    # steps can be left out. From here on the step counts as begun.
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory)] [string]$On, [Parameter(Mandatory)] [string]$Action)
    if (-not $PSCmdlet.ShouldProcess($On, $Action)) {
        if ($WhatIfPreference) { return $false }
        throw 'The answer was no: the move ends.'
    }
    if ($Move.Begun.Count -eq 0) { Write-Line -Text "The tag of this run is $Tag, its record is $(Get-RecordPath)." }
    if ($Move.Begun -notcontains $Move.Step) { $Move.Begun.Add($Move.Step) }
    Save-Record
    $true
}

function Confirm-InTime {
    if ($null -ne $Move.ResumeBy -and [DateTime]::UtcNow -gt $Move.ResumeBy) {
        throw "The outage reached its deadline of $OutageDeadlineS s."
    }
}

function Invoke-Undo {
    # Takes back a step that was begun. A host may be about to answer again, so it is tried for five minutes; what can wait
    # for a silent host, twice.
    param([Parameter(Mandatory)] [string]$Step, [Parameter(Mandatory)] [bool]$CanWait)
    if ($Move.Begun -notcontains $Step) { return }
    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    for ($attempt = 1; ; $attempt++) {
        try {
            & ("Undo-$Step")
            return
        } catch {
            $isSilent = $_.FullyQualifiedErrorId -like 'HostUnreachable*'
            if ($Move.IsCommitted -or $clock.Elapsed.TotalMinutes -ge 5) { throw }
            Write-Warning -Message "$_"
            if ($CanWait -and $isSilent -and $attempt -ge 2) {
                $Move.IsLeftBehind = $true
                return
            }
        }
        Start-Sleep -Seconds 10
    }
}

function Invoke-WayOut {
    # After a failure: back, unless the target has started the virtual machine. Then there is no way but forward.
    param($Failure)
    $why = if ($null -eq $Failure) { 'The move was interrupted.' } else { "$Failure" }
    Write-Warning -Message $why
    $Move.ResumeBy = $null
    if (-not $Move.IsCommitted -and -not $Finish) {
        try { Move-Back } catch { Write-Warning -Message "$_" ; $Move.IsLeftBehind = $true }
    }
    if ($Move.IsCommitted -or $Finish) {
        Write-Warning -Message "$TargetHost has $VmName; never start it on $SourceHost. Go on with: -Finish -Tag $Tag"
    } elseif ($Move.IsLeftBehind) {
        Write-Warning -Message "Not everything could be taken back. When both hosts answer: -Undo -Tag $Tag"
    } else {
        Write-Line -Text "Everything was taken back: $VmName is on $SourceHost."
    }
}

function Invoke-UndoOnly {
    $Move.Step = 'undo'
    if (-not (Confirm-Step -On $SourceHost -Action "Take back what $Tag has done with $VmName")) { return }
    Move-Back
    if ($Move.IsLeftBehind) { throw 'A host did not answer: not everything could be taken back.' }
    Write-Line -Text "Everything was taken back: $VmName is on $SourceHost."
}
