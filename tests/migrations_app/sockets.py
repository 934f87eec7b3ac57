"""Websockets of a signed-in browser, for tests of consumers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, cast

from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.test import Client

from console.asgi import application
from hosts.access import Role
from tests.people import person

ORIGIN = (b"origin", b"http://localhost")
HOST = (b"host", b"localhost")


class Socket:
    """One connection; `text` is everything that came so far."""

    def __init__(self, address: str, client: Client | None = None, origin: tuple[bytes, bytes] = ORIGIN) -> None:
        cookie = f"sessionid={client.cookies['sessionid'].value}" if client else ""
        self._wire = WebsocketCommunicator(application, address, headers=[origin, HOST, (b"cookie", cookie.encode())])
        self.text = ""

    async def opens(self) -> bool:
        is_open, _ = await self._wire.connect(timeout=5)
        return bool(is_open)

    async def says(self, text: str) -> None:
        await self._wire.send_to(text_data=text)

    async def shows(self, text: str, within_s: float = 8) -> str:
        """Reads until `text` has come."""
        async with asyncio.timeout(within_s):
            while text not in self.text:
                self.text += await self._wire.receive_from(timeout=within_s)
        return self.text

    async def is_closed_with(self, within_s: float = 8) -> int:
        """The code with which the server closes."""
        async with asyncio.timeout(within_s):
            while True:
                message = cast("dict[str, Any]", await self._wire.receive_output(timeout=within_s))
                if message["type"] == "websocket.close":
                    return int(message["code"])

    async def is_silent(self) -> bool:
        return bool(await self._wire.receive_nothing(timeout=0.3))

    async def ends(self) -> None:
        with suppress(asyncio.CancelledError):
            await self._wire.disconnect()

    def event_numbers(self) -> list[int]:
        """The numbers of the log's lines, in the order in which they came."""
        return [int(number) for number in re.findall(r'data-seq="(\d+)"', self.text)]


@sync_to_async
def browser(name: str = "operator", role: Role | None = Role.OPERATOR) -> Client:
    """A signed-in browser."""
    client = Client()
    client.force_login(person(name, role))
    return client


def parts(text: str) -> Iterator[str]:
    """The ids of the fragments in a frame, outermost only as far as they are ours."""
    return (match.group(1) for match in re.finditer(r'<\w+[^>]*? id="((?:job|vm|jobs)-[\w-]+)"', text))
