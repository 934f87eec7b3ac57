"""Asks a VM's address whether it answers, without waiting for one question before the next: sockets, and no rows.

A ping is sent by an unprivileged ping socket of Linux (net.ipv4.ping_group_range says who may open one): the kernel
fills in checksum and identifier and hands over only the answers to this socket, so that eight bytes are all we write.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Sequence

from migrations_app.probing.targets import Answer, Target

ANSWER_S = 0.9  # below the second after which a lost SYN is sent again: a late connection would pass for an early one
_NOBODY_THERE = (errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ETIMEDOUT, errno.ECONNRESET)
_ECHO_REQUEST = {socket.AF_INET: b"\x08" + bytes(7), socket.AF_INET6: b"\x80" + bytes(7)}  # RFC 792, RFC 4443


async def ask(target: Target) -> Answer:
    """Answers within ANSWER_S; raises nothing."""
    try:
        with _socket(target) as asked:
            async with asyncio.timeout(ANSWER_S):
                await (_ping if target.port is None else _connect)(asked, target)
    except ConnectionRefusedError:
        return Answer.REFUSED
    except TimeoutError:
        return Answer.SILENT
    except OSError as error:
        return Answer.SILENT if error.errno in _NOBODY_THERE else Answer.UNASKED
    return Answer.YES


async def ask_all(targets: Sequence[Target]) -> dict[Target, Answer]:
    """All at once, in their order; who is silent is asked a second time."""
    answers = await asyncio.gather(*(_ask_twice(target) for target in targets))
    return dict(zip(targets, answers, strict=True))


def is_own_address(address: str) -> bool:
    """Whether the address is one of this machine: only such can be bound."""
    try:
        with socket.socket(_family(address), socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True


async def _ask_twice(target: Target) -> Answer:
    answer = await ask(target)
    return await ask(target) if answer is Answer.SILENT else answer


async def _connect(asked: socket.socket, target: Target) -> None:
    await asyncio.get_running_loop().sock_connect(asked, (target.address, target.port))


async def _ping(asked: socket.socket, target: Target) -> None:
    asked.connect((target.address, 0))
    asked.send(_ECHO_REQUEST[asked.family])
    await asyncio.get_running_loop().sock_recv(asked, 64)


def _socket(target: Target) -> socket.socket:
    family = _family(target.address)
    if target.port is not None:
        return _unblocked(socket.socket(family, socket.SOCK_STREAM))
    protocol = socket.IPPROTO_ICMP if family == socket.AF_INET else socket.IPPROTO_ICMPV6
    return _unblocked(socket.socket(family, socket.SOCK_DGRAM, protocol))


def _unblocked(opened: socket.socket) -> socket.socket:
    opened.setblocking(False)
    return opened


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET
