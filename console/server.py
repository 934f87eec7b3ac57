"""The web server of this process: daphne on a socket that was taken before anything else was started."""

from __future__ import annotations

import errno
import signal
import socket
from collections.abc import Callable
from types import FrameType

from channels.routing import get_default_application
from daphne.server import Server
from twisted.internet import reactor
from twisted.internet.threads import deferToThread

from console.ending import set_handler


class EndpointBusy(Exception):
    """Another process has the address; the text says so to whoever starts us."""


def take_endpoint(host: str, port: int) -> socket.socket:
    """Listen on an IPv4 address; who connects waits until `serve`. Port 0 takes a free one. Raises EndpointBusy."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise EndpointBusy(_why_not(host, port, error)) from error
    return listener


def serve(listener: socket.socket, on_ready: Callable[[], object], stop: Callable[[], object]) -> None:
    """Serve until a signal asks us to end. Then: accept nobody any more, run `stop` in a thread, end the server."""
    server = Server(
        application=get_default_application(),
        endpoints=[f"fd:fileno={listener.detach()}"],
        signal_handlers=False,
        server_name="Ferry",
        verbosity=0,
    )

    def end() -> None:
        for listening in server.listeners:
            listening.addCallback(lambda port: port.stopListening())
        deferToThread(stop).addBoth(lambda _: server.stop())

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        set_handler(signal.SIG_IGN)
        reactor.callFromThread(end)

    set_handler(on_signal)
    server.ready_callable = on_ready
    server.run()


def _why_not(host: str, port: int, error: OSError) -> str:
    place = f"{host}:{port}"
    if error.errno == errno.EADDRINUSE:
        return f"{place} is in use by another process. End it, or choose another port with --port."
    if error.errno == errno.EACCES:
        return f"You may not listen on {place}. Choose a port above 1023 with --port."
    return f"Cannot listen on {place}: {error.strerror or error}."
