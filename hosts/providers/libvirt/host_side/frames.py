"""What the two hosts of a copy say to each other inside TLS.

The reader sends JSON lines: {"token"} once, then {"open": path} and {"at": offset, "count": bytes} of the file opened
last. Each of the latter two is answered, in order, by one frame: a letter (J: JSON, D: bytes of the file, E: {kind,
message} as JSON), eight bytes of length (big-endian), and as many bytes.
"""

from __future__ import annotations

import socket
import struct

HEADER = struct.Struct(">cQ")
# What is asked for and answered at once.
CHUNK_BYTES = 1 << 20
MOST_LINE_BYTES = 1 << 16


def keep_alive(connection: socket.socket) -> None:
    """Nothing is held back for a fuller packet; a peer that is gone is found within a minute, also while both ends are
    busy with what they have."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 20)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 60_000)
