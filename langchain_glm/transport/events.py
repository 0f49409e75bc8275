"""Read the bytes of a stream as events.

The reader accepts what occurs in recorded streams: any line ending, pieces cut anywhere, a BOM, comments, `data:`
without a space, JSON errors without `data:`, anything after `[DONE]`. It is strict where data would be lost: a `data:`
line that is not JSON raises an error, because the endpoint has cut it off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from langchain_glm.errors import GLMStreamError
from langchain_glm.json import read_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["MAX_BYTES", "EventReader", "check_size"]

MAX_BYTES: Final = 32 * 1024 * 1024
"""The size limit for one line of a stream and for a complete reply; GLM's replies stay under one MiB."""

_BOM: Final = b"\xef\xbb\xbf"


class EventReader:
    r"""Read the events of a stream from pieces of any size.

    Args:
        failure: makes the exception to raise for an event that holds an error; without it, such an event is yielded.

    Attributes:
        done: whether `[DONE]` has been read.

    Example:
        ```python
        list(EventReader().feed(b'data: {"id": "1"}\n\ndata: [DONE]\n\n'))  # [{"id": "1"}]
        ```
    """

    def __init__(self, failure: Callable[[Mapping[str, Any]], Exception] | None = None) -> None:
        self.done = False
        self._failure = failure
        self._tail = bytearray()  # the line whose end has not come yet; it grows in place, however small the pieces
        self._is_error = False  # the next data belongs to an `event: error`
        self._first = True

    def feed(self, piece: bytes) -> Iterator[Mapping[str, Any]]:
        """Read some bytes; yield the events that they complete. Iterate over all of them before you feed more bytes.

        Raises:
            GLMStreamError: at a `data:` line that is not JSON, and at a line of more than `MAX_BYTES`.
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
            # Each `data:` line is a complete event: no endpoint splits one, so nothing waits for a blank line.
            if line.startswith(b"data:"):
                data = line[5:].strip()
                if data == b"[DONE]":
                    self.done = True
                    return
                if not data:
                    continue
                try:
                    event = read_json(data)
                except ValueError:
                    raise _not_json_error(data) from None
                if self._is_error and not (isinstance(event, dict) and "error" in event):
                    event = {"error": event}
                self._is_error = False
            elif line.startswith(b"event:"):
                self._is_error = line[6:].strip() == b"error"
                continue
            elif line.startswith(b"{"):
                event = _read_bare_json(line)
            else:
                continue
            if event and isinstance(event, dict):
                if self._failure and event.get("error"):
                    raise self._failure(event)
                yield event

    def end(self) -> Iterator[Mapping[str, Any]]:
        """Note that the bytes have ended; yield the event of a last line without a line ending."""
        return self.feed(b"\n")


def check_size(size: int, what: str) -> None:
    """Refuse to hold more than `MAX_BYTES` in memory.

    Raises:
        GLMStreamError: if there are more.
    """
    if size > MAX_BYTES:
        raise GLMStreamError(
            f"the reply has a {what} of more than {MAX_BYTES} bytes, which is the limit",
            status=200,
            is_retryable=False,  # it would be as long again, and billed again
        )


def _not_json_error(data: bytes) -> GLMStreamError:
    start = data[:80].decode("utf-8", "replace")
    return GLMStreamError(
        f"the stream holds an event that is not JSON, so a part of the reply is lost: {start}…", status=200
    )


def _read_bare_json(line: bytes) -> Mapping[str, Any] | None:
    """Read JSON without `data:` before it; the coding endpoints are reported to send errors in this form."""
    try:
        event = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return event if isinstance(event, dict) and ("error" in event or "choices" in event) else None
