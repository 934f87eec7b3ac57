"""Names as nobody should give them, and somebody does: markup, right-to-left, emoji, as long as the database takes."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db.models import CharField, Model, TextField

from hosts.models import Host, HostGroup, HostVolume, VirtualAdapter, VirtualDisk, VirtualMachine, VirtualNetwork
from migrations_app.models import JobEvent, JobStep, MigrationJob

MARKUP = "<script>alert(1)</script><blink>\"'&amp;</blink>"
BACKWARDS = "\u202eשרת הדואר\u202c"
NAMED: dict[type[Model], tuple[str, ...]] = {
    VirtualMachine: ("name", "folder"),
    Host: ("name", "address", "state_reason", "os_name"),
    HostGroup: ("name",),
    HostVolume: ("label",),
    VirtualNetwork: ("name",),
    VirtualAdapter: ("name", "network_name"),
    VirtualDisk: ("location",),
    User: ("username",),
    MigrationJob: ("vm_name", "source_name", "target_name", "phase", "failure_text", "failure_action"),
    JobStep: ("title", "note"),
    JobEvent: ("text",),
}


def give_hostile_names() -> None:
    """To everything that is there, past every form; each name is told from the others by its beginning."""
    for model, fields in NAMED.items():
        for number, row in enumerate(model._default_manager.all()):
            for field in fields:
                setattr(row, field, _name(model, field, number))
            row.save(update_fields=fields)


def _name(model: type[Model], field: str, number: int) -> str:
    column = model._meta.get_field(field)
    assert isinstance(column, CharField | TextField)
    kinds = (MARKUP, BACKWARDS, "😀" * 20, "")
    begin = f"{number} {kinds[number % len(kinds)]}"
    return (begin + "W" * 500)[: column.max_length or 500]
