# Ferry's lines in a VM's notes: the mark "ferry-<job> start-action=<what AutomaticStartAction was>", and
# "ferry-<job> start-ordered" once the job has told this host to start the VM.

function Get-FerryMark {
    # Ferry's lines in these notes, each with its tag and what it says.
    param([AllowNull()] [AllowEmptyString()] [string]$Notes)
    $pattern = '^(?<tag>ferry-[0-9]+)(?: (?:start-action=(?<action>[A-Za-z]+)|(?<order>start-ordered)))?$'
    foreach ($line in ([string]$Notes -split '\r?\n')) {
        if ($line.Trim() -match $pattern) {
            [PSCustomObject]@{
                tag = $Matches['tag']
                start_action = $Matches['action']
                is_start_order = $null -ne $Matches['order']
            }
        }
    }
}

function Test-FerryMark {
    # Whether these notes bear this tag.
    param([AllowNull()] [AllowEmptyString()] [string]$Notes, [Parameter(Mandatory)] [string]$Tag)
    @(Get-FerryMark -Notes $Notes | Where-Object { $_.tag -eq $Tag }).Count -gt 0
}

function Confirm-FerryMark {
    # Raises WrongState unless the VM bears this tag.
    param([Parameter(Mandatory)] $Vm, [Parameter(Mandatory)] [string]$Tag)
    if (Test-FerryMark -Notes $Vm.Notes -Tag $Tag) { return }
    Write-Error -ErrorId 'WrongState' -Category InvalidOperation -ErrorAction Stop `
        -Message "$($Vm.Name) does not bear the tag $Tag and is left alone."
}

function Get-NotedAction {
    # The automatic start action that was noted with this tag, or null.
    param([AllowNull()] [AllowEmptyString()] [string]$Notes, [Parameter(Mandatory)] [string]$Tag)
    $found = @(Get-FerryMark -Notes $Notes | Where-Object { $_.tag -eq $Tag -and $_.start_action })
    if ($found.Count -gt 0) { $found[0].start_action } else { $null }
}

function Get-StartOrder {
    # The tag of the job that ordered the start, or null: said aloud, because nothing at all would be {} in JSON.
    param([AllowNull()] [AllowEmptyString()] [string]$Notes)
    $found = @(Get-FerryMark -Notes $Notes | Where-Object { $_.is_start_order })
    if ($found.Count -gt 0) { $found[0].tag } else { $null }
}

function Add-FerryLine {
    # These notes with this line at the end, unless they have it.
    param([AllowNull()] [AllowEmptyString()] [string]$Notes, [Parameter(Mandatory)] [string]$Line)
    $known = @(([string]$Notes -split '\r?\n') | Where-Object { $_.Trim() -eq $Line })
    if ($known.Count -gt 0) { return [string]$Notes }
    (@(@([string]$Notes, $Line) | Where-Object { $_ }) -join "`r`n")
}

function Remove-StartOrder {
    # These notes without the line that says that this job ordered the start.
    param([AllowNull()] [AllowEmptyString()] [string]$Notes, [Parameter(Mandatory)] [string]$Tag)
    $kept = @(([string]$Notes -split '\r?\n') | Where-Object { $_.Trim() -ne "$Tag start-ordered" })
    ($kept -join "`r`n").TrimEnd()
}

function Remove-FerryMark {
    # These notes without the lines of this tag.
    param([AllowNull()] [AllowEmptyString()] [string]$Notes, [Parameter(Mandatory)] [string]$Tag)
    $kept = @(([string]$Notes -split '\r?\n') | Where-Object { -not (Test-FerryMark -Notes $_ -Tag $Tag) })
    ($kept -join "`r`n").TrimEnd()
}
