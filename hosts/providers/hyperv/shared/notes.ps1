# Ferry's mark in a VM's notes: a line "ferry-<job> start-action=<what AutomaticStartAction was>".

function Get-FerryMark {
    # The marks in these notes, each with its tag and the start action to give back.
    param([AllowNull()] [AllowEmptyString()] [string]$Notes)
    foreach ($line in ([string]$Notes -split '\r?\n')) {
        if ($line.Trim() -match '^(?<tag>ferry-[0-9]+)(?: start-action=(?<action>[A-Za-z]+))?$') {
            [PSCustomObject]@{ tag = $Matches['tag']; start_action = $Matches['action'] }
        }
    }
}

function Test-FerryMark {
    # Whether these notes bear this tag.
    param([AllowNull()] [AllowEmptyString()] [string]$Notes, [Parameter(Mandatory)] [string]$Tag)
    @(Get-FerryMark -Notes $Notes | Where-Object { $_.tag -eq $Tag }).Count -gt 0
}

function Remove-FerryMark {
    # These notes without the lines of this tag.
    param([AllowNull()] [AllowEmptyString()] [string]$Notes, [Parameter(Mandatory)] [string]$Tag)
    $kept = @(([string]$Notes -split '\r?\n') | Where-Object { -not (Test-FerryMark -Notes $_ -Tag $Tag) })
    ($kept -join "`r`n").TrimEnd()
}
