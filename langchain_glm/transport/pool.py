"""Which httpx transport serves a request: an idle one, or a new one; those of threads apart from those of event loops.

Transports are no part of a model: models can be pickled, copied and forked, and a thousand of them share the
connections. An async transport belongs to the loop that opened its socket, and is closed with that loop.

A transport serves one request at a time, so it holds one connection, and finding an idle one is taking it from a
stack. httpcore looks at every connection of a pool for every request instead: with 128 in flight that took
0.67 of what ChatOpenAI takes a request, this takes 0.24 (`make bench`). An `httpx.Client` around the transport
would add cookies, redirects and authentication, none of which is wanted here, for 80 µs a request.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
import time
import warnings
import weakref
from collections import defaultdict, deque
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from typing import TYPE_CHECKING, Final, Generic, TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator

__all__ = ["aclose", "alent", "close", "in_use", "lent"]

_Transport = TypeVar("_Transport", httpx.HTTPTransport, httpx.AsyncHTTPTransport)

_MOST_IDLE: Final = 1024
"""Transports kept for one URL; what was opened beyond them is closed after its request."""

_IDLE_SECONDS: Final = 30.0
"""After so long an idle transport is closed, when another is given back: a burst must not hold its sockets for ever."""

_LIMITS: Final = httpx.Limits(max_connections=None, max_keepalive_connections=1)


class _Stack(Generic[_Transport]):
    """Idle transports by URL, the one used last on top, so that those of a burst age below."""

    def __init__(self) -> None:
        self.idle: defaultdict[str, deque[tuple[float, _Transport]]] = defaultdict(deque)
        self.lent = 0
        self.closings = 0  # one that was lent before the last closing is not taken back

    def take(self, url: str) -> _Transport | None:
        self.lent += 1
        idle = self.idle[url]
        return idle.pop()[1] if idle else None

    def give_back(self, url: str, transport: _Transport, closings: int) -> list[_Transport]:
        """Take a transport back; return those to close, itself among them if it is not kept."""
        self.lent -= 1
        if closings != self.closings or len(self.idle[url]) >= _MOST_IDLE:
            return [transport]
        idle, now = self.idle[url], time.monotonic()
        idle.append((now, transport))
        aged = []
        while idle[0][0] < now - _IDLE_SECONDS:
            aged.append(idle.popleft()[1])
        return aged

    def clear(self) -> list[_Transport]:
        """Let go of all transports; return the idle ones, to be closed."""
        self.closings += 1
        transports = [transport for idle in self.idle.values() for _, transport in idle]
        self.idle.clear()
        return transports


_lock = threading.Lock()
_sync: _Stack[httpx.HTTPTransport] = _Stack()
_async: weakref.WeakKeyDictionary[
    asyncio.AbstractEventLoop, tuple[_Stack[httpx.AsyncHTTPTransport], AsyncGenerator[None]]
] = weakref.WeakKeyDictionary()


@cache
def _tls() -> ssl.SSLContext:
    """One TLS context a process: making one takes 20 ms."""
    return httpx.create_ssl_context()


def _proxy(url: str) -> str | None:
    """The proxy that the environment names for a URL, as `HTTPS_PROXY` and its kin do."""
    parts = urlsplit(url)
    if proxy_bypass(parts.hostname or ""):
        return None
    proxies = getproxies()
    return proxies.get(parts.scheme) or proxies.get("all")


@contextmanager
def lent(url: str) -> Iterator[httpx.HTTPTransport]:
    """Give the transport for one request: an idle one that has been at this URL before, or a new one."""
    with _lock:
        transport, closings = _sync.take(url), _sync.closings
    transport = transport or httpx.HTTPTransport(verify=_tls(), limits=_LIMITS, proxy=_proxy(url))
    try:
        yield transport
    finally:
        with _lock:
            aged = _sync.give_back(url, transport, closings)
        for unwanted in aged:
            unwanted.close()


@asynccontextmanager
async def alent(url: str) -> AsyncIterator[httpx.AsyncHTTPTransport]:
    """Give the transport for one request; the async twin of `lent`, with those of the running loop."""
    stack = await _running()
    closings = stack.closings
    transport = stack.take(url) or httpx.AsyncHTTPTransport(verify=_tls(), limits=_LIMITS, proxy=_proxy(url))
    try:
        yield transport
    finally:
        for unwanted in stack.give_back(url, transport, closings):
            await unwanted.aclose()


async def _running() -> _Stack[httpx.AsyncHTTPTransport]:
    loop = asyncio.get_running_loop()
    held = _async.get(loop)
    if held is None:
        stack: _Stack[httpx.AsyncHTTPTransport] = _Stack()
        held = _async[loop] = (stack, _until_shutdown(stack))
        await anext(held[1])
    return held[0]


async def _until_shutdown(stack: _Stack[httpx.AsyncHTTPTransport]) -> AsyncGenerator[None]:
    """Close the transports when their loop shuts down its async generators, as `asyncio.run` does before closing."""
    try:
        yield
    finally:
        for transport in stack.clear():
            await transport.aclose()


def in_use() -> int:
    """Return how many transports serve a request now: of threads, and of the running loop, if there is one."""
    try:
        held = _async.get(asyncio.get_running_loop())
    except RuntimeError:
        held = None
    return _sync.lent + (held[0].lent if held else 0)


def close() -> None:
    """Close the connections of synchronous calls; those in use are closed after their request."""
    with _lock:
        transports = _sync.clear()
    for transport in transports:
        transport.close()


async def aclose() -> None:
    """Close the connections of the running loop; those in use are closed after their request."""
    held = _async.get(asyncio.get_running_loop())
    for transport in held[0].clear() if held else ():
        await transport.aclose()


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
