"""Who may do what: the one place that decides. Pages, fragments, sockets, downloads and commands ask `can`.

As in SCVMM a role says what somebody may do, and for an operator his host groups say where: what is outside of them he
does not even see.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce, wraps
from operator import or_
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, Model, OuterRef, Q
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404

from hosts.models import Host, HostGroup, OperatorGroup, VirtualMachine

P = ParamSpec("P")
R = TypeVar("R", bound=HttpResponseBase)

SIGN_IN_FIRST = "Sign in first."
OWN_PASSWORD_FIRST = "Choose a password of your own first."  # noqa: S105 - a sentence
NO_ROLE = "Your account has no role yet, so you may see nothing here. An administrator can give you one."
NO_GROUP = "You are an operator, but of no host group yet. An administrator can give you one."

_KEPT = "_rights"


class Role(StrEnum):
    """The names of Django's groups; somebody who is in several has the first of them."""

    ADMINISTRATOR = "Administrator"
    OPERATOR = "Operator"
    MANAGER = "Manager"
    HELP_DESK = "Help Desk"


class Action(StrEnum):
    """What a sentence says after "may"."""

    SEE_VMS = "see the list of virtual machines"
    SEE_VM = "see a virtual machine"
    SEE_HOSTS = "see hosts"
    SEE_RATINGS = "see how hosts are rated for a virtual machine"
    SEE_REPORTS = "see reports"
    SEE_JOBS = "see jobs"
    REFRESH_HOST = "refresh hosts"
    MIGRATE = "migrate virtual machines"
    POWER = "start, shut down and save virtual machines"
    CHANGE_VM = "change the owner and the description of virtual machines"
    CHANGE_JOB = "change jobs"
    REPAIR_JOB = "repair jobs"
    CHANGE_HOST = "add, change or remove hosts"
    CHANGE_GROUP = "change host groups"
    CHANGE_PLACEMENT = "change how placement decides"
    CHANGE_MOVE_DEFAULTS = "change the migration defaults"
    CHANGE_RETENTION = "change how long history is kept"
    SEE_HEALTH = "see how Ferry itself is"
    ADMINISTER_USERS = "administer users"
    READ_AUDIT = "read the audit log"
    KEEP_ACCOUNT = "change their own password"


_SEEING = {
    Action.SEE_VMS,
    Action.SEE_VM,
    Action.SEE_HOSTS,
    Action.SEE_RATINGS,
    Action.SEE_REPORTS,
    Action.SEE_JOBS,
}
_OPERATING = {
    Action.REFRESH_HOST,
    Action.MIGRATE,
    Action.POWER,
    Action.CHANGE_VM,
    Action.CHANGE_JOB,
    Action.REPAIR_JOB,
}
_ALLOWED = {
    Role.ADMINISTRATOR: frozenset(Action),
    Role.OPERATOR: frozenset(_SEEING | _OPERATING),
    Role.MANAGER: frozenset(_SEEING),
    Role.HELP_DESK: frozenset({Action.SEE_JOBS, Action.SEE_VM}),
}
WHAT_A_ROLE_MAY = {
    Role.ADMINISTRATOR: "may do everything",
    Role.OPERATOR: "may migrate, start and shut down within the given host groups, and sees only what is in them",
    Role.MANAGER: "may look at virtual machines, hosts, ratings, reports and jobs, and change nothing",
    Role.HELP_DESK: "may look at jobs and the virtual machines they are about, and at nothing else",
}


class HasPlaces(Protocol):
    """What is on hosts; they say whether an operator may see and change it. None: a host that was removed."""

    def places(self) -> Iterable[Host | None]: ...


Placed = Host | VirtualMachine | HasPlaces


class SignedInRequest(HttpRequest):
    user: User


@dataclass(frozen=True, slots=True)
class Decision:
    """True when it is allowed; otherwise `why_not` is a sentence for the person who asked."""

    why_not: str

    def __bool__(self) -> bool:
        return not self.why_not


@dataclass(frozen=True, slots=True)
class Rights:
    """What somebody may do; nothing to begin with. `groups`: keys of the host groups in which; None: everywhere."""

    role: Role | None = None
    groups: frozenset[int] | None = frozenset()
    group_names: tuple[str, ...] = ()
    is_signed_in: bool = False
    has_temporary_password: bool = False

    def where(self, *paths: str) -> Q:
        """Narrows a query to the rows of which one of these columns, each the key of a host group, is inside."""
        if self.groups is None:
            return Q()
        return reduce(or_, (Q(**{f"{path}__in": self.groups}) for path in paths))


EVERYWHERE = Rights(Role.ADMINISTRATOR, groups=None, is_signed_in=True)
Somebody = AbstractBaseUser | AnonymousUser | None


def can(user: Somebody, action: Action, *about: Placed) -> Decision:
    """Whether the user may do this to all of these, or at all when nothing is named."""
    rights = rights_of(user)
    return Decision(_why_never(rights, action) or _why_not_with(rights, action, about))


def allow(user: Somebody, action: Action, *about: Placed) -> None:
    """Raises PermissionDenied, which is answered by the page of error 403 with the reason."""
    if not (decision := can(user, action, *about)):
        raise PermissionDenied(decision.why_not)


