"""The time limits of a call."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, fields
from math import isfinite
from typing import Any, Final

__all__ = ["Timeout", "deadline_of", "read_timeout", "remaining", "shortest"]

_LIMITS: Final = ("connect", "idle", "queue", "total")


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


_DEFAULT: Final = Timeout()


def read_timeout(value: Any) -> Timeout:
    """Read a timeout in any form that httpx and LangChain's packages accept.

    Raises:
        ValueError: if it has another form, or if a limit is not a positive number.
    """
    if value is None or isinstance(value, Timeout):
        return value or _DEFAULT
    if isinstance(value, Mapping):
        if unknown := sorted(str(name) for name in value if name not in _LIMITS):
            raise ValueError(f"timeout: {', '.join(unknown)} is unknown; known are {', '.join(_LIMITS)}.")
        return Timeout(**value)
    if isinstance(value, tuple | list) and len(value) == 2:
        return Timeout(connect=value[0], idle=value[1])
    if hasattr(value, "connect") and hasattr(value, "read"):  # httpx2.Timeout or httpx.Timeout
        return Timeout(connect=value.connect, idle=value.read)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Timeout(connect=min(Timeout(idle=value).connect or value, value), idle=value)
    raise ValueError(
        "timeout: give seconds, (connect, idle), a mapping of connect, idle, queue and total, or a Timeout."
    )


def deadline_of(timeout: Timeout) -> float | None:
    """Return the `time.monotonic()` at which a call that begins now must have ended, or `None`."""
    return None if timeout.total is None else time.monotonic() + timeout.total


def remaining(deadline: float | None) -> float | None:
    """Return the seconds until a deadline, not less than 0; `None` without a deadline."""
    return None if deadline is None else max(0.0, deadline - time.monotonic())


def shortest(*limits: float | None) -> float | None:
    """Return the shortest limit; `None` means no limit."""
    return min((limit for limit in limits if limit is not None), default=None)
