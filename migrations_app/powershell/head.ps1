<#
.SYNOPSIS
Moves one virtual machine from one Hyper-V host to another and can neither lose nor double it.

.DESCRIPTION
Made by Ferry from the plan of a move: the same steps in the same order as its job, and on the hosts the same functions.

A virtual machine that runs is copied while it runs: a checkpoint freezes its disks, the frozen files are copied. Then it
is saved, the rest follows, and it is restored on the target. Every file is read on both hosts and compared by SHA-256.
Nothing is removed from the source before the target has the virtual machine with the disks that were compared. A failure
or Ctrl+C before the target was told to start it ends with the virtual machine on its source as it was, and nothing left
on the target.

Under -WhatIf both hosts are read and checked, nothing is changed, and each step says what it would do.

It needs
- Windows PowerShell 5.1 or PowerShell 7 on this machine; Windows Server 2016 or later with Hyper-V on both hosts;
- an account that administers both hosts: it runs as whoever starts it, and asks for no password;
- PowerShell remoting from this machine to both hosts (Enable-PSRemoting), under names that Kerberos knows;
- SMB (TCP 445) from this machine to both hosts: the administrative shares, such as D$.

The files travel from the source over this machine to the target. A remote session has no password to hand on, so neither
host could read from the other one without delegation; from here each share is one sign-in away. Start the script on the
target host itself to spare one of the two ways.

It keeps a record of what it made in -RecordFolder. If this window is closed or this machine fails in the middle, start
the script again with the -Tag that it named: with -Undo before the target has started the virtual machine, which brings
it back to life on its source, or with -Finish afterwards. A virtual machine may stand still until then.

Windows may keep a downloaded script from running: Unblock-File .\move.ps1, and an execution policy that lets it run.

Do not run it while a job of Ferry moves the same virtual machine: the later of the two refuses.

It was parsed and compared with the reference of every command that it calls. Nobody has run it on a real Windows host
yet: try it on a virtual machine that may fail first.

.PARAMETER Undo
Take back what an interrupted run left, named by -Tag.

.PARAMETER Finish
Go on after the start on the target with what an interrupted run left, named by -Tag.

.EXAMPLE
.\move.ps1 -WhatIf
Check both hosts, and say what each step would do.

.EXAMPLE
.\move.ps1
Move the virtual machine.
#>
[CmdletBinding(SupportsShouldProcess)]
param(
    # The virtual machine, and how it was when the move was planned.
    [ValidateNotNullOrEmpty()] [string]$VmId = '<vm_id>',
    [ValidateNotNullOrEmpty()] [string]$VmName = '<vm_name>',
    [ValidateSet('running', 'off', 'saved')] [string]$VmState = '<vm_state>',

    # The hosts, by names under which this machine reaches them.
    [ValidateNotNullOrEmpty()] [string]$SourceHost = '<source_host>',
    [ValidateNotNullOrEmpty()] [string]$TargetHost = '<target_host>',

    # The folder of the virtual machine on the source, and on the target.
    [ValidateNotNullOrEmpty()] [string]$SourceFolder = '<source_folder>',
    [ValidateNotNullOrEmpty()] [string]$TargetFolder = '<target_folder>',

    # The folder on the target for the files of each disk, by controller slot.
    [System.Collections.IDictionary]$DiskFolders = '<disk_folders>',

    # The virtual network of the target for each adapter, by the last part of its Id; $null: not connected.
    [System.Collections.IDictionary]$Networks = '<networks>',

    # How often at most what was written meanwhile is copied while it still runs.
    [ValidateRange(0, 32)] [int]$MaxRounds = '<max_rounds>',

    # Bytes per second that are copied at most; 0: no limit.
    [ValidateScript({ $_ -ge 0 })] [long]$LimitBytesPerS = '<limit_bytes_per_s>',

    # The outage may last so many seconds; then the move is undone.
    [ValidateRange(1, 86400)] [int]$OutageDeadlineS = '<outage_deadline_s>',

    # Of a move that holds: when it may be paused. Without a time somebody has to press Enter.
    [Nullable[datetime]]$CutOverFrom = '<cut_over_from>',
    [Nullable[datetime]]$CutOverUntil = '<cut_over_until>',

    # Leave the files on the source when the virtual machine is removed there.
    [bool]$KeepSourceFiles = '<keep_source_files>',

    # What marks everything that this run makes. Never the number of a job of Ferry.
    [ValidatePattern('^ferry-[0-9]{17}$')] [string]$Tag = ('ferry-' + [DateTime]::UtcNow.ToString('yyyyMMddHHmmssfff')),
    [ValidateNotNullOrEmpty()] [string]$RecordFolder = [System.IO.Path]::GetTempPath(),
    [switch]$Undo,
    [switch]$Finish
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 3.0
