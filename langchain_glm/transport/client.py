"""Send a request body; receive its reply, whole or in chunks as they come."""

from __future__ import annotations

from contextlib import aclosing, asynccontextmanager, closing, contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import httpx2

from langchain_glm.errors import GLMError, GLMStreamError
from langchain_glm.json import dump_json, encode, read_json
from langchain_glm.transport.error_body import error_from_body
from langchain_glm.transport.events import EventReader, check_size
from langchain_glm.transport.exchange import Endpoint, Patience, Request, aexchange, aread_rest, exchange, read_rest
from langchain_glm.transport.redaction import TRANSFER_HEADERS
from langchain_glm.transport.retry import aretrying, retrying
from langchain_glm.transport.timeouts import deadline_of

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        AsyncIterable,
        AsyncIterator,
        Callable,
        Collection,
        Generator,
        Iterable,
        Iterator,
        Mapping,
    )

__all__ = ["Endpoint", "StreamReader", "asend", "astream", "send", "stream"]

T = TypeVar("T")
Reader = TypeVar("Reader", bound="StreamReader[Any]")


class StreamReader(Protocol[T]):
    """Reads the events of one streamed reply."""

    def read(self, event: Mapping[str, Any]) -> T | None:
        """Read an event; return its chunk, if it has one."""

    @property
    def finished(self) -> bool:
        """Whether the reply has ended; only its usage may still follow."""

    def finish(self, *, marked_end: bool) -> list[T]:
        """Return the last chunks; raise an error if what came is not a reply."""

    def partial(self) -> Any:
        """Return what has arrived so far."""


def send(
    endpoint: Endpoint,
    payload: Mapping[str, Any],
    read: Callable[[Mapping[str, Any]], T],
    *,
    path: str = "/chat/completions",
    reply_fields: Collection[str] | Callable[[Mapping[str, Any]], bool] = ("choices",),
) -> T:
    """Send a request; return its reply as `read` reads it.

    Args:
        endpoint: where to send it, and how.
        payload: the request body.
        read: turns the reply's JSON into the result. A `GLMError` that it raises is retried like one from the endpoint.
        path: the path after the base URL, or a key of the host's `paths`.
        reply_fields: fields that errors do not have: in a reply, at least one of them has a value that is not empty.
            For endpoints without such a field, a function that says whether an object is a reply.

    Raises:
        GLMError: of the class that fits the failure.
    """
    request = Request(endpoint, path, encode(payload), deadline_of(endpoint.timeout), streamed=False)

    def attempt() -> T:
        with request.slot():
            key = endpoint.read_key()
            with exchange(request, key) as (response, pieces):
                return read(_reply(response, _read_body(pieces), endpoint, key, reply_fields))

    return retrying(endpoint, request.deadline)(attempt)


async def asend(
    endpoint: Endpoint,
    payload: Mapping[str, Any],
    read: Callable[[Mapping[str, Any]], T],
    *,
    path: str = "/chat/completions",
    reply_fields: Collection[str] | Callable[[Mapping[str, Any]], bool] = ("choices",),
) -> T:
    """Send a request; return its reply as `read` reads it. The async version of `send`."""
    request = Request(endpoint, path, encode(payload), deadline_of(endpoint.timeout), streamed=False)

    async def attempt() -> T:
        async with request.aslot():
            key = await endpoint.aread_key()
            async with aexchange(request, key) as (response, pieces):
                return read(_reply(response, await _aread_body(pieces), endpoint, key, reply_fields))

    return await aretrying(endpoint, request.deadline)(attempt)


@contextmanager
def stream(
    endpoint: Endpoint, payload: Mapping[str, Any], make_reader: Callable[[], Reader]
) -> Iterator[tuple[Iterator[Any], Reader]]:
    """Send a request; yield the chunks of its reply as they come.

    An attempt that fails before its first chunk may be retried, with a new reader. At the end of the block the
    connection is closed, or kept for other requests if the reply is complete.

    Args:
        endpoint: where to send it, and how.
        payload: the request body.
        make_reader: makes the reader for the events of one attempt.

    Returns:
        A context manager for the chunks and the reader that makes them.

    Raises:
        GLMError: of the class that fits the failure; `partial` holds what had arrived.
    """
    request = Request(endpoint, "/chat/completions", encode(payload), deadline_of(endpoint.timeout), streamed=True)

    def attempt() -> tuple[Any, Generator[Any], Reader]:
        reader = make_reader()
        chunks = _chunks(request, reader)
        return next(chunks, None), chunks, reader

    outcome: tuple[Any, Generator[Any], Reader] = retrying(endpoint, request.deadline)(attempt)
    first, chunks, reader = outcome
    with closing(chunks):
        yield chain([] if first is None else [first], chunks), reader


@asynccontextmanager
async def astream(
    endpoint: Endpoint, payload: Mapping[str, Any], make_reader: Callable[[], Reader]
) -> AsyncIterator[tuple[AsyncIterator[Any], Reader]]:
    """Send a request; yield the chunks of its reply as they come. The async version of `stream`."""
    request = Request(endpoint, "/chat/completions", encode(payload), deadline_of(endpoint.timeout), streamed=True)

    async def attempt() -> tuple[Any, AsyncGenerator[Any], Reader]:
        reader = make_reader()
        chunks = _achunks(request, reader)
        return await anext(chunks, None), chunks, reader

    outcome: tuple[Any, AsyncGenerator[Any], Reader] = await aretrying(endpoint, request.deadline)(attempt)
    first, chunks, reader = outcome
    async with aclosing(chunks):
        yield _aprepended(first, chunks), reader


