function Step-Register {
    # The configuration that was copied is fitted to the target (paths, networks) and registered under its own id. Nothing
    # is started, and the target does not start it by itself.
    if (-not (Confirm-Step -On $TargetHost -Action "Register $VmName in $TargetFolder")) { return }
    $vm = Confirm-StandingStill
    Confirm-InTime
    $disks = @(foreach ($disk in $vm.disks) {
        $layers = [System.Collections.Generic.List[object]]::new()
        foreach ($layer in $disk.layers) {
            $layers.Add(@($layer.path, (Get-PlaceOfLayer -Location $disk.location -Path $layer.path)))
        }
        @{ location = $disk.location; layers = $layers }
    })
    $adapters = @(foreach ($key in $Networks.Keys) { @{ adapter_id = $key; network_name = $Networks[$key] } })
    $null = Invoke-Change -On $TargetHost -Call 'register-vm' -With @{
        Uid = $VmId
        Tag = $Tag
        Folder = $TargetFolder
        ConfigPath = Get-PlaceOfFile -Path $vm.config_path
        Disks = $disks
        Adapters = $adapters
    }
}

function Undo-Register {
    # Removes the registration if it bears the tag of this run, never a disk.
    $null = Invoke-Change -On $TargetHost -Call 'remove-vm' -With @{ VmId = $VmId; Tag = $Tag }
}
