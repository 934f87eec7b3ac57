"""bootstrap.ps1, which travels on the command line, and the JSON around it."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

from hosts.providers.hyperv import answers
from hosts.providers.hyperv.answers import Call, Redactor, command_line
from hosts.providers.types import Secret

BOOTSTRAP = Path(answers.__file__).with_name("bootstrap.ps1")


def errors_in(node: Node) -> list[str]:
    own = [f"line {node.start_point.row + 1}: {node.text!r}"] if node.is_error or node.is_missing else []
    return own + [error for child in node.children for error in errors_in(child)]


def test_bootstrap_is_powershell() -> None:
    tree = Parser(Language(tree_sitter_powershell.language())).parse(BOOTSTRAP.read_bytes())

    assert errors_in(tree.root_node) == []


def test_bootstrap_is_ascii_and_fits_on_a_command_line() -> None:
    encoded = command_line().rpartition(" ")[2]

    assert base64.b64decode(encoded).decode("utf-16-le").encode("ascii") == BOOTSTRAP.read_bytes()
    assert len(command_line()) < 8_000


def test_what_travels_on_stdin_is_one_line_of_ascii() -> None:
    stdin = Call("param($A)\r\n'ü'", {"A": Secret("pä\nss"), "B": [{"C": None}]}).stdin()

    assert stdin.isascii()
    assert len(stdin.splitlines()) == 1
    assert json.loads(stdin) == {"script": "param($A)\r\n'ü'", "parameters": {"A": "pä\nss", "B": [{"C": None}]}}


def test_a_value_that_json_does_not_know_is_a_mistake_that_shows_its_type_only() -> None:
    with pytest.raises(TypeError, match="PosixPath cannot travel"):
        Call("s", {"Path": Path("/secret")}).stdin()


def test_every_secret_of_the_parameters_is_redacted_in_every_form() -> None:
    call = Call("s", {"Order": {"Password": 'a"b&c'}, "Works": [{"Key": Secret("dé")}], "Name": "shown", "Empty": ""})
    redactor = Redactor(call.secrets())

    shown = redactor.redact('a"b&c a\\"b&c a"b&amp;c dé d\\u00e9 shown')

    assert shown == "***** ***** ***** ***** ***** shown"
    assert "dé" not in repr(call) + repr(redactor)


def test_an_excerpt_is_one_short_line() -> None:
    excerpt = Redactor(["hush"]).excerpt(b"\x00one\r\n\ttwo hush \xff" + b"x" * 1_000)

    assert excerpt.startswith("one two ***** ")
    assert len(excerpt) == 161
