"""Which httpx client serves a request: clients shared by all threads, others for each event loop, made when needed.

Clients are no part of a model: models can be pickled, copied and forked, and a thousand of them share the
connections. An async client belongs to the loop that opened its sockets, and is closed with that loop.
A client that is closed while others are using it goes when the last of them is done.

Several small clients stand side by side, because httpcore looks at every connection of a pool for every request:
one pool took 1.5 to 10 ms of CPU a request with 128 in flight, many of 16 connections take no more than one does
with 16.
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
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator

__all__ = ["aclose", "alent", "async_client", "close", "lent", "sync_client"]

_Client = TypeVar("_Client", httpx.Client, httpx.AsyncClient)

_MOST_USERS: Final = 16
"""Requests that one client serves at a time; one more gets another client."""

_LIMITS: Final = httpx.Limits(max_connections=None, max_keepalive_connections=_MOST_USERS)


class _Shared(Generic[_Client]):
    """A client, and how many requests use it now."""

    def __init__(self, client: _Client) -> None:
        self.client: _Client = client
        self.users = 0
        self.unwanted = False


class _Loop:
    """The clients of an event loop, and the generator that closes them when it shuts down."""

    def __init__(self) -> None:
        self.clients: list[_Shared[httpx.AsyncClient]] = []
        self.shutdown = _until_shutdown(self.clients)


_lock = threading.Lock()
_sync: list[_Shared[httpx.Client]] = []
_async: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Loop] = weakref.WeakKeyDictionary()


@cache
def _tls() -> ssl.SSLContext:
    """One TLS context a process: making one takes 20 ms."""
    return httpx.create_ssl_context()


def _free(clients: list[_Shared[_Client]], make: Callable[..., _Client]) -> _Shared[_Client]:
    """The first client with room, or a new one; the first ones are kept busy, so that the others' sockets age out."""
    for shared in clients:
        if shared.users < _MOST_USERS:
            return shared
    shared = _Shared(make(verify=_tls(), limits=_LIMITS))  # every request brings its own time limits
    clients.append(shared)
    return shared


def sync_client() -> httpx.Client:
    """Return a client of the process; httpx makes it safe to use from many threads."""
    with _lock:
        return _free(_sync, httpx.Client).client


async def async_client() -> httpx.AsyncClient:
    """Return a client of the running loop."""
    return _free((await _running()).clients, httpx.AsyncClient).client


@contextmanager
def lent(own: httpx.Client | None) -> Iterator[httpx.Client]:
    """Give the client for one request: the user's own, which is never closed here, or one of the process's."""
    if own is not None:
        yield own
        return
    with _lock:
        shared = _free(_sync, httpx.Client)
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
    """Give the client for one request: the user's own, which is never closed here, or one of the running loop's."""
    if own is not None:
        yield own
        return
    shared = _free((await _running()).clients, httpx.AsyncClient)
    shared.users += 1
    try:
        yield shared.client
    finally:
        shared.users -= 1
        if shared.unwanted and not shared.users:
            await shared.client.aclose()


async def _running() -> _Loop:
    loop = asyncio.get_running_loop()
    held = _async.get(loop)
    if held is None:
        held = _async[loop] = _Loop()
        await anext(held.shutdown)
    return held


async def _until_shutdown(clients: list[_Shared[httpx.AsyncClient]]) -> AsyncGenerator[None]:
    """Close the clients when their loop shuts down its async generators, as `asyncio.run` does before closing."""
    try:
        yield
    finally:
        for shared in clients:
            await shared.client.aclose()


def close() -> None:
    """Close the process's synchronous connections; the next request opens new ones."""
    with _lock:
        idle = _retired(_sync)
    for client in idle:
        client.close()


async def aclose() -> None:
    """Close the connections of the running loop; the next request opens new ones."""
    held = _async.get(asyncio.get_running_loop())
    for client in _retired(held.clients) if held else ():
        await client.aclose()


def _retired(clients: list[_Shared[_Client]]) -> list[_Client]:
    """Take all clients out of use; return those to close now. The others are closed by their last user."""
    for shared in clients:
        shared.unwanted = True
    idle = [shared.client for shared in clients if not shared.users]
    clients.clear()
    return idle


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
