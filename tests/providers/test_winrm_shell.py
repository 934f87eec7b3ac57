"""WinRmShell against a real WS-Man server: what it carries, how it lives, what it survives."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hosts.providers.errors import DeadlineExceeded, ProviderError, Refused
from hosts.providers.hyperv.winrm_shell import WinRmShell
from hosts.providers.types import Secret, Transport
from lab.hyperv import shells
from lab.hyperv.wsman import Answer
from tests.wire import PASSWORD, WINRM, Wire, eventually, result, wire


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Wire]:
    with wire(tmp_path) as made:
        yield made


@pytest.fixture
def shell(host: Wire) -> Iterator[WinRmShell]:
    made = WinRmShell(host.endpoint())
    yield made
    made.close()


@pytest.mark.parametrize("transport", WINRM)
def test_a_script_and_its_parameters_arrive_and_its_result_comes_back(host: Wire, transport: Transport) -> None:
    shell = WinRmShell(host.endpoint(transport))

    answer = shell.run_script("param($Name) $Name", {"Name": "Zürich 東京", "Sizes": [1]}, deadline_s=10)

    assert answer == {"script": "param($Name) $Name", "parameters": {"Name": "Zürich 東京", "Sizes": [1]}}
    shell.close()


def test_a_secret_parameter_reaches_the_script(shell: WinRmShell) -> None:
    answer = shell.run_script("s", {"Works": [{"Password": Secret("hush")}]}, deadline_s=10)

    assert answer["parameters"] == {"Works": [{"Password": "hush"}]}


def test_a_script_of_300_kilobytes_arrives_whole(shell: WinRmShell) -> None:
    script = "# ä 'quoted' <tag> & ]]>\r\n" * 11_000

    assert shell.run_script(script, {}, deadline_s=20)["script"] == script


@pytest.mark.parametrize("transport", WINRM)
def test_a_megabyte_of_output_comes_back_whole(host: Wire, transport: Transport) -> None:
    text = "größer als ein Umschlag €" * 40_000
    host.behave = lambda request, cancelled: result(text=text)
    shell = WinRmShell(host.endpoint(transport))

    assert shell.run_script("s", {}, deadline_s=20) == {"text": text}
    shell.close()


def test_a_script_without_a_result_gives_an_empty_object(host: Wire, shell: WinRmShell) -> None:
    host.behave = lambda request, cancelled: Answer(b'\xef\xbb\xbf{"result":null}', b"", 0)

    assert shell.run_script("s", {}, deadline_s=10) == {}


def test_many_runs_share_one_shell_and_close_ends_it(host: Wire, shell: WinRmShell) -> None:
    for number in range(5):
        shell.run_script("s", {"Number": number}, deadline_s=10)

    assert host.server.shells.count() == 1
    assert host.server.count_connections() == 1
    assert all(ended.is_set() for ended in host.cancelled), "a command was not signalled away"
    shell.close()
    assert host.server.shells.count() == 0


def test_a_closed_shell_can_be_used_again(shell: WinRmShell) -> None:
    shell.run_script("s", {}, deadline_s=10)
    shell.close()
    shell.close()

    assert shell.run_script("s", {}, deadline_s=10) == {"script": "s", "parameters": {}}


def test_a_shell_that_the_host_forgot_is_opened_again(host: Wire, shell: WinRmShell) -> None:
    shell.run_script("s", {}, deadline_s=10)
    host.server.shells.close_all()

    assert shell.run_script("s", {}, deadline_s=10)
    assert host.server.shells.count() == 1


def test_a_cut_connection_between_two_runs_is_made_again(host: Wire, shell: WinRmShell) -> None:
    shell.run_script("s", {}, deadline_s=10)
    host.server.drop_connections()

    assert shell.run_script("s", {}, deadline_s=10)
    assert host.server.shells.count() == 1


def test_a_restarted_host_is_used_again(host: Wire, shell: WinRmShell) -> None:
    shell.run_script("s", {}, deadline_s=10)
    host.server.stop()
    host.server.start()

    assert shell.run_script("s", {}, deadline_s=10)


def test_a_shell_whose_operations_are_used_up_is_replaced(
    host: Wire, shell: WinRmShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shells, "MAX_OPERATIONS_PER_USER", 3)

    runs = [shell.run_script("s", {"Number": number}, deadline_s=10) for number in range(7)]

    assert len(runs) == len(host.command_lines) == 7


def test_closing_a_shell_of_a_host_that_is_gone_raises_nothing(host: Wire, shell: WinRmShell) -> None:
    shell.run_script("s", {}, deadline_s=10)
    host.server.stop()

    shell.close()


def test_two_threads_with_a_shell_each_do_not_disturb_each_other(host: Wire) -> None:
    def work(number: int) -> None:
        shell = WinRmShell(host.endpoint())
        answers[number] = [shell.run_script("s", {"N": [number, n]}, deadline_s=20)["parameters"] for n in range(20)]
        shell.close()

    answers: dict[int, list[Any]] = {}
    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert answers == {number: [{"N": [number, n]} for n in range(20)] for number in range(2)}


def test_no_more_shells_are_opened_than_the_endpoint_allows(host: Wire) -> None:
    first, second = (WinRmShell(replace(host.endpoint(), max_shells=1)) for _ in range(2))
    first.run_script("s", {}, deadline_s=10)

    with pytest.raises(DeadlineExceeded, match="All 1 shells"):
        second.run_script("s", {}, deadline_s=0.3)
    first.close()
    assert second.run_script("s", {}, deadline_s=10)
    second.close()


def test_a_shell_that_others_wait_for_is_given_up_after_its_run(host: Wire) -> None:
    first, second = (WinRmShell(replace(host.endpoint(), max_shells=1)) for _ in range(2))
    first.run_script("s", {}, deadline_s=10)
    waiting = threading.Thread(target=lambda: second.run_script("s", {"Me": 2}, deadline_s=10))
    waiting.start()

    assert eventually(lambda: first.run_script("s", {}, deadline_s=10) != {} and not waiting.is_alive())
    first.close()
    second.close()


def test_a_shell_that_was_not_closed_gives_its_slot_back(host: Wire) -> None:
    endpoint = replace(host.endpoint(), max_shells=1)
    WinRmShell(endpoint).run_script("s", {}, deadline_s=10)

    assert WinRmShell(endpoint).run_script("s", {}, deadline_s=10)


def test_a_user_with_too_many_shells_is_told_about_the_quota(host: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shells, "MAX_SHELLS_PER_USER", 1)
    first, second = WinRmShell(host.endpoint()), WinRmShell(host.endpoint())
    first.run_script("s", {}, deadline_s=10)

    with pytest.raises(Refused, match="maximum number of 1 concurrent shells") as caught:
        second.run_script("s", {}, deadline_s=10)
    assert caught.value.kind == "QuotaExceeded"
    first.close()


def test_an_error_of_the_script_leaves_the_shell_usable(host: Wire, shell: WinRmShell) -> None:
    host.behave = lambda request, cancelled: Answer(b"no", b"", 1)
    with pytest.raises(ProviderError):
        shell.run_script("s", {"Password": PASSWORD}, deadline_s=10)
    host.behave = lambda request, cancelled: result(ok=True)

    assert shell.run_script("s", {}, deadline_s=10) == {"ok": True}
    assert host.server.shells.count() == 1
