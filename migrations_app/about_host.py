"""What the wizard tells about the chosen host: its rating in full, and what a live check of it found."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from hosts.addresses import is_key
from hosts.models import Host, ThoroughCheck
from migrations_app.answers import Answers
from migrations_app.candidates import Candidate

TABS = {"details": "Details", "rating": "Rating explanation", "transfer": "Transfer explanation"}
BY_DEFAULT = "rating"


@dataclass(frozen=True, slots=True)
class Tab:
    key: str
    title: str
    query: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class About:
    """The panel below the list: a host with its rating, the open tab, and its thorough check if one was asked."""

    candidate: Candidate
    tabs: list[Tab]
    tab: str
    query: str
    check: ThoroughCheck | None


def about_host(answers: Answers, candidate: Candidate, *, with_check: ThoroughCheck | None = None) -> About:
    shown = answers.query.get("tab", "")
    check = with_check or asked_check(answers, candidate.host)
    query = [*answers.carried("target"), ("target", str(candidate.host.pk))]
    page = answers.query.get("page", "")
    if is_key(page):
        query.append(("page", page))
    if check:
        query.append(("check", str(check.pk)))
    open_tab = shown if shown in TABS else BY_DEFAULT
    return About(
        candidate=candidate,
        tabs=[Tab(key, title, urlencode([*query, ("tab", key)]), key == open_tab) for key, title in TABS.items()],
        tab=open_tab,
        query=urlencode([*query, ("tab", open_tab)]),
        check=check,
    )


def asked_check(answers: Answers, host: Host) -> ThoroughCheck | None:
    """The check of the address, if it is one of this VM and this host."""
    pk = answers.query.get("check", "")
    if not is_key(pk):
        return None
    return ThoroughCheck.objects.filter(pk=pk, vm=answers.vm, host=host).first()
