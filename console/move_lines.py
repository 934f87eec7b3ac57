"""A job as lines of a terminal: one line a step, its bytes, percent, rate and time in columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hosts import units
from migrations_app.models import JobStep, MigrationJob

HEADING = f"{'step':<5}{'bytes':>18}{'done':>7}{'rate':>11}{'time':>14}"

_OVER = (JobStep.Status.DONE, JobStep.Status.FAILED, JobStep.Status.UNDONE)


def running_line(step: JobStep, rate_bytes_per_s: int) -> str:
    """A step under way: what is done of how much, and when the rest will be."""
    if not step.bytes_total:
        return _line(step, "", "", "", "running")
    left = step.bytes_total - step.bytes_done
    eta = f"ETA {units.duration(left / rate_bytes_per_s)}" if rate_bytes_per_s else ""
    amount = f"{units.size(step.bytes_done)} of {units.size(step.bytes_total)}"
    return _line(step, amount, f"{step.percent} %", units.rate(rate_bytes_per_s) if rate_bytes_per_s else "", eta)


def ended_line(step: JobStep) -> str:
    """A step that is over: what it moved, how fast, how long it took; a word if it did not just succeed."""
    seconds = (step.ended_at - step.started_at).total_seconds() if step.ended_at and step.started_at else 0.0
    time = units.duration(seconds) if step.status == JobStep.Status.DONE else step.get_status_display().lower()
    if not step.bytes_done:
        return _line(step, "", "", "", time)
    rate = units.rate(step.bytes_done / seconds) if seconds else ""
    return _line(step, units.size(step.bytes_done), f"{step.percent} %", rate, time)


class JobLines:
    """Prints what is new of a job each time it is shown to it.

    On a terminal the running step's line is written over; elsewhere it is repeated every `REPEAT_AFTER` looks.
    """

    REPEAT_AFTER = 8

    def __init__(self, write: Callable[[str], object], *, is_terminal: bool) -> None:
        self._write = write
        self._is_terminal = is_terminal
        self._shown: dict[int, str] = {}
        self._looks = 0

    def show(self, job: MigrationJob, steps: Iterable[JobStep]) -> None:
        for step in steps:
            if step.status in _OVER and self._shown.get(step.position) != step.status:
                self._shown[step.position] = step.status
                self._print(ended_line(step))
            elif step.status == JobStep.Status.RUNNING:
                self._show_running(step, job.rate_bytes_per_s)

    def _show_running(self, step: JobStep, rate: int) -> None:
        if self._is_terminal:
            self._write(f"\r\x1b[K{running_line(step, rate)[:100]}")
            return
        self._looks += 1
        if step.bytes_total and self._looks % self.REPEAT_AFTER == 0:
            self._print(running_line(step, rate))

    def _print(self, line: str) -> None:
        self._write(("\r\x1b[K" if self._is_terminal else "") + line + "\n")


def _line(step: JobStep, amount: str, percent: str, rate: str, time: str) -> str:
    return f"{step.number:<5}{amount:>18}{percent:>7}{rate:>11}{time:>14}  {step.title}"
