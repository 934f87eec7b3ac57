# Lists the detached work of a job in the order it was begun. Returns {"works": [...]}; fills hosts.providers.types.Work.
param(
    [Parameter(Mandatory)] [ValidatePattern('^ferry-[0-9]+$')] [string]$Tag
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 3.0

. "$PSScriptRoot\..\shared\root.ps1"
. "$PSScriptRoot\..\shared\record.ps1"
. "$PSScriptRoot\..\shared\works.ps1"

[PSCustomObject]@{ works = @(Get-WorkRecord -Tag $Tag | ForEach-Object { ConvertTo-Work -Record $_ }) }
