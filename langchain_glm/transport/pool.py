"""Which httpx client serves a request: one for all threads, one for each event loop, made when first needed.

Clients are no part of a model: models can be pickled, copied and forked, and a thousand of them share the
connections. An async client belongs to the loop that opened its sockets, and is closed with that loop.
A client that is closed while others are using it goes when the last of them is done.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
import warnings
import weakref
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import httpx

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator

__all__ = ["aclose", "alent", "async_client", "close", "lent", "sync_client"]

_Client = TypeVar("_Client", httpx.Client, httpx.AsyncClient)


class _Shared(Generic[_Client]):
    """A client, and how many requests use it now."""

    def __init__(self, client: _Client, shutdown: AsyncGenerator[None] | None = None) -> None:
        self.client: _Client = client
        self.shutdown = shutdown  # keeps an async client until its loop ends
        self.users = 0
        self.unwanted = False


_LIMITS: Final = httpx.Limits(max_connections=None, max_keepalive_connections=256)
"""Without them httpx lets 100 requests out and makes the others wait, for ever; limits are the limiter's affair."""

_lock = threading.Lock()
_sync: list[_Shared[httpx.Client]] = []  # at most one
_async: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Shared[httpx.AsyncClient]] = weakref.WeakKeyDictionary()


@cache
def _tls() -> ssl.SSLContext:
    """One TLS context a process: making one takes 20 ms."""
    return httpx.create_ssl_context()


def sync_client() -> httpx.Client:
    """Return the process's client; httpx makes it safe to use from many threads."""
    with _lock:
        return _shared_sync().client


async def async_client() -> httpx.AsyncClient:
    """Return the client of the running loop."""
    return (await _shared_async()).client


@contextmanager
def lent(own: httpx.Client | None) -> Iterator[httpx.Client]:
    """Give the client for one request: the user's own, which is never closed here, or the process's."""
    if own is not None:
        yield own
        return
    with _lock:
        shared = _shared_sync()
        shared.users += 1
    try:
        yield shared.client
    finally:
        with _lock:
            shared.users -= 1
            last = shared.unwanted and not shared.users
        if last:
            shared.client.close()


@asynccontextmanager
async def alent(own: httpx.AsyncClient | None) -> AsyncIterator[httpx.AsyncClient]:
    """Give the client for one request: the user's own, which is never closed here, or the running loop's."""
    if own is not None:
        yield own
        return
    shared = await _shared_async()
    shared.users += 1
    try:
        yield shared.client
    finally:
        shared.users -= 1
        if shared.unwanted and not shared.users:
            await _aclose(shared)


def _shared_sync() -> _Shared[httpx.Client]:
    if not _sync:
        client = httpx.Client(verify=_tls(), timeout=None, limits=_LIMITS)  # noqa: S113 - every request brings its own
        _sync.append(_Shared(client))
    return _sync[0]


async def _shared_async() -> _Shared[httpx.AsyncClient]:
    loop = asyncio.get_running_loop()
    held = _async.get(loop)
    if held is None:
        client = httpx.AsyncClient(verify=_tls(), timeout=None, limits=_LIMITS)  # noqa: S113 - as above
        shutdown = _until_shutdown(client)
        held = _async[loop] = _Shared(client, shutdown)
        await anext(shutdown)
    return held


async def _until_shutdown(client: httpx.AsyncClient) -> AsyncGenerator[None]:
    """Close the client when its loop shuts down its async generators, as `asyncio.run` does before closing."""
    try:
        yield
    finally:
        await client.aclose()


def close() -> None:
    """Close the process's synchronous connections; the next request opens new ones."""
    with _lock:
        shared = _sync.pop() if _sync else None
        if shared:
            shared.unwanted = True
        idle = shared is not None and not shared.users
    if shared and idle:
        shared.client.close()


async def aclose() -> None:
    """Close the connections of the running loop; the next request opens new ones."""
    shared = _async.pop(asyncio.get_running_loop(), None)
    if shared:
        shared.unwanted = True
        if not shared.users:
            await _aclose(shared)


async def _aclose(shared: _Shared[httpx.AsyncClient]) -> None:
    if shared.shutdown:
        await shared.shutdown.aclose()


def _forget() -> None:
    """A forked child must not share its parent's sockets, nor a lock that some thread held."""
    global _lock  # noqa: PLW0603 - a thread that the child lacks may have held the old one
    _lock = threading.Lock()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # only the child's copies of the sockets are closed
        _sync.clear()
        _async.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)

atexit.register(close)
