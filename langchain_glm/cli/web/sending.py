"""Events as an HTTP response that streams (server-sent events), and that notices when nobody listens any more."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from starlette.types import Receive, Scope, Send


__all__ = ["EventStream"]

_HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would collect the events
]
_SECONDS_BETWEEN_COMMENTS: Final = 15.0
"""Proxies close a connection on which nothing comes, and a model may think for minutes."""


class EventStream:
    """An ASGI response. When the client goes away, the events are stopped at once.

    Args:
        events: the events; JSON values; each is sent as one line.
        on_end: called when the response has ended and the generator of the events is closed.
    """

    def __init__(self, events: AsyncGenerator[Any], on_end: Callable[[], None] | None = None) -> None:
        self._events = events
        self._on_end = on_end
        self._writing: asyncio.Task[None] | None = None
        self.ended = asyncio.Event()

    async def stop(self) -> None:
        """Stop the events, as if the client had gone, and wait until they have ended."""
        if self._writing:
            self._writing.cancel()
        await self.ended.wait()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events until they end, the client goes away, or `stop` is called."""
        self._writing = asyncio.create_task(self._write(send))
        others = [asyncio.create_task(_until_gone(receive)), asyncio.create_task(_comment(send))]
        try:
            await asyncio.wait([self._writing, *others], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (self._writing, *others):
                task.cancel()
            await asyncio.gather(self._writing, *others, return_exceptions=True)
            if self._on_end:
                self._on_end()
            self.ended.set()
        if not self._writing.cancelled():
            self._writing.result()
        await send({"type": "http.response.body", "body": b""})

    async def _write(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        async with aclosing(self._events) as events:
            async for event in events:
                line = b"data: " + orjson.dumps(event, default=str) + b"\n\n"
                await send({"type": "http.response.body", "body": line, "more_body": True})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _comment(send: Send) -> None:
    while True:
        await asyncio.sleep(_SECONDS_BETWEEN_COMMENTS)
        await send({"type": "http.response.body", "body": b":\n\n", "more_body": True})
