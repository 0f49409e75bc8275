"""One HTTP request: its connection and the bytes of its response, in a synchronous and an async version."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing, asynccontextmanager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from math import inf
from typing import TYPE_CHECKING, Any, Final, TypeVar
from weakref import WeakSet

import httpx2

from langchain_glm.catalog.hosts import CHAT
from langchain_glm.errors import GLMError
from langchain_glm.transport import background
from langchain_glm.transport.clients import aborrow, borrow
from langchain_glm.transport.connection_errors import error_from_http, total_timeout_error, without_request
from langchain_glm.transport.error_body import error_from_body
from langchain_glm.transport.limits import aacquire_slot, acquire_slot
from langchain_glm.transport.timeouts import remaining, shortest

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Iterator, Mapping
    from contextlib import AbstractAsyncContextManager, AbstractContextManager
    from types import ModuleType

    from tenacity import RetryCallState

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.transport.limits import InFlightLimiter
    from langchain_glm.transport.timeouts import Timeout

__all__ = ["Endpoint", "Patience", "Request", "aexchange", "aread_rest", "exchange", "read_rest"]

T = TypeVar("T")

_SECONDS_AFTER_END: Final = 1.0
"""How long to read on after a reply has ended, to get its usage and to make its connection reusable."""

_MAX_LEFT_OPEN: Final = 16
"""If an endpoint leaves this many bodies open, its further bodies are not read to their end."""

_PLAIN: Final = {"content-type": "application/json", "accept": "application/json", "accept-encoding": "gzip, deflate"}
_STREAM: Final = {**_PLAIN, "accept": "text/event-stream"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where requests go, and how.

    Args:
        host: the endpoint; its `base_url` is used, and hints name it and its key variable.
        read_key: returns the key to send; asked before every request.
        aread_key: the same for async calls.
        headers: headers in addition to the transport's; never shown.
        timeout: how long to wait.
        max_retries: how many attempts may follow the first.
        reset_limit: how many seconds to wait at most until a used-up quota is reset; 0 does not wait.
        http_client: the user's client, of httpx2 or httpx; default the shared one. Never closed here.
        http_async_client: the same for async calls.
        on_retry: called before each wait between attempts; async calls await it.
        limiter: limits the requests in flight; `None` is no limit.
    """

    host: Host
    read_key: Callable[[], str | None] = field(repr=False)
    aread_key: Callable[[], Awaitable[str | None]] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    timeout: Timeout
    max_retries: int
    reset_limit: float = 0.0
    http_client: Any = None
    http_async_client: Any = None
    on_retry: Callable[[RetryCallState], Any] | None = None
    limiter: InFlightLimiter | None = None

    def secrets(self, key: str | None) -> list[str]:
        """Return what must be removed from the texts of errors: the key of the request and the header values."""
        return [*([key] if key else []), *self.headers.values()]


@dataclass(frozen=True, slots=True)
class Request:
    """One request, encoded once for all its attempts.

    Args:
        endpoint: where it goes, and how.
        path: the path after the base URL, or a key of the host's `paths`.
        content: the body.
        deadline: the `time.monotonic()` at which the call must have ended, or `None`.
        streamed: whether a stream of events is asked for.
    """

    endpoint: Endpoint
    path: str
    content: bytes
    deadline: float | None
    streamed: bool

    @property
    def url(self) -> str:
        """The URL that the request is posted to."""
        return self.endpoint.host.url_of(self.path)

    def build(self, http: ModuleType, key: str | None, user_client: Any) -> Any:
        """Build the request of an HTTP library.

        Args:
            http: the library: `httpx2` or `httpx`.
            key: the API key, if there is one.
            user_client: the user's client, which adds its own headers, cookies and parameters; `None` for a shared
                client. A shared client adds nothing, and building the request without it takes half the time.
        """
        limits, rest = self.endpoint.timeout, remaining(self.deadline)
        idle = shortest(limits.idle, rest)
        timeout = http.Timeout(
            connect=shortest(limits.connect, rest), read=idle, write=idle, pool=self._queue_timeout()
        )
        authorization = {"authorization": f"Bearer {key}"} if key else {}
        url = _parse_url(http, self.url)
        headers = {**(_STREAM if self.streamed else _PLAIN), **authorization, **self.endpoint.headers}
        if user_client is not None:
            return user_client.build_request("POST", url, content=self.content, headers=headers, timeout=timeout)
        return http.Request(
            "POST", url, content=self.content, headers=headers, extensions={"timeout": timeout.as_dict()}
        )

    def slot(self) -> AbstractContextManager[None]:
        """Hold a slot among the requests in flight, if their number is limited."""
        limiter = self.endpoint.limiter
        return nullcontext() if limiter is None else acquire_slot(limiter, self._queue_timeout())

    def aslot(self) -> AbstractAsyncContextManager[None]:
        """Hold a slot among the requests in flight. The async version of `slot`."""
        limiter = self.endpoint.limiter
        return nullcontext() if limiter is None else aacquire_slot(limiter, self._queue_timeout())

    def _queue_timeout(self) -> float | None:
        return shortest(self.endpoint.timeout.queue, remaining(self.deadline))

    def error_from(self, error: Exception, http: ModuleType, key: str | None) -> GLMError:
        """Return our exception for one of the HTTP library."""
        if isinstance(error, http.HTTPStatusError):  # a hook of the user's client calls raise_for_status
            response, body = error.response, b""
            with suppress(http.StreamError):  # the hook has not read it
                body = response.content
            return error_from_body(
                body,
                host=self.endpoint.host,
                status=response.status_code,
                headers=response.headers,
                secrets=self.endpoint.secrets(key),
            )
        if self.deadline is not None and time.monotonic() >= self.deadline:
            return self.total_timeout_error()
        streamable = self.path == CHAT and not self.streamed
        return error_from_http(error, http, self.url, self.endpoint.timeout, streamable=streamable)

    def total_timeout_error(self) -> GLMError:
        """Return the exception for a call that has not ended at its deadline."""
        return total_timeout_error(self.endpoint.timeout, chat=self.path == CHAT)


