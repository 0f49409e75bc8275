"""The HTTP clients that all models of a process share: one group for threads, and one for each event loop.

Clients do not belong to a model, so models can be pickled, copied and forked, and a thousand models share the
connections. A client is made at the first request and closed when no request has used it for a while.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import re
import time
import warnings
from collections import deque
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import cache, lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar
from urllib.parse import urlsplit

import httpx2

from langchain_glm.errors import GLMConnectionError
from langchain_glm.transport import background

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator

__all__ = ["KEEPALIVE_SECONDS", "aborrow", "aclose_clients", "borrow", "close_clients", "is_local",
           "requests_in_flight"]  # fmt: skip

KEEPALIVE_SECONDS: Final = 120.0
"""How many seconds an idle connection is kept: an agent's tool may take a minute, and connecting takes time."""

_REQUESTS_PER_CLIENT: Final = 8
"""How many requests share a client. For each request its pool looks at all of its connections, so one client with 128
requests in flight takes twice the CPU time of sixteen clients (`make bench`)."""

_LIMITS: Final = httpx2.Limits(
    max_connections=None, max_keepalive_connections=2 * _REQUESTS_PER_CLIENT, keepalive_expiry=KEEPALIVE_SECONDS
)

_LOOPBACK: Final = re.compile(r"localhost|.+\.localhost|127(\.\d{1,3}){3}|::1")

_Client = TypeVar("_Client", httpx2.Client, httpx2.AsyncClient)


class _SharedClient(Generic[_Client]):
    """A client, and the requests that are using it."""

    def __init__(self, client: _Client) -> None:
        self.client: _Client = client
        self.requests: deque[None] = deque()  # appending and popping take no lock, so a finalizer may do it
        self.last_used = time.monotonic()

    def release(self) -> None:
        """Note that one request no longer uses the client."""
        self.last_used = time.monotonic()
        self.requests.pop()

    @property
    def is_idle(self) -> bool:
        """Whether no request has used the client for as long as an idle connection is kept."""
        return not self.requests and time.monotonic() - self.last_used >= KEEPALIVE_SECONDS


@cache
def _tls_context() -> ssl.SSLContext:
    """Make the TLS context only once, because it takes 20 ms; SSL_CERT_FILE and SSL_CERT_DIR are honored.

    Closing the clients clears it, so that the next one reads the variables again.
    """
    try:
        return httpx2.create_ssl_context()
    except OSError as error:  # errors of ssl are of this class too
        variable = next(filter(os.environ.get, ("SSL_CERT_FILE", "SSL_CERT_DIR")), None)
        named = f"{variable} names {os.environ[variable]}, which" if variable else "the file of trusted certificates"
        raise GLMConnectionError(
            f"{named} cannot be read: {error.strerror or error}",
            hint=f"Correct or unset {variable}." if variable else "Install the system's certificates again.",
            is_retryable=False,
        ) from error


def _client_arguments(*, local: bool) -> dict[str, Any]:
    """Return the arguments that both kinds of client are made with.

    Cookies are not kept, because the client serves many keys. A server on this machine is not reached through a proxy.
    """
    return {
        "limits": _LIMITS,
        "verify": _tls_context(),
        "trust_env": not local,
        "cookies": CookieJar(DefaultCookiePolicy(allowed_domains=[])),
    }


def _make_client(kind: Callable[..., _Client], *, local: bool) -> _SharedClient[_Client]:
    try:
        return _SharedClient(kind(**_client_arguments(local=local)))
    except ImportError:
        failure = GLMConnectionError(
            "the environment names a SOCKS proxy, which needs a package that is not installed",
            hint="Install it with: pip install 'httpx2[socks]'. Or set NO_PROXY for this endpoint.",
            is_retryable=False,
        )
    except (ValueError, httpx2.InvalidURL):  # their text may hold the proxy's password
        failure = GLMConnectionError(
            "the environment names a proxy whose URL is not valid",
            hint="Check HTTP_PROXY, HTTPS_PROXY and ALL_PROXY, or give http_client=….",
            is_retryable=False,
        )
    raise failure  # raised here, so that the original exception is not its context


@lru_cache(maxsize=256)
def is_local(url: str) -> bool:
    """Whether a URL is one of this machine, which no proxy reaches."""
    return bool(_LOOPBACK.fullmatch(urlsplit(url).hostname or ""))


_sync: dict[bool, list[_SharedClient[httpx2.Client]]] = {True: [], False: []}
"""The key says whether the endpoint is on this machine."""

_async: dict[
    asyncio.AbstractEventLoop, tuple[dict[bool, list[_SharedClient[httpx2.AsyncClient]]], AsyncGenerator[None]]
] = {}
"""The same for each event loop, with the generator that closes the clients when the loop ends."""


def _with_capacity(clients: list[_SharedClient[_Client]]) -> _SharedClient[_Client] | None:
    """Return the first client that can take another request, so that clients added for a burst become idle."""
    return next((shared for shared in clients if len(shared.requests) < _REQUESTS_PER_CLIENT), None)


def _add(clients: list[_SharedClient[_Client]], shared: _SharedClient[_Client]) -> _SharedClient[_Client]:
    clients.append(shared)
    return shared


