"""An HTTP answer as a value: what is sent, when, and whether the connection stays open."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Answer", "Hangup", "Pause", "Step"]


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing is sent for some seconds. The status line is sent with the first bytes, not before."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Hangup:
    """The connection is closed immediately; with `reset`, by a TCP reset."""

    reset: bool = False


Step = bytes | Pause | Hangup


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer.

    Args:
        status: the HTTP status.
        headers: header lines in order.
        steps: the bytes, pauses and hangups, in order.
        trailing: bytes that are written to the connection after the complete answer.
        refuses: whether it refuses the request. Some refusals have the status 200.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    steps: tuple[Step, ...]
    trailing: bytes = b""
    refuses: bool = False

    @property
    def status_seen(self) -> int:
        """The status that the client receives: 0 if the connection ends before the first byte."""
        first = next((step for step in self.steps if not isinstance(step, Pause)), None)
        return 0 if isinstance(first, Hangup) else self.status