@contextmanager
def exchange(request: Request, key: str | None) -> Iterator[tuple[Any, Generator[bytes]]]:
    """Send the request; yield the response and an iterator over the pieces of its body, until the deadline."""
    with background.closing(_send(request, key)) as source:
        received = source if request.deadline is None else _until_deadline(source, request, request.deadline)
        yield next(received), received


def _send(request: Request, key: str | None) -> Generator[Any]:
    """Send the request; yield the response first, then the pieces of its body."""
    user_client = request.endpoint.http_client
    http, failure = _http_library(user_client), None
    try:
        with borrow(request.url) if user_client is None else nullcontext(user_client) as client:
            built = request.build(http, key, user_client)
            response = client.send(built, stream=True, follow_redirects=False)  # a redirect would get the key
            try:
                yield response
                yield from response.iter_bytes()
            finally:
                response.close()
    except (http.HTTPError, http.StreamError, http.InvalidURL) as error:
        failure, cause = request.error_from(error, http, key), without_request(error)
    if failure is not None:  # raised here, so that the original exception, which holds the key, is not its context
        raise failure from cause


def _until_deadline(source: Generator[T], request: Request, deadline: float) -> Generator[T]:
    try:
        yield from background.iterate(source, lambda: deadline)
    except background.NoThreadError:  # a late reply is better than no reply
        yield from source
    except TimeoutError:
        raise request.total_timeout_error() from None


class Patience:
    """How long to wait for more after the end of a reply: a second, or longer if the reply continues after all.

    Args:
        idle: the longest silence in seconds while a reply continues; `None` is no limit.

    Attributes:
        until: the `time.monotonic()` at which waiting ends.
    """

    def __init__(self, idle: float | None) -> None:
        self._idle = idle
        self.until = time.monotonic() + _SECONDS_AFTER_END

    def renew(self) -> None:
        """Wait longer, because the reply continues after its finish reason."""
        self.until = inf if self._idle is None else time.monotonic() + self._idle


_left_open: dict[str, WeakSet[Generator[bytes]]] = {}
"""URL → bodies that the endpoint left open after the reply; a thread waits for each until `timeout.idle`."""


def read_rest(pieces: Generator[bytes], patience: Patience, url: str) -> Generator[bytes]:
    """Read what follows a reply's end, for at most a second, so that the connection can be reused."""
    if len(_left_open.get(url, ())) >= _MAX_LEFT_OPEN:
        return
    try:
        yield from background.iterate(pieces, lambda: patience.until)
    except TimeoutError:
        _left_open.setdefault(url, WeakSet()).add(pieces)
    except (GLMError, background.NoThreadError):  # the reply is complete, however its connection ends
        pass


@asynccontextmanager
async def aexchange(request: Request, key: str | None) -> AsyncIterator[tuple[Any, AsyncGenerator[bytes]]]:
    """Send the request; yield the response and an iterator over its body. The async version of `exchange`."""
    async with aclosing(_asend(request, key)) as source:
        received = source if request.deadline is None else _auntil_deadline(source, request, request.deadline)
        yield await anext(received), received


async def _asend(request: Request, key: str | None) -> AsyncGenerator[Any]:
    """Send the request; yield the response first, then the pieces of its body. The async version of `_send`."""
    user_client = request.endpoint.http_async_client
    http, failure = _http_library(user_client), None
    try:
        async with aborrow(request.url) if user_client is None else nullcontext(user_client) as client:
            built = request.build(http, key, user_client)
            response = await client.send(built, stream=True, follow_redirects=False)  # a redirect would get the key
            try:
                yield response
                async for piece in response.aiter_bytes():
                    yield piece
            finally:
                await response.aclose()
    except (http.HTTPError, http.StreamError, http.InvalidURL) as error:
        failure, cause = request.error_from(error, http, key), without_request(error)
    if failure is not None:  # raised here for the same reason as in `_send`
        raise failure from cause


async def _auntil_deadline(source: AsyncGenerator[T], request: Request, deadline: float) -> AsyncGenerator[T]:
    try:
        async for item in _iterate_until(source, lambda: deadline):
            yield item
    except TimeoutError:
        raise request.total_timeout_error() from None


async def aread_rest(pieces: AsyncGenerator[bytes], patience: Patience) -> AsyncGenerator[bytes]:
    """Read what follows a reply's end, for at most a second. The async version of `read_rest`."""
    with suppress(TimeoutError, GLMError):
        async for piece in _iterate_until(pieces, lambda: patience.until):
            yield piece


async def _iterate_until(items: AsyncGenerator[T], deadline: Callable[[], float]) -> AsyncGenerator[T]:
    """Iterate until a deadline; raise `TimeoutError` when it is reached."""
    end: Any = object()
    while True:
        seconds = remaining(deadline())
        async with asyncio.timeout(None if seconds == inf else seconds):
            item = await anext(items, end)
        if item is end:
            return
        yield item


@lru_cache(maxsize=64)
def _parse_url(http: ModuleType, url: str) -> Any:
    """Parse a URL only once, because a model uses the same one for every request."""
    return http.URL(url)


def _http_library(client: Any) -> ModuleType:
    """Return the library of a client: httpx2, or httpx, which is imported only if the user's client is one of httpx."""
    if client is None or isinstance(client, httpx2.Client | httpx2.AsyncClient):
        return httpx2
    import httpx

    return httpx
