"""Starts, finds and brings back the serving processes of a job. A job has one for each certificate: a console that
was started anew makes another, and copies that still run with the earlier one go on."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import socket
import ssl
from typing import Any

from .detached import detach
from .failures import Failure
from .frames import choose_cipher
from .private_files import made_tag_folder, read_text, tag_folder, write_replaced
from .processes import end, is_alive
from .serving import Server

# The range that libvirt's own migration uses, which firewalls between KVM hosts have open. libvirt begins at its lower
# end, so we begin at the upper one.
_PORTS = range(49215, 49151, -1)
_FINGERPRINT = re.compile(r"[0-9a-f]{64}\Z")
_ENDING = ".serving"


def serve(root: str, asked: dict[str, Any]) -> dict[str, Any]:
    folder = made_tag_folder(root, asked["tag"])
    if not _FINGERPRINT.match(asked["fingerprint"]):
        raise Failure("Refused", "The certificate has no fingerprint.")
    path = os.path.join(folder, asked["fingerprint"][:16] + _ENDING)
    _allow(path + "-allowed", asked["paths"])
    record = _read(path)
    if record is None or not _is_alive(record):
        record = _start(path, asked, record["port"] if record else 0)
    return {"serving": _shown(record)}


def servings_of(root: str, tag: str) -> list[dict[str, Any]]:
    """hosts.providers.libvirt.host_calls.Serving of each."""
    return [_shown(record) for _, record in _records(tag_folder(root, tag))]


def end_servings(root: str, tag: str) -> None:
    for path, record in _records(tag_folder(root, tag)):
        end(record["process_id"], record["process_started"], f"What serves the files of {tag}")
        os.unlink(path)


def serving_processes(root: str, tag: str) -> set[int]:
    return {record["process_id"] for _, record in _records(tag_folder(root, tag)) if _is_alive(record)}


def _records(folder: str) -> list[tuple[str, dict[str, Any]]]:
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    paths = [os.path.join(folder, name) for name in names if name.endswith(_ENDING)]
    read = [(path, _read(path)) for path in paths]
    return [(path, record) for path, record in read if record is not None]


def _read(path: str) -> dict[str, Any] | None:
    """None as well for one that cannot be read: its process ends when it sees that."""
    try:
        record = json.loads(read_text(path) or "null")
    except ValueError:
        return None
    return record if isinstance(record, dict) and "process_started" in record else None


def _is_alive(record: dict[str, Any]) -> bool:
    return is_alive(record["process_id"], record["process_started"])


def _shown(record: dict[str, Any]) -> dict[str, Any]:
    shown = {name: record[name] for name in ("fingerprint", "address", "port")}
    return {**shown, "is_alive": _is_alive(record)}


def _allow(path: str, paths: list[str]) -> None:
    before = json.loads(read_text(path) or "[]")
    for each in paths:
        if not os.path.isabs(each):
            raise Failure("Refused", f"{each} is no absolute path.")
    new = sorted(set(paths) - set(before))
    if new:
        write_replaced(path, json.dumps(before + new))


def _start(path: str, asked: dict[str, Any], port: int) -> dict[str, Any]:
    tls = _tls(asked["certificate"], asked["key"])
    listener = _listen(asked["address"], port)
    token = asked["token"]

    def body() -> None:
        Server(listener, tls, token, path + "-allowed", is_wanted).run()

    def is_wanted() -> bool:
        record = _read(path)
        return record is not None and record["process_id"] == os.getpid()

    process = detach(body, keep=[listener.fileno()])
    record = {
        "fingerprint": asked["fingerprint"],
        "address": asked["address"],
        "port": listener.getsockname()[1],
        "process_id": process.pid,
        "process_started": process.started,
    }
    try:
        write_replaced(path, json.dumps(record))
        process.go()
    finally:
        process.give_up()
        listener.close()
    return record


def _listen(address: str, port: int) -> socket.socket:
    """On the port it had, so that those who know it find it again, or on another one."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(address, None, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as error:
        raise Failure("Refused", f"{address} is no address: {error.strerror}.") from None
    for tried in [port, *_PORTS] if port else _PORTS:
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((place[0], tried, *place[2:]))
            listener.listen(16)
        except OSError as error:
            listener.close()
            if error.errno == errno.EADDRNOTAVAIL:
                raise Failure("Refused", f"{socket.gethostname()} does not have the address {address}.") from None
        else:
            return listener
    raise Failure("Refused", f"No port from 49152 to 49215 of {address} is free on {socket.gethostname()}.")


def _tls(certificate: str, key: str) -> ssl.SSLContext:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    choose_cipher(tls)
    with contextlib.ExitStack() as pipes:
        tls.load_cert_chain(_piped(certificate, pipes), _piped(key, pipes))
    return tls


def _piped(text: str, pipes: contextlib.ExitStack) -> str:
    """The path of a pipe that holds this text: ssl reads certificate and key from files only, and a key is written to
    none."""
    reading, writing = os.pipe()
    pipes.callback(os.close, reading)
    with open(writing, "w", encoding="ascii") as file:
        file.write(text)
    return f"/proc/self/fd/{reading}"
