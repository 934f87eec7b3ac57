"""Everything that one command starts, in order, and ends in the opposite order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from django.conf import settings

from console.embedded import EmbeddedWorker
from console.first_run import (
    ADMINISTRATOR,
    OF_THE_LAB,
    create_first_administrator,
    create_users_of_the_lab,
    migrate_database,
)
from console.kvm_lab import add_kvm_hosts, kept_kvm_lab
from console.lab_hosts import add_lab_hosts, kept_lab, place_of

Say = Callable[[str], None]


@contextmanager
def everything(
    say: Say, *, with_lab: bool, with_worker: bool, kvm_lab: str | None = None
) -> Iterator[EmbeddedWorker | None]:
    """Database, first administrator, labs, worker. `kvm_lab` is that lab's name. The worker may be stopped earlier."""
    _prepare(say, with_lab=with_lab or kvm_lab is not None)
    with ExitStack() as stack:
        if with_lab:
            lab = stack.enter_context(kept_lab(settings.VAR_DIR / "lab", say))
            if added := add_lab_hosts(lab):
                say(f"Added to the inventory: {', '.join(added)}.")
        if kvm_lab:
            kvm = stack.enter_context(kept_kvm_lab(settings.VAR_DIR / "lab-kvm", kvm_lab, say))
            if added := add_kvm_hosts(kvm):
                say(f"Added to the inventory: {', '.join(added)}.")
        if not with_worker:
            yield None
            return
        worker = EmbeddedWorker()
        worker.start()
        stack.callback(worker.stop)
        yield worker


def _prepare(say: Say, *, with_lab: bool) -> None:
    settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
    if count := migrate_database():
        say(f"Prepared the database in {place_of(settings.VAR_DIR)} ({count} migrations).")
    password = create_first_administrator()
    if password is None:
        return
    say(f"Made the first administrator. Name: {ADMINISTRATOR}  Password: {password}  (It is shown only now.)")
    if with_lab:
        for name, secret in create_users_of_the_lab().items():
            made = f"Made a user with the role {OF_THE_LAB[name]}."
            say(f"{made} Name: {name}  Password: {secret}  (It is shown only now.)")
