"""What a virtual machine is made of, as its host told it last. Written by inventory.py only."""

from __future__ import annotations

from django.db import models


class VirtualDisk(models.Model):
    """A disk; `layers` is its chain, base first: [{"path", "parent_path", "file_size_bytes"}]."""

    vm = models.ForeignKey("hosts.VirtualMachine", on_delete=models.CASCADE, related_name="disks")
    location = models.CharField(max_length=50)
    size_bytes = models.BigIntegerField()
    is_dynamic = models.BooleanField(default=True)
    is_pass_through = models.BooleanField(default=False)
    is_shared = models.BooleanField(default=False)
    layers = models.JSONField(default=list)

    class Meta:
        ordering = ["location"]
        constraints = [models.UniqueConstraint(fields=["vm", "location"], name="one_disk_at_a_location")]

    @property
    def file_size_bytes(self) -> int:
        return sum(int(layer["file_size_bytes"]) for layer in self.layers)


class VirtualAdapter(models.Model):
    vm = models.ForeignKey("hosts.VirtualMachine", on_delete=models.CASCADE, related_name="adapters")
    adapter_id = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    mac = models.CharField(max_length=20, blank=True)
    network_name = models.CharField(max_length=255, blank=True)
    vlan_id = models.PositiveIntegerField(null=True, blank=True)
    addresses = models.JSONField(default=list)

    class Meta:
        ordering = ["adapter_id"]
        constraints = [models.UniqueConstraint(fields=["vm", "adapter_id"], name="one_adapter_of_an_id_on_a_vm")]
