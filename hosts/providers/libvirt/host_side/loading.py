"""Makes the modules of this package of the sources that came through the channel, without a file, and runs them."""

from __future__ import annotations

import importlib
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

_PACKAGE = "ferry_host_side"


def run(document: dict[str, Any]) -> None:
    """`document`: {"modules": {name: source}, "root", "silence_s"}. Returns when the channel has ended."""
    sys.meta_path.insert(0, _Sources(document["modules"]))
    answering = importlib.import_module(_PACKAGE + ".answering")
    answering.answer_all(document["root"], document["silence_s"])


class _Sources:
    """Finder and loader; importlib.abc, which has classes for both, takes longer to import than all of this."""

    def __init__(self, modules: dict[str, str]) -> None:
        self._sources = {f"{_PACKAGE}.{name}": text for name, text in modules.items()}
        self._sources[_PACKAGE] = modules["__init__"]

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - importlib asks with it
        target: ModuleType | None = None,  # noqa: ARG002 - and with this
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in self._sources:
            return None
        loader: Any = self
        return importlib.machinery.ModuleSpec(fullname, loader, is_package=fullname == _PACKAGE)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        """An ordinary module will do."""

    def exec_module(self, module: ModuleType) -> None:
        name = module.__name__
        exec(compile(self._sources[name], name, "exec"), module.__dict__)  # noqa: S102 - our own program
