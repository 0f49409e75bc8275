"""Watch the requests to a server: what came, what was sent back, and how it ended, without keys."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import orjson

from langchain_glm.transport.redaction import redacted

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Exchange", "Watch"]

_KEPT: Final = 200
"""Exchanges that a page which is opened later still shows."""
_MOST_BYTES: Final = 200_000
"""Of each body; the rest is not shown."""
_MOST_CHARACTERS: Final = 2_000
"""Of each string in a body, because images are strings."""
_MASK: Final = "**********"
_SECRET_FIELDS: Final = frozenset({"authorization", "api_key", "apikey", "api-key", "headers", "token"})
"""Fields of a body that may hold a key, such as those of an MCP server."""


@dataclass(slots=True)
class Exchange:
    """A request and its answer, as the page shows them.

    Args:
        id: counts the requests.
        time: when the request came (ISO 8601, UTC).
        method: the HTTP method.
        path: the path of the URL.
        model: the model that the body names.
        sent: the body of the request, as JSON or as text.
        status: the HTTP status; `None` until the answer begins.
        received: the body of the answer, as JSON or as text; `None` until it ends.
        milliseconds: how long it took; `None` until it ends.
        ended: `complete`, or `early` if client or server closed the connection before; `""` until it ends.
    """

    id: int
    time: str
    method: str
    path: str
    model: str = ""
    sent: Any = None
    status: int | None = None
    received: Any = None
    milliseconds: int | None = None
    ended: str = ""


class Watch:
    """Watches the requests to ASGI applications, and tells readers about them.

    Args:
        secrets: texts that are never shown. Keys that clients send are not shown either.
    """

    def __init__(self, *secrets: str) -> None:
        self._secrets = secrets
        self._exchanges: deque[Exchange] = deque(maxlen=_KEPT)
        self._readers: set[asyncio.Queue[dict[str, Any] | None]] = set()
        self._ids = count(1)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_closed = False

    def wrap(self, app: ASGIApp) -> ASGIApp:
        """Return the application, watched."""

        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                await self._watch(app, scope, receive, send)
            else:
                await app(scope, receive, send)

        return watched

    async def events(self) -> AsyncGenerator[dict[str, Any]]:
        """Yield the exchanges so far and then each one that changes, as values for JSON."""
        self._loop = asyncio.get_running_loop()
        changed: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        for exchange in self._exchanges:
            changed.put_nowait(asdict(exchange))
        self._readers.add(changed)
        try:
            while not self._is_closed and (shown := await changed.get()) is not None:
                yield shown
        finally:
            self._readers.discard(changed)

    def close(self) -> None:
        """End the events of all readers; any thread may call this."""
        self._is_closed = True
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end_readers)

    def _end_readers(self) -> None:
        for reader in self._readers:
            reader.put_nowait(None)

    async def _watch(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.monotonic()
        exchange = Exchange(next(self._ids), datetime.now(UTC).isoformat(), scope["method"], scope["path"])
        secrets = [*self._secrets, *_keys(scope)]
        sent, received = bytearray(), bytearray()
        self._exchanges.append(exchange)
        self._tell(exchange)

        async def receive_watched() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                sent.extend(message.get("body", b"")[: _MOST_BYTES - len(sent)])
            return message

        async def send_watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                exchange.sent = _shown(bytes(sent), secrets)
                exchange.model = str(exchange.sent.get("model", "")) if isinstance(exchange.sent, dict) else ""
                self._tell(exchange)
            else:
                received.extend(message.get("body", b"")[: _MOST_BYTES - len(received)])
                if not message.get("more_body"):
                    exchange.ended = "complete"
            await send(message)

        try:
            await app(scope, receive_watched, send_watched)
        finally:
            exchange.sent = _shown(bytes(sent), secrets)
            exchange.received = _shown(bytes(received), secrets)
            exchange.milliseconds = round((time.monotonic() - began) * 1000)
            exchange.ended = exchange.ended or "early"
            self._tell(exchange)

    def _tell(self, exchange: Exchange) -> None:
        for reader in self._readers:
            reader.put_nowait(asdict(exchange))


def _keys(scope: Scope) -> list[str]:
    """Return the keys in the headers of a request, right or wrong."""
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    given = [headers.get(name, "") for name in (b"authorization", b"x-api-key", b"api-key")]
    return [key for key in (value.removeprefix("Bearer ").strip() for value in given) if key]


def _shown(body: bytes, secrets: list[str]) -> Any:
    """Return a body as the page may show it."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        value = body.decode("utf-8", "replace")
        return redacted(value, secrets)
    return redacted(_shortened(value), secrets)


def _shortened(value: Any) -> Any:
    """Return JSON without secret fields and without the ends of long strings."""
    if isinstance(value, str) and len(value) > _MOST_CHARACTERS:
        return f"{value[:_MOST_CHARACTERS]}… ({len(value):,} characters)"
    if isinstance(value, dict):
        return {
            name: _MASK if name.lower() in _SECRET_FIELDS and child else _shortened(child)
            for name, child in value.items()
        }
    if isinstance(value, list):
        return [_shortened(child) for child in value]
    return value
