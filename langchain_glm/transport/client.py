"""Send a request body, receive a reply or its events; sync and async.

The two halves differ only where bytes move. What a reply means for errors is decided once, in the plain
functions below them.
"""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import aclosing, asynccontextmanager, closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

import httpx
import orjson

from langchain_glm.errors import (
    GLMConnectionError,
    GLMError,
    GLMStreamError,
    GLMTimeoutError,
    error_from_body,
)
from langchain_glm.json import dump_json, read_json
from langchain_glm.transport import pool
from langchain_glm.transport.events import DONE, EventReader, check_size
from langchain_glm.transport.limits import aplace, place
from langchain_glm.transport.retry import Policy, aretrying, retrying
from langchain_glm.transport.timeouts import auntil, check, cut_off, deadline_of, least, left, until

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator, Mapping
    from contextlib import AbstractAsyncContextManager, AbstractContextManager

    from tenacity import RetryCallState

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.transport.limits import InFlightLimiter
    from langchain_glm.transport.timeouts import Timeout

__all__ = ["Endpoint", "asend", "astream", "send", "stream"]

_OK: Final = 200
_MOST_AFTER_DONE: Final = 16
_SECONDS_AFTER_DONE: Final = 1.0
"""What is read after `[DONE]`, to use the connection again: one piece or none is usual, and comes at once. A gateway
that leaves its response open holds nobody up."""
_WHOLE: Final = {"accept": "application/json", "accept-encoding": "gzip, deflate", "connection": "keep-alive"}
_STREAM: Final = {**_WHOLE, "accept": "text/event-stream"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where requests go, and how.

    Args:
        host: the endpoint; its `base_url` is used, and its name and key variable stand in hints.
        headers: all headers, the authorization included; never shown.
        timeout: how long to wait.
        max_retries: tries after the first.
        reset_limit: seconds that a used-up quota may be waited for; 0 does not wait.
        client: a client of the user's; default the shared one. Never closed here.
        async_client: the same for async calls.
        on_retry: called before each wait between tries; async calls await it.
        limiter: what limits requests in flight; `None` is no limit.
        path: what is asked of the host.
    """

    host: Host
    headers: Mapping[str, str] = field(repr=False)
    timeout: Timeout
    max_retries: int
    reset_limit: float = 0.0
    client: httpx.Client | None = None
    async_client: httpx.AsyncClient | None = None
    on_retry: Callable[[RetryCallState], Any] | None = None
    limiter: InFlightLimiter | None = None
    path: str = "/chat/completions"

    @property
    def url(self) -> str:
        """The URL to post to."""
        return self.host.base_url + self.path


def send(endpoint: Endpoint, payload: Mapping[str, Any], *, key: str = "choices") -> Mapping[str, Any]:
    """Send a request; return the parsed reply.

    Args:
        endpoint: where, and how.
        payload: the request body.
        key: what a reply must hold; without it, it is an error.

    Raises:
        GLMError: of the class that the failure calls for.
    """
    content, deadline = _encoded(payload), deadline_of(endpoint.timeout)
    for attempt in retrying(_policy(endpoint, deadline), endpoint.on_retry):
        with (
            attempt,
            _translated(endpoint, deadline),
            _place(endpoint, deadline),
            _opened(endpoint, content, deadline, stream=False) as response,
        ):
            return _completion(response, _whole(response, endpoint, deadline), endpoint, key)
    raise AssertionError  # tenacity re-raises the last error


async def asend(endpoint: Endpoint, payload: Mapping[str, Any], *, key: str = "choices") -> Mapping[str, Any]:
    """Send a request; return the parsed reply. The async twin of `send`."""
    content, deadline = _encoded(payload), deadline_of(endpoint.timeout)
    async for attempt in aretrying(_policy(endpoint, deadline), endpoint.on_retry):
        with attempt, _translated(endpoint, deadline):
            async with (
                _aplace(endpoint, deadline),
                _aopened(endpoint, content, deadline, stream=False) as response,
            ):
                return _completion(response, await _awhole(response, endpoint, deadline), endpoint, key)
    raise AssertionError  # tenacity re-raises the last error


def stream(endpoint: Endpoint, payload: Mapping[str, Any]) -> Generator[Mapping[str, Any]]:
    """Send a request; give the reply's events as they come, the last of them `DONE` if the endpoint marks the end.

    Closing the iterator closes the connection. Nothing is tried again once an event has been given.

    Raises:
        GLMError: of the class that the failure calls for, also for an error inside the stream.
    """
    content, deadline = _encoded(payload), deadline_of(endpoint.timeout)
    for attempt in retrying(_policy(endpoint, deadline), endpoint.on_retry):
        with attempt:
            events = _events(endpoint, content, deadline)
            first = next(events, None)
    with closing(events):
        if first is not None:
            yield first
            yield from events


def _events(endpoint: Endpoint, content: bytes, deadline: float | None) -> Generator[Mapping[str, Any]]:
    with (
        _translated(endpoint, deadline),
        _place(endpoint, deadline),
        _opened(endpoint, content, deadline, stream=True) as response,
    ):
        if not _is_stream(response):
            yield _completion(response, _whole(response, endpoint, deadline), endpoint)
            yield DONE
            return
        reader = EventReader(lambda event: _told(event, response, endpoint))
        pieces = _pieces(response, endpoint, deadline)
        for piece in pieces:
            yield from reader.feed(piece)
            if reader.done:
                break
        else:
            yield from reader.end()
        # The reply is whole. A connection whose response has been read to its end can be used again.
        soon = None if endpoint.client else time.monotonic() + _SECONDS_AFTER_DONE
        with suppress(httpx.HTTPError, GLMTimeoutError), cut_off(response, soon):
            for _ in zip(range(_MOST_AFTER_DONE), pieces, strict=False):
                pass


async def astream(endpoint: Endpoint, payload: Mapping[str, Any]) -> AsyncGenerator[Mapping[str, Any]]:
    """Send a request; give the reply's events as they come. The async twin of `stream`."""
    content, deadline = _encoded(payload), deadline_of(endpoint.timeout)
    async for attempt in aretrying(_policy(endpoint, deadline), endpoint.on_retry):
        with attempt:
            events = _aevents(endpoint, content, deadline)
            first = await anext(events, None)
    try:
        if first is not None:
            yield first
            async for event in events:
                yield event
    finally:
        await events.aclose()


async def _aevents(endpoint: Endpoint, content: bytes, deadline: float | None) -> AsyncGenerator[Mapping[str, Any]]:
    with _translated(endpoint, deadline):
        async with (
            _aplace(endpoint, deadline),
            _aopened(endpoint, content, deadline, stream=True) as response,
        ):
            if not _is_stream(response):
                yield _completion(response, await _awhole(response, endpoint, deadline), endpoint)
                yield DONE
                return
            reader = EventReader(lambda event: _told(event, response, endpoint))
            pieces = _apieces(response, endpoint, deadline)
            async for piece in pieces:
                for event in reader.feed(piece):
                    yield event
                if reader.done:
                    break
            else:
                for event in reader.end():
                    yield event
            with suppress(httpx.HTTPError, GLMTimeoutError, TimeoutError):  # as above
                async with asyncio.timeout(_SECONDS_AFTER_DONE):
                    for _ in range(_MOST_AFTER_DONE):
                        if await anext(pieces, None) is None:
                            break


def _place(endpoint: Endpoint, deadline: float | None) -> AbstractContextManager[None]:
    if endpoint.limiter is None:
        return nullcontext()
    return place(endpoint.limiter, least(endpoint.timeout.queue, left(deadline)))


def _aplace(endpoint: Endpoint, deadline: float | None) -> AbstractAsyncContextManager[None]:
    if endpoint.limiter is None:
        return nullcontext()
    return aplace(endpoint.limiter, least(endpoint.timeout.queue, left(deadline)))


@contextmanager
def _opened(endpoint: Endpoint, content: bytes, deadline: float | None, *, stream: bool) -> Iterator[httpx.Response]:
    own = endpoint.client
    request = _request(own, endpoint, content, deadline, stream=stream)
    if own is not None:
        with closing(own.send(request, stream=True, follow_redirects=False)) as response:  # not with the key
            yield response
        return
    with (
        pool.lent(endpoint.url) as transport,
        closing(transport.handle_request(request)) as response,
        cut_off(response, deadline),
    ):
        yield response


@asynccontextmanager
async def _aopened(
    endpoint: Endpoint, content: bytes, deadline: float | None, *, stream: bool
) -> AsyncIterator[httpx.Response]:
    own = endpoint.async_client
    request = _request(own, endpoint, content, deadline, stream=stream)
    if own is not None:
        async with aclosing(await own.send(request, stream=True, follow_redirects=False)) as response:  # as above
            yield response
        return
    async with (
        pool.alent(endpoint.url) as transport,
        aclosing(await transport.handle_async_request(request)) as response,
    ):
        yield response


def _pieces(response: httpx.Response, endpoint: Endpoint, deadline: float | None) -> Iterator[bytes]:
    """The body as it comes: past httpx's decoders, which took 1 µs a piece, where there is nothing to decode."""
    sent = _as_sent(response)
    pieces = iter(cast("httpx.SyncByteStream", response.stream)) if sent else response.iter_bytes()
    return pieces if deadline is None else until(pieces, deadline, endpoint.timeout)


def _apieces(response: httpx.Response, endpoint: Endpoint, deadline: float | None) -> AsyncIterator[bytes]:
    """The body as it comes; the async twin of `_pieces`."""
    sent = _as_sent(response)
    pieces = aiter(cast("httpx.AsyncByteStream", response.stream)) if sent else response.aiter_bytes()
    return pieces if deadline is None else auntil(pieces, deadline, endpoint.timeout)


def _as_sent(response: httpx.Response) -> bool:
    """Whether the bytes on the wire are those of the body, and nobody (a hook of the user's) has read them."""
    return "content-encoding" not in response.headers and not response.is_stream_consumed


def _whole(response: httpx.Response, endpoint: Endpoint, deadline: float | None) -> bytes:
    """The body, within the limits of time and size."""
    body = bytearray()
    for piece in _pieces(response, endpoint, deadline):
        check_size(len(body) + len(piece), "body")
        body += piece
    return bytes(body)


async def _awhole(response: httpx.Response, endpoint: Endpoint, deadline: float | None) -> bytes:
    """The body, within the limits of time and size."""
    body = bytearray()
    async for piece in _apieces(response, endpoint, deadline):
        check_size(len(body) + len(piece), "body")
        body += piece
    return bytes(body)


def _policy(endpoint: Endpoint, deadline: float | None) -> Policy:
    return Policy(endpoint.max_retries, deadline, endpoint.reset_limit)


def _encoded(payload: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(payload, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:  # integers over 64 bits, lone surrogates, values that have no form in JSON
        return dump_json(payload).encode("utf-8", "replace")


def _request(
    own: httpx.Client | httpx.AsyncClient | None,
    endpoint: Endpoint,
    content: bytes,
    deadline: float | None,
    *,
    stream: bool,
) -> httpx.Request:
    times = endpoint.timeout
    if deadline is not None:
        check(deadline, times)
    rest = left(deadline)
    idle = least(times.idle, rest)
    timeout = {"connect": least(times.connect, rest), "read": idle, "write": idle, "pool": rest}
    headers = {**(_STREAM if stream else _WHOLE), **endpoint.headers}
    if own is not None:  # it may add headers, cookies, parameters
        return own.build_request(
            "POST", endpoint.url, content=content, headers=headers, timeout=httpx.Timeout(**timeout)
        )
    return httpx.Request("POST", _url(endpoint.url), content=content, headers=headers, extensions={"timeout": timeout})


@lru_cache(maxsize=64)
def _url(url: str) -> httpx.URL:
    """A URL, taken apart once."""
    return httpx.URL(url)


def _is_stream(response: httpx.Response) -> bool:
    """Whether a reply to a streaming request is one; errors and some gateways answer with a plain body."""
    kind = response.headers.get("content-type", "text/event-stream")
    return response.status_code == _OK and not kind.startswith(("application/json", "text/html"))


def _completion(response: httpx.Response, body: bytes, endpoint: Endpoint, key: str = "choices") -> Mapping[str, Any]:
    """The parsed body of a plain reply, or the error that it is."""
    data: Any = None
    if response.status_code == _OK:
        try:
            data = read_json(body)
        except ValueError:
            if body.lstrip().startswith(b"{"):
                raise GLMStreamError("the reply is no whole JSON, so a part of it is lost", status=_OK) from None
    if isinstance(data, dict) and data.get(key):
        return data
    raise _failure(body, response, body, endpoint)


def _told(event: Mapping[str, Any], response: httpx.Response, endpoint: Endpoint) -> GLMError:
    """The error that an event of a stream tells."""
    try:
        shown = json.dumps(event).encode()
    except (ValueError, RecursionError):  # nested deeper than can be written
        shown = b"{}"
    return _failure(event, response, shown, endpoint)


def _failure(error: bytes | Mapping[str, Any], response: httpx.Response, body: bytes, endpoint: Endpoint) -> GLMError:
    headers = httpx.Headers(response.headers)
    for name in (
        "content-encoding",
        "content-length",
        "transfer-encoding",
    ):  # they described the body on the wire
        headers.pop(name, None)
    shown = httpx.Response(
        response.status_code,
        headers=headers,
        content=body,
        request=httpx.Request("POST", endpoint.url),  # the real one holds the key
    )
    return error_from_body(
        error, host=endpoint.host, status=response.status_code, headers=response.headers, response=shown
    )


@contextmanager
def _translated(endpoint: Endpoint, deadline: float | None) -> Iterator[None]:
    """Give httpx's exceptions as ours; what comes of the deadline is told as that."""
    try:
        yield
    except httpx.TransportError as error:
        if deadline is not None:
            check(deadline, endpoint.timeout)
        raise _transport_failure(error) from error
    except httpx.StreamError as error:
        raise GLMStreamError(f"the connection broke: {error}") from error
    except httpx.DecodingError as error:
        raise GLMStreamError(f"the reply's compression is broken: {error}") from error


def _transport_failure(error: httpx.TransportError) -> GLMError:
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return GLMConnectionError("no connection to the endpoint within timeout.connect")
    if isinstance(error, httpx.TimeoutException):
        return GLMTimeoutError("the endpoint was silent for longer than timeout.idle")
    return GLMConnectionError(f"the connection failed: {error or type(error).__name__}")
