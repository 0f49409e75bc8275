"""How many requests may be in flight: GLM counts those, not requests a second (1302).

One limiter serves every model with the same host and key in this process, whatever its thread or event loop.
A stream is in flight until it ends. Who comes first is served first.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable
from weakref import WeakKeyDictionary

from langchain_glm.errors import GLMOverloadedError, GLMRateLimitError, GLMTimeoutError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

__all__ = ["InFlightLimiter", "ProcessLimiter", "aplace", "place", "shared_limiter"]


@runtime_checkable
class InFlightLimiter(Protocol):
    """What limits requests in flight; implement it to share one limit among many processes.

    Example:
        ```python
        class Nothing:
            def acquire(self, timeout): return None
            async def aacquire(self, timeout): return None
            def release(self, ticket, *, overloaded): ...

        isinstance(Nothing(), InFlightLimiter)  # True
        ```
    """

    def acquire(self, timeout: float | None) -> object:
        """Wait for a place; return a ticket.

        Args:
            timeout: seconds to wait at most; `None` waits for ever.

        Raises:
            GLMTimeoutError: if none became free in time.
        """

    async def aacquire(self, timeout: float | None) -> object:
        """Wait for a place; the async twin of `acquire`. A cancelled wait takes no place."""

    def release(self, ticket: object, *, overloaded: bool) -> None:
        """Give a place back; called exactly once a ticket, from any thread.

        Args:
            ticket: what `acquire` returned.
            overloaded: whether the endpoint said that there were too many (1302, 1303, 1305, 1312).
        """


@contextmanager
def place(limiter: InFlightLimiter, patience: float | None) -> Iterator[None]:
    """Hold a place among the requests in flight, and tell the limiter how the request ended.

    Args:
        limiter: who gives it.
        patience: seconds to wait for a place at most; `None` waits for ever.

    Raises:
        GLMTimeoutError: if none became free in time.
    """
    with _given_back(limiter, limiter.acquire(patience)):
        yield


@asynccontextmanager
async def aplace(limiter: InFlightLimiter, patience: float | None) -> AsyncIterator[None]:
    """Hold a place among the requests in flight; the async twin of `place`."""
    with _given_back(limiter, await limiter.aacquire(patience)):
        yield


@contextmanager
def _given_back(limiter: InFlightLimiter, ticket: object) -> Iterator[None]:
    overloaded = False
    try:
        yield
    except (GLMRateLimitError, GLMOverloadedError):
        overloaded = True
        raise
    finally:
        limiter.release(ticket, overloaded=overloaded)


class ProcessLimiter:
    """Limits the requests in flight of this process.

    Args:
        limit: how many; `"auto"` finds out: it begins with one, allows one more with each success until the
            endpoint complains, halves on a complaint, and then grows by one a round.
    """

    def __init__(self, limit: int | Literal["auto"]) -> None:
        if limit != "auto" and limit < 1:
            raise ValueError(f"max_concurrency={limit} must be at least 1, or 'auto'.")
        self._auto = limit == "auto"
        self._limit = 1.0 if limit == "auto" else float(limit)
        self._probing = True  # no complaint yet
        self._round = 0  # complaints so far: those about requests of an earlier round are old news
        self._lock = threading.Lock()
        self._waiting: deque[Future[None]] = deque()
        self.in_flight = 0

    @property
    def limit(self) -> int:
        """How many requests may be in flight now."""
        return int(self._limit)

    def lower(self, limit: int) -> None:
        """Allow no more than this: of several models with one key, the most careful one counts."""
        with self._lock:
            self._limit = min(self._limit, float(limit))

    def acquire(self, timeout: float | None) -> int:
        """Wait for a place; see `InFlightLimiter`."""
        place = self._ask()
        if place is not None:
            try:
                place.result(timeout)
            except TimeoutError:
                self._withdraw(place)
                raise _no_place(timeout) from None
            except BaseException:
                self._withdraw(place)
                raise
        return self._round

    async def aacquire(self, timeout: float | None) -> int:
        """Wait for a place; see `InFlightLimiter`."""
        place = self._ask()
        if place is not None:
            try:
                async with asyncio.timeout(timeout):  # wait_for of Python 3.11 may swallow a cancellation
                    await asyncio.wrap_future(place)
            except TimeoutError:
                self._withdraw(place)
                raise _no_place(timeout) from None
            except BaseException:
                self._withdraw(place)
                raise
        return self._round

    def release(self, ticket: object, *, overloaded: bool) -> None:
        """Give a place back; see `InFlightLimiter`."""
        with self._lock:
            if self._auto and overloaded and ticket == self._round:
                self._probing = False
                self._round += 1
                self._limit = max(1.0, self._limit / 2)
            elif self._auto and not overloaded and self.in_flight >= int(self._limit):
                # Success at the limit says that there may be room for more; below it, it says nothing.
                self._limit += 1.0 if self._probing else 1.0 / self._limit
            self.in_flight -= 1
            self._let_in()

    def _ask(self) -> Future[None] | None:
        """Take a place, or a number in the queue."""
        with self._lock:
            if self.in_flight < int(self._limit) and not self._waiting:
                self.in_flight += 1
                return None
            place: Future[None] = Future()
            self._waiting.append(place)
            return place

    def _withdraw(self, place: Future[None]) -> None:
        """Leave the queue, or give the place back that was granted meanwhile."""
        if not place.cancel():
            with self._lock:
                self.in_flight -= 1
                self._let_in()

    def _let_in(self) -> None:
        while self._waiting and self.in_flight < int(self._limit):
            place = self._waiting.popleft()
            if place.set_running_or_notify_cancel():
                self.in_flight += 1
                place.set_result(None)


def _no_place(timeout: float | None) -> GLMTimeoutError:
    return GLMTimeoutError(
        f"no place among the requests in flight became free within {timeout:g} s",
        hint="Raise max_concurrency, or timeout.queue, or send fewer requests at once.",
    )


def shared_limiter(base_url: str, key: str | Callable[[], Any] | None, limit: int | Literal["auto"]) -> ProcessLimiter:
    """Return the limiter of a host and key.

    Args:
        base_url: where requests go.
        key: the key, of which only the hash is kept; or the function that makes one for each request.
        limit: of several fixed limits for the same host and key, the lowest counts.
    """
    if callable(key):
        limiters, who = _of_functions.setdefault(key, {}), ""
    else:
        limiters, who = _limiters, sha256((key or "").encode()).hexdigest()
    limiter = limiters.setdefault((base_url, who, limit == "auto"), ProcessLimiter(limit))
    if limit != "auto":
        limiter.lower(limit)
    return limiter


_limiters: dict[tuple[str, str, bool], ProcessLimiter] = {}
"""One a host, key and kind; a process has few of them."""

_of_functions: WeakKeyDictionary[Callable[[], Any], dict[tuple[str, str, bool], ProcessLimiter]] = WeakKeyDictionary()
"""A function may make another key for each request: its limiters go with it."""


def _forget() -> None:
    """A forked child has none of its parent's requests in flight, and must not wait for them."""
    _limiters.clear()
    _of_functions.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
