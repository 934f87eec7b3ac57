# Starts copies and hashes or finds them, those of a lane one after the other in one process, and sets the limit that all
# copies of the job here share, also those that run. Returns {"works": [...]} in the order given; fills
# hosts.providers.types.Work. Raises AlreadyExists before any is begun.
# A process is made by WMI, so it outlives this shell and the console. Its script and its works, the password among them,
# reach it through a named pipe that only this account can open: nothing is on a disk or a command line. All processes
# are made before the first is told what to do, so that their start-ups overlap.
param(
    [Parameter(Mandatory)] $Claim,
    [Parameter(Mandatory)] [ValidatePattern('^ferry-[0-9]+$')] [string]$Tag,
    [Parameter(Mandatory)] $Scripts,
    [Parameter(Mandatory)] [AllowEmptyCollection()] [object[]]$Orders,
    [Parameter(Mandatory)] [long]$LimitBytesPerS
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 3.0

. "$PSScriptRoot\..\shared\root.ps1"
. "$PSScriptRoot\..\shared\fence.ps1"
. "$PSScriptRoot\..\shared\record.ps1"
. "$PSScriptRoot\..\shared\works.ps1"
. "$PSScriptRoot\..\shared\pace.ps1"

$receiver = @'
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$pipe = [System.IO.Pipes.NamedPipeClientStream]::new('.', 'PIPE', [System.IO.Pipes.PipeDirection]::In)
$pipe.Connect(30000)
$reader = [System.IO.StreamReader]::new($pipe, [System.Text.Encoding]::UTF8)
$request = ConvertFrom-Json -InputObject ($reader.ReadToEnd())
$reader.Dispose()
& ([scriptblock]::Create($request.script)) -Works @($request.works)
'@

function Confirm-Order {
    # Raises Refused for an order whose id is no file name or whose kind is not known. Not by ValidateScript: its message
    # would show the order, and with it the password.
    param([Parameter(Mandatory)] $Order)
    if ($Order.work_id -cmatch '^[a-z0-9-]+$' -and @('copy-file', 'hash-file') -ccontains $Order.kind) { return }
    Write-Error -ErrorId 'Refused' -Category InvalidArgument -ErrorAction Stop `
        -Message "There can be no work '$($Order.work_id)' of the kind '$($Order.kind)'."
}

function Find-Work {
    # An order with its record, if there is one, and whether it has to be begun.
    param([Parameter(Mandatory)] $Order)
    $path = [System.IO.Path]::Combine((Get-WorkFolder -Tag $Tag), "$($Order.work_id).json")
    $record = Get-SettledRecord -Path $path
    [PSCustomObject]@{
        order = $Order
        path = $path
        record = $record
        is_due = ($null -eq $record) -or (@('running', 'done') -notcontains $record.state)
        lane = '{0} {1}' -f $Order.kind, $Order.lane
    }
}

function Test-OrderDone {
    # Whether an earlier run of this order has put its file in place, and only the last line of its record is missing.
    param([Parameter(Mandatory)] $Order, $Previous)
    if ($null -eq $Previous -or $Order.kind -ne 'copy-file') { return $false }
    $destination = [string]$Order.parameters.Destination
    if ($Previous.destination -ne $destination -or -not [System.IO.File]::Exists($destination)) { return $false }
    Test-OwnDestination -Record $Previous -Tag $Tag
}

function Confirm-Destination {
    # Raises AlreadyExists when a file stands where this work would write and it was not this work that put it there.
    param([Parameter(Mandatory)] $Work)
    $order = $Work.order
    if ($order.kind -ne 'copy-file' -or -not [System.IO.File]::Exists($order.parameters.Destination)) { return }
    if (-not (Test-OrderDone -Order $order -Previous $Work.record)) {
        Write-Error -ErrorId 'AlreadyExists' -Category ResourceExists -ErrorAction Stop `
            -Message "$($order.parameters.Destination) exists on $env:COMPUTERNAME and is not of $Tag."
    }
}

function New-WorkFolder {
    # The folder of the records, for SYSTEM (S-1-5-18) and the administrators (S-1-5-32-544) only.
    $root = Get-WorkRoot
    $null = [System.IO.Directory]::CreateDirectory($root)
    $null = & icacls.exe $root /inheritance:r /grant '*S-1-5-18:(OI)(CI)F' '*S-1-5-32-544:(OI)(CI)F' /q
    if ($LASTEXITCODE -ne 0) { throw "icacls could not close $root (code $LASTEXITCODE)." }
    $null = [System.IO.Directory]::CreateDirectory((Get-WorkFolder -Tag $Tag))
}

function New-PrivatePipe {
    # A pipe that one client of this very account may read.
    param([Parameter(Mandatory)] [string]$Name)
    $security = [System.IO.Pipes.PipeSecurity]::new()
    $account = [System.Security.Principal.WindowsIdentity]::GetCurrent().User
    $security.AddAccessRule([System.IO.Pipes.PipeAccessRule]::new($account, 'FullControl', 'Allow'))
    [System.IO.Pipes.NamedPipeServerStream]::new($Name, [System.IO.Pipes.PipeDirection]::Out, 1,
        [System.IO.Pipes.PipeTransmissionMode]::Byte, [System.IO.Pipes.PipeOptions]::Asynchronous, 0, 65536, $security)
}