async def _aprepended(first: T | None, rest: AsyncIterator[T]) -> AsyncIterator[T]:
    if first is not None:
        yield first
        async for chunk in rest:
            yield chunk


def _chunks(request: Request, reader: StreamReader[T]) -> Generator[T]:
    """Make one attempt; yield its chunks."""
    try:
        with request.slot():
            key = request.endpoint.read_key()
            with exchange(request, key) as (response, pieces):
                if not _is_stream(response):
                    yield from _read_plain_reply(reader, response, _read_body(pieces), request.endpoint, key)
                    return
                events = EventReader(lambda event: _error_from_reply(event, response, request.endpoint, key))
                for piece in pieces:
                    yield from _read(reader, events.feed(piece))
                    if events.done or reader.finished:
                        break
                patience = Patience(request.endpoint.timeout.idle)
                rest = read_rest(pieces, patience, request.url)
                if not events.done:
                    for piece in rest:
                        for chunk in _read(reader, events.feed(piece)):
                            patience.renew()
                            yield chunk
                        if events.done:
                            break
                    else:
                        yield from _read(reader, events.end())
                yield from reader.finish(marked_end=events.done)
                for _ in rest:
                    pass
    except GLMError as error:
        error.partial = reader.partial()
        raise


async def _achunks(request: Request, reader: StreamReader[T]) -> AsyncGenerator[T]:
    """Make one attempt; yield its chunks. The async version of `_chunks`."""
    try:
        async with request.aslot():
            key = await request.endpoint.aread_key()
            async with aexchange(request, key) as (response, pieces):
                if not _is_stream(response):
                    body = await _aread_body(pieces)
                    for chunk in _read_plain_reply(reader, response, body, request.endpoint, key):
                        yield chunk
                    return
                events = EventReader(lambda event: _error_from_reply(event, response, request.endpoint, key))
                async for piece in pieces:
                    for chunk in _read(reader, events.feed(piece)):
                        yield chunk
                    if events.done or reader.finished:
                        break
                patience = Patience(request.endpoint.timeout.idle)
                rest = aread_rest(pieces, patience)
                if not events.done:
                    async for piece in rest:
                        for chunk in _read(reader, events.feed(piece)):
                            patience.renew()
                            yield chunk
                        if events.done:
                            break
                    else:
                        for chunk in _read(reader, events.end()):
                            yield chunk
                for chunk in reader.finish(marked_end=events.done):
                    yield chunk
                async for _ in rest:
                    pass
    except GLMError as error:
        error.partial = reader.partial()
        raise


def _read(reader: StreamReader[T], events: Iterator[Mapping[str, Any]]) -> Iterator[T]:
    for event in events:
        chunk = reader.read(event)
        if chunk is not None:
            yield chunk


def _read_plain_reply(
    reader: StreamReader[T], response: Any, body: bytes, endpoint: Endpoint, key: str | None
) -> Iterator[T]:
    """Read a plain reply to a streaming request; some gateways send one."""
    yield from _read(reader, iter([_reply(response, body, endpoint, key, ("choices",))]))
    yield from reader.finish(marked_end=True)


# Reading replies.


def _read_body(pieces: Iterable[bytes]) -> bytes:
    """Return the complete body; raise an error if it is too large."""
    body = bytearray()
    for piece in pieces:
        check_size(len(body) + len(piece), "body")
        body += piece
    return bytes(body)


async def _aread_body(pieces: AsyncIterable[bytes]) -> bytes:
    """Return the complete body. The async version of `_read_body`."""
    body = bytearray()
    async for piece in pieces:
        check_size(len(body) + len(piece), "body")
        body += piece
    return bytes(body)


def _is_stream(response: Any) -> bool:
    """Whether the reply to a streaming request is a stream; errors and some gateways send a plain body."""
    kind = response.headers.get("content-type", "text/event-stream")
    return response.status_code == httpx2.codes.OK and not kind.startswith(("application/json", "text/html"))


def _reply(
    response: Any,
    body: bytes,
    endpoint: Endpoint,
    key: str | None,
    reply_fields: Collection[str] | Callable[[Mapping[str, Any]], bool],
) -> Mapping[str, Any]:
    """Return the JSON of a plain reply; raise an error if it reports one."""
    data: Any = None
    if response.status_code == httpx2.codes.OK:
        try:
            data = read_json(body)
        except ValueError:
            if body.lstrip().startswith(b"{"):
                raise GLMStreamError("the reply is not complete JSON, so a part of it is lost", status=200) from None
            if body.lstrip().startswith((b"data:", b"event:")):
                raise GLMStreamError(
                    "the endpoint sent a stream in reply to a plain request",
                    status=200,
                    hint="Use streaming=True for this endpoint.",
                    is_retryable=False,
                ) from None
    if isinstance(data, dict) and (reply_fields(data) if callable(reply_fields) else any(map(data.get, reply_fields))):
        return data
    raise _error_from_reply(body, response, endpoint, key)


def _error_from_reply(error: bytes | Mapping[str, Any], response: Any, endpoint: Endpoint, key: str | None) -> GLMError:
    """Return the exception for an error body or for a stream event that holds an error."""
    body = error if isinstance(error, bytes) else dump_json(error).encode("utf-8", "replace")
    headers = [(name, value) for name, value in response.headers.multi_items() if name not in TRANSFER_HEADERS]
    return error_from_body(
        error,
        host=endpoint.host,
        status=response.status_code,
        headers=response.headers,
        response=httpx2.Response(response.status_code, headers=headers, content=body),
        secrets=endpoint.secrets(key),
    )
