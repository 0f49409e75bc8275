"""An HTTP answer as a value: what is sent, when, and whether the connection survives it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Answer", "Hangup", "Pause", "Step"]


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing is sent for so many seconds. The status line goes out with the first bytes, not before."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Hangup:
    """The connection is closed at once; with `reset`, by a TCP reset."""

    reset: bool = False


Step = bytes | Pause | Hangup


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer.

    Args:
        status: the HTTP status.
        headers: header lines in order.
        steps: what happens, in order.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    steps: tuple[Step, ...]

    @property
    def status_seen(self) -> int:
        """The status that the client gets to see: 0 when the connection ends before any byte."""
        spoken = next((step for step in self.steps if not isinstance(step, Pause)), None)
        return 0 if isinstance(spoken, Hangup) else self.status