function New-DetachedProcess {
    # The id of a new process that waits at the pipe.
    param([Parameter(Mandatory)] [string]$PipeName)
    $text = $receiver.Replace('PIPE', $PipeName)
    $code = [System.Convert]::ToBase64String([System.Text.Encoding]::Unicode.GetBytes($text))
    $shell = [System.IO.Path]::Combine($env:SystemRoot, 'System32\WindowsPowerShell\v1.0\powershell.exe')
    $made = Invoke-CimMethod -ClassName 'Win32_Process' -MethodName 'Create' -Arguments @{
        CommandLine = "`"$shell`" -NoProfile -NonInteractive -ExecutionPolicy Bypass -EncodedCommand $code"
    }
    if ($made.ReturnValue -ne 0) { throw "Windows started no process for $Tag (code $($made.ReturnValue))." }
    [long]$made.ProcessId
}

function New-Record {
    # The record of a work that is about to begin; the moment of its first beginning is kept.
    param([Parameter(Mandatory)] $Lane, [Parameter(Mandatory)] $Order, $Previous)
    $isCopy = $Order.kind -eq 'copy-file'
    $begun = [DateTime]::UtcNow.ToString('o', [cultureinfo]::InvariantCulture)
    if ($null -ne $Previous -and $Previous.begun) { $begun = $Previous.begun }
    $isDone = Test-OrderDone -Order $Order -Previous $Previous
    $sent = $(if ($null -ne $Previous) { $Previous.bytes_sent } else { 0 })
    [ordered]@{
        work_id = $Order.work_id
        kind = $Order.kind
        state = 'running'
        bytes_done = [long]0
        bytes_total = [long]0
        digest = $(if ($isDone) { $Previous.digest } else { $null })
        error_kind = $null
        error = $null
        bytes_sent = [long]$sent
        source = [string]$(if ($isCopy) { $Order.parameters.Source } else { $Order.parameters.Path })
        destination = $(if ($isCopy) { [string]$Order.parameters.Destination } else { $null })
        is_finishing = $isDone
        begun = $begun
        process_id = $Lane.process_id
        process_started = $Lane.process_started
    }
}

function New-Lane {
    # A process that waits at its pipe for the works of this lane.
    param([Parameter(Mandatory)] [string]$Name)
    $pipeName = 'ferry-' + [guid]::NewGuid().ToString('N')
    $lane = @{ name = $Name; pipe = New-PrivatePipe -Name $pipeName }
    $lanes.Add($lane)
    $lane.process_id = New-DetachedProcess -PipeName $pipeName
    $lane.process_started = [long](Get-ProcessStart -ProcessId $lane.process_id)
}

function Add-Record {
    # Writes the record of a work while its process waits.
    param([Parameter(Mandatory)] $Work)
    $lane = $lanes | Where-Object { $_.name -eq $Work.lane }
    $record = New-Record -Lane $lane -Order $Work.order -Previous $Work.record
    Write-Record -Path $Work.path -Record $record
    $Work.record = [PSCustomObject]$record
}

function Send-Request {
    # Hands the waiting process what to do. It begins when the pipe is closed.
    param([Parameter(Mandatory)] $Lane, [Parameter(Mandatory)] [object[]]$Works)
    if (-not $Lane.pipe.WaitForConnectionAsync().Wait(30000)) { throw "A process of $Tag did not answer." }
    foreach ($work in $Works) {
        $work.order.parameters | Add-Member -MemberType NoteProperty -Name 'ProgressPath' -Value $work.path -Force
    }
    $request = @{ script = $Scripts.($Works[0].order.kind); works = @($Works | ForEach-Object { $_.order.parameters }) }
    $bytes = [System.Text.Encoding]::UTF8.GetBytes((ConvertTo-Json -InputObject $request -Depth 4 -Compress))
    $Lane.pipe.Write($bytes, 0, $bytes.Length)
    $Lane.pipe.WaitForPipeDrain()
    $Lane.pipe.Dispose()
}

$fence = Enter-Fence -Claim $Claim
foreach ($order in $Orders) { Confirm-Order -Order $order }
$works = @($Orders | ForEach-Object { Find-Work -Order $_ })
$due = @($works | Where-Object { $_.is_due })
foreach ($work in $due) { Confirm-Destination -Work $work }
New-WorkFolder
Write-Limit -Folder (Get-WorkFolder -Tag $Tag) -Limit $LimitBytesPerS
$lanes = [System.Collections.Generic.List[object]]::new()
try {
    foreach ($name in @($due | ForEach-Object { $_.lane } | Select-Object -Unique)) { New-Lane -Name $name }
    foreach ($work in $due) { Add-Record -Work $work }
    foreach ($lane in $lanes) { Send-Request -Lane $lane -Works @($due | Where-Object { $_.lane -eq $lane.name }) }
} finally {
    foreach ($lane in $lanes) { $lane.pipe.Dispose() }
}
[PSCustomObject]@{ works = @($works | ForEach-Object { ConvertTo-Work -Record $_.record }) }
