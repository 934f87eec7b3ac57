"""Ferry's moves of a real VM beside what a user of libvirt does instead, in turns, on the same VM and workload.

Needs root. scripts/bench --kvm runs it; docs/benchmarks.md says how the figures are to be read.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

from django.conf import settings

from console.first_run import migrate_database
from console.kvm_lab import add_kvm_hosts
from hosts import units
from hosts.inventory import refresh_host
from hosts.models import Host as HostRow
from hosts.models import VirtualMachine
from hosts.vm_folders import default_folder
from lab.kvm import faults
from lab.kvm.checker import prove
from lab.kvm.control import Lab
from lab.kvm.guest import await_answer
from lab.kvm.host import Host
from lab.kvm.image import GuestImage
from lab.kvm.prober import Prober
from lab.kvm.spec import DMZ, LAN, DiskSpec, HostSpec, LabSpec, VmSpec
from migrations_app.engine.runner import run_job
from migrations_app.jobs import start_job
from migrations_app.models import MigrationJob
from migrations_app.plans import Choices, fingerprint, make_plan, match_networks
from scripts.benchmarks import kvm_by_hand
from scripts.benchmarks.table import Row, as_markdown

VM = "BENCH01"
LARGER = "BENCH02"
LARGER_MB = 512
PAYLOAD_MB = 384
RUNS = 5
LIMIT_MBIT = 400
BOOT_S = 120.0


@dataclass(slots=True)
class Measured:
    """Every run of one way: outages as a prober saw them, times in all, and what else it told."""

    outages_s: list[float] = field(default_factory=list)
    totals_s: list[float] = field(default_factory=list)
    copy_rates: list[float] = field(default_factory=list)
    last_bytes: list[int] = field(default_factory=list)


Way = Callable[["Bench", Measured], None]


class Bench:
    """The lab, and the VM that goes to and fro in it."""

    def __init__(self, lab: Lab, name: str) -> None:
        self.lab = lab
        self.name = name
        self.vm = lab.guest(name)

    @property
    def source(self) -> Host:
        return self.lab.host(self.lab.registered(self.name)[0])

    @property
    def target(self) -> Host:
        return next(host for host in self.lab.hosts() if host.name != self.source.name)

    def measure(self, way: Way, into: Measured) -> None:
        """One move this way, watched from outside and proved.

        The hosts are looked at before, as the console does it every minute; a job looks again itself.
        """
        before = await_answer(self.vm, BOOT_S)
        for row in HostRow.objects.all():
            refresh_host(row)
        target = self.target.name
        with Prober(self.vm) as prober:
            way(self, into)
        proof = prove(self.lab, self.name, before)
        if not proof.holds or self.lab.running(self.name) != [target]:
            raise RuntimeError(f"{way.__name__}: {proof}")
        into.outages_s.append(prober.report().outage.seconds)


def main() -> None:
    migrate_database()
    folder = settings.VAR_DIR.parent / "lab-kvm"
    image = GuestImage(folder / "image")
    image.ensure(_say)
    lab = Lab.create(settings.VAR_DIR / "lab-kvm", _spec(), image, name="bench", say=_say)
    try:
        lab.up()
        add_kvm_hosts(lab)
        kvm_by_hand.let_hosts_copy(lab)
        bench = Bench(lab, VM)
        rows = [*_link(bench, "unlimited link"), *_limited(bench), *_larger(bench)]
    finally:
        lab.destroy()
    print(as_markdown(rows))


def _spec() -> LabSpec:
    disk = DiskSpec(size_mb=PAYLOAD_MB + 128, payload_mb=PAYLOAD_MB, ring_mb=64)
    larger = VmSpec(LARGER, memory_mb=LARGER_MB, checked_mb=LARGER_MB - 128, is_running=False, is_autostarted=False)
    vms = (VmSpec(VM, disks=(disk,)), larger)
    return LabSpec((HostSpec("KVM01", (LAN, DMZ), vms=vms), HostSpec("KVM02", (LAN, DMZ))))


def _limited(bench: Bench) -> list[Row]:
    """A host's link is limited in both directions, so one host is enough; both are, as a switch would do it."""
    for host in bench.lab.hosts():
        faults.limit_link(host, LIMIT_MBIT)
    return _link(bench, f"{LIMIT_MBIT} Mbit/s link")


def _larger(bench: Bench) -> list[Row]:
    """A VM of more memory alone on the limited link: what of the outage grows with the bytes, and what is fixed."""
    bench.source.stop_vm(VM)
    larger, straight, hand = Bench(bench.lab, LARGER), Measured(), Measured()
    larger.source.start_vm(LARGER)
    raw = kvm_by_hand.raw_rate(larger.source, larger.target)
    for number in range(RUNS):
        larger.measure(streamed, straight)
        _say(f"{LARGER_MB} MB of memory, run {number + 1}: {straight.outages_s[-1]:.2f} s")
    larger.measure(by_hand, hand)
    bound_s, what = _bound_s(straight, hand, raw), f"{LIMIT_MBIT} Mbit/s link, {LARGER_MB} MB of memory"
    return [
        Row(f"{what}: outage", f"{_spread(straight.outages_s)}; by hand {hand.outages_s[0]:.2f} s"),
        Row(f"{what}: outage / bound of {bound_s:.2f} s", f"{median(straight.outages_s) / bound_s:.2f}", "at most 1.3"),
    ]


