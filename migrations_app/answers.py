"""The wizard's answers, read from the query string: it is the whole state, so that Cancel leaves no trace."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from django.http import QueryDict

from hosts import paths
from hosts.addresses import is_key
from hosts.models import Host, MoveDefaults, VirtualAdapter, VirtualDisk, VirtualMachine
from hosts.move_defaults import move_defaults
from hosts.placement_defaults import placement_defaults
from hosts.providers.types import VmState
from hosts.rating_forms import RatingForm
from hosts.rating_types import Options
from hosts.vm_folders import default_folder
from migrations_app.forecast import Forecast
from migrations_app.forms import OptionsForm
from migrations_app.plans import Choices, can_stream, fingerprint, forecast_move, same_networks
from migrations_app.presets import option_presets
from migrations_app.schedule_form import ScheduleForm
from migrations_app.transfer_types import Transfer, TransferType, preference, transfer_of

NOT_CONNECTED = "none"
NETWORK = "to:"
_RATING = tuple(RatingForm.base_fields)
_NARROWING = ("q", "group", "suitable")


@dataclass(frozen=True)
class Answers:
    """What was chosen so far for `vm`. Nothing of `query` is trusted: the pages check it.

    Names in the query: seen (fingerprint), target, on (the target that path and networks were chosen for),
    folder, remember, disk-<n>, net-<n> (n: place among the VM's disks or adapters), the options of the move, when it is
    done (migrations_app.schedule_form), the options of the ratings (hosts.rating_forms), and how the list of hosts is
    narrowed (migrations_app.candidates.Narrowing). `transfer` is "live" or "quick" where both are possible. What the
    query does not name is as in the migration defaults.
    """

    vm: VirtualMachine
    query: QueryDict

    @property
    def seen(self) -> str:
        """How the VM looked when the wizard was opened."""
        return self.query.get("seen") or self.now

    @cached_property
    def now(self) -> str:
        return fingerprint(self.vm)

    @property
    def is_stale(self) -> bool:
        return self.seen != self.now

    @property
    def has_target(self) -> bool:
        return "target" in self.query

    @cached_property
    def target(self) -> Host | None:
        """The chosen host; None when none was chosen or there is no such host."""
        pk = self.query.get("target", "")
        hosts = Host.objects.select_related("group").prefetch_related("volumes", "networks")
        return hosts.filter(pk=pk).first() if is_key(pk) else None

    @property
    def is_placed(self) -> bool:
        """Path and networks were chosen, and for this target."""
        return self.target is not None and self.query.get("on") == str(self.target.pk)

    @property
    def has_folder(self) -> bool:
        return self.is_placed and "folder" in self.query

    @property
    def folder(self) -> str:
        """The chosen folder, or the one to begin with."""
        if self.has_folder:
            return paths.trimmed(self.query.get("folder", "").strip())
        return default_folder(self.vm, self.target) if self.target else ""

    @property
    def remembers_folder(self) -> bool:
        """The folder is to be proposed from now on to whoever moves a VM to this target."""
        return self.has_folder and self.query.get("remember") == "on"

    @cached_property
    def disk_folders(self) -> dict[str, str]:
        """Folders of disks that do not go into `folder`, by controller slot."""
        if not self.is_placed:
            return {}
        given = {disk.location: self.query.get(f"disk-{n}", "").strip() for n, disk in enumerate(self.disks)}
        return {location: paths.trimmed(folder) for location, folder in given.items() if folder}

    @cached_property
    def disks(self) -> list[VirtualDisk]:
        return list(self.vm.disks.all())

    @cached_property
    def adapters(self) -> list[VirtualAdapter]:
        return list(self.vm.adapters.all())

    @property
    def has_networks(self) -> bool:
        return self.is_placed and any(f"net-{n}" in self.query for n in range(len(self.adapters)))

    @cached_property
    def networks(self) -> dict[str, str | None]:
        """The chosen network of each adapter id, None for "Not connected"; an adapter without a choice is left out."""
        if not self.has_networks:
            return same_networks(self.vm, self.target) if self.target else {}
        given = {adapter.adapter_id: self.query.get(f"net-{n}", "") for n, adapter in enumerate(self.adapters)}
        return {key: _network(value) for key, value in given.items() if _is_choice(value)}

    @cached_property
    def options(self) -> OptionsForm:
        entered = {name: self.query.get(name, "") for name in OptionsForm.base_fields if name in self.query}
        return OptionsForm(entered, option_presets(self.defaults))

    @cached_property
    def defaults(self) -> MoveDefaults:
        return move_defaults()

    @property
    def wants_quick(self) -> bool:
        """As the reason says."""
        return self._wish[0]

    @property
    def wish_reason(self) -> str:
        """Why it is to be live, or quick, where both are possible."""
        return self._wish[1]

    @cached_property
    def _wish(self) -> tuple[bool, str]:
        if self.query.get("cut"):
            return True, "Only Quick Migration cuts over at a time of one's own."
        chosen = self.query.get("transfer")
        if chosen == TransferType.QUICK:
            return True, "Quick Migration was chosen."
        if chosen == TransferType.LIVE:
            return False, "Live Migration was chosen."
        return preference(self.vm, self.defaults)

    @cached_property
    def transfer(self) -> Transfer:
        return transfer_of(self.vm, self.target, wants_quick=self.wants_quick, because=self.wish_reason)

    @property
    def can_stream(self) -> bool:
        """Whether there is a choice of how the memory travels in the outage."""
        is_paused = self.vm.state == VmState.RUNNING and not self.transfer.is_live
        return is_paused and self.target is not None and can_stream(self.vm.host, self.target)

    @cached_property
    def forecast(self) -> Forecast:
        """For what is chosen so far."""
        return forecast_move(self.vm, self.target, self.limit_bytes_per_s, is_live=self.transfer.is_live)

    @cached_property
    def limit_bytes_per_s(self) -> int:
        """The limit that was entered; 0 without one, or with one that is none."""
        return self.options.limit_bytes_per_s if self.options.is_valid() else 0

    @cached_property
    def schedule_form(self) -> ScheduleForm:
        """When to move; a window must have room for the outage that is expected on the way to this target."""
        has_window = self.target is not None and self.query.get("cut") == "window"
        expected = forecast_move(self.vm, self.target, self.limit_bytes_per_s) if has_window else None
        outage_high_s = expected.outage_high_s if expected else 0.0
        return ScheduleForm({name: self.query.get(name, "") for name in ScheduleForm.base_fields}, outage_high_s)

    @cached_property
    def rating_form(self) -> RatingForm:
        """What is rated with for this placement."""
        return RatingForm(self.query, placement_defaults())

    @property
    def rating_options(self) -> Options:
        return self.rating_form.options

    def choices(self) -> Choices | None:
        """Everything together; None without a target or with options that are none, times among them."""
        if self.target is None or not self.options.is_valid() or not self.schedule_form.is_valid():
            return None
        return Choices(
            vm=self.vm,
            target=self.target,
            folder=self.folder,
            networks=self.networks,
            fingerprint=self.seen,
            disk_folders=self.disk_folders,
            keeps_source_files=self.options.cleaned_data["keep"],
            limit_bytes_per_s=self.limit_bytes_per_s,
            max_rounds=self.options.max_rounds,
            streams_state=not self.options.cleaned_data["saved"],
            wants_quick=self.wants_quick,
        )

    def carried(self, *asked: str) -> list[tuple[str, str]]:
        """Names and values that a page hands on: all but those it asks for itself (names, or "disk-" for many)."""
        placed = ("target", "on", "folder", "disk-", "remember", "net-")
        asked_last = (*OptionsForm.base_fields, *ScheduleForm.base_fields)
        known = ("seen", "transfer", *placed, *asked_last, *_RATING, *_NARROWING)
        state = self.query.copy()
        state["seen"] = self.seen
        if self.target is not None and not self.is_placed:
            for name in [name for name in state if name.startswith(("folder", "disk-", "net-"))]:
                del state[name]
        kept = [name for name in state if name.startswith(known) and not name.startswith(tuple(asked))]
        return [
            (name, state.get(name, "")) for name in kept if state.get(name, "") or name not in (*_RATING, *_NARROWING)
        ]


def _is_choice(value: str) -> bool:
    return value == NOT_CONNECTED or value.startswith(NETWORK)


def _network(value: str) -> str | None:
    return value.removeprefix(NETWORK) if value.startswith(NETWORK) else None
