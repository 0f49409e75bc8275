"""Which errors are retried, and how long to wait before each attempt."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from tenacity import AsyncRetrying, RetryCallState, Retrying, stop_after_attempt
from tenacity.wait import wait_exponential, wait_random

from langchain_glm.errors import GLMError, GLMOverloadedError, GLMQuotaError

if TYPE_CHECKING:
    from langchain_glm.transport.exchange import Endpoint

__all__ = ["MAX_WAIT", "aretrying", "retrying", "wait"]

MAX_WAIT: Final = 60.0
"""The most seconds that an endpoint can ask for with Retry-After."""

_SHORT_WAIT: Final = wait_exponential(multiplier=0.5, max=8) + wait_random(0, 0.5)
_LONG_WAIT: Final = wait_exponential(multiplier=2, max=30) + wait_random(0, 2)
"""For an overloaded service or model (1305, 1312), because an overload lasts for minutes."""

_JITTER: Final = wait_random(0, 0.5)

_logger = logging.getLogger("langchain_glm")


def retrying(endpoint: Endpoint, deadline: float | None) -> Retrying:
    """Return tenacity's loop over the attempts of one request; `endpoint.on_retry` is called before each wait."""

    def before_sleep(state: RetryCallState) -> None:
        _log(state)
        if endpoint.on_retry:
            endpoint.on_retry(state)

    return Retrying(before_sleep=before_sleep, **_arguments(endpoint, deadline))


def aretrying(endpoint: Endpoint, deadline: float | None) -> AsyncRetrying:
    """Return tenacity's loop over the attempts of one request; `endpoint.on_retry` is awaited before each wait."""

    async def before_sleep(state: RetryCallState) -> None:
        _log(state)
        if endpoint.on_retry:
            await endpoint.on_retry(state)

    return AsyncRetrying(before_sleep=before_sleep, **_arguments(endpoint, deadline))


def _arguments(endpoint: Endpoint, deadline: float | None) -> dict[str, Any]:
    attempts = stop_after_attempt(1 + endpoint.max_retries)

    def can_succeed(state: RetryCallState) -> bool:
        error = _error(state)
        if isinstance(error, GLMQuotaError):
            return 0 < _seconds_until_reset(error) <= endpoint.reset_limit
        return isinstance(error, GLMError) and error.is_retryable

    def stop(state: RetryCallState) -> bool:
        if deadline is not None and time.monotonic() + state.upcoming_sleep > deadline:
            return True
        return attempts(state)

    return {"retry": can_succeed, "wait": wait, "stop": stop, "reraise": True}


def wait(state: RetryCallState) -> float:
    """Return the seconds to wait: until a reset, as long as the endpoint asks for, or longer with each attempt.

    A random part keeps clients that got the same `Retry-After` from retrying at the same moment.
    """
    error = _error(state)
    if isinstance(error, GLMQuotaError):
        return _seconds_until_reset(error) + _JITTER(state)
    if isinstance(error, GLMError) and error.retry_after is not None:
        requested = min(error.retry_after, MAX_WAIT)
        return requested + _JITTER(state) * max(1.0, requested)
    return (_LONG_WAIT if isinstance(error, GLMOverloadedError) else _SHORT_WAIT)(state)


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _seconds_until_reset(error: GLMQuotaError) -> float:
    """Return the seconds until the quota is reset, and one more in case clocks differ; 0 if that time is unknown."""
    return 0.0 if error.reset_at is None else max(0.0, (error.reset_at - datetime.now(UTC)).total_seconds()) + 1.0


def _log(state: RetryCallState) -> None:
    """Log that another attempt follows, without the endpoint's message, which may quote the prompt or the reply."""
    error = _error(state)
    _logger.info(
        "attempt %d failed; the next is in %.1f s: %s (code %s, HTTP %s)",
        state.attempt_number,
        state.upcoming_sleep,
        type(error).__name__,
        getattr(error, "code", None),
        getattr(error, "status", None),
    )
    _logger.debug("%s", error)
