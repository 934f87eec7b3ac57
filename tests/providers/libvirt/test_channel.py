"""The line to a host's own side: what it carries, what ends it, and what that is called."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from hosts.providers.errors import (
    DeadlineExceeded,
    HostUnreachable,
    NotAHypervisor,
    NotFound,
    ProtocolError,
    ProviderError,
)
from hosts.providers.libvirt.channel import Channel
from hosts.providers.types import Secret

MODULES = Path(__file__).parents[3] / "hosts/providers/libvirt/host_side"


class ByShell:
    """Runs a line of shell in which PYTHON stands for the program."""

    def __init__(self, line: str) -> None:
        self.line = line

    def command(self, python: Sequence[str]) -> Sequence[str]:
        return ["sh", "-c", self.line.replace("PYTHON", '"$@"'), "sh", *python]

    def failure(self, _exit_code: int, _said: str, /) -> ProviderError | None:
        return None


def channel(tmp_path: Path, line: str = "exec PYTHON") -> Channel:
    return Channel("KVM01", ByShell(line), root=str(tmp_path / "root"))


def hello(channel: Channel) -> object:
    return channel.call("hello", {}, deadline_s=30)["python_version"]


def test_calls_share_one_program_and_close_ends_it(tmp_path: Path) -> None:
    asked = channel(tmp_path, f"echo $$ >>'{tmp_path}/pids'; exec PYTHON")

    for _ in range(3):
        hello(asked)
    (pid,) = (tmp_path / "pids").read_text().split()
    asked.close()
    asked.close()

    assert not Path(f"/proc/{pid}").exists()


def test_nothing_happens_before_the_first_call(tmp_path: Path) -> None:
    channel(tmp_path, f"touch '{tmp_path}/ran'; exec PYTHON").close()

    assert not (tmp_path / "ran").exists()


def test_what_a_login_shell_prints_is_passed_over(tmp_path: Path) -> None:
    asked = channel(tmp_path, "echo Welcome; printf '\\377{}\\n'; exec PYTHON")

    assert hello(asked)
    asked.close()


def test_large_requests_and_answers_arrive_whole(tmp_path: Path) -> None:
    asked = channel(tmp_path)
    text = "größer als eine Pipe € " * 20_000

    claim = {"job": "1-1", "call": 1, "wait_s": 1}
    parameters = {"path": str(tmp_path / "file"), "text": text, "may_replace": False}
    asked.call("write-file", parameters, deadline_s=30, claim=claim)

    read = asked.call("read-files", {"paths": [str(tmp_path / "file")]}, deadline_s=30)
    assert read["texts"] == {str(tmp_path / "file"): text}
    asked.close()


def test_a_program_that_ended_is_unreachable_with_its_last_words_and_comes_back(tmp_path: Path) -> None:
    line = f"test -e '{tmp_path}/is-well' && exec PYTHON; echo one >&2; echo 'last words' >&2; exit 3"
    asked = channel(tmp_path, line)

    with pytest.raises(HostUnreachable, match=r"code 3.*last words") as ended:
        hello(asked)
    (tmp_path / "is-well").touch()

    assert "one" not in ended.value.message
    assert hello(asked)
    asked.close()


@pytest.mark.parametrize(
    "line", ["exec no-such-python3", "echo 'ferry: Python 3.6 is too old' >&2; exit 1"], ids=["missing", "too old"]
)
def test_a_host_without_a_python_that_will_do_is_no_hypervisor(tmp_path: Path, line: str) -> None:
    asked = channel(tmp_path, line)

    with pytest.raises(NotAHypervisor, match="python3 is missing or older"):
        hello(asked)


def test_a_missing_ssh_is_unreachable(tmp_path: Path) -> None:
    class Nothing(ByShell):
        def command(self, python: Sequence[str]) -> Sequence[str]:
            return [str(tmp_path / "no-such-ssh")]

    with pytest.raises(HostUnreachable):
        hello(Channel("KVM01", Nothing(""), root=str(tmp_path)))


def test_a_call_that_takes_too_long_is_given_up_and_the_next_one_connects_again(tmp_path: Path) -> None:
    holder, asked = channel(tmp_path), channel(tmp_path)
    holder.enter_fence({"job": "1-1", "call": 1, "wait_s": 1}, deadline_s=30)
    hello(asked)
    began = time.monotonic()

    with pytest.raises(DeadlineExceeded, match="enter-fence was given up after 1 seconds"):
        asked.enter_fence({"job": "1-1", "call": 2, "wait_s": 60}, deadline_s=1)

    assert time.monotonic() - began < 20
    assert hello(asked)
    for each in (holder, asked):
        each.close()


def test_an_answer_that_is_none_ends_the_connection(tmp_path: Path) -> None:
    asked = channel(tmp_path, "echo 'ferry-host-side 1'; echo '[not an answer]'; exec cat >/dev/null")

    with pytest.raises(ProtocolError, match="hello"):
        hello(asked)
    asked.close()


def test_a_refusal_has_its_class_and_an_unknown_verb_is_refused(tmp_path: Path) -> None:
    asked = channel(tmp_path)

    with pytest.raises(NotFound, match="KVM01: No such file or directory: /nothing"):
        asked.call("list-folder", {"path": "/nothing"}, deadline_s=30)
    with pytest.raises(ProtocolError, match="no verb 'reboot'"):
        asked.call("reboot", {}, deadline_s=30)
    assert hello(asked)
    asked.close()


def test_a_console_that_falls_silent_is_taken_for_gone(tmp_path: Path) -> None:
    program = _program_that_waits(tmp_path, silence_s=1)

    program.wait(30)

    assert program.returncode == -14  # by its alarm


def _program_that_waits(tmp_path: Path, silence_s: int) -> subprocess.Popen[bytes]:
    """The program with its stdin held open, to which nobody says anything."""
    modules = {path.stem: path.read_text() for path in MODULES.glob("*.py")}
    document = tmp_path / "document"
    document.write_text(json.dumps({"modules": modules, "root": str(tmp_path), "silence_s": silence_s}))
    code = "import json, sys; d = json.load(open(sys.argv[1])); g = {}; exec(d['modules']['loading'], g); g['run'](d)"
    return subprocess.Popen([sys.executable, "-c", code, document], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)


def test_a_secret_reaches_the_host_by_stdin_only(tmp_path: Path) -> None:
    asked = channel(tmp_path, f"echo $$ >'{tmp_path}/pid'; exec PYTHON")
    claim = {"job": "1-1", "call": 1, "wait_s": 1}
    parameters = {"path": str(tmp_path / "file"), "text": Secret("hush"), "may_replace": False}

    asked.call("write-file", parameters, deadline_s=30, claim=claim)

    pid = (tmp_path / "pid").read_text().strip()
    assert (tmp_path / "file").read_text() == "hush"
    assert b"hush" not in Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
    asked.close()


@pytest.mark.parametrize("path", sorted(MODULES.glob("*.py")), ids=lambda path: path.stem)
def test_the_host_side_is_written_for_python_3_7(path: Path) -> None:
    ast.parse(path.read_text(), feature_version=(3, 7))


def _pythons() -> list[str]:
    found = [*Path("/usr/bin").glob("python3.[0-9]*"), *Path.home().glob(".pyenv/versions/3.*/bin/python3")]
    return sorted({str(path) for path in found if not path.name.endswith("config")})


@pytest.mark.parametrize("python", _pythons())
def test_the_program_runs_with_every_python_there_is(tmp_path: Path, python: str) -> None:
    asked = channel(tmp_path, f"shift; exec {python} PYTHON")
    version = subprocess.run([python, "-V"], capture_output=True, text=True, check=True).stdout.split()[1]

    if tuple(map(int, version.split(".")[:2])) < (3, 7):
        with pytest.raises(NotAHypervisor):
            hello(asked)
    else:
        assert hello(asked) == version
    asked.close()
