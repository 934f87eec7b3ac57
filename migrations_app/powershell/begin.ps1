# Everything is known by now.
$Move = if ($Undo -or $Finish) { Read-Record } else { New-Move }
Start-Move
