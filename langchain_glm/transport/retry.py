"""What is tried again, and how long is waited."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from tenacity import AsyncRetrying, RetryCallState, Retrying, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_base, wait_exponential, wait_random

from langchain_glm.errors import GLMError, GLMOverloadedError, GLMTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MAX_WAIT", "aretrying", "retrying"]

MAX_WAIT: Final = 60.0
"""The longest wait between two tries in seconds, whatever the endpoint asks for."""

_logger = logging.getLogger("langchain_glm")


def _may_help(error: BaseException) -> bool:
    # A request that timed out may still be being served; sending it again would have it served, and billed, twice.
    return isinstance(error, GLMError) and error.is_retryable and not isinstance(error, GLMTimeoutError)


class _Wait(wait_base):
    """As long as the endpoint asks; else longer each time, and longer still where the service is overloaded."""

    _short = wait_exponential(multiplier=0.5, max=8) + wait_random(0, 0.5)
    _long = wait_exponential(multiplier=2, max=30) + wait_random(0, 2)

    def __call__(self, retry_state: RetryCallState) -> float:
        error = retry_state.outcome.exception() if retry_state.outcome else None
        if isinstance(error, GLMError) and error.retry_after is not None:
            return min(error.retry_after, MAX_WAIT)
        return (self._long if isinstance(error, GLMOverloadedError) else self._short)(retry_state)


def _arguments(max_retries: int) -> dict[str, Any]:
    return {
        "retry": retry_if_exception(_may_help),
        "wait": _Wait(),
        "stop": stop_after_attempt(1 + max_retries),
        "reraise": True,
    }


def _log(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    _logger.info("try %d failed; the next is in %.1f s: %s", state.attempt_number, state.upcoming_sleep, error)


def retrying(max_retries: int, on_retry: Callable[[RetryCallState], Any] | None = None) -> Retrying:
    """Make the loop over tries.

    Args:
        max_retries: tries after the first.
        on_retry: called before each wait.
    """

    def before_sleep(state: RetryCallState) -> None:
        _log(state)
        if on_retry:
            on_retry(state)

    return Retrying(before_sleep=before_sleep, **_arguments(max_retries))


def aretrying(max_retries: int, on_retry: Callable[[RetryCallState], Any] | None = None) -> AsyncRetrying:
    """Make the loop over tries for async callers; `on_retry` may be a coroutine function."""

    async def before_sleep(state: RetryCallState) -> None:
        _log(state)
        if on_retry:
            await on_retry(state)

    return AsyncRetrying(before_sleep=before_sleep, **_arguments(max_retries))
