"""How a job reads on a terminal and in a log file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from console.move_lines import JobLines, ended_line, running_line
from migrations_app.models import JobStep, MigrationJob

MB = 1 << 20
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def copy_step(status: JobStep.Status, done_mb: int) -> JobStep:
    return JobStep(
        position=3,
        number="3.2",
        title="Copy the disks",
        status=status,
        started_at=NOON,
        ended_at=NOON + timedelta(seconds=2) if status != JobStep.Status.RUNNING else None,
        bytes_done=done_mb * MB,
        bytes_total=64 * MB,
    )


def columns(line: str) -> list[str]:
    return [part.strip() for part in line.split("  ") if part.strip()]


def test_a_running_step_tells_bytes_percent_rate_and_when_it_will_end() -> None:
    line = running_line(copy_step(JobStep.Status.RUNNING, 16), 16 * MB)

    assert columns(line) == ["3.2", "16 MB of 64 MB", "25 %", "16 MB/s", "ETA 3 s", "Copy the disks"]


def test_a_running_step_without_a_rate_promises_no_end() -> None:
    line = running_line(copy_step(JobStep.Status.RUNNING, 0), 0)

    assert columns(line) == ["3.2", "0 KB of 64 MB", "0 %", "Copy the disks"]


def test_an_ended_step_tells_how_long_it_took() -> None:
    line = ended_line(copy_step(JobStep.Status.DONE, 64))

    assert columns(line) == ["3.2", "64 MB", "100 %", "32 MB/s", "2 s", "Copy the disks"]


def test_a_failed_step_says_so() -> None:
    assert "failed" in ended_line(copy_step(JobStep.Status.FAILED, 10))


def test_a_log_file_gets_each_ended_step_once_and_no_control_characters() -> None:
    written: list[str] = []
    lines = JobLines(written.append, is_terminal=False)
    job = MigrationJob(rate_bytes_per_s=MB)

    for _ in range(3):
        lines.show(job, [copy_step(JobStep.Status.DONE, 64)])

    assert len(written) == 1
    assert written[0].endswith("Copy the disks\n")
    assert "\x1b" not in written[0]


def test_a_terminal_has_the_running_step_written_over() -> None:
    written: list[str] = []
    lines = JobLines(written.append, is_terminal=True)
    job = MigrationJob(rate_bytes_per_s=MB)

    lines.show(job, [copy_step(JobStep.Status.RUNNING, 16)])
    lines.show(job, [copy_step(JobStep.Status.RUNNING, 32)])

    assert [text.startswith("\r") and not text.endswith("\n") for text in written] == [True, True]