@contextmanager
def borrow(url: str) -> Iterator[httpx2.Client]:
    """Lend a client for one request to a URL.

    Raises:
        GLMConnectionError: if the environment names a proxy that cannot be used.
    """
    local = is_local(url)
    clients = _sync[local]
    while True:
        shared = _with_capacity(clients) or _add(clients, _make_client(httpx2.Client, local=local))
        shared.requests.append(None)
        if shared in clients:  # otherwise another thread is closing it
            break
        shared.requests.pop()
        _close_unused(shared)
    background.call_repeatedly(_close_idle)
    try:
        yield shared.client
    finally:
        shared.release()
        if shared not in clients:
            _close_unused(shared)


def _close_unused(shared: _SharedClient[httpx2.Client]) -> None:
    """Close a client that can no longer be borrowed. If a request still uses it, that request closes it at its end."""
    if not shared.requests:
        shared.client.close()


def _close_idle() -> None:
    for shared in _remove_idle(_sync):
        _close_unused(shared)


def _remove_idle(groups: dict[bool, list[_SharedClient[_Client]]]) -> Iterator[_SharedClient[_Client]]:
    """Take the idle clients out of their lists, so that no request borrows them, and yield each to be closed."""
    for clients in groups.values():
        for shared in [shared for shared in clients if shared.is_idle]:
            clients.remove(shared)
            yield shared


@asynccontextmanager
async def aborrow(url: str) -> AsyncIterator[httpx2.AsyncClient]:
    """Lend a client of the running event loop for one request to a URL. The async version of `borrow`."""
    loop_clients, local = await _running_loop_clients(), is_local(url)
    clients = loop_clients[local]
    shared = _with_capacity(clients) or _add(clients, _make_client(httpx2.AsyncClient, local=local))
    shared.requests.append(None)
    try:
        yield shared.client
    finally:
        shared.release()
        if shared not in clients and not shared.requests:
            await shared.client.aclose()


async def _running_loop_clients() -> dict[bool, list[_SharedClient[httpx2.AsyncClient]]]:
    loop = asyncio.get_running_loop()
    entry = _async.get(loop)
    if entry is None:
        for closed in [other for other in list(_async) if other.is_closed()]:  # without shutting down its generators
            _async.pop(closed, None)
        clients: dict[bool, list[_SharedClient[httpx2.AsyncClient]]] = {True: [], False: []}
        entry = _async[loop] = (clients, _close_at_shutdown(loop, clients))
        await anext(entry[1])
        _schedule_idle_checks(loop, clients)
    return entry[0]


async def _close_at_shutdown(
    loop: asyncio.AbstractEventLoop, clients: dict[bool, list[_SharedClient[httpx2.AsyncClient]]]
) -> AsyncGenerator[None]:
    """Close a loop's clients when the loop shuts down its async generators, as `asyncio.run` does at its end."""
    try:
        yield
    finally:
        _async.pop(loop, None)
        await _aclose_all(clients)


async def _aclose_all(loop_clients: dict[bool, list[_SharedClient[httpx2.AsyncClient]]]) -> None:
    for clients in loop_clients.values():
        while clients:
            shared = clients.pop()
            if not shared.requests:
                await shared.client.aclose()


def _schedule_idle_checks(
    loop: asyncio.AbstractEventLoop, loop_clients: dict[bool, list[_SharedClient[httpx2.AsyncClient]]]
) -> None:
    closing: set[asyncio.Task[None]] = set()  # the loop keeps only weak references to its tasks

    def check() -> None:
        for shared in _remove_idle(loop_clients):
            closing.add(task := loop.create_task(shared.client.aclose()))
            task.add_done_callback(closing.discard)
        loop.call_later(KEEPALIVE_SECONDS / 4, check)

    loop.call_later(KEEPALIVE_SECONDS / 4, check)


def requests_in_flight() -> int:
    """Return how many requests of all threads and of the running loop use a shared client now."""
    try:
        entry = _async.get(asyncio.get_running_loop())
    except RuntimeError:
        entry = None
    groups = (*_sync.values(), *(entry[0].values() if entry else ()))
    return sum(len(shared.requests) for clients in groups for shared in clients)


def close_clients() -> None:
    """Close the connections that synchronous calls share; a connection in use is closed after its request.

    The next call opens new ones and reads the variables for proxies and certificates again. Calling this is only
    necessary after a change of these variables, because idle connections are closed anyway.

    Example:
        ```python
        langchain_glm.close_clients()
        ```
    """
    _tls_context.cache_clear()
    for clients in _sync.values():
        with suppress(IndexError):  # the list is empty, perhaps because another thread closes them too
            while True:
                _close_unused(clients.pop())


async def aclose_clients() -> None:
    """Close the connections that async calls on the running event loop share. The async version of `close_clients`."""
    _tls_context.cache_clear()
    entry = _async.get(asyncio.get_running_loop())
    if entry is not None:
        await _aclose_all(entry[0])


def _reset_after_fork() -> None:
    """Use new clients in a forked child, because the sockets belong to the parent."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # only the child's copies of the sockets are closed
        for clients in _sync.values():
            clients.clear()
        _async.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_after_fork)

atexit.register(close_clients)
