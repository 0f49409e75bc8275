"""One exchange with the endpoint: the request, the bytes of the reply, and what they say."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from langchain_glm.catalog.hosts import CHAT
from langchain_glm.errors import GLMError
from langchain_glm.json import dump_json, read_json
from langchain_glm.transport.error_body import error_from_body
from langchain_glm.transport.events import EventReader
from langchain_glm.transport.exchange import Endpoint, Request, exchange
from langchain_glm.transport.retry import retrying
from langchain_glm.transport.timeouts import Timeout

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from langchain_glm.catalog.hosts import Host

__all__ = ["Ask", "Exchange", "exchanged"]


_WRONG_KEY: Final = "0123456789abcdef.wrong"
_MAX_RETRIES: Final = 3
_TIMEOUT: Final = Timeout(idle=300.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request to send.

    Args:
        body: the body, sent unchanged.
        base_url: a base URL to use instead of the host's.
        key: whether the user's key is sent, a wrong one, or none.
        searches: how many web searches it may cause, which are billed apart from tokens.
    """

    body: Mapping[str, Any]
    base_url: str | None = None
    key: Literal["given", "wrong", "none"] = "given"
    searches: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request and its reply.

    Args:
        ask: the request.
        status: the HTTP status.
        headers: the headers of the reply, with names in lower case.
        content: the bytes of the reply's body.
        replies: the JSON objects in it: the body, or the events of a stream.
        error: the error that the reply reports, as the exception that `ChatGLM` would raise.
    """

    ask: Ask
    status: int
    headers: Mapping[str, str]
    content: bytes
    replies: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    error: GLMError | None = None

    @property
    def code(self) -> str:
        """The endpoint's error code, or else the HTTP status; empty if there is no error."""
        return "" if self.error is None else self.error.code or str(self.status)

    @property
    def choices(self) -> list[Mapping[str, Any]]:
        """The choices of the reply, of all its events."""
        return [choice for reply in self.replies for choice in _objects(reply.get("choices"))]

    @property
    def message(self) -> Mapping[str, Any]:
        """The message of a plain reply; empty if there is none."""
        return next((choice["message"] for choice in self.choices if _objects([choice.get("message")])), {})

    @property
    def text(self) -> str:
        """The text of the message."""
        content = self.message.get("content")
        return content if isinstance(content, str) else ""

    @property
    def answer(self) -> Mapping[str, Any] | None:
        """The text as a JSON object; `None` if it is not one."""
        try:
            value = read_json(self.text.encode())
        except ValueError:
            return None
        return value if isinstance(value, dict) else None

    @property
    def called(self) -> str | None:
        """The name of the first tool that the message calls."""
        functions = _objects([call.get("function") for call in _objects(self.message.get("tool_calls"))])
        return next((function.get("name") for function in functions), None)

    @property
    def argument_pieces(self) -> int:
        """How many pieces of tool arguments a stream holds."""
        deltas = _objects([choice.get("delta") for choice in self.choices])
        calls = [call for delta in deltas for call in _objects(delta.get("tool_calls"))]
        return sum(bool(function.get("arguments")) for function in _objects([call.get("function") for call in calls]))

    @property
    def finish_reason(self) -> str | None:
        """The last finish reason of the reply."""
        return next(filter(None, (choice.get("finish_reason") for choice in reversed(self.choices))), None)

    @property
    def usage(self) -> Mapping[str, Any]:
        """The last usage at the top level of the reply; empty if there is none."""
        return next(filter(None, reversed(_objects([reply.get("usage") for reply in self.replies]))), {})

    @property
    def model(self) -> str | None:
        """The id of the model that answered, as the reply names it."""
        return next((reply["model"] for reply in self.replies if isinstance(reply.get("model"), str)), None)

    @property
    def reasoning_field(self) -> str | None:
        """The field in which the message holds reasoning; `content` if it holds `<think>` tags; `None` without any."""
        fields = (name for name in ("reasoning_content", "reasoning") if str(self.message.get(name) or "").strip())
        return next(fields, "content" if self.text.lstrip().startswith("<think>") else None)


def _objects(values: Any) -> list[dict[str, Any]]:
    """Return the objects among the items of a list, because replies may have any form."""
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


def exchanged(ask: Ask, host: Host, key: str) -> Exchange:
    """Send a request and read the whole reply. A temporary error is retried after a wait.

    Args:
        ask: the request.
        host: the endpoint, with the base URL to use.
        key: the user's key.

    Returns:
        The last exchange, whatever the reply says.

    Raises:
        GLMError: if the endpoint cannot be reached.
    """
    sent_key = {"given": key, "wrong": _WRONG_KEY, "none": None}[ask.key]
    endpoint = _endpoint(host if ask.base_url is None else replace(host, base_url=ask.base_url), sent_key)
    received: list[Exchange] = []

    def attempt() -> None:
        received.append(_attempt(ask, endpoint, sent_key))
        error = received[-1].error
        if error is not None and error.is_retryable:
            raise error

    try:
        retrying(endpoint, None)(attempt)
    except GLMError:
        if not received:
            raise
    return received[-1]


def _endpoint(host: Host, key: str | None) -> Endpoint:
    async def aread_key() -> str | None:
        return key

    return Endpoint(
        host=host, read_key=lambda: key, aread_key=aread_key, headers={}, timeout=_TIMEOUT, max_retries=_MAX_RETRIES
    )


def _attempt(ask: Ask, endpoint: Endpoint, key: str | None) -> Exchange:
    streamed = ask.body.get("stream") is True
    request = Request(endpoint, CHAT, dump_json(ask.body).encode(), None, streamed)
    with exchange(request, key) as (response, pieces):
        content = b"".join(pieces)
        headers = dict(response.headers)
        status = response.status_code
    try:
        replies = _replies(content)
    except (ValueError, GLMError):
        replies = []
    broken = status != 200 or not any(_objects(reply.get("choices")) for reply in replies)
    failed = next((reply for reply in replies if reply.get("error")), None)
    error = None
    if broken or failed:
        body = failed or content
        error = error_from_body(body, host=endpoint.host, status=status, headers=headers, secrets=[key] if key else [])
    return Exchange(ask=ask, status=status, headers=headers, content=content, replies=replies, error=error)


def _replies(content: bytes) -> list[Mapping[str, Any]]:
    if content.lstrip().startswith(b"{"):
        body = read_json(content)
        return [body] if isinstance(body, dict) else []
    reader = EventReader()
    return [*reader.feed(content), *reader.end()]
