"""Which httpx client serves a request: one for all threads, one for each event loop, made when first needed.

Clients are no part of a model: models can be pickled, copied and forked, and a thousand of them share the
connections. An async client belongs to the loop that opened its sockets, and is closed with that loop.
"""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from functools import cache
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator

__all__ = ["async_client", "close", "sync_client"]

_lock = threading.Lock()
_sync: list[httpx.Client] = []  # at most one
_async: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[httpx.AsyncClient, AsyncGenerator[None]]] = (
    weakref.WeakKeyDictionary()
)


@cache
def _tls() -> ssl.SSLContext:
    """One TLS context a process: making one takes 20 ms."""
    return httpx.create_ssl_context()


def sync_client() -> httpx.Client:
    """Return the process's client; httpx makes it safe to use from many threads."""
    with _lock:
        if not _sync:
            _sync.append(httpx.Client(verify=_tls(), timeout=None))  # noqa: S113 - every request brings its own
        return _sync[0]


async def async_client() -> httpx.AsyncClient:
    """Return the client of the running loop."""
    loop = asyncio.get_running_loop()
    held = _async.get(loop)
    if held is None:
        client = httpx.AsyncClient(verify=_tls(), timeout=None)  # noqa: S113 - every request brings its own
        held = _async[loop] = (client, _until_shutdown(client))
        await anext(held[1])
    return held[0]


async def _until_shutdown(client: httpx.AsyncClient) -> AsyncGenerator[None]:
    """Close the client when its loop shuts down its async generators, as `asyncio.run` does before closing."""
    try:
        yield
    finally:
        await client.aclose()


def close() -> None:
    """Close the process's synchronous connections; the next request opens new ones."""
    with _lock:
        while _sync:
            _sync.pop().close()


def _forget() -> None:
    """A forked child must not share its parent's sockets, nor a lock that some thread held."""
    global _lock  # noqa: PLW0603 - a thread that the child lacks may have held the old one
    _lock = threading.Lock()
    _sync.clear()
    _async.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
