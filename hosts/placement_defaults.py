"""The options with which every placement begins: one row, kept by administrators."""

from __future__ import annotations

from dataclasses import replace

from django.contrib.auth.models import User
from django.utils import timezone

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
    PlacementDefaults.objects.update_or_create(
        pk=PlacementDefaults.SINGLETON, defaults={"options": kept, "saved_by": by, "saved_at": timezone.now()}
    )
