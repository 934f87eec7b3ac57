"""A database with a will of its own: something happens just before a query, or instead of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Execute = Callable[[str, Any, bool, dict[str, Any]], Any]


class Before:
    """For `connection.execute_wrapper`: does `wish` once, before the first query that has all the words."""

    def __init__(self, *words: str, wish: Callable[[], object]) -> None:
        self._words = words
        self._wish = wish
        self.is_done = False

    def __call__(self, execute: Execute, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if not self.is_done and all(word in sql for word in self._words):
            self.is_done = True
            self._wish()
        return execute(sql, params, many, context)


class Failing(Before):
    """The first query that has all the words fails."""

    def __init__(self, *words: str, error: BaseException) -> None:
        super().__init__(*words, wish=self._fail)
        self._error = error

    def _fail(self) -> None:
        raise self._error
