"""How long a call may take, and what ends it in time."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from langchain_glm.errors import GLMTimeoutError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    import httpx

__all__ = ["Timeout", "auntil", "check", "cut_off", "deadline_of", "least", "left", "until"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeout:
    """How long to wait, in seconds; `None` waits for ever.

    GLM is silent while it thinks, for minutes at high effort, so the default allows long silence.

    Args:
        connect: until a connection stands. Default 10.
        idle: without a single byte. Default 600.
        queue: until a place among the requests in flight is free, where they are limited. Default 600.
        total: from the first try to the end of the reply, waits between tries included. Default `None`.
    """

    connect: float | None = 10.0
    idle: float | None = 600.0
    queue: float | None = 600.0
    total: float | None = None


def deadline_of(timeout: Timeout) -> float | None:
    """The `time.monotonic()` at which a call that begins now must be over, or `None`."""
    return None if timeout.total is None else time.monotonic() + timeout.total


def left(deadline: float | None) -> float | None:
    """Seconds until a deadline."""
    return None if deadline is None else max(0.0, deadline - time.monotonic())


def least(*limits: float | None) -> float | None:
    """The shortest of some limits, of which `None` is none."""
    return min((limit for limit in limits if limit is not None), default=None)


def check(deadline: float, timeout: Timeout) -> None:
    """Raise `GLMTimeoutError` if a deadline has passed."""
    if time.monotonic() >= deadline:
        raise _out_of_time(timeout)


def _out_of_time(timeout: Timeout) -> GLMTimeoutError:
    return GLMTimeoutError(f"the reply was not whole within timeout.total = {timeout.total:g} s")


def until(pieces: Iterator[bytes], deadline: float, timeout: Timeout) -> Iterator[bytes]:
    """Give a body's pieces until a deadline.

    Raises:
        GLMTimeoutError: once it has passed.
    """
    for piece in pieces:
        check(deadline, timeout)
        yield piece
    check(deadline, timeout)  # to some bodies a connection that was cut off is an end like any other


async def auntil(pieces: AsyncIterator[bytes], deadline: float, timeout: Timeout) -> AsyncIterator[bytes]:
    """Give a body's pieces until a deadline; the async twin of `until`, which waits no longer than that."""
    while True:
        check(deadline, timeout)
        try:
            async with asyncio.timeout(left(deadline)):
                piece = await anext(pieces, None)
        except TimeoutError:
            raise _out_of_time(timeout) from None
        if piece is None:
            return
        yield piece


@contextmanager
def cut_off(response: httpx.Response, deadline: float | None) -> Iterator[None]:
    """Shut a synchronous response's connection down at a deadline: httpx bounds each wait for bytes, not their sum."""
    if deadline is None:
        yield
        return
    connection: socket.socket = response.extensions["network_stream"].get_extra_info("socket")
    timer = threading.Timer(left(deadline) or 0.0, _shut, [connection])
    timer.daemon = True
    with suppress(RuntimeError):  # no thread can be had, as when the interpreter shuts down: a reply needs none
        timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):  # it may have been closed at that moment
        socket.socket.shutdown(connection, socket.SHUT_RDWR)  # an SSLSocket's own would take the reader's state away
