"""A page that is sent piece by piece, as it is made, under an asynchronous server and under a plain one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse


def streamed(request: HttpRequest, pieces: Iterator[str]) -> StreamingHttpResponse:
    """Each server is given the kind of iterator that it does not collect before sending.

    What goes wrong after the first piece can no longer become an error page: ask what may fail before.
    """
    return StreamingHttpResponse(_one_by_one(pieces) if isinstance(request, ASGIRequest) else pieces)


async def _one_by_one(pieces: Iterator[str]) -> AsyncIterator[str]:
    """In the thread of the request, which has its database connection."""
    while piece := await sync_to_async(lambda: next(pieces, ""), thread_sensitive=True)():
        yield piece
