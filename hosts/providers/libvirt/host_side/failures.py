"""How a host says what went wrong: by the kinds of hosts/providers/errors.py, which does not travel to it."""

from __future__ import annotations

import errno
import os
import ssl

_KINDS = {
    errno.ENOENT: "NotFound",
    errno.ENOTDIR: "NotFound",
    errno.EEXIST: "AlreadyExists",
    errno.EACCES: "AccessDenied",
    errno.EPERM: "AccessDenied",
    errno.EROFS: "AccessDenied",
    errno.ENOSPC: "NotEnoughSpace",
    errno.EDQUOT: "NotEnoughSpace",
    errno.EFBIG: "NotEnoughSpace",
    errno.EBUSY: "WrongState",
    errno.ETXTBSY: "WrongState",
}


class Failure(Exception):
    """`kind` is the name of a class of errors.py, `message` a sentence."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(kind, message)
        self.kind = kind
        self.message = message


def failure_of(error: Exception) -> Failure:
    """Any error as a Failure. What nobody foresaw is "Refused", with Python's own words."""
    if isinstance(error, Failure):
        return error
    if isinstance(error, ssl.SSLError):
        return Failure("HostUnreachable", f"The connection to the other host broke: {error.reason or error}.")
    if isinstance(error, OSError) and error.errno is not None:
        kind = _KINDS.get(error.errno, "Refused")
        place = f": {error.filename}" if error.filename else ""
        return Failure(kind, f"{os.strerror(error.errno)}{place}.")
    return Failure("Refused", f"{type(error).__name__}: {error}")


def silent(error: OSError, address: str) -> Failure:
    """What a broken or silent connection to the other host is: it can be gone on with when that one answers again."""
    reason = os.strerror(error.errno) if error.errno else str(error) or "it stopped answering"
    return Failure("HostUnreachable", f"{address} does not answer: {reason}.")
