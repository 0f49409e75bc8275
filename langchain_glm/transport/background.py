"""Threads for work that must not block the caller, or that must not run in the caller's thread.

Synchronous httpx cannot stop waiting before its read timeout. A response must not be closed by the garbage collector
while httpx runs in the same thread, because closing needs a lock that httpx may hold.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from contextlib import contextmanager, suppress
from contextvars import copy_context
from math import inf
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

__all__ = ["NoThreadError", "call_repeatedly", "closing", "iterate", "run"]

T = TypeVar("T")

_SECONDS_BETWEEN_CHECKS: Final = 20.0

_logger = logging.getLogger("langchain_glm")


class _Worker(threading.Thread):
    """A thread that waits for a job, does it, and waits for the next."""

    def __init__(self) -> None:
        super().__init__(name="langchain_glm", daemon=True)
        self.jobs: SimpleQueue[Callable[[], object]] = SimpleQueue()

    def run(self) -> None:
        while True:
            job = self.jobs.get()
            try:
                job()
            except Exception:  # nobody would catch an exception of this thread
                _logger.debug("a background job failed", exc_info=True)
            del job  # it may hold a connection
            _idle_workers.append(self)


_idle_workers: deque[_Worker] = deque()


class NoThreadError(RuntimeError):
    """No thread can be started: the interpreter is shutting down, or the limit of threads is reached."""


def run(job: Callable[[], object]) -> None:
    """Run a job in another thread, without waiting for it.

    Raises:
        NoThreadError: if there is no idle thread and none can be started.
    """
    try:
        worker = _idle_workers.pop()
    except IndexError:
        worker = _Worker()
        try:
            worker.start()
        except RuntimeError as error:
            raise NoThreadError(str(error)) from None
    worker.jobs.put(job)


class _End:
    """The last item that a worker puts into the queue: the iterator has ended, perhaps with an exception."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def iterate(items: Generator[T], until: Callable[[], float]) -> Generator[T]:
    """Iterate in another thread, and stop waiting for items at a given time.

    Args:
        items: what to iterate over. The other thread closes it at its end, or after the next item if the caller has
            stopped waiting.
        until: returns the `time.monotonic()` at which to stop waiting; it is called before each wait.

    Raises:
        NoThreadError: if no thread can be started; nothing has been taken from `items` then.
        TimeoutError: at the time `until`.
        Exception: whatever `items` raises.
    """
    results: SimpleQueue[T | _End] = SimpleQueue()
    abandoned: list[bool] = []

    def pump() -> None:
        end = _End()
        try:
            for item in items:
                results.put(item)
                if abandoned:
                    break
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that waits
            end = _End(error)
        finally:
            with suppress(ValueError):
                items.close()
            results.put(end)

    context = copy_context()
    run(lambda: context.run(pump))
    try:
        while True:
            seconds = until() - time.monotonic()
            try:
                result = results.get(timeout=None if seconds == inf else max(0.0, seconds))
            except Empty:
                raise TimeoutError from None
            if isinstance(result, _End):
                if result.error is not None:
                    raise result.error
                return
            yield result
    finally:
        abandoned.append(True)


_held: set[Any] = set()
_to_close: SimpleQueue[Generator[Any]] = SimpleQueue()  # its `put` may be called by a finalizer at any time


@contextmanager
def closing(source: Generator[T]) -> Iterator[Generator[T]]:
    """Close an iterator at the end of the block; in another thread if the surrounding generator is abandoned.

    A reference is held until then. Without it the garbage collector might close the iterator in the middle of a call
    of httpx, which holds a lock that closing needs.
    """
    _start_closer()
    _held.add(source)
    try:
        yield source
    except GeneratorExit:
        _to_close.put(source)
        raise
    except BaseException:
        _close(source)
        raise
    else:
        _close(source)


def _close(source: Generator[Any]) -> None:
    with suppress(ValueError):  # a worker is still reading from it and will close it
        source.close()
    _held.discard(source)


_closer: threading.Thread | None = None
_repeated: set[Callable[[], object]] = set()


def call_repeatedly(check: Callable[[], object]) -> None:
    """Call a function every 20 seconds or more often, from another thread, until the process ends."""
    _repeated.add(check)
    _start_closer()


def _start_closer() -> None:
    global _closer  # noqa: PLW0603 - one for each process
    if _closer is None or not _closer.is_alive():
        closer = threading.Thread(target=_close_abandoned, name="langchain_glm-closer", daemon=True)
        with suppress(RuntimeError):  # no thread can be started: abandoned iterators stay open until the process ends
            closer.start()
            _closer = closer


def _close_abandoned() -> None:
    while True:
        try:
            with suppress(Empty):
                _close(_to_close.get(timeout=_SECONDS_BETWEEN_CHECKS))
            for check in list(_repeated):
                check()
        except Exception:  # nobody would catch an exception of this thread
            _logger.debug("an abandoned connection could not be closed", exc_info=True)


def _reset_after_fork() -> None:
    """Start again in a forked child, which has none of its parent's threads."""
    global _closer, _to_close
    _closer, _to_close = None, SimpleQueue()
    _idle_workers.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_after_fork)
