"""What the two hosts of a copy say to each other inside TLS.

The reader sends JSON lines: {"token"} once, then {"open": path} and {"at": offset, "count": bytes} of the file opened
last. Each of the latter two is answered, in order, by one frame: a letter (J: JSON, D: bytes of the file, E: {kind,
message} as JSON), eight bytes of length (big-endian), and as many bytes.
"""

from __future__ import annotations

import socket
import ssl
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


def choose_cipher(tls: ssl.SSLContext) -> None:
    """AES-128-GCM where the hosts' policies allow it. That is TLS 1.2, because Python chooses AES-256 in 1.3 and lets
    nobody else choose: it takes both ends a third more of a core, and a host's cores belong to its VMs."""
    tls.minimum_version = tls.maximum_version = ssl.TLSVersion.TLSv1_2
    tls.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384")
