"""How the world sees a guest: it answers TCP on its own address, and a lock proves that it lives only once."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_BIND_AGAIN_S = 0.01

Answers = dict[str, Callable[[], dict[str, Any]]]


def answer_for_ever(address: str, port: int, answers: Answers) -> None:
    """Newline JSON: a line with a word of `answers`, a line of JSON back. While the address is taken, wait for it."""
    listener = _listen(address, port)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_serve, args=(connection, answers), daemon=True).start()


def claim_life(lab_root: str, uid: str, host: str) -> int:
    """Take the lock that says "this VM runs"; when somebody has it, the VM runs twice: that is written down.

    Returns the descriptor that holds the lock as long as the process lives.
    """
    folder = Path(lab_root) / "alive"
    folder.mkdir(exist_ok=True)
    fd = os.open(folder / f"{uid}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _append(Path(lab_root) / "twice.jsonl", {"uid": uid, "second_host": host, "time": time.time()})
    return fd


def note_life(lab_root: str, event: str, uid: str, host: str) -> None:
    """Write down when a guest began or ended, for those who measure outages."""
    _append(Path(lab_root) / "lives.jsonl", {"uid": uid, "host": host, "event": event, "time": time.time()})


def _listen(address: str, port: int) -> socket.socket:
    while True:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((address, port))
        except OSError:
            listener.close()
            time.sleep(_BIND_AGAIN_S)
        else:
            listener.listen(64)
            return listener


def _serve(connection: socket.socket, answers: Answers) -> None:
    with connection, connection.makefile("rw", encoding="utf-8", newline="\n") as lines:
        for line in lines:
            answer = answers.get(line.strip() or "status")
            if answer is None:
                return
            try:
                lines.write(json.dumps(answer()) + "\n")
                lines.flush()
            except (BrokenPipeError, ConnectionResetError):
                return


def _append(path: Path, line: dict[str, Any]) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(fd, (json.dumps(line) + "\n").encode())
    finally:
        os.close(fd)
