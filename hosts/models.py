"""What exists: host groups, hosts, what is on them, and how loaded they were. Written by inventory.py only."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from hosts.administration_models import MoveDefaults, Pulse, Retention
from hosts.audit_models import AuditRecord
from hosts.browsing_models import FavouritePath, FolderListing  # noqa: F401 - Django finds models here
from hosts.load_models import HostLoadHour, LoadSample, VmLoadHour, VmLoadSample
from hosts.people_models import OperatorGroup, TemporaryPassword
from hosts.power_models import PowerOrder
from hosts.providers.types import Transport, VmState
from hosts.rating_models import PlacementDefaults, ThoroughCheck
from hosts.secrets import SecretField
from hosts.validators import validate_address, validate_certificates, validate_host_key, validate_name
from hosts.vm_part_models import VirtualAdapter, VirtualDisk

__all__ = [
    "AuditRecord",
    "Host",
    "HostGroup",
    "HostLoadHour",
    "HostVolume",
    "LoadSample",
    "MoveDefaults",
    "OperatorGroup",
    "PlacementDefaults",
    "PowerOrder",
    "Pulse",
    "Retention",
    "TemporaryPassword",
    "ThoroughCheck",
    "VirtualAdapter",
    "VirtualDisk",
    "VirtualMachine",
    "VirtualNetwork",
    "VmLoadHour",
    "VmLoadSample",
]

_AT_MOST_ALL = MaxValueValidator(100)


class HostGroup(models.Model):
    """A folder of hosts, with the reserves that placement keeps free on each of them."""

    name = models.CharField(max_length=100)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    cpu_reserve_percent = models.PositiveSmallIntegerField(default=10, validators=[_AT_MOST_ALL])
    memory_reserve_mb = models.PositiveIntegerField(default=256)
    disk_reserve_mb = models.PositiveIntegerField(default=100)
    max_disk_iops = models.PositiveIntegerField(default=10_000)
    network_reserve_percent = models.PositiveSmallIntegerField(default=10, validators=[_AT_MOST_ALL])

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["parent", "name"], name="one_group_of_a_name_in_a_parent"),
            models.UniqueConstraint(fields=["name"], condition=Q(parent=None), name="one_root_group_of_a_name"),
        ]

    def __str__(self) -> str:
        return self.name


class Host(models.Model):
    """A virtualization host: how to reach it, what it said last, what it said it has."""

    class Kind(models.TextChoices):
        HYPERV = "hyperv", "Hyper-V"
        LIBVIRT = "libvirt", "KVM (libvirt)"
        THIS_MACHINE = "local", "This machine"

    class State(models.TextChoices):
        """SCVMM's host states, as far as Ferry tells them apart."""

        PENDING = "pending", "Pending"
        RESPONDING = "responding", "Responding"
        NOT_RESPONDING = "not-responding", "Not Responding"
        ACCESS_DENIED = "access-denied", "Access Denied"
        NEEDS_ATTENTION = "needs-attention", "Needs Attention"

    TransportChoices = [
        (Transport.NTLM_HTTP.value, "WinRM over HTTP, NTLM with message encryption"),
        (Transport.NTLM_HTTPS.value, "WinRM over HTTPS, NTLM"),
        (Transport.BASIC_HTTPS.value, "WinRM over HTTPS, Basic"),
        (Transport.LIBVIRT_SSH.value, "libvirt over SSH"),
        (Transport.LIBVIRT_TLS.value, "libvirt over TLS"),
        (Transport.LIBVIRT_TCP.value, "libvirt over TCP, in a lab only"),
    ]

    name = models.CharField(max_length=255, unique=True, validators=[validate_name])
    group = models.ForeignKey(HostGroup, on_delete=models.PROTECT, related_name="hosts")
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.HYPERV)
    address = models.CharField(max_length=255, validators=[validate_address])
    port = models.PositiveIntegerField(default=5985, validators=[MinValueValidator(1), MaxValueValidator(65535)])
    transport = models.CharField(max_length=20, choices=TransportChoices, default=Transport.NTLM_HTTP.value)
    username = models.CharField(max_length=255, blank=True)
    password = SecretField()
    ca_pem = models.TextField(blank=True, validators=[validate_certificates])
    host_key = models.CharField(max_length=2000, blank=True, validators=[validate_host_key])
    is_in_maintenance = models.BooleanField(default=False)
    max_moves_in = models.PositiveSmallIntegerField(default=2)
    max_moves_out = models.PositiveSmallIntegerField(default=2)
    move_limit_bytes_per_s = models.BigIntegerField(
        default=0, validators=[MinValueValidator(0)], help_text="All moves in and out of it together; 0: no limit."
    )
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)
    added_at = models.DateTimeField(default=timezone.now)

    state = models.CharField(max_length=20, choices=State, default=State.PENDING)
    state_reason = models.TextField(blank=True)
    state_action = models.TextField(blank=True, help_text="What to do about the reason.")
    last_contact_at = models.DateTimeField(null=True, blank=True)
    last_attempt_at = models.DateTimeField(null=True, blank=True)
    refresh_until = models.DateTimeField(null=True, blank=True, help_text="Lease of the refresh that is under way.")

    computer_name = models.CharField(max_length=255, blank=True)
    os_name = models.CharField(max_length=255, blank=True)
    os_version = models.CharField(max_length=50, blank=True)
    cpu_vendor = models.CharField(max_length=50, blank=True)
    cpu_model = models.CharField(max_length=255, blank=True)
    cpu_count = models.PositiveIntegerField(default=0)
    memory_mb = models.PositiveIntegerField(default=0)
    memory_available_mb = models.PositiveIntegerField(default=0)
    supported_vm_versions = models.JSONField(default=list)
    default_vm_path = models.CharField(max_length=1024, blank=True)
    is_clustered = models.BooleanField(default=False)
    cpu_percent = models.FloatField(default=0.0)
    disk_iops = models.FloatField(default=0.0)
    network_percent = models.FloatField(default=0.0)

    # Averages of all samples since `load_since`: kept with each sample, so that a rating reads no sample at all.
    load_since = models.DateTimeField(
        default=timezone.now, help_text="Samples before this say nothing: other VMs ran here then."
    )
    load_count = models.PositiveIntegerField(default=0)
    mean_cpu_percent = models.FloatField(default=0.0)
    mean_disk_iops = models.FloatField(default=0.0)
    mean_network_percent = models.FloatField(default=0.0)

    # Reserves of this host alone; empty: as in its group.
    cpu_reserve_percent = models.PositiveSmallIntegerField(null=True, blank=True, validators=[_AT_MOST_ALL])
    memory_reserve_mb = models.PositiveIntegerField(null=True, blank=True)
    disk_reserve_mb = models.PositiveIntegerField(null=True, blank=True)
    max_disk_iops = models.PositiveIntegerField(null=True, blank=True)
    network_reserve_percent = models.PositiveSmallIntegerField(null=True, blank=True, validators=[_AT_MOST_ALL])

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Neither DNS nor Windows tells case apart, and no page shows a second space. The same is the database's."""
        others = Host.objects.exclude(pk=self.pk).exclude(name=self.name).values_list("name", flat=True)
        if like := next((name for name in others if _key(name) == _key(self.name)), None):
            raise ValidationError({"name": f"There is a host named {like} already: give a name that differs in more."})


