"""The time limits of a call."""

from __future__ import annotations

import time
from dataclasses import dataclass, fields
from math import isfinite

__all__ = ["Timeout", "deadline_of", "remaining", "shortest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeout:
    """Time limits in seconds; `None` waits forever.

    GLM is silent for minutes while it thinks hard, so the default allows a long silence.

    Args:
        connect: to open a connection to one address of the endpoint. Default 10.
        idle: without any byte received or sent. Default 600.
        queue: to wait for a slot if `max_concurrency` limits the requests in flight, and for a free connection if your
            own client limits those. Default 600.
        total: for the whole call: name resolution, connecting, sending, waiting between attempts, reading. Default
            `None`. A synchronous call with this limit runs in another thread, which is abandoned when time is up.

    Raises:
        ValueError: for a limit that is not a positive number.

    Example:
        ```python
        ChatGLM(model="glm-5.2", timeout=Timeout(connect=5, total=120))
        ```
    """

    connect: float | None = 10.0
    idle: float | None = 600.0
    queue: float | None = 600.0
    total: float | None = None

    def __post_init__(self) -> None:
        """Refuse limits that are not positive numbers."""
        for field in fields(self):
            limit = getattr(self, field.name)
            if limit is not None and not (isinstance(limit, int | float) and isfinite(limit) and limit > 0):
                raise ValueError(f"timeout: {field.name}={limit!r} must be a positive number of seconds, or None.")


def deadline_of(timeout: Timeout) -> float | None:
    """Return the `time.monotonic()` at which a call that begins now must have ended, or `None`."""
    return None if timeout.total is None else time.monotonic() + timeout.total


def remaining(deadline: float | None) -> float | None:
    """Return the seconds until a deadline, not less than 0; `None` without a deadline."""
    return None if deadline is None else max(0.0, deadline - time.monotonic())


def shortest(*limits: float | None) -> float | None:
    """Return the shortest limit; `None` means no limit."""
    return min((limit for limit in limits if limit is not None), default=None)
