"""What a WSMan fault means to an operator: codes of winerror.h and wsmerror.h."""

from __future__ import annotations

from hosts.providers.errors import AccessDenied, HostUnreachable, ProviderError, Refused
from hosts.providers.types import Endpoint

_ACCESS_DENIED = 5
_SHELL_GONE = frozenset({995, 2147943418, 2150858843})  # aborted, profile unloaded, no such shell
_QUOTAS = frozenset({2150858815, *range(2150859173, 2150859177), 2150859179, *range(2150859236, 2150859243)})


class ShellGone(HostUnreachable):
    """The host closed the shell, or never knew it."""


def explain_fault(endpoint: Endpoint, code: int | None, subcode: str | None, reason: str) -> ProviderError:
    """`code` is the WSManFault's, `subcode` such as "w:QuotaLimit", `reason` the host's sentence without secrets."""
    if code == _ACCESS_DENIED:
        return AccessDenied(endpoint.name, f"The host refuses {endpoint.username} a shell: {reason}")
    if code in _SHELL_GONE:
        return ShellGone(endpoint.name, "The host closed the shell before the script ended.", kind="HostUnreachable")
    if code in _QUOTAS or (subcode or "").endswith("QuotaLimit"):
        action = "Close shells left open on the host, or raise its WinRM quotas."
        return Refused(endpoint.name, reason, kind="QuotaExceeded", action=action)
    return Refused(endpoint.name, f"WinRM refused with code {code}: {reason}", kind="WsmanFault")
