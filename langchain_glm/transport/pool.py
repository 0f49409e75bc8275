"""Which httpx client serves a request: an idle one, or a new one; those of threads apart from those of event loops.

Clients are no part of a model: models can be pickled, copied and forked, and a thousand of them share the
connections. An async client belongs to the loop that opened its socket, and is closed with that loop.

A client serves one request at a time, so it holds one connection, and finding an idle one is taking it from a
stack. httpcore looks at every connection of a pool for every request instead: with 128 in flight that took
0.67 of what ChatOpenAI takes a request, this takes 0.30 (`make bench`).
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
import warnings
import weakref
from collections import defaultdict
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import httpx

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator

__all__ = ["aclose", "alent", "close", "in_use", "lent"]

_Client = TypeVar("_Client", httpx.Client, httpx.AsyncClient)

_MOST_IDLE: Final = 256
"""Clients kept for one URL; what was opened beyond them is closed after its request."""

_LIMITS: Final = httpx.Limits(max_connections=None, max_keepalive_connections=1)


class _Stack(Generic[_Client]):
    """Idle clients by URL, the one used last on top, so that the sockets of a burst age out below."""

    def __init__(self) -> None:
        self.idle: defaultdict[str, list[_Client]] = defaultdict(list)
        self.lent = 0
        self.closings = 0  # a client that was lent before the last one is not taken back

    def take(self, url: str) -> _Client | None:
        self.lent += 1
        clients = self.idle[url]
        return clients.pop() if clients else None

    def give_back(self, url: str, client: _Client, closings: int) -> bool:
        """Take a client back; return whether it is kept."""
        self.lent -= 1
        clients = self.idle[url]
        if closings != self.closings or len(clients) >= _MOST_IDLE:
            return False
        clients.append(client)
        return True

    def clear(self) -> list[_Client]:
        """Let go of all clients; return the idle ones, to be closed."""
        self.closings += 1
        clients = [client for idle in self.idle.values() for client in idle]
        self.idle.clear()
        return clients


_lock = threading.Lock()
_sync: _Stack[httpx.Client] = _Stack()
_async: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[_Stack[httpx.AsyncClient], AsyncGenerator[None]]] = (
    weakref.WeakKeyDictionary()
)


@cache
def _tls() -> ssl.SSLContext:
    """One TLS context a process: making one takes 20 ms."""
    return httpx.create_ssl_context()


@contextmanager
def lent(own: httpx.Client | None, url: str) -> Iterator[httpx.Client]:
    """Give the client for one request: the user's own, which is never closed here, or an idle or new one.

    Args:
        own: the user's client, or `None`.
        url: where the request goes; a client that has been there before may still be connected.
    """
    if own is not None:
        yield own
        return
    with _lock:
        client, closings = _sync.take(url), _sync.closings
    client = client or httpx.Client(verify=_tls(), limits=_LIMITS)  # every request brings its own time limits
    try:
        yield client
    finally:
        with _lock:
            kept = _sync.give_back(url, client, closings)
        if not kept:
            client.close()


@asynccontextmanager
async def alent(own: httpx.AsyncClient | None, url: str) -> AsyncIterator[httpx.AsyncClient]:
    """Give the client for one request; the async twin of `lent`, with clients of the running loop."""
    if own is not None:
        yield own
        return
    stack = await _running()
    closings = stack.closings
    client = stack.take(url) or httpx.AsyncClient(verify=_tls(), limits=_LIMITS)
    try:
        yield client
    finally:
        if not stack.give_back(url, client, closings):
            await client.aclose()


async def _running() -> _Stack[httpx.AsyncClient]:
    loop = asyncio.get_running_loop()
    held = _async.get(loop)
    if held is None:
        stack: _Stack[httpx.AsyncClient] = _Stack()
        held = _async[loop] = (stack, _until_shutdown(stack))
        await anext(held[1])
    return held[0]


async def _until_shutdown(stack: _Stack[httpx.AsyncClient]) -> AsyncGenerator[None]:
    """Close the clients when their loop shuts down its async generators, as `asyncio.run` does before closing."""
    try:
        yield
    finally:
        for client in stack.clear():
            await client.aclose()


def in_use() -> int:
    """Return how many shared clients serve a request now: of threads, and of the running loop, if there is one."""
    try:
        held = _async.get(asyncio.get_running_loop())
    except RuntimeError:
        held = None
    return _sync.lent + (held[0].lent if held else 0)


def close() -> None:
    """Close the connections of synchronous calls; those in use are closed after their request."""
    with _lock:
        clients = _sync.clear()
    for client in clients:
        client.close()


async def aclose() -> None:
    """Close the connections of the running loop; those in use are closed after their request."""
    held = _async.get(asyncio.get_running_loop())
    for client in held[0].clear() if held else ():
        await client.aclose()


def _forget() -> None:
    """A forked child must not use its parent's sockets, nor a lock that some thread held."""
    global _lock  # noqa: PLW0603 - a thread that the child lacks may have held the old one
    _lock = threading.Lock()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # only the child's copies of the sockets are closed
        _sync.clear()
        _sync.lent = 0
        _async.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)

atexit.register(close)
