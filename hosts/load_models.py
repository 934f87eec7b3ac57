"""How loaded hosts and VMs were: samples as they were taken, and their averages of an hour (docs/ratings.md)."""

from __future__ import annotations

from django.db import models


class HostLoadFields(models.Model):
    """The load of a host, as percent of what it has; memory in MB."""

    cpu_percent = models.FloatField()
    memory_used_mb = models.PositiveIntegerField()
    disk_iops = models.FloatField()
    network_percent = models.FloatField()

    class Meta:
        abstract = True


class VmLoadFields(models.Model):
    """The load of a VM that runs: CPU as percent of its host's processors, and the memory it asks for."""

    cpu_percent = models.FloatField()
    memory_mb = models.PositiveIntegerField()

    class Meta:
        abstract = True


class LoadSample(HostLoadFields):
    """The load of a host at a moment."""

    host = models.ForeignKey("hosts.Host", on_delete=models.CASCADE, related_name="samples")
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["host", "-at"]), models.Index(fields=["at"])]


class VmLoadSample(VmLoadFields):
    """The load of a VM at a moment; a VM that does not run has none."""

    vm = models.ForeignKey("hosts.VirtualMachine", on_delete=models.CASCADE, related_name="samples", db_index=False)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["vm", "-at"]), models.Index(fields=["at"])]


class HostLoadHour(HostLoadFields):
    """The average of a host's samples of the hour that began at `at`; an hour without samples has no row."""

    host = models.ForeignKey("hosts.Host", on_delete=models.CASCADE, related_name="hours", db_index=False)
    at = models.DateTimeField()
    sample_count = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["host", "at"], name="one_average_an_hour_of_a_host")]
        indexes = [models.Index(fields=["at"])]


class VmLoadHour(VmLoadFields):
    """The average of a VM's samples of the hour that began at `at`."""

    vm = models.ForeignKey("hosts.VirtualMachine", on_delete=models.CASCADE, related_name="hours", db_index=False)
    at = models.DateTimeField()
    sample_count = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["vm", "at"], name="one_average_an_hour_of_a_vm")]
        indexes = [models.Index(fields=["at"])]