def needs(
    action: Action, model: type[Model] | None = None
) -> Callable[[Callable[Concatenate[SignedInRequest, P], R]], Callable[Concatenate[HttpRequest, P], R]]:
    """The view for those who may do this; with `model` to the one whose key is the `pk` of the address."""

    def decorate(view: Callable[Concatenate[SignedInRequest, P], R]) -> Callable[Concatenate[HttpRequest, P], R]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> R:
            allow(request.user, action)
            if model is not None:
                allow(request.user, action, cast("Placed", get_object_or_404(model, pk=kwargs["pk"])))
            return view(cast("SignedInRequest", request), *args, **kwargs)

        setattr(guarded, DECIDED_BY, action)
        return guarded

    return decorate


# What `needs` leaves on a view: a page without it has no decision.
DECIDED_BY = "decided_by"


def rights_of(user: Somebody) -> Rights:
    """Read once for each request: they are kept on the user's object, which lives as long."""
    if not isinstance(user, User) or not user.is_active:
        return Rights()
    kept: Rights | None = getattr(user, _KEPT, None)
    if kept is None:
        kept = _read_rights(user)
        setattr(user, _KEPT, kept)
    return kept


def what_may(user: Somebody) -> dict[str, bool]:
    """Each action, by its name in small letters, with whether the user may do it at all."""
    return {action.name.lower(): bool(can(user, action)) for action in Action}


def role_of(user: User) -> Role | None:
    """Also of a user who is disabled."""
    return _first_role({group.name for group in user.groups.all()}, user)


def groups_of(user: AbstractBaseUser | None) -> frozenset[int] | None:
    """Keys of the groups in which a move of this user may end; None, as for Ferry itself: everywhere."""
    return None if user is None else rights_of(user).groups


def administrators() -> Any:
    """Active users who may do everything."""
    is_administrator = Q(is_superuser=True) | Q(groups__name=Role.ADMINISTRATOR)
    return User.objects.filter(is_administrator, is_active=True).distinct().order_by("username")


def _why_never(rights: Rights, action: Action) -> str:
    if not rights.is_signed_in:
        return SIGN_IN_FIRST
    if action == Action.KEEP_ACCOUNT:
        return ""
    if rights.has_temporary_password:
        return OWN_PASSWORD_FIRST
    if rights.role is None:
        return NO_ROLE
    if rights.role == Role.OPERATOR and not rights.groups:
        return NO_GROUP
    return "" if action in _ALLOWED[rights.role] else _not_for(rights.role, action)


def _not_for(role: Role, action: Action) -> str:
    if role == Role.OPERATOR:
        return f"Only administrators may {action}."
    return f"Your role is {role}: you {WHAT_A_ROLE_MAY[role]}."


def _why_not_with(rights: Rights, action: Action, about: Iterable[Placed]) -> str:
    if rights.role == Role.HELP_DESK and action == Action.SEE_VM:
        return "" if all(_has_had_a_job(it) for it in about) else _not_for(rights.role, action)
    if rights.groups is None or all(_is_inside(rights.groups, action, it) for it in about):
        return ""
    return f"This is not in your host groups. You are an operator of {', '.join(rights.group_names)}."


def _has_had_a_job(about: Placed) -> bool:
    return isinstance(about, VirtualMachine) and about.jobs.exists()


def _is_inside(groups: frozenset[int], action: Action, about: Placed) -> bool:
    """A move that begins or ends in a group can be seen from there; to change it both ends have to be inside."""
    inside = [place is not None and place.group_id in groups for place in _places(about)]
    return any(inside) if action in _SEEING else bool(inside) and all(inside)


def _places(about: Placed) -> Iterable[Host | None]:
    if isinstance(about, Host):
        return [about]
    return [about.host] if isinstance(about, VirtualMachine) else about.places()


def _read_rights(user: User) -> Rights:
    rows = User.objects.filter(pk=user.pk).values_list("groups__name", "temporary_password__made_at")
    names, temporary = {name for name, _ in rows}, any(made_at for _, made_at in rows)
    role = _first_role(names, user)
    groups: frozenset[int] | None = None if role else frozenset()
    group_names: tuple[str, ...] = ()
    if role == Role.OPERATOR:
        groups, group_names = _groups_operated_by(user)
    return Rights(role, groups, group_names, is_signed_in=True, has_temporary_password=temporary)


def _first_role(names: Container[object], user: User) -> Role | None:
    return Role.ADMINISTRATOR if user.is_superuser else next((role for role in Role if role in names), None)


def _groups_operated_by(user: User) -> tuple[frozenset[int], tuple[str, ...]]:
    """The user's groups with every group in them, and the names of those that were given to him."""
    own = Exists(OperatorGroup.objects.filter(group=OuterRef("pk"), user=user))
    rows = list(
        HostGroup.objects.annotate(is_own=own).order_by("name").values_list("pk", "parent_id", "name", "is_own")
    )
    found = {pk for pk, _, _, is_own in rows if is_own}
    while more := {pk for pk, parent, _, _ in rows if parent in found} - found:
        found |= more
    return frozenset(found), tuple(name for _, _, name, is_own in rows if is_own)
