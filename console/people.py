"""The verbs of user administration. Each change is one transaction with its row of the audit log."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from hosts.access import Role, SignedInRequest, administrators, role_of
from hosts.audit import Deed, record
from hosts.models import HostGroup, OperatorGroup, TemporaryPassword
from migrations_app.notices import people_changed

_LENGTH = 16
_LETTERS = "abcdefghijkmnopqrstuvwxyzACDEFGHJKLMNPQRTUVWXY34679"


class LastAdministrator(Exception):
    """Nobody could administer Ferry any more; the message is a sentence for the person who asked."""


def generated_password() -> str:
    """To be read off a screen: no letter looks like another one, and 16 of 51 letters are 90 bits."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))


def add_user(name: str, role: Role | None, groups: Iterable[HostGroup] = (), *, is_temporary: bool = True) -> str:
    """The generated password of the new user, kept nowhere in clear. A temporary one has to be changed first."""
    password = generated_password()
    with transaction.atomic():
        user = User.objects.create_user(name, password=password)
        _give(user, role, groups)
        if is_temporary:
            TemporaryPassword.objects.create(user=user)
        record(Deed.USER_ADDED, f"User {name}", {}, facts_of(user))
    return password


def change_role(user: User, role: Role | None, groups: Iterable[HostGroup] = ()) -> None:
    """From the next request on. Raises LastAdministrator."""
    with transaction.atomic():
        if role != Role.ADMINISTRATOR:
            _keep_an_administrator_beside(user)
        before = facts_of(user)
        _give(user, role, groups)
        record(Deed.USER_CHANGED, f"User {user}", before, facts_of(user))
        _tell_pages(user)


def disable(user: User) -> None:
    """The user cannot sign in any more, and is signed out everywhere. Raises LastAdministrator."""
    with transaction.atomic():
        _keep_an_administrator_beside(user)
        _set_active(user, is_active=False)
        for session in Session.objects.filter(expire_date__gt=timezone.now()):
            if session.get_decoded().get("_auth_user_id") == str(user.pk):
                session.delete()
        record(Deed.USER_DISABLED, f"User {user}", {"active": True}, {"active": False})
        _tell_pages(user)


def enable(user: User) -> None:
    with transaction.atomic():
        _set_active(user, is_active=True)
        record(Deed.USER_ENABLED, f"User {user}", {"active": False}, {"active": True})


def reset_password(user: User) -> str:
    """A generated password that has to be changed at the next sign-in; the user is signed out everywhere."""
    password = generated_password()
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        TemporaryPassword.objects.update_or_create(user=user, defaults={"made_at": timezone.now()})
        record(Deed.PASSWORD_RESET, f"User {user}")
        _tell_pages(user)
    return password


def set_own_password(request: SignedInRequest, password: str) -> None:
    """This session goes on; all others of the user end."""
    user = request.user
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        TemporaryPassword.objects.filter(user=user).delete()
        record(Deed.PASSWORD_CHANGED, f"User {user}")
        _tell_pages(user)
    update_session_auth_hash(request, user)


def facts_of(user: User) -> dict[str, str]:
    """Role and groups, for the audit log."""
    groups = OperatorGroup.objects.filter(user=user).order_by("group__name").values_list("group__name", flat=True)
    return {"role": role_of(user) or "none", "host groups": ", ".join(groups)}


def _give(user: User, role: Role | None, groups: Iterable[HostGroup]) -> None:
    user.groups.remove(*Group.objects.filter(name__in=[*Role]))
    if role is not None:
        user.groups.add(Group.objects.get(name=role))
    if role != Role.ADMINISTRATOR and user.is_superuser:
        User.objects.filter(pk=user.pk).update(is_superuser=False)
    user.operator_groups.all().delete()
    given = groups if role == Role.OPERATOR else ()
    OperatorGroup.objects.bulk_create(OperatorGroup(user=user, group=group) for group in given)


def _tell_pages(user: User) -> None:
    """What they show by websocket may be more than he may see now."""
    transaction.on_commit(lambda: people_changed(user.pk))


def _set_active(user: User, *, is_active: bool) -> None:
    user.is_active = is_active
    user.save(update_fields=["is_active"])


def _keep_an_administrator_beside(user: User) -> None:
    """Waits for whoever else changes administrators: two must not take the role from each other."""
    Group.objects.select_for_update().get(name=Role.ADMINISTRATOR)
    if administrators().filter(pk=user.pk).exists() and not administrators().exclude(pk=user.pk).exists():
        raise LastAdministrator(f"{user} is the last administrator. Make somebody else an administrator first.")
