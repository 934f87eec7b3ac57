"""What a script may print, and what the operator is told when it is no result."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hosts.providers import errors
from lab.hyperv.wsman import Answer
from tests.wire import SHARE_PASSWORD, Wire, fail, failure, misbehave, wire


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Wire]:
    with wire(tmp_path) as made:
        yield made


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(b"", b"", 0), "exit code 0 and no answer that could be read; it printed nothing"),
        (Answer(b"not json", b"", 0), "no answer that could be read: not json"),
        (Answer(b'{"result": [1]}', b"", 0), '{"result": [1]}'),
        (Answer(b'{"result": {}}', b"", 1), "exit code 1"),
        (Answer(b"\xff\xfe", b"", 0), "no answer that could be read"),
        (Answer(b"", b"The command line is too long.\r\n", 1), "The command line is too long."),
        (Answer(b"", f"login {SHARE_PASSWORD}".encode(), 1), "login *****"),
    ],
)
def test_output_that_is_no_answer_is_a_protocol_error(host: Wire, answer: Answer, message: str) -> None:
    misbehave(host, lambda: answer)

    error = fail(host.endpoint())

    assert type(error) is errors.ProtocolError
    assert message in error.message


@pytest.mark.parametrize(
    "kind",
    ["NotFound", "AlreadyExists", "WrongState", "NotEnoughMemory", "NotEnoughSpace", "Incompatible", "NotAHypervisor"],
)
def test_an_error_that_the_script_names_keeps_its_name(host: Wire, kind: str) -> None:
    misbehave(host, lambda: failure(kind, f"no room for {SHARE_PASSWORD}"))

    error = fail(host.endpoint())

    assert type(error) is getattr(errors, kind)
    assert error.message == "no room for *****"


@pytest.mark.parametrize("kind", ["ParameterArgumentValidationError", "Refused", "DeadlineExceeded", "Secret", ""])
def test_an_error_of_another_name_is_refused_and_says_its_kind(host: Wire, kind: str) -> None:
    misbehave(host, lambda: failure(kind, "because"))

    error = fail(host.endpoint())

    assert type(error) is errors.Refused
    assert error.kind == (kind or "Unknown")
