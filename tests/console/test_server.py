"""The address that the server takes, and what it says when it cannot have it."""

from __future__ import annotations

import socket

import pytest

from console.server import EndpointBusy, take_endpoint


def test_a_free_endpoint_is_taken_at_once() -> None:
    with take_endpoint("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname(), timeout=5):
        assert listener.getsockname()[1] > 0


def test_a_busy_endpoint_is_named_in_a_sentence() -> None:
    with take_endpoint("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]

        with pytest.raises(EndpointBusy, match=rf"^127\.0\.0\.1:{port} is in use by another process\."):
            take_endpoint("127.0.0.1", port)


def test_an_address_of_another_machine_is_refused_with_its_name() -> None:
    with pytest.raises(EndpointBusy, match=r"^Cannot listen on 192\.0\.2\.1:8000: "):
        take_endpoint("192.0.2.1", 8000)
