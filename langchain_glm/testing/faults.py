"""The ways in which an endpoint fails, as values to queue in place of a reply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from langchain_glm.testing.replies import Reply

__all__ = ["Fault", "FinishWord"]

FinishWord = Literal["network_error", "sensitive", "model_context_window_exceeded"]
"""GLM's finish reasons that mean that there is no usable answer."""

_Kind = Literal[
    "code", "http", "bare_string", "error_in_200", "in_stream", "raw_line", "cut", "truncated_frame",
    "silence", "reset", "half_reply", "finish",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A failure of the endpoint. Make one with the static methods.

    A fault that breaks a reply off breaks the reply given to it, or the one that the parrot would make; it
    never lets the final event through.

    Args:
        kind: which failure.
        code_: the business code.
        status: the HTTP status; the code's own when `None`.
        message: the error's text; a sentence in the host's language when `None`.
        retry_after: seconds in the `Retry-After` header; no such header when `None`.
        after: how many events of the stream are sent first.
        event: whether the error frame is announced by a line `event: error`.
        seconds: how long a silence lasts.
        html: the body of a proxy's error page.
        reason: the finish reason.
        reply: the reply that is broken off.

    Example:
        ```python
        server.queue(Fault.code("1302"), Fault.cut(after=2), Reply("At last."))
        ```
    """

    kind: _Kind
    code_: str = "500"
    status: int | None = None
    message: str | None = None
    retry_after: float | None = None
    after: int = 1
    event: bool = False
    seconds: float = 0.0
    html: str = ""
    reason: FinishWord = "network_error"
    reply: Reply | None = None

    @staticmethod
    def code(
        code: str, *, status: int | None = None, message: str | None = None, retry_after: float | None = None
    ) -> Fault:
        """Refuse with a business code, in the host's own error shape (the hosts' error lists)."""
        return Fault(kind="code", code_=code, status=status, message=message, retry_after=retry_after)

    @staticmethod
    def http(status: int, *, html: str = "<html><body><h1>Bad Gateway</h1></body></html>") -> Fault:
        """Answer with an HTML page, as the proxy before the model does (recorded with 502)."""
        return Fault(kind="http", status=status, html=html)

    @staticmethod
    def bare_string(message: str = "too many requests", *, status: int = 429) -> Fault:
        """Answer `{"error": "…"}`, where the error is a string and has no code (recorded on Z.ai)."""
        return Fault(kind="bare_string", message=message, status=status)

    @staticmethod
    def error_in_200(code: str, *, message: str | None = None) -> Fault:
        """Answer HTTP 200 with an error body, no stream even if one was asked for (reported with 1305)."""
        return Fault(kind="error_in_200", code_=code, message=message)

    @staticmethod
    def in_stream(
        code: str,
        *,
        after: int = 1,
        event: bool = False,
        message: str | None = None,
        reply: Reply | None = None,
    ) -> Fault:
        """Put an error frame into a 200 stream and end it; what is not streamed is refused."""
        return Fault(kind="in_stream", code_=code, after=after, event=event, message=message, reply=reply)

    @staticmethod
    def raw_line(code: str, *, after: int = 1, message: str | None = None, reply: Reply | None = None) -> Fault:
        """Put a JSON error line without `data:` into a 200 stream; what is not streamed is refused."""
        return Fault(kind="raw_line", code_=code, after=after, message=message, reply=reply)

    @staticmethod
    def cut(*, after: int = 1, reply: Reply | None = None) -> Fault:
        """Close the connection after some events; a body that is not streamed ends half way."""
        return Fault(kind="cut", after=after, reply=reply)

    @staticmethod
    def truncated_frame(*, after: int = 1, reply: Reply | None = None) -> Fault:
        """Cut a frame's JSON and glue the next `data: {` to it (recorded on Z.ai); a body is cut too."""
        return Fault(kind="truncated_frame", after=after, reply=reply)

    @staticmethod
    def silence(seconds: float, *, after: int = 1, reply: Reply | None = None) -> Fault:
        """Send nothing for a while, then go on; `after=0` and bodies hold the headers back too."""
        return Fault(kind="silence", seconds=seconds, after=after, reply=reply)

    @staticmethod
    def reset(*, after: int = 1, reply: Reply | None = None) -> Fault:
        """Reset the TCP connection; with `after=0` and bodies, before the status line."""
        return Fault(kind="reset", after=after, reply=reply)

    @staticmethod
    def half_reply(*, reply: Reply | None = None) -> Fault:
        """Declare the full `content-length`, send half of the body and close; a stream ends half way."""
        return Fault(kind="half_reply", reply=reply)

    @staticmethod
    def finish(reason: FinishWord, *, reply: Reply | None = None) -> Fault:
        """Answer HTTP 200 with a finish reason that means failure (GLM's API description; recorded)."""
        return Fault(kind="finish", reason=reason, reply=reply)
