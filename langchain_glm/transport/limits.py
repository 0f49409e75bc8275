"""The limit on requests in flight: GLM limits how many there are at a time, not how many come per second (1302).

One queue serves all requests with the same host and key in this process, whatever their threads or event loops.
A stream is in flight until it ends. The request that has waited longest goes first.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable
from weakref import WeakValueDictionary

from langchain_glm.errors import GLMOverloadedError, GLMRateLimitError, GLMTimeoutError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Hashable, Iterator

__all__ = ["InFlightLimiter", "SharedLimit", "aacquire_slot", "acquire_slot", "shared_limit"]


@runtime_checkable
class InFlightLimiter(Protocol):
    """Limits requests in flight. Implement it to share a limit among processes.

    Example:
        ```python
        class Unlimited:
            def acquire(self, timeout): return None
            async def aacquire(self, timeout): return None
            def release(self, ticket, *, overloaded): ...

        isinstance(Unlimited(), InFlightLimiter)  # True
        ```
    """

    def acquire(self, timeout: float | None) -> object:
        """Wait for a slot; return a ticket for it.

        Args:
            timeout: the maximum number of seconds to wait; `None` waits forever.

        Raises:
            GLMTimeoutError: if no slot became free in time.
        """

    async def aacquire(self, timeout: float | None) -> object:
        """Wait for a slot. The async version of `acquire`; a cancelled wait takes no slot."""

    def release(self, ticket: object, *, overloaded: bool) -> None:
        """Give a slot back. Called exactly once for each ticket, from any thread.

        The garbage collector may cause this call when a stream is abandoned. It must therefore not wait for a lock that
        the same thread may hold.

        Args:
            ticket: what `acquire` returned.
            overloaded: whether the endpoint said that there were too many requests (1302, 1303, 1305, 1312).
        """


@contextmanager
def acquire_slot(limiter: InFlightLimiter, timeout: float | None) -> Iterator[None]:
    """Hold a slot, and tell the limiter how the request ended.

    Args:
        limiter: what gives the slot.
        timeout: the maximum number of seconds to wait for it; `None` waits forever.

    Raises:
        GLMTimeoutError: if no slot became free in time.
    """
    with _releasing(limiter, limiter.acquire(timeout)):
        yield


@asynccontextmanager
async def aacquire_slot(limiter: InFlightLimiter, timeout: float | None) -> AsyncIterator[None]:
    """Hold a slot. The async version of `acquire_slot`."""
    with _releasing(limiter, await limiter.aacquire(timeout)):
        yield


@contextmanager
def _releasing(limiter: InFlightLimiter, ticket: object) -> Iterator[None]:
    overloaded = False
    try:
        yield
    except (GLMRateLimitError, GLMOverloadedError):
        overloaded = True
        raise
    finally:
        limiter.release(ticket, overloaded=overloaded)


class _Queue:
    """The requests in flight for one host and key, and the requests that wait for a slot.

    No method waits for the lock, because the garbage collector may give a slot back in the middle of any other call, in
    a thread that holds the lock. The holder of the lock looks for more work after it has released the lock.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[tuple[int, Future[None]]] = deque()
        self._released: deque[None] = deque()
        self.in_flight = 0

    def join(self, limit: int) -> Future[None]:
        """Return a future that is done when fewer than `limit` requests are in flight and no older request waits."""
        slot: Future[None] = Future()
        self._waiting.append((limit, slot))
        self._admit()
        return slot

    @contextmanager
    def waiting(self, slot: Future[None], timeout: float | None) -> Iterator[None]:
        """Leave the queue if the wait for a slot fails; a `TimeoutError` becomes a `GLMTimeoutError`."""
        try:
            yield
        except TimeoutError:
            self.leave(slot)
            raise _no_slot(timeout) from None
        except BaseException:
            self.leave(slot)
            raise

    def leave(self, slot: Future[None]) -> None:
        """Stop waiting for a slot, or give it back if it has just been granted."""
        if slot.cancel():
            self._admit()
        else:
            self.release()

    def release(self) -> None:
        """Give a slot back."""
        self._released.append(None)
        self._admit()

    def _admit(self) -> None:
        while self._has_work() and self._lock.acquire(blocking=False):
            try:
                while self._released:
                    self._released.popleft()
                    self.in_flight -= 1
                while self._waiting and (self._waiting[0][1].cancelled() or self.in_flight < self._waiting[0][0]):
                    slot = self._waiting.popleft()[1]
                    if slot.set_running_or_notify_cancel():
                        self.in_flight += 1
                        slot.set_result(None)
            finally:
                self._lock.release()

    def _has_work(self) -> bool:
        if self._released:
            return True
        try:
            limit, slot = self._waiting[0]
        except IndexError:
            return False
        return slot.cancelled() or self.in_flight < limit


@dataclass(frozen=True, slots=True)
class SharedLimit:
    """Allows `limit` requests in flight; every request of this process with the same host and key counts.

    Args:
        base_url: where requests go.
        identity: a stand-in for the key, such as its hash.
        limit: the maximum number of requests in flight, including a new one.
    """

    base_url: str
    identity: Hashable
    limit: int

    @property
    def in_flight(self) -> int:
        """How many requests with this host and key are in flight now, whatever their own limits are."""
        queue = _queues.get((self.base_url, self.identity))
        return queue.in_flight if queue else 0

    def acquire(self, timeout: float | None) -> _Queue:
        """Wait for a slot; see `InFlightLimiter`."""
        queue = self._queue()
        slot = queue.join(self.limit)
        with queue.waiting(slot, timeout):
            slot.result(timeout)
        return queue

    async def aacquire(self, timeout: float | None) -> _Queue:
        """Wait for a slot; see `InFlightLimiter`."""
        queue = self._queue()
        slot = queue.join(self.limit)
        if slot.done():
            return queue
        with queue.waiting(slot, timeout):
            async with asyncio.timeout(timeout):  # Python 3.11's wait_for may lose a cancellation
                await asyncio.wrap_future(slot)
        return queue

    def release(self, ticket: object, *, overloaded: bool) -> None:
        """Give a slot back; see `InFlightLimiter`."""
        del overloaded
        if isinstance(ticket, _Queue):
            ticket.release()

    def _queue(self) -> _Queue:
        with _queues_lock:
            return _queues.setdefault((self.base_url, self.identity), _Queue())


def shared_limit(base_url: str, key: str | Callable[[], Any] | None, limit: int) -> SharedLimit:
    """Return the limit for requests to a host with a key.

    Args:
        base_url: where requests go.
        key: the key, of which only the hash is kept, or the function that returns it.
        limit: how many requests may be in flight.
    """
    if not callable(key):
        return SharedLimit(base_url, sha256((key or "").encode()).hexdigest(), limit)
    try:
        hash(key)
    except TypeError:
        return SharedLimit(base_url, id(key), limit)
    return SharedLimit(base_url, key, limit)


def _no_slot(timeout: float | None) -> GLMTimeoutError:
    return GLMTimeoutError(
        f"no slot among the requests in flight became free within {timeout:g} s",
        hint="Raise max_concurrency or timeout.queue, or send fewer requests at once.",
    )


_queues: WeakValueDictionary[tuple[str, Hashable], _Queue] = WeakValueDictionary()
"""One queue for each host and key that has requests in flight; the requests keep it alive."""

_queues_lock = threading.Lock()


def _reset_after_fork() -> None:
    """Start again in a forked child, which has none of its parent's requests in flight."""
    global _queues_lock  # noqa: PLW0603 - a thread that the child lacks may hold the old lock
    _queues_lock = threading.Lock()
    _queues.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_after_fork)
