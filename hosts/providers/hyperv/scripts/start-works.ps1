# Starts copies and hashes, each in a process of its own, or finds them. Returns {"works": [...]} in the order given;
# fills hosts.providers.types.Work. Raises AlreadyExists before any is begun.
# A process is made by WMI, so it outlives this shell and the console. Its script and its parameters, the password among
# them, reach it through a named pipe that only this account can open: nothing is on a disk or a command line. All
# processes are made before the first is told what to do, so that their start-ups overlap.
param(
    [Parameter(Mandatory)] $Claim,
    [Parameter(Mandatory)] [ValidatePattern('^ferry-[0-9]+$')] [string]$Tag,
    [Parameter(Mandatory)] $Scripts,
    [Parameter(Mandatory)] [object[]]$Orders
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 3.0

. "$PSScriptRoot\..\shared\root.ps1"
. "$PSScriptRoot\..\shared\fence.ps1"
. "$PSScriptRoot\..\shared\record.ps1"
. "$PSScriptRoot\..\shared\works.ps1"

$receiver = @'
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$pipe = [System.IO.Pipes.NamedPipeClientStream]::new('.', 'PIPE', [System.IO.Pipes.PipeDirection]::In)
$pipe.Connect(30000)
$reader = [System.IO.StreamReader]::new($pipe, [System.Text.Encoding]::UTF8)
$request = ConvertFrom-Json -InputObject ($reader.ReadToEnd())
$reader.Dispose()
$parameters = @{}
foreach ($property in $request.parameters.PSObject.Properties) { $parameters[$property.Name] = $property.Value }
& ([scriptblock]::Create($request.script)) @parameters
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
        pipe = $null
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
    param([Parameter(Mandatory)] [string]$PipeName, [Parameter(Mandatory)] [string]$WorkId)
    $text = $receiver.Replace('PIPE', $PipeName)
    $code = [System.Convert]::ToBase64String([System.Text.Encoding]::Unicode.GetBytes($text))
    $shell = [System.IO.Path]::Combine($env:SystemRoot, 'System32\WindowsPowerShell\v1.0\powershell.exe')
    $made = Invoke-CimMethod -ClassName 'Win32_Process' -MethodName 'Create' -Arguments @{
        CommandLine = "`"$shell`" -NoProfile -NonInteractive -ExecutionPolicy Bypass -EncodedCommand $code"
    }
    if ($made.ReturnValue -ne 0) { throw "Windows started no process for the work $WorkId (code $($made.ReturnValue))." }
    [long]$made.ProcessId
}

function New-Record {
    # The record of a work that is about to begin; the moment of its first beginning is kept.
    param([Parameter(Mandatory)] [long]$ProcessId, [Parameter(Mandatory)] $Order, $Previous)
    $isCopy = $Order.kind -eq 'copy-file'
    $begun = [DateTime]::UtcNow.ToString('o', [cultureinfo]::InvariantCulture)
    if ($null -ne $Previous -and $Previous.begun) { $begun = $Previous.begun }
    $isDone = Test-OrderDone -Order $Order -Previous $Previous
    [ordered]@{
        work_id = $Order.work_id
        kind = $Order.kind
        state = 'running'
        bytes_done = [long]0
        bytes_total = [long]0
        digest = $(if ($isDone) { $Previous.digest } else { $null })
        error_kind = $null
        error = $null
        source = [string]$(if ($isCopy) { $Order.parameters.Source } else { $Order.parameters.Path })
        destination = $(if ($isCopy) { [string]$Order.parameters.Destination } else { $null })
        is_finishing = $isDone
        begun = $begun
        process_id = $ProcessId
        process_started = [long](Get-ProcessStart -ProcessId $ProcessId)
    }
}

function New-Work {
    # Makes the process, and writes the record while it waits at its pipe.
    param([Parameter(Mandatory)] $Work)
    $name = 'ferry-' + [guid]::NewGuid().ToString('N')
    $Work.pipe = New-PrivatePipe -Name $name
    $id = New-DetachedProcess -PipeName $name -WorkId $Work.order.work_id
    $record = New-Record -ProcessId $id -Order $Work.order -Previous $Work.record
    Write-Record -Path $Work.path -Record $record
    $Work.record = [PSCustomObject]$record
}

function Send-Request {
    # Hands the waiting process what to do. It begins when the pipe is closed.
    param([Parameter(Mandatory)] $Work)
    $order = $Work.order
    if (-not $Work.pipe.WaitForConnectionAsync().Wait(30000)) { throw "The process of $($order.work_id) did not answer." }
    $order.parameters | Add-Member -MemberType NoteProperty -Name 'ProgressPath' -Value $Work.path -Force
    $request = @{ script = $Scripts.($order.kind); parameters = $order.parameters }
    $bytes = [System.Text.Encoding]::UTF8.GetBytes((ConvertTo-Json -InputObject $request -Depth 4 -Compress))
    $Work.pipe.Write($bytes, 0, $bytes.Length)
    $Work.pipe.WaitForPipeDrain()
    $Work.pipe.Dispose()
}

$fence = Enter-Fence -Claim $Claim
foreach ($order in $Orders) { Confirm-Order -Order $order }
$works = @($Orders | ForEach-Object { Find-Work -Order $_ })
$due = @($works | Where-Object { $_.is_due })
foreach ($work in $due) { Confirm-Destination -Work $work }
if ($due.Count -gt 0) { New-WorkFolder }
try {
    foreach ($work in $due) { New-Work -Work $work }
    foreach ($work in $due) { Send-Request -Work $work }
} finally {
    foreach ($work in $due) { if ($null -ne $work.pipe) { $work.pipe.Dispose() } }
}
[PSCustomObject]@{ works = @($works | ForEach-Object { ConvertTo-Work -Record $_.record }) }