def _key(name: str) -> str:
    return " ".join(name.casefold().split())


class HostVolume(models.Model):
    host = models.ForeignKey(Host, on_delete=models.CASCADE, related_name="volumes")
    path = models.CharField(max_length=255)
    label = models.CharField(max_length=255, blank=True)
    size_bytes = models.BigIntegerField()
    free_bytes = models.BigIntegerField()

    class Meta:
        ordering = ["path"]
        constraints = [models.UniqueConstraint(fields=["host", "path"], name="one_volume_of_a_path_on_a_host")]

    @property
    def used_percent(self) -> float:
        return 100 * (self.size_bytes - self.free_bytes) / self.size_bytes if self.size_bytes else 0.0


class VirtualNetwork(models.Model):
    """A virtual switch of a host. `vlan_id`: what it puts traffic into that is in none, if it does."""

    host = models.ForeignKey(Host, on_delete=models.CASCADE, related_name="networks")
    network_id = models.CharField(max_length=100)
    name = models.CharField(max_length=255)
    kind = models.CharField(max_length=20)
    vlan_id = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["host", "network_id"], name="one_network_of_an_id_on_a_host")]


class VirtualMachine(models.Model):
    """A VM as its host told it last. `activity` is what Ferry itself does with it; a refresh leaves it alone."""

    class Activity(models.TextChoices):
        NONE = "", "None"
        UNDER_MIGRATION = "under-migration", "Under Migration"
        MIGRATION_FAILED = "migration-failed", "Migration Failed"
        STARTING = "starting", "Starting…"
        SHUTTING_DOWN = "shutting-down", "Shutting Down…"
        SAVING = "saving", "Saving…"
        TURNING_OFF = "turning-off", "Turning Off…"

    StateChoices = [(state.value, state.value.capitalize()) for state in VmState]

    host = models.ForeignKey(Host, on_delete=models.CASCADE, related_name="vms")
    uid = models.CharField(max_length=100)
    name = models.CharField(max_length=255)
    state = models.CharField(max_length=20, choices=StateChoices)
    activity = models.CharField(max_length=20, choices=Activity, default=Activity.NONE, blank=True)
    is_missing = models.BooleanField(default=False)
    settled_at = models.DateTimeField(
        null=True, blank=True, help_text="When Ferry last placed or released it: what a host said before is old."
    )
    generation = models.PositiveSmallIntegerField(default=2)
    version = models.CharField(max_length=20, blank=True)
    cpu_count = models.PositiveIntegerField(default=1)
    cpu_percent = models.FloatField(default=0.0)
    memory_mb = models.PositiveIntegerField(default=0)
    memory_demand_mb = models.PositiveIntegerField(default=0)
    memory_startup_mb = models.PositiveIntegerField(default=0)
    has_dynamic_memory = models.BooleanField(default=False)
    uptime_s = models.BigIntegerField(default=0)
    notes = models.TextField(blank=True)
    start_action = models.CharField(max_length=50, blank=True)
    folder = models.CharField(max_length=1024)
    config_path = models.CharField(max_length=1024, blank=True)
    state_files_bytes = models.BigIntegerField(default=0)
    is_merging = models.BooleanField(default=False)
    is_clustered = models.BooleanField(default=False)
    is_replicated = models.BooleanField(default=False)
    has_assigned_device = models.BooleanField(default=False)
    is_emulated = models.BooleanField(default=False)
    has_processor_compatibility = models.BooleanField(default=False)
    dvd_paths = models.JSONField(default=list)
    checkpoints = models.JSONField(default=list)
    # Ferry's own: no host knows them, and a refresh leaves them alone.
    owner = models.CharField(max_length=255, blank=True)
    description = models.TextField(blank=True)

    load_count = models.PositiveIntegerField(default=0, help_text="Samples since it runs as it does on this host.")
    mean_cpu_percent = models.FloatField(default=0.0)
    mean_memory_mb = models.FloatField(default=0.0)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["host", "uid"], name="one_vm_of_an_id_on_a_host")]
        indexes = [models.Index(fields=["uid"])]

    def __str__(self) -> str:
        return self.name

    @property
    def status(self) -> str:
        """SCVMM's word for how the VM is, for the Status column."""
        if self.activity:
            return str(self.get_activity_display())
        if self.is_missing:
            return "Missing"
        if self.host.state == Host.State.NOT_RESPONDING:
            return "Host Not Responding"
        if self.is_merging:
            return "Merging Checkpoint"
        return STATUS_WORDS.get(self.state, "Unknown")

    @property
    def power_order(self) -> PowerOrder | None:
        """The latest, open or not."""
        return self.power_orders.order_by("-pk").first()

    @property
    def disk_bytes(self) -> int:
        """What the VM's disks take on the volumes now."""
        return sum(disk.file_size_bytes for disk in self.disks.all())


STATUS_WORDS: dict[str, str] = {
    VmState.RUNNING: "Running",
    VmState.OFF: "Stopped",
    VmState.SAVED: "Saved State",
    VmState.PAUSED: "Paused",
    VmState.STARTING: "Starting",
    VmState.SAVING: "Saving",
    VmState.STOPPING: "Shutting Down",
}
