"""A notice is cheap and never fails, whoever sends it and whether or not anybody listens."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from channels.layers import get_channel_layer

from migrations_app.notices import JOBS_GROUP, job_changed, job_group, listen_here


def test_a_notice_to_nobody_is_no_failure() -> None:
    job_changed(1)


@pytest.mark.parametrize("group", [JOBS_GROUP, job_group(7)])
async def test_a_worker_thread_reaches_the_listeners_at_once(group: str) -> None:
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add(group, channel)
    listen_here()
    began = time.monotonic()

    threading.Thread(target=job_changed, args=(7,)).start()

    async with asyncio.timeout(5):
        assert await layer.receive(channel) == {"type": "job.changed", "job": 7}
    assert time.monotonic() - began < 0.4


def test_a_notice_after_the_server_has_ended_is_no_failure() -> None:
    async def listen() -> None:
        listen_here()

    asyncio.run(listen())

    job_changed(1)