def _link(bench: Bench, link: str) -> list[Row]:
    """All ways in turns, so that the noise of the machine meets each of them."""
    ways: dict[str, tuple[Way, Measured]] = {
        "Ferry, memory straight": (streamed, Measured()),
        "Ferry, state through a file": (saved, Measured()),
        "Ferry, live": (live, Measured()),
        "virsh save, scp, virsh restore": (by_hand, Measured()),
        "virsh migrate --live --copy-storage-all": (virsh_live, Measured()),
    }
    raw = [kvm_by_hand.raw_rate(bench.source, bench.target)]
    converts = []
    for number in range(RUNS):
        for name, (way, into) in ways.items():
            bench.measure(way, into)
            _say(f"{link}, run {number + 1}, {name}: {into.outages_s[-1]:.2f} s of {into.totals_s[-1]:.1f} s")
        converts.append(kvm_by_hand.convert_rate(bench.source, bench.target, bench.source.disks(bench.name)[0]))
    raw.append(kvm_by_hand.raw_rate(bench.source, bench.target))
    found = {name: into for name, (_, into) in ways.items()}
    return [*_times(link, found), *_compared(link, found, max(raw), converts)]


def _times(link: str, found: dict[str, Measured]) -> list[Row]:
    return [
        Row(f"{link}: {name}, outage (time in all)", f"{_spread(into.outages_s)} ({_spread(into.totals_s)})")
        for name, into in found.items()
    ]


def _compared(link: str, found: dict[str, Measured], raw: float, converts: Sequence[float]) -> list[Row]:
    straight, saved_, _, hand, virsh = found.values()
    bound_s = _bound_s(straight, hand, raw)
    outage_s = median(straight.outages_s)
    copy = median(straight.copy_rates + saved_.copy_rates)
    return [
        Row(f"{link}: outage / by hand", f"{outage_s / median(hand.outages_s):.2f}", "at most 0.33"),
        Row(f"{link}: outage through a file / by hand", f"{median(saved_.outages_s) / median(hand.outages_s):.2f}"),
        Row(f"{link}: raw rate, and the bound of the bytes", f"{units.rate(raw)}, {bound_s:.2f} s"),
        Row(f"{link}: outage / bound", f"{outage_s / bound_s:.2f}", "at most 1.3" if "Mbit" in link else ""),
        Row(
            f"{link}: time in all / virsh migrate",
            f"{median(straight.totals_s) / median(virsh.totals_s):.2f}",
            "at most 1.2",
        ),
        Row(f"{link}: copy rate, and that of qemu-img convert", f"{units.rate(copy)}, {units.rate(median(converts))}"),
        Row(f"{link}: copy rate / qemu-img convert", f"{copy / median(converts):.2f}", "at least 0.8"),
    ]


def _bound_s(straight: Measured, hand: Measured, raw: float) -> float:
    """What the state, as libvirt saves it, and the last changes need at least."""
    return (median(hand.last_bytes) + median(straight.last_bytes)) / raw


def streamed(bench: Bench, into: Measured) -> None:
    _ferry(bench, into, wants_quick=True)


def saved(bench: Bench, into: Measured) -> None:
    _ferry(bench, into, wants_quick=True, streams_state=False)


def live(bench: Bench, into: Measured) -> None:
    _ferry(bench, into)


def by_hand(bench: Bench, into: Measured) -> None:
    began = time.monotonic()
    into.last_bytes.append(kvm_by_hand.save_copy_restore(bench.source, bench.target, bench.name))
    into.totals_s.append(time.monotonic() - began)


def virsh_live(bench: Bench, into: Measured) -> None:
    began = time.monotonic()
    kvm_by_hand.migrate_live(bench.source, bench.target, bench.name)
    into.totals_s.append(time.monotonic() - began)


def _ferry(bench: Bench, into: Measured, **options: bool) -> None:
    vm = VirtualMachine.objects.get(name=bench.name, host__name=bench.source.name)
    host = HostRow.objects.get(name=bench.target.name)
    chosen = Choices(vm, host, default_folder(vm, host), match_networks(vm, host), fingerprint(vm), **options)  # type: ignore[arg-type]
    job = start_job(make_plan(chosen), None)
    while job.is_open:
        run_job(job.pk, "benchmark")
        job.refresh_from_db()
    if job.status != MigrationJob.Status.DONE:
        raise RuntimeError(f"the move failed: {job.failure_text}")
    assert job.ended_at is not None  # after it both hosts are asked once more, which is no part of the move
    into.totals_s.append((job.ended_at - job.created_at).total_seconds())
    copied = {step.key: step for step in job.steps.exclude(started_at=None)}
    if first := copied.get("copy"):
        assert first.started_at is not None
        assert first.ended_at is not None
        into.copy_rates.append(first.bytes_done / (first.ended_at - first.started_at).total_seconds())
        into.last_bytes.append(copied["copy-rest"].bytes_done)


def _spread(seconds: Sequence[float]) -> str:
    return f"{median(seconds):.2f} s, {min(seconds):.2f} to {max(seconds):.2f}"


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
