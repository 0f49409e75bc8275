"""What is tried again, and how long is waited."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from tenacity import AsyncRetrying, RetryCallState, Retrying, stop_after_attempt
from tenacity.wait import wait_exponential, wait_random

from langchain_glm.errors import GLMError, GLMOverloadedError, GLMQuotaError, GLMTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MAX_WAIT", "Policy", "aretrying", "retrying"]

MAX_WAIT: Final = 60.0
"""The longest wait in seconds that an endpoint can ask for with Retry-After."""

_SHORT: Final = wait_exponential(multiplier=0.5, max=8) + wait_random(0, 0.5)
_LONG: Final = wait_exponential(multiplier=2, max=30) + wait_random(0, 2)
"""For an overloaded service or model (1305, 1312): those last minutes."""

_logger = logging.getLogger("langchain_glm")


class Policy:
    """What is tried again, after which wait, and when no more.

    Args:
        max_retries: tries after the first.
        deadline: the `time.monotonic()` after which no try begins, or `None`.
        reset_limit: seconds that a used-up quota may be waited for, where the endpoint says when it comes back;
            0 does not wait.
    """

    def __init__(self, max_retries: int, deadline: float | None = None, reset_limit: float = 0.0) -> None:
        self._tries = stop_after_attempt(1 + max_retries)
        self._deadline = deadline
        self._reset_limit = reset_limit

    def may_help(self, state: RetryCallState) -> bool:
        """Whether sending the request again can succeed."""
        error = _error(state)
        if isinstance(error, GLMQuotaError):
            return 0 < _until_reset(error) <= self._reset_limit
        # A request that timed out may still be being served; sent again, it would be served and billed twice.
        return isinstance(error, GLMError) and error.is_retryable and not isinstance(error, GLMTimeoutError)

    def wait(self, state: RetryCallState) -> float:
        """Seconds to wait: until a reset, as long as the endpoint asks, else longer each time."""
        error = _error(state)
        if isinstance(error, GLMQuotaError):
            return _until_reset(error)
        if isinstance(error, GLMError) and error.retry_after is not None:
            return min(error.retry_after, MAX_WAIT)
        return (_LONG if isinstance(error, GLMOverloadedError) else _SHORT)(state)

    def stop(self, state: RetryCallState) -> bool:
        """Whether the budget of tries or of time is used up."""
        if self._deadline is not None and time.monotonic() + state.upcoming_sleep > self._deadline:
            return True
        return self._tries(state)

    def arguments(self) -> dict[str, Any]:
        """The policy as tenacity takes it."""
        return {"retry": self.may_help, "wait": self.wait, "stop": self.stop, "reraise": True}


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _until_reset(error: GLMQuotaError) -> float:
    """Seconds until the quota comes back, and one more for clocks that differ; 0 if nobody said when."""
    return 0.0 if error.reset_at is None else max(0.0, (error.reset_at - datetime.now(UTC)).total_seconds()) + 1.0


def _log(state: RetryCallState) -> None:
    """Say that there is another try; without the endpoint's words, which may quote the prompt or the reply."""
    error = _error(state)
    _logger.info(
        "try %d failed; the next is in %.1f s: %s (code %s, HTTP %s)",
        state.attempt_number,
        state.upcoming_sleep,
        type(error).__name__,
        getattr(error, "code", None),
        getattr(error, "status", None),
    )
    _logger.debug("%s", error)


def retrying(policy: Policy, on_retry: Callable[[RetryCallState], Any] | None = None) -> Retrying:
    """Make the loop over tries; `on_retry` is called before each wait."""

    def before_sleep(state: RetryCallState) -> None:
        _log(state)
        if on_retry:
            on_retry(state)

    return Retrying(before_sleep=before_sleep, **policy.arguments())


def aretrying(policy: Policy, on_retry: Callable[[RetryCallState], Any] | None = None) -> AsyncRetrying:
    """Make the loop over tries for async callers; `on_retry` is awaited before each wait."""

    async def before_sleep(state: RetryCallState) -> None:
        _log(state)
        if on_retry:
            await on_retry(state)

    return AsyncRetrying(before_sleep=before_sleep, **policy.arguments())
