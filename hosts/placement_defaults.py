"""The options with which every placement begins: one row, kept by administrators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from hosts.audit import Deed, record
from hosts.models import PlacementDefaults
from hosts.rating_options import options_dict, options_from
from hosts.rating_types import Options


def placement_defaults() -> Options:
    """As saved last, or as they come. Raises OptionsRefused if somebody wrote nonsense into the row."""
    stored = PlacementDefaults.objects.values_list("options", flat=True).first()
    return Options() if stored is None else options_from(stored)


def save_placement_defaults(options: Options, by: User | None) -> None:
    """From now on. The expected load of one VM is not kept: it is for one placement."""
    kept = options_dict(replace(options, expected=None))
    options_from(kept)
    with transaction.atomic():
        before = _flat(options_dict(placement_defaults()))
        PlacementDefaults.objects.update_or_create(
            pk=PlacementDefaults.SINGLETON, defaults={"options": kept, "saved_by": by, "saved_at": timezone.now()}
        )
        record(Deed.PLACEMENT, "Placement defaults", before, _flat(kept), by)


def _flat(options: Mapping[str, Any]) -> dict[str, Any]:
    """What the audit log compares: the load of a new VM and the severities each by itself."""
    inner = {f"{name} {key}": it for name in ("new_vm", "severities") for key, it in options[name].items()}
    return {key: it for key, it in options.items() if key not in ("new_vm", "severities", "expected")} | inner
