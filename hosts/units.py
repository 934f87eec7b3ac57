"""Sizes, rates and times in the words of the field: one way to write a number, for every page and message."""

from __future__ import annotations

KB, MB, GB, TB = (1024**power for power in (1, 2, 3, 4))


def number(count: int) -> str:
    """20000 -> "20,000"."""
    return f"{count:,}"


def size(size_bytes: float) -> str:
    """12884901888 -> "12.0 GB". GB and MB as the field writes them: 1024 to the next."""
    if size_bytes >= TB:
        return f"{size_bytes / TB:.2f} TB"
    if size_bytes >= 100 * GB:
        return f"{size_bytes / GB:,.0f} GB"
    if size_bytes >= GB:
        return f"{size_bytes / GB:.1f} GB"
    if size_bytes >= MB:
        return f"{size_bytes / MB:.0f} MB"
    return f"{max(0, size_bytes) / KB:.0f} KB"


def memory(memory_mb: float) -> str:
    """4096 -> "4 GB", 1536 -> "1.5 GB", 512 -> "512 MB"."""
    if memory_mb < 1024:
        return f"{memory_mb:.0f} MB"
    return f"{memory_mb / 1024:.1f}".removesuffix(".0") + " GB"


def rate(bytes_per_s: float) -> str:
    return f"{size(bytes_per_s)}/s"


def duration(seconds: float) -> str:
    """0.4 -> "0.4 s", 75 -> "1 min 15 s", 7500 -> "2 h 5 min", 190000 -> "2 d 4 h"."""
    if seconds < 10:
        return f"{max(0.0, seconds):.1f}".removesuffix(".0") + " s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return _two(seconds, 60, "min", 1, "s")
    if seconds < 86400:
        return _two(seconds, 3600, "h", 60, "min")
    return _two(seconds, 86400, "d", 3600, "h")


def span(low_s: float, high_s: float) -> str:
    """(8, 12) -> "8 to 12 s", (50, 80) -> "50 s to 1 min 20 s"; seconds are rounded outwards."""
    low, high = int(low_s), max(1, -int(-high_s // 1))
    if low == high:
        return duration(high)
    if high < 60:
        return f"{low} to {high} s"
    if low >= 120:
        return f"{low // 60} to {-(-high // 60)} min" if high < 7200 else f"{duration(low)} to {duration(high)}"
    return f"{duration(low)} to {duration(high)}"


def _two(seconds: float, big: int, big_name: str, small: int, small_name: str) -> str:
    whole, rest = divmod(round(seconds / small) * small, big)
    if not rest:
        return f"{whole:.0f} {big_name}"
    return f"{whole:.0f} {big_name} {rest // small:.0f} {small_name}"
