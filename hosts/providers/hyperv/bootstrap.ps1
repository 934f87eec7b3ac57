# Runs one verb: reads {"script", "parameters"} from stdin, prints {"result"} or {"error": {kind, category, message}}.
# It travels as -EncodedCommand through cmd.exe (8,191 characters), so it stays short. PowerShell itself reads a
# redirected stdin then and hands it over as $input: [Console]::In would race with it.
$ProgressPreference = 'SilentlyContinue'
$ErrorActionPreference = 'Stop'
$WarningPreference = 'SilentlyContinue'
try { [Console]::InputEncoding = [Console]::OutputEncoding = New-Object System.Text.UTF8Encoding $false } catch { $null = $_ }
$exitCode = 0
try {
    $request = ConvertFrom-Json -InputObject (@($input) -join "`n")
    $parameters = @{}
    foreach ($property in $request.parameters.PSObject.Properties) { $parameters[$property.Name] = $property.Value }
    $script = [scriptblock]::Create($request.script)
    $answer = @{ result = (& $script @parameters 3>$null) }
    $json = ConvertTo-Json -InputObject $answer -Depth 12 -Compress
} catch {
    $exitCode = 1
    $answer = @{
        error = @{
            kind = ([string]$_.FullyQualifiedErrorId -split ',')[0]
            category = [string]$_.CategoryInfo.Category
            message = [string]$_.Exception.Message
        }
    }
    $json = ConvertTo-Json -InputObject $answer -Depth 12 -Compress
}
# Bytes, not text: nothing between here and the wire may choose an encoding.
$bytes = [System.Text.Encoding]::UTF8.GetBytes($json)
$stdout = [Console]::OpenStandardOutput()
$stdout.Write($bytes, 0, $bytes.Length)
$stdout.Flush()
exit $exitCode
