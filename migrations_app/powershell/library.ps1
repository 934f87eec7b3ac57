# What runs on the hosts: the functions of Ferry's own jobs, as they are. Each that changes something enters the fence
# first, and touches only what bears the tag.
$OnHosts = {
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
Set-StrictMode -Version 3.0
'<functions>'
}
