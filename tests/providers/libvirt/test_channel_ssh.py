"""Channels through a real SSH server: keys that stay in memory, hosts known by their keys, failures with a name."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from hosts.providers.errors import AccessDenied, HostKeyUntrusted, HostUnreachable, NotAHypervisor
from hosts.providers.libvirt.channel import ssh_channel
from hosts.providers.libvirt.ssh_keys import SshLogin, fingerprint, shown_host_key
from hosts.providers.types import Endpoint, Secret
from tests.providers.libvirt.sshd import Sshd, new_key
from tests.providers.pair import until


def hello(endpoint: Endpoint, tmp_path: Path) -> object:
    channel = ssh_channel(endpoint, root=str(tmp_path / "root"))
    try:
        return channel.call("hello", {}, deadline_s=60)["host_name"]
    finally:
        channel.close()


def test_a_key_and_a_pinned_host_key_are_all_that_is_needed(ssh_server: Sshd, tmp_path: Path) -> None:
    assert hello(ssh_server.endpoint(), tmp_path) == socket.gethostname()


def test_a_host_that_shows_another_key_is_not_trusted_and_both_are_named(ssh_server: Sshd, tmp_path: Path) -> None:
    _, other = new_key(tmp_path / "other")

    with pytest.raises(HostKeyUntrusted) as untrusted:
        hello(ssh_server.endpoint(host_key=other), tmp_path)

    assert f"shows the host key {fingerprint(ssh_server.host_key)}; {fingerprint(other)} is" in str(untrusted.value)


def test_a_host_of_which_no_key_is_known_is_not_trusted(ssh_server: Sshd, tmp_path: Path) -> None:
    with pytest.raises(HostKeyUntrusted, match="no key is trusted yet") as untrusted:
        hello(ssh_server.endpoint(host_key=""), tmp_path)

    assert fingerprint(ssh_server.host_key) in str(untrusted.value)


def test_the_key_that_a_host_shows_can_be_asked_for(ssh_server: Sshd) -> None:
    shown = shown_host_key("127.0.0.1", ssh_server.port)
    listed = subprocess.run(
        ["ssh-keygen", "-lf", ssh_server.folder / "host_key.pub"], capture_output=True, text=True, check=True
    )

    assert shown == ssh_server.host_key
    assert fingerprint(shown) == listed.stdout.split()[1]
    with pytest.raises(ValueError, match="no host key"):
        fingerprint("ssh-ed25519")


def test_a_key_that_the_host_does_not_take_is_denied_in_its_own_words(ssh_server: Sshd, tmp_path: Path) -> None:
    private, _ = new_key(tmp_path / "stranger")

    with pytest.raises(AccessDenied, match=r"Permission denied \(publickey\)") as denied:
        hello(ssh_server.endpoint(password=Secret(private)), tmp_path)

    assert "authorized_keys" in denied.value.action


@pytest.mark.parametrize("kind", ["passphrase", "pkcs8 passphrase", "text", "empty", "public"])
def test_what_is_no_key_or_has_a_passphrase_is_refused_before_anything_is_asked(
    ssh_server: Sshd, tmp_path: Path, kind: str
) -> None:
    private, public = new_key(tmp_path / "key", *(["-N", "locked"] if "passphrase" in kind else []))
    if kind == "pkcs8 passphrase":
        words = ["-algorithm", "rsa", "-aes256", "-pass", "pass:x"]
        private = subprocess.run(["openssl", "genpkey", *words], capture_output=True, text=True, check=True).stdout
    pem = {"text": "no key", "empty": "", "public": public}.get(kind, private)

    with pytest.raises(AccessDenied, match="passphrase") as refused:
        SshLogin(ssh_server.endpoint(password=Secret(pem)))

    assert ("has a passphrase" in refused.value.message) == ("passphrase" in kind)


@pytest.mark.parametrize("words", [["-t", "rsa", "-m", "PEM"], ["-t", "ecdsa", "-m", "PKCS8"], ["-t", "ed25519"]])
def test_keys_of_all_usual_kinds_are_taken(ssh_server: Sshd, tmp_path: Path, words: list[str]) -> None:
    private, public = new_key(tmp_path / "key", *words)
    with (ssh_server.folder / "authorized").open("a") as authorized:
        authorized.write(public + "\n")
    pasted = private.strip().replace("\n", "\r\n")

    assert hello(ssh_server.endpoint(password=Secret(pasted)), tmp_path)


def test_nobody_at_the_port_is_unreachable_in_the_words_of_ssh(ssh_server: Sshd, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(HostUnreachable, match="Connection refused"):
        hello(ssh_server.endpoint(port=port), tmp_path)


def test_after_an_ssh_that_died_the_next_call_connects_again(ssh_server: Sshd, tmp_path: Path) -> None:
    channel = ssh_channel(ssh_server.endpoint(), root=str(tmp_path / "root"))
    channel.call("hello", {}, deadline_s=60)
    assert channel._line is not None
    channel._line._process.kill()
    channel._line._process.wait(10)

    assert channel.call("hello", {}, deadline_s=60)
    channel.close()


def test_a_host_without_python_is_no_hypervisor(ssh_server: Sshd, tmp_path: Path) -> None:
    authorized = ssh_server.folder / "authorized"
    private, public = new_key(tmp_path / "key")
    authorized.write_text(f'{authorized.read_text()}command="exec no-such-python3" {public}\n')

    with pytest.raises(NotAHypervisor):
        hello(ssh_server.endpoint(password=Secret(private)), tmp_path)


def test_libvirts_own_ssh_gets_the_same_key_and_the_same_trust(ssh_server: Sshd, tmp_path: Path) -> None:
    def libvirt(endpoint: Endpoint) -> subprocess.CompletedProcess[str]:
        """As libvirt's virNetSocketNewConnectSSH runs it."""
        command = [SshLogin(endpoint).uri_parameters()["command"], "-p", str(endpoint.port), "-l", endpoint.username]
        words = ["-T", "-e", "none", "--", "127.0.0.1", "sh -c 'echo in'"]
        return subprocess.run([*command, *words], capture_output=True, text=True, timeout=60, check=False)

    _, other = new_key(tmp_path / "other")

    assert libvirt(ssh_server.endpoint()).stdout == "in\n"
    assert "Host key verification failed" in libvirt(ssh_server.endpoint(host_key=other)).stderr


