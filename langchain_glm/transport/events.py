"""Bytes → the events of a stream.

Tolerant where recorded streams need it: any line ending, any cut, a BOM, comments, `data:` without a space,
bare JSON errors without `data:`, anything after `[DONE]`. Strict where data would be lost: a `data:` line
that is no JSON is an error, because the upstream cut it off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from langchain_glm.errors import GLMStreamError
from langchain_glm.json import read_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["DONE", "MAX_BYTES", "EventReader", "check_size"]

DONE: Final[Mapping[str, Any]] = {}
"""The event that stands for `data: [DONE]`. Nothing comes after it."""

MAX_BYTES: Final = 32 * 1024 * 1024
"""The longest line of a stream, and the longest whole reply, that is read; replies of GLM stay under one MiB."""

_BOM: Final = b"\xef\xbb\xbf"


class EventReader:
    r"""Takes the bytes of a stream in pieces of any size, gives its events.

    Args:
        failure: makes the exception to raise for an event that is an error; without it, that is an event like any.

    Attributes:
        done: whether `[DONE]` has been read.

    Example:
        ```python
        list(EventReader().feed(b'data: {"id": "1"}\n\ndata: [DONE]\n\n'))  # [{"id": "1"}, DONE]
        ```
    """

    def __init__(self, failure: Callable[[Mapping[str, Any]], Exception] | None = None) -> None:
        self.done = False
        self._failure = failure
        self._tail = bytearray()  # of a line whose end has not come; grows in place, however small the pieces
        self._is_error = False  # the next data belongs to an `event: error`
        self._first = True

    def feed(self, piece: bytes) -> Iterator[Mapping[str, Any]]:
        """Take some bytes; give the events that they complete. They are to be taken before more is fed.

        Raises:
            GLMStreamError: at a `data:` line that is no JSON, and at a line of more than `MAX_BYTES`.
            Exception: what `failure` makes.
        """
        check_size(len(self._tail) + len(piece), "line")
        lines = piece.splitlines()
        if not lines or self.done:
            return
        cut = piece[-1] not in b"\r\n"
        if cut and len(lines) == 1:
            self._tail += piece
            return
        if self._tail:
            lines[0] = bytes(self._tail) + lines[0]
            self._tail = bytearray()
        if cut:
            self._tail += lines.pop()
        if self._first:
            self._first = False
            lines[0] = lines[0].removeprefix(_BOM)
        for line in lines:
            if not line:
                continue
            # Every `data:` line is an event of its own: no endpoint splits one, and so it is out at once.
            if line.startswith(b"data:"):
                data = line[5:].strip()
                if data == b"[DONE]":
                    self.done = True
                    yield DONE
                    return
                if not data:
                    continue
                try:
                    event = read_json(data)
                except ValueError:
                    raise _broken(data) from None
                if self._is_error and not (isinstance(event, dict) and "error" in event):
                    event = {"error": event}
                self._is_error = False
            elif line.startswith(b"event:"):
                self._is_error = line[6:].strip() == b"error"
                continue
            elif line.startswith(b"{"):
                event = _bare(line)
            else:
                continue
            if event and isinstance(event, dict):
                if self._failure and event.get("error"):
                    raise self._failure(event)
                yield event

    def end(self) -> Iterator[Mapping[str, Any]]:
        """The bytes have ended: give what a last line without an ending holds."""
        return self.feed(b"\n")


def check_size(size: int, what: str) -> None:
    """Refuse to hold more than `MAX_BYTES` in memory.

    Raises:
        GLMStreamError: if there are more.
    """
    if size > MAX_BYTES:
        raise GLMStreamError(f"the reply holds a {what} of more than {MAX_BYTES} bytes; it is not read", status=200)


def _broken(data: bytes) -> GLMStreamError:
    start = data[:80].decode("utf-8", "replace")
    return GLMStreamError(
        f"the stream holds a frame that is no JSON, so a part of the reply is lost: {start}…", status=200
    )


def _bare(line: bytes) -> Mapping[str, Any] | None:
    """JSON outside of a `data:` line: the coding endpoints are reported to send errors so."""
    try:
        event = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return event if isinstance(event, dict) and ("error" in event or "choices" in event) else None
