"""The ways in which an endpoint fails, as values to queue instead of replies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_glm.testing.replies import Reply

__all__ = ["Fault", "FinishWord"]

FinishWord = Literal["network_error", "sensitive", "model_context_window_exceeded"]
"""GLM's finish reasons for which there is no usable answer."""

_Kind = Literal[
    "code", "http", "bare_string", "error_in_200", "in_stream", "raw_line", "cut", "truncated_frame",
    "silence", "reset", "half_reply", "finish", "json", "redirect", "wrong_mode", "empty", "left_open", "extra_bytes",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A failure of the endpoint. Make one with the static methods.

    A fault that sends a reply, complete or not, uses the reply given to it, or else one that the parrot makes.
    A fault that breaks off a reply never sends its final event.

    Args:
        kind: the kind of failure.
        code_: the business code.
        status: the HTTP status; `None` uses that of the code.
        message: the error's text; `None` uses a sentence in the host's language.
        retry_after: the seconds of a `Retry-After` header; `None` sends no such header.
        after: how many events of the stream are sent first.
        event: whether a line `event: error` comes before the error.
        seconds: how long a silence lasts.
        html: the body of a proxy's error page.
        body: the JSON value of the answer.
        location: the target of a redirect.
        done: whether `[DONE]` is sent in a stream that is left open.
        data: bytes that follow the reply on its connection.
        reason: the finish reason.
        reply: the reply that is broken off or sent.

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
    body: Any = None
    location: str = ""
    done: bool = True
    data: bytes = b""
    reason: FinishWord = "network_error"
    reply: Reply | None = None

    @property
    def needs_chat(self) -> bool:
        """Whether only the chat endpoint can fail in this way."""
        return self.kind in {"wrong_mode", "finish"} or self.reply is not None

    @staticmethod
    def code(
        code: str | int, *, status: int | None = None, message: str | None = None, retry_after: float | None = None
    ) -> Fault:
        """Answer with a business code, in the host's own form of errors (the hosts' error lists)."""
        return Fault(kind="code", code_=str(code), status=status, message=message, retry_after=retry_after)

    @staticmethod
    def http(status: int, *, html: str = "<html><body><h1>Bad Gateway</h1></body></html>") -> Fault:
        """Answer with an HTML page, as the proxy in front of the model does (recorded with 502)."""
        return Fault(kind="http", status=status, html=html)

    @staticmethod
    def bare_string(message: str = "too many requests", *, status: int = 429) -> Fault:
        """Answer `{"error": "…"}`, an error that is a string and has no code (recorded on Z.ai)."""
        return Fault(kind="bare_string", body={"error": message}, status=status)

    @staticmethod
    def json(body: Mapping[str, Any], *, status: int = 400) -> Fault:
        """Answer with this JSON, for example the flat `{"code": 1000, "msg": "…", "success": false}`.

        BigModel's other services and some gateways send flat errors; BigModel's have status 200 (recorded).
        """
        return Fault(kind="json", body=body, status=status)

    @staticmethod
    def redirect(location: str, *, status: int = 308) -> Fault:
        """Redirect the client, as a proxy does that requires https or another path."""
        return Fault(kind="redirect", location=location, status=status)

    @staticmethod
    def error_in_200(code: str | int, *, message: str | None = None) -> Fault:
        """Answer HTTP 200 with an error body, even if the request asks for a stream (reported with 1305)."""
        return Fault(kind="error_in_200", code_=str(code), message=message)

    @staticmethod
    def in_stream(
        code: str | int, *, after: int = 1, event: bool = False, message: str | None = None, reply: Reply | None = None
    ) -> Fault:
        """Send an error event in a 200 stream and end it; a request without a stream gets the error as a body."""
        return Fault(kind="in_stream", code_=str(code), after=after, event=event, message=message, reply=reply)

    @staticmethod
    def raw_line(code: str | int, *, after: int = 1, message: str | None = None, reply: Reply | None = None) -> Fault:
        """Send a JSON error without `data:` in a 200 stream; a request without a stream gets the error as a body."""
        return Fault(kind="raw_line", code_=str(code), after=after, message=message, reply=reply)

    @staticmethod
    def cut(*, after: int = 1, reply: Reply | None = None) -> Fault:
        """Close the connection after some events, or in the middle of a body that is not streamed."""
        return Fault(kind="cut", after=after, reply=reply)

    @staticmethod
    def truncated_frame(*, after: int = 1, reply: Reply | None = None) -> Fault:
        """Cut off an event's JSON and append the next `data: {` to it (recorded on Z.ai); a body is cut off too."""
        return Fault(kind="truncated_frame", after=after, reply=reply)

    @staticmethod
    def silence(seconds: float, *, after: int = 1, reply: Reply | None = None) -> Fault:
        """Send nothing for a while, then continue; with `after=0`, and for plain bodies, the headers come late too."""
        return Fault(kind="silence", seconds=seconds, after=after, reply=reply)

    @staticmethod
    def reset(*, after: int = 1, reply: Reply | None = None) -> Fault:
        """Reset the TCP connection; with `after=0`, and for plain bodies, before the status line is sent."""
        return Fault(kind="reset", after=after, reply=reply)

    @staticmethod
    def half_reply(*, reply: Reply | None = None) -> Fault:
        """Send the full `content-length` but only half of the body, then close; a stream ends in the middle."""
        return Fault(kind="half_reply", reply=reply)

    @staticmethod
    def finish(reason: FinishWord, *, reply: Reply | None = None) -> Fault:
        """Answer HTTP 200 with a finish reason that means failure (GLM's API description; recorded)."""
        return Fault(kind="finish", reason=reason, reply=reply)

    @staticmethod
    def wrong_mode(*, reply: Reply | None = None) -> Fault:
        """Send a stream to a request that does not ask for one, and a body to a request that asks for a stream."""
        return Fault(kind="wrong_mode", reply=reply)

    @staticmethod
    def empty() -> Fault:
        """Answer HTTP 200 with the requested content type but without a body."""
        return Fault(kind="empty")

    @staticmethod
    def left_open(seconds: float = 60.0, *, done: bool = True, reply: Reply | None = None) -> Fault:
        """Send the complete stream but leave the response open; `done=False` omits `[DONE]`. Bodies end as usual."""
        return Fault(kind="left_open", seconds=seconds, done=done, reply=reply)

    @staticmethod
    def extra_bytes(
        data: bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", *, reply: Reply | None = None
    ) -> Fault:
        """Send bytes on the connection after the complete reply; by default another HTTP answer."""
        return Fault(kind="extra_bytes", data=data, reply=reply)
