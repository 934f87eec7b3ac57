import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import hosts.secrets
import hosts.validators


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="HostGroup",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100)),
                ("cpu_reserve_percent", models.PositiveSmallIntegerField(default=10)),
                ("memory_reserve_mb", models.PositiveIntegerField(default=256)),
                ("disk_reserve_mb", models.PositiveIntegerField(default=100)),
                ("max_disk_iops", models.PositiveIntegerField(default=10000)),
                ("network_reserve_percent", models.PositiveSmallIntegerField(default=10)),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="hosts.hostgroup",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Host",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=255, unique=True, validators=[hosts.validators.validate_name])),
                ("kind", models.CharField(choices=[("hyperv", "Hyper-V")], default="hyperv", max_length=20)),
                ("address", models.CharField(max_length=255, validators=[hosts.validators.validate_address])),
                (
                    "port",
                    models.PositiveIntegerField(
                        default=5985,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(65535),
                        ],
                    ),
                ),
                (
                    "transport",
                    models.CharField(
                        choices=[
                            ("ntlm-http", "WinRM over HTTP, NTLM with message encryption"),
                            ("ntlm-https", "WinRM over HTTPS, NTLM"),
                            ("basic-https", "WinRM over HTTPS, Basic"),
                        ],
                        default="ntlm-http",
                        max_length=20,
                    ),
                ),
                ("username", models.CharField(max_length=255)),
                ("password", hosts.secrets.SecretField()),
                ("ca_pem", models.TextField(blank=True, validators=[hosts.validators.validate_certificates])),
                ("is_in_maintenance", models.BooleanField(default=False)),
                ("max_moves_in", models.PositiveSmallIntegerField(default=2)),
                ("max_moves_out", models.PositiveSmallIntegerField(default=2)),
                ("added_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("responding", "Responding"),
                            ("not-responding", "Not Responding"),
                            ("access-denied", "Access Denied"),
                            ("needs-attention", "Needs Attention"),
                        ],
                        default="pending",
                        max_length=20,
                    ),
                ),
                ("state_reason", models.TextField(blank=True)),
                ("state_action", models.TextField(blank=True, help_text="What to do about the reason.")),
                ("last_contact_at", models.DateTimeField(blank=True, null=True)),
                ("last_attempt_at", models.DateTimeField(blank=True, null=True)),
                (
                    "refresh_until",
                    models.DateTimeField(blank=True, help_text="Lease of the refresh that is under way.", null=True),
                ),
                ("computer_name", models.CharField(blank=True, max_length=255)),
                ("os_name", models.CharField(blank=True, max_length=255)),
                ("os_version", models.CharField(blank=True, max_length=50)),
                ("cpu_vendor", models.CharField(blank=True, max_length=50)),
                ("cpu_model", models.CharField(blank=True, max_length=255)),
                ("cpu_count", models.PositiveIntegerField(default=0)),
                ("memory_mb", models.PositiveIntegerField(default=0)),
                ("memory_available_mb", models.PositiveIntegerField(default=0)),
                ("supported_vm_versions", models.JSONField(default=list)),
                ("default_vm_path", models.CharField(blank=True, max_length=1024)),
                ("is_clustered", models.BooleanField(default=False)),
                ("cpu_percent", models.FloatField(default=0.0)),
                ("disk_iops", models.FloatField(default=0.0)),
                ("network_percent", models.FloatField(default=0.0)),
                (
                    "load_since",
                    models.DateTimeField(
                        default=django.utils.timezone.now,
                        help_text="Samples before this say nothing: other VMs ran here then.",
                    ),
                ),
                (
                    "added_by",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="hosts", to="hosts.hostgroup"
                    ),
                ),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="HostVolume",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("path", models.CharField(max_length=255)),
                ("label", models.CharField(blank=True, max_length=255)),
                ("size_bytes", models.BigIntegerField()),
                ("free_bytes", models.BigIntegerField()),
                (
                    "host",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="volumes", to="hosts.host"
                    ),
                ),
            ],
            options={
                "ordering": ["path"],
            },
        ),
        migrations.CreateModel(
            name="LoadSample",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("cpu_percent", models.FloatField()),
                ("memory_used_mb", models.PositiveIntegerField()),
                ("disk_iops", models.FloatField()),
                ("network_percent", models.FloatField()),
                (
                    "host",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="samples", to="hosts.host"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="VirtualMachine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.CharField(max_length=100)),
                ("name", models.CharField(max_length=255)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("running", "Running"),
                            ("off", "Off"),
                            ("saved", "Saved"),
                            ("paused", "Paused"),
                            ("starting", "Starting"),
                            ("saving", "Saving"),
                            ("stopping", "Stopping"),
                            ("other", "Other"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "activity",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "None"),
                            ("under-migration", "Under Migration"),
                            ("migration-failed", "Migration Failed"),
                        ],
                        default="",
                        max_length=20,
                    ),
                ),
                ("is_missing", models.BooleanField(default=False)),
                (
                    "settled_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When Ferry last placed or released it: what a host said before is old.",
                        null=True,
                    ),
                ),
                ("generation", models.PositiveSmallIntegerField(default=2)),
                ("version", models.CharField(blank=True, max_length=20)),
                ("cpu_count", models.PositiveIntegerField(default=1)),
                ("cpu_percent", models.FloatField(default=0.0)),
                ("memory_mb", models.PositiveIntegerField(default=0)),
                ("memory_demand_mb", models.PositiveIntegerField(default=0)),
                ("memory_startup_mb", models.PositiveIntegerField(default=0)),
                ("has_dynamic_memory", models.BooleanField(default=False)),
                ("uptime_s", models.BigIntegerField(default=0)),
                ("notes", models.TextField(blank=True)),
                ("folder", models.CharField(max_length=1024)),
                ("config_path", models.CharField(blank=True, max_length=1024)),
                ("state_files_bytes", models.BigIntegerField(default=0)),
                ("is_merging", models.BooleanField(default=False)),
                ("is_clustered", models.BooleanField(default=False)),
                ("is_replicated", models.BooleanField(default=False)),
                ("has_assigned_device", models.BooleanField(default=False)),
                ("dvd_paths", models.JSONField(default=list)),
                ("checkpoints", models.JSONField(default=list)),
                (
                    "host",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="vms", to="hosts.host"),
                ),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="VirtualDisk",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("location", models.CharField(max_length=50)),
                ("size_bytes", models.BigIntegerField()),
                ("is_dynamic", models.BooleanField(default=True)),
                ("is_pass_through", models.BooleanField(default=False)),
                ("is_shared", models.BooleanField(default=False)),
                ("layers", models.JSONField(default=list)),
                (
                    "vm",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="disks", to="hosts.virtualmachine"
                    ),
                ),
            ],
            options={
                "ordering": ["location"],
            },
        ),
        migrations.CreateModel(
            name="VirtualAdapter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("adapter_id", models.CharField(max_length=255)),
                ("name", models.CharField(max_length=255)),
                ("mac", models.CharField(blank=True, max_length=20)),
                ("network_name", models.CharField(blank=True, max_length=255)),
                ("vlan_id", models.PositiveIntegerField(blank=True, null=True)),
                ("addresses", models.JSONField(default=list)),
                (
                    "vm",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="adapters", to="hosts.virtualmachine"
                    ),
                ),
            ],
            options={
                "ordering": ["adapter_id"],
            },
        ),
        migrations.CreateModel(
            name="VirtualNetwork",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("network_id", models.CharField(max_length=100)),
                ("name", models.CharField(max_length=255)),
                ("kind", models.CharField(max_length=20)),
                (
                    "host",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="networks", to="hosts.host"
                    ),
                ),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.AddConstraint(
            model_name="hostgroup",
            constraint=models.UniqueConstraint(fields=("parent", "name"), name="one_group_of_a_name_in_a_parent"),
        ),
        migrations.AddConstraint(
            model_name="hostgroup",
            constraint=models.UniqueConstraint(
                condition=models.Q(("parent", None)), fields=("name",), name="one_root_group_of_a_name"
            ),
        ),
        migrations.AddConstraint(
            model_name="hostvolume",
            constraint=models.UniqueConstraint(fields=("host", "path"), name="one_volume_of_a_path_on_a_host"),
        ),
        migrations.AddIndex(
            model_name="loadsample",
            index=models.Index(fields=["host", "-at"], name="hosts_loads_host_id_597b0d_idx"),
        ),
        migrations.AddIndex(
            model_name="loadsample",
            index=models.Index(fields=["at"], name="hosts_loads_at_f1bb4c_idx"),
        ),
        migrations.AddConstraint(
            model_name="virtualmachine",
            constraint=models.UniqueConstraint(fields=("host", "uid"), name="one_vm_of_an_id_on_a_host"),
        ),
        migrations.AddConstraint(
            model_name="virtualdisk",
            constraint=models.UniqueConstraint(fields=("vm", "location"), name="one_disk_at_a_location"),
        ),
        migrations.AddConstraint(
            model_name="virtualadapter",
            constraint=models.UniqueConstraint(fields=("vm", "adapter_id"), name="one_adapter_of_an_id_on_a_vm"),
        ),
        migrations.AddConstraint(
            model_name="virtualnetwork",
            constraint=models.UniqueConstraint(fields=("host", "network_id"), name="one_network_of_an_id_on_a_host"),
        ),
    ]
