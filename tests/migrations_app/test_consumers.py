"""What comes by websocket: every event once and in order, to those who may see it, and to nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Group, User
from django.test import Client
from pytest_django.fixtures import Settings

from console.people import change_role, disable
from hosts.access import Role
from hosts.models import HostGroup
from migrations_app import consumers, watching
from migrations_app.events import add_event
from migrations_app.frames import Snapshot
from migrations_app.models import JobEvent, MigrationJob
from migrations_app.notices import job_changed
from tests.fakes.moves import Move
from tests.migrations_app.sockets import Socket, browser, parts
from tests.people import person

pytestmark = pytest.mark.django_db(transaction=True)


@pytest_asyncio.fixture
async def job(settings: Settings) -> AsyncIterator[MigrationJob]:
    """A queued job with one event."""
    yield await sync_to_async(lambda: Move().order())()


@sync_to_async
def happens(job: MigrationJob, *texts: str) -> None:
    for text in texts:
        add_event(job.pk, text)


async def joined(job: MigrationJob, since: int = 0) -> Socket:
    socket = Socket(f"/ws/jobs/{job.pk}/", await browser())
    assert await socket.opens()
    await socket.says(f'{{"since": {since}}}')
    return socket


async def test_a_page_gets_what_is_there_and_then_what_happens(job: MigrationJob) -> None:
    socket = await joined(job)
    await socket.shows("ordered the move.")

    await happens(job, "It goes on.")

    await socket.shows("It goes on.")
    assert socket.event_numbers() == [1, 2]
    await socket.ends()


async def test_a_page_that_comes_back_gets_what_it_missed_and_nothing_twice(job: MigrationJob) -> None:
    first = await joined(job)
    await first.shows('data-seq="1"')
    await first.ends()
    await happens(job, "Missed one.", "Missed two.")

    second = await joined(job, since=max(first.event_numbers()))
    await second.shows("Missed two.")
    await happens(job, "Live again.")
    await second.shows("Live again.")

    assert first.event_numbers() + second.event_numbers() == [1, 2, 3, 4]
    await second.ends()


async def test_many_events_at_once_arrive_in_order_without_a_gap(job: MigrationJob) -> None:
    socket = await joined(job)

    await asyncio.gather(*(happens(job, f"Event {number} a", f"Event {number} b") for number in range(20)))

    await socket.shows('data-seq="41"')
    assert socket.event_numbers() == list(range(1, 42))
    await socket.ends()


async def test_an_event_whose_notice_is_lost_comes_by_the_poll(job: MigrationJob) -> None:
    socket = await joined(job)
    await socket.shows("ordered the move.")

    await JobEvent.objects.acreate(job=job, number=2, text="Written by another process.")
    await MigrationJob.objects.filter(pk=job.pk).aupdate(version=99, last_event=2)

    await socket.shows("Written by another process.", within_s=watching.POLL_S * 3)
    await socket.ends()


async def test_nothing_is_sent_before_the_page_says_what_it_has(job: MigrationJob) -> None:
    socket = Socket(f"/ws/jobs/{job.pk}/", await browser())
    assert await socket.opens()

    await socket.says("not json")
    await socket.says('{"since": -1}')
    await socket.says('{"since": "all"}')

    assert await socket.is_silent()
    await socket.ends()


async def test_what_did_not_change_is_not_sent_again(job: MigrationJob) -> None:
    socket = await joined(job)
    await socket.shows("ordered the move.")
    socket.text = ""

    await happens(job, "It goes on.")

    assert list(parts(await socket.shows("It goes on."))) == ["job-log"]
    await socket.ends()


async def test_a_stranger_is_not_let_in(job: MigrationJob) -> None:
    assert not await Socket(f"/ws/jobs/{job.pk}/").opens()
    assert not await Socket("/ws/jobs/").opens()


async def test_a_page_of_another_site_is_not_let_in(job: MigrationJob) -> None:
    socket = Socket("/ws/jobs/", await browser(), origin=(b"origin", b"http://evil.example"))

    assert not await socket.opens()


async def test_a_socket_does_not_outlive_signing_out(job: MigrationJob, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "CHECK_EVERY_S", 0.1)
    client = await browser()
    socket = Socket("/ws/jobs/?show=jobs", client)
    assert await socket.opens()

    await sync_to_async(client.logout)()

    assert await socket.is_closed_with() == consumers.SIGNED_OUT


@pytest.mark.parametrize("change", [disable, lambda user: change_role(user, Role.HELP_DESK)])
async def test_a_socket_is_closed_at_once_when_the_rights_of_its_user_change(
    job: MigrationJob, change: Callable[[User], None]
) -> None:
    sockets = {name: Socket("/ws/jobs/?show=vms", await browser(name)) for name in ("anna", "max")}
    for socket in sockets.values():
        assert await socket.opens()
        await socket.shows("Under Migration")

    def change_anna() -> None:
        for role in Role:
            Group.objects.get_or_create(name=role)
        change(User.objects.get(username="anna"))

    await sync_to_async(change_anna)()

    assert await sockets["anna"].is_closed_with(consumers.CHECK_EVERY_S / 2) == consumers.SIGNED_OUT
    await happens(job, "It goes on.")
    await MigrationJob.objects.filter(pk=job.pk).aupdate(status="running", percent=42, version=99)
    await sockets["max"].shows("42 %")
    await sockets["max"].ends()


async def test_an_operator_gets_what_is_in_his_groups_only(job: MigrationJob) -> None:
    def of_berlin() -> Client:
        berlin = HostGroup.objects.create(name="Berlin")
        client = Client()
        client.force_login(person("anna", Role.OPERATOR, berlin))
        return client

    client = await sync_to_async(of_berlin)()

    assert not await Socket(f"/ws/jobs/{job.pk}/", client).opens()
    socket = Socket("/ws/jobs/?show=jobs", client)
    assert await socket.opens()
    assert f"job-{job.pk}-state" not in await socket.shows('id="jobs-strip"')
    assert "WEB01" not in socket.text
    await socket.ends()


async def test_verbs_are_sent_to_those_only_who_may_use_them(job: MigrationJob) -> None:
    sockets = {role: Socket(f"/ws/jobs/{job.pk}/", await browser(role, role)) for role in (Role.OPERATOR, Role.MANAGER)}
    for socket in sockets.values():
        assert await socket.opens()
        await socket.says('{"since": 0}')
        await socket.shows("ordered the move.")
        await socket.ends()

    assert {role: 'id="job-actions"' in it.text for role, it in sockets.items()} == {
        Role.OPERATOR: True,
        Role.MANAGER: False,
    }


async def test_a_job_that_is_not_there_closes_the_socket() -> None:
    socket = Socket("/ws/jobs/4711/", await browser())
    assert await socket.opens()
    await socket.says('{"since": 0}')

    assert await socket.is_closed_with() == consumers.JOB_IS_GONE


async def test_a_watch_that_fails_closes_its_sockets_so_that_they_come_again(
    job: MigrationJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_job_pk: int, _before: Snapshot | None) -> Snapshot | None:
        raise ZeroDivisionError

    monkeypatch.setattr(watching, "job_snapshot", fails)

    socket = await joined(job)

    assert await socket.is_closed_with() == consumers.FAILED


async def test_the_list_of_vms_gets_the_cells_of_the_vm_that_moves(job: MigrationJob) -> None:
    socket = Socket("/ws/jobs/?show=vms", await browser())
    assert await socket.opens()

    text = await socket.shows(f'id="vm-{job.vm_id}-status"')

    assert "Under Migration" in text
    assert f'id="job-{job.pk}-state"' not in text
    await socket.ends()


async def test_the_list_of_jobs_gets_what_changes(job: MigrationJob) -> None:
    socket = Socket("/ws/jobs/?show=jobs", await browser())
    assert await socket.opens()
    await socket.shows(f'id="job-{job.pk}-state"')

    await MigrationJob.objects.filter(pk=job.pk).aupdate(status="running", percent=42, version=9)
    job_changed(job.pk)

    await socket.shows("42 %")
    await socket.ends()


async def test_many_watchers_share_one_look_at_the_rows(job: MigrationJob) -> None:
    sockets = [await joined(job) for _ in range(30)]
    for socket in sockets:
        await socket.shows("ordered the move.")

    topic = watching.watch_job(job.pk)
    before = topic.snapshot
    await happens(job, "For everybody.")

    for socket in sockets:
        await socket.shows("For everybody.")
        await socket.ends()
    assert topic.snapshot is not before


async def test_a_topic_ends_with_its_last_watcher(job: MigrationJob) -> None:
    first, second = await joined(job), await joined(job)
    for socket in (first, second):
        await socket.shows("ordered the move.")
    topic = watching.watch_job(job.pk)

    await first.ends()
    assert watching.watch_job(job.pk) is topic
    await second.ends()

    assert watching.watch_job(job.pk) is not topic
