"""Who may use which address: one line for each, so that a page without a decision is found (test_permissions.py)."""

from __future__ import annotations

from dataclasses import dataclass, field

from hosts.access import Role

ADMINISTRATOR, OPERATOR, MANAGER, HELP_DESK = Role
EVERYBODY = frozenset({*Role, None})
SEES_JOBS = frozenset(Role)
SEES = frozenset({ADMINISTRATOR, OPERATOR, MANAGER})
ACTS = frozenset({ADMINISTRATOR, OPERATOR})
ADMINISTERS = frozenset({ADMINISTRATOR})


@dataclass(frozen=True)
class Page:
    """`about`: what its `pk` is the key of. `post`: who may send its form; None: it has none."""

    get: frozenset[Role | None] | None
    post: frozenset[Role | None] | None = None
    about: str = ""
    sent: dict[str, str] = field(default_factory=dict)


def form(who: frozenset[Role | None], about: str = "", **sent: str) -> Page:
    """It takes a POST only."""
    return Page(None, who, about, sent)


def asked(who: frozenset[Role | None], about: str = "") -> Page:
    """It asks by GET, and does by POST."""
    return Page(who, who, about)


# For these nobody has to be signed in.
OPEN = {"sign-in", "sign-out", "health"}

PAGES = {
    "start": Page(EVERYBODY),
    "own-password": asked(EVERYBODY),
    "user-list": Page(ADMINISTERS),
    "user-add": asked(ADMINISTERS),
    "user-page": asked(ADMINISTERS, "user"),
    "user-disable": form(ADMINISTERS, "user"),
    "user-enable": form(ADMINISTERS, "user"),
    "user-reset": form(ADMINISTERS, "user"),
    "audit-log": Page(ADMINISTERS),
    "audit-log-csv": Page(ADMINISTERS),
    "vm-list": Page(SEES),
    "vm-page": Page(SEES_JOBS, about="vm"),
    "vm-properties": Page(SEES_JOBS, ACTS, "vm"),
    "vm-power": Page(ACTS, ACTS, sent={"verb": "save"}),
    "vm-menu": Page(SEES_JOBS, about="vm"),
    "vm-list-picked": Page(SEES_JOBS, about="vm"),
    "tree-hosts": Page(SEES, about="group"),
    "host-list": Page(SEES),
    "host-list-csv": Page(SEES),
    "report-groups": Page(SEES),
    "report-groups-csv": Page(SEES),
    "report-accuracy": Page(SEES),
    "report-accuracy-csv": Page(SEES),
    "placement": asked(ADMINISTERS),
    "move-defaults": asked(ADMINISTERS),
    "retention": asked(ADMINISTERS),
    "about": Page(ADMINISTERS),
    "group-list": Page(ADMINISTERS),
    "group-add": asked(ADMINISTERS),
    "group-page": asked(ADMINISTERS, "group"),
    "group-remove": asked(ADMINISTERS, "group"),
    "group-reserves": asked(ADMINISTERS, "group"),
    "host-group": Page(ADMINISTERS, about="host"),
    "host-regroup": form(ADMINISTERS),
    "host-add": asked(ADMINISTERS),
    "host-page": Page(SEES, about="host"),
    "host-menu": Page(SEES, about="host"),
    "host-edit": asked(ADMINISTERS, "host"),
    "host-refresh": form(ACTS, "host"),
    "host-maintenance": form(ADMINISTERS, "host"),
    "host-reserves": asked(ADMINISTERS, "host"),
    "host-remove": asked(ADMINISTERS, "host"),
    "host-path-forget": form(ADMINISTERS, "host"),
    "host-evacuate": asked(ADMINISTERS, "host"),
    "job-list": Page(SEES_JOBS),
    "job-page": Page(SEES_JOBS, about="job"),
    "job-changes": Page(SEES_JOBS, about="job"),
    "job-log": Page(SEES_JOBS, about="job"),
    "job-script": Page(SEES_JOBS, about="job"),
    "job-script-file": Page(SEES_JOBS, about="job"),
    "job-cancel": form(ACTS, "job"),
    "job-retry": form(ACTS, "job"),
    "job-cut-over": form(ACTS, "job"),
    "job-window": form(ACTS, "job"),
    "job-limit": form(ACTS, "job"),
    "job-priority": form(ACTS, "job", priority="1"),
    "job-repair": asked(ACTS, "job"),
    "job-plans": Page(SEES_JOBS),
    "job-plan-new": asked(ACTS),
    "job-plan": Page(SEES_JOBS, about="plan"),
    "job-plan-progress": Page(SEES_JOBS, about="plan"),
    "job-plan-place": form(ACTS, "plan"),
    "job-plan-target": asked(ACTS, "entry"),
    "job-plan-approve": form(ACTS, "plan"),
    "job-plan-go-on": form(ACTS, "plan"),
    "job-plan-discard": form(ACTS, "plan"),
    "job-plan-cancel": form(ACTS, "plan"),
    "migrate": Page(SEES, about="vm"),
    "migrate-host": Page(SEES, about="vm"),
    "migrate-host-about": Page(SEES, about="vm"),
    "migrate-host-check": form(ACTS, "vm"),
    "migrate-host-checked": Page(SEES, about="vm"),
    "migrate-host-ratings": Page(SEES, about="vm"),
    "migrate-path": Page(SEES, about="vm"),
    "migrate-path-browse": form(ACTS, "vm"),
    "migrate-path-folders": Page(SEES, about="vm"),
    "migrate-networks": Page(SEES, about="vm"),
    "migrate-summary": Page(SEES, about="vm"),
    "migrate-script": Page(SEES, about="vm"),
    "migrate-script-file": Page(SEES, about="vm"),
    "migrate-move": form(ACTS, "vm", move="yes"),
}

# Path and query of each websocket.
SOCKETS = {
    "ws/jobs/": SEES_JOBS,
    "ws/jobs/?show=jobs": SEES_JOBS,
    "ws/jobs/?show=vms": SEES,
    "ws/jobs/<int:pk>/": SEES_JOBS,
}

# Who may use a command: "as" somebody, or whoever may start the process, who has its keys and its database.
COMMANDS = {"move": "as a user", "serve": "the process"}
