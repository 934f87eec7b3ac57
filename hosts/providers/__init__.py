"""Which virtualization software Ferry speaks to, and where the code for it is."""

from __future__ import annotations

PROVIDERS: dict[str, str] = {
    "hyperv": "hosts.providers.hyperv.provider.HyperVProvider",
    "libvirt": "hosts.providers.libvirt.provider.LibvirtProvider",
    "local": "hosts.providers.local.provider.LocalProvider",
}