def test_no_private_key_is_on_the_disk(ssh_server: Sshd) -> None:
    login = SshLogin(ssh_server.endpoint())

    folder = Path(login.uri_parameters()["command"]).parent
    texts = [path.read_text() for path in folder.iterdir()]
    assert len(texts) == 4
    assert not [text for text in texts if "PRIVATE" in text or ssh_server.private_key.split("\n")[1] in text]
    assert {path.stat().st_mode & 0o077 for path in (folder, folder.parent, *folder.iterdir())} == {0}


@pytest.mark.parametrize("end", ["exit", "kill -9"])
def test_the_agent_ends_with_the_process(ssh_server: Sshd, tmp_path: Path, end: str) -> None:
    code = f"""
import os, signal, sys
sys.path.insert(0, {str(Path(__file__).parents[3])!r})
from hosts.providers.libvirt.ssh_keys import SshLogin
from hosts.providers.types import *
endpoint = Endpoint("KVM01", "127.0.0.1", 22, Transport.LIBVIRT_SSH, "root", Secret(sys.stdin.read()))
print(SshLogin(endpoint)._folder.parent, flush=True)
if {end!r} != "exit": os.kill(os.getpid(), signal.SIGKILL)
"""
    command, key = [sys.executable, "-c", code], ssh_server.private_key
    ran = subprocess.run(command, input=key, capture_output=True, text=True, check=False)
    folder = ran.stdout.strip()

    assert folder
    until(lambda: _processes_that_name(folder), lambda found: not found)
    assert not Path(folder, "agent").exists()
    shutil.rmtree(folder, ignore_errors=True)  # a killed process leaves its public keys behind


def _processes_that_name(text: str) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += [path.parent.name] if text.encode() in path.read_bytes() else []
        except OSError:
            continue
    return found


def test_a_host_key_that_is_none_is_not_trusted(ssh_server: Sshd) -> None:
    for host_key in ("ssh-ed25519", "ssh-ed25519 AAAA!", "x"):
        with pytest.raises(HostKeyUntrusted, match="is none"):
            SshLogin(ssh_server.endpoint(host_key=host_key))
