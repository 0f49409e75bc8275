"""What went wrong at the endpoint, as exceptions that LangChain's own middleware understands.

To add a business code, add one entry to `CODES`. Classification goes by code, never by the message:
its language does not follow the host. HTTP statuses decide only where no code is known.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

from langchain_core.exceptions import (
    ContextOverflowError,
    ModelAPIError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelError,
    ModelInvalidRequestError,
    ModelNotFoundError,
    ModelPermissionDeniedError,
    ModelRateLimitError,
    ModelTimeoutError,
)

from langchain_glm.catalog.hosts import HOSTS
from langchain_glm.json import read_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx
    from langchain_core.messages import AIMessage

    from langchain_glm.catalog.hosts import Host

__all__ = [
    "CODES",
    "GLMAuthenticationError",
    "GLMBalanceError",
    "GLMConnectionError",
    "GLMContentFilterError",
    "GLMContextOverflowError",
    "GLMError",
    "GLMInvalidRequestError",
    "GLMNotFoundError",
    "GLMOverloadedError",
    "GLMPermissionError",
    "GLMQuotaError",
    "GLMRateLimitError",
    "GLMServerError",
    "GLMStreamError",
    "GLMTimeoutError",
    "GLMToolChoiceError",
    "error_from_body",
]

BEIJING: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
"""The zone of the reset times that GLM writes into its messages."""


class GLMError(ModelError):
    """A request that failed at, or on the way to, the endpoint.

    `is_retryable` (from langchain-core) says whether the same request may succeed if sent again.

    Args:
        message: what the endpoint said, or what was seen.
        code: GLM's business code as a string (`"1302"`), or the gateway's code.
        status: the HTTP status; 200 where the error came inside a reply.
        request_id: the endpoint's id of the request, for support.
        response: the reply, already read, without the request's headers; `None` if none came.
        reset_at: when a used-up quota comes back (aware), where the endpoint said so.
        retry_after: seconds that the endpoint asked to wait.
        hint: what to do about it.
        partial: the part of the answer that had arrived, as a message.

    Example:
        ```python
        try:
            model.invoke("hi")
        except GLMQuotaError as error:
            print(error.code, error.reset_at, error.hint)
        ```
    """

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
        response: httpx.Response | None = None,
        reset_at: datetime | None = None,
        retry_after: float | None = None,
        hint: str | None = None,
        partial: AIMessage | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status
        self.request_id = request_id
        self.response = response
        self.reset_at = reset_at
        self.retry_after = retry_after
        self.hint = hint
        self.partial = partial

    def __str__(self) -> str:
        """Message, code, status and request id in one line; the hint, if any, in a second."""
        facts = [
            text
            for text in (
                f"code {self.code}" if self.code else "",
                f"HTTP {self.status}" if self.status else "",
                f"request {self.request_id}" if self.request_id else "",
            )
            if text
        ]
        line = f"{self.message} ({', '.join(facts)})" if facts else self.message
        return f"{line}\n{self.hint}" if self.hint else line


class GLMAuthenticationError(GLMError, ModelAuthenticationError):
    """The key is missing, wrong or expired."""


class GLMPermissionError(GLMError, ModelPermissionDeniedError):
    """The account may not do this: locked, or its plan lacks the model."""


class GLMBalanceError(GLMPermissionError):
    """No money or no package on this endpoint. Trying again cannot help, whatever the HTTP status (429) suggests."""


class GLMInvalidRequestError(GLMError, ModelInvalidRequestError):
    """The endpoint refuses the request as it is."""


class GLMContextOverflowError(GLMInvalidRequestError, ContextOverflowError):
    """The prompt is longer than the model's context."""


class GLMContentFilterError(GLMInvalidRequestError):
    """Content safety stopped the prompt or the answer (1301).

    Attributes:
        content_filter: the endpoint's `contentFilter` list: `{"role", "level"}`, level 0 the most severe.
    """

    content_filter: list[dict[str, Any]] | None = None


class GLMNotFoundError(GLMError, ModelNotFoundError):
    """No such model, or no such path."""


class GLMRateLimitError(GLMError, ModelRateLimitError):
    """Too many requests at once or too fast; a short wait helps."""


class GLMQuotaError(GLMError, ModelRateLimitError):
    """A quota is used up; nothing helps before `reset_at`."""

    is_retryable = False


class GLMOverloadedError(GLMError, ModelAPIError):
    """The service or the model is overloaded; a long wait helps."""


class GLMServerError(GLMError, ModelAPIError):
    """The endpoint failed by itself."""


class GLMConnectionError(GLMError, ModelConnectionError):
    """The endpoint could not be reached, or the connection broke."""


class GLMStreamError(GLMConnectionError):
    """A stream broke off or held a frame that cannot be read; `partial` holds what came before."""


class GLMToolChoiceError(GLMError, ModelAPIError):
    """A tool was demanded (`tool_choice`), and the model answered without calling one; `partial` is its answer."""


class GLMTimeoutError(GLMError, ModelTimeoutError):
    """No connection, no byte or no end within the time allowed; `partial` holds what came before."""


_KEY_HINT = (
    "The key for host {host!r} comes from api_key= or from {key_variable}; keys of one host are not valid on another."
)
_PLAN_HINT = "If the key belongs to the account's other plan, use host={other!r} ({other_url})."
_MODEL_HINT = "Check model=; ids differ by host and plan."
_REDUCE_HINT = "Send fewer requests at the same time; the limit counts requests in flight."
_SHORTEN_HINT = "Shorten the conversation, for example with trim_messages or SummarizationMiddleware."

# Sources: docs.bigmodel.cn error list (to 1313); third-party reports agreeing on 1314 to 1321; recorded bodies.
CODES: Final[Mapping[str, tuple[type[GLMError], str | None]]] = {
    "500": (GLMServerError, None),
    "1000": (GLMAuthenticationError, _KEY_HINT),
    "1001": (GLMAuthenticationError, _KEY_HINT),
    "1002": (GLMAuthenticationError, _KEY_HINT),
    "1003": (GLMAuthenticationError, _KEY_HINT),
    "1004": (GLMAuthenticationError, _KEY_HINT),
    "1100": (GLMPermissionError, None),
    "1110": (GLMPermissionError, None),
    "1111": (GLMPermissionError, None),
    "1112": (GLMPermissionError, "The account is locked; contact the endpoint's support."),
    "1113": (GLMBalanceError, "No balance or package for this endpoint. " + _PLAN_HINT),
    "1120": (GLMServerError, None),
    "1121": (GLMPermissionError, "The account is locked; contact the endpoint's support."),
    "1200": (GLMServerError, None),
    "1210": (GLMInvalidRequestError, None),
    "1211": (GLMNotFoundError, _MODEL_HINT),
    "1212": (GLMInvalidRequestError, None),
    "1213": (GLMInvalidRequestError, None),
    "1214": (GLMInvalidRequestError, None),
    "1215": (GLMInvalidRequestError, None),
    "1220": (GLMPermissionError, None),
    "1221": (GLMPermissionError, None),
    "1222": (GLMPermissionError, None),
    "1230": (GLMServerError, None),
    "1231": (
        GLMInvalidRequestError,
        "This request_id is in flight already; give each request its own, or none.",
    ),
    "1234": (GLMServerError, None),
    "1261": (GLMContextOverflowError, _SHORTEN_HINT),
    "1300": (GLMContentFilterError, None),
    "1301": (GLMContentFilterError, None),
    "1302": (GLMRateLimitError, _REDUCE_HINT),
    "1303": (GLMRateLimitError, None),
    "1304": (GLMQuotaError, None),
    "1305": (GLMOverloadedError, None),
    "1308": (GLMQuotaError, None),
    "1309": (GLMBalanceError, "The coding plan has expired. " + _PLAN_HINT),
    "1310": (GLMQuotaError, None),
    "1311": (GLMPermissionError, "The plan does not include this model. " + _PLAN_HINT),
    "1312": (GLMOverloadedError, "This model is overloaded; another model may answer now."),
    "1313": (GLMPermissionError, None),
    "1314": (GLMPermissionError, None),
    "1315": (GLMPermissionError, None),
    "1316": (GLMQuotaError, None),
    "1317": (GLMQuotaError, None),
    "1318": (GLMQuotaError, None),
    "1319": (GLMQuotaError, None),
    "1320": (GLMQuotaError, None),
    "1321": (GLMQuotaError, None),
    # what gateways and Kimi write as `code` or `type`
    "insufficient_user_quota": (GLMBalanceError, None),
    "insufficient_quota": (GLMBalanceError, None),
    "exceeded_current_quota_error": (GLMBalanceError, None),
    "invalid_api_key": (GLMAuthenticationError, _KEY_HINT),
    "invalid_authentication_error": (GLMAuthenticationError, _KEY_HINT),
    "permission_denied_error": (GLMPermissionError, None),
    "model_not_found": (GLMNotFoundError, _MODEL_HINT),
    "resource_not_found_error": (GLMNotFoundError, _MODEL_HINT),
    "context_length_exceeded": (GLMContextOverflowError, _SHORTEN_HINT),
    "sensitive_words_detected": (GLMContentFilterError, None),
    "content_filter": (GLMContentFilterError, None),
    "rate_limit_reached_error": (GLMRateLimitError, _REDUCE_HINT),
    "engine_overloaded_error": (GLMOverloadedError, None),
    "channel:no_available_key": (GLMOverloadedError, None),
    "server_error": (GLMServerError, None),
}
"""Business code → exception and hint. `{host}`, `{key_variable}`, `{other}`, `{other_url}` are filled in."""

_STATUSES: Final[Mapping[int, tuple[type[GLMError], str | None]]] = {
    401: (GLMAuthenticationError, _KEY_HINT),
    402: (GLMBalanceError, None),
    403: (GLMPermissionError, None),
    404: (
        GLMNotFoundError,
        "{url} is not served by this host; {host!r} answers at {base_url}/chat/completions.",
    ),
    408: (GLMTimeoutError, None),
    409: (GLMInvalidRequestError, None),
    429: (GLMRateLimitError, _REDUCE_HINT),
    434: (GLMPermissionError, None),
    529: (GLMOverloadedError, None),
}

_RESET_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_TAGS = re.compile(r"(?:<[^>]+>|\s)+")


def error_from_body(
    body: bytes | Mapping[str, Any],
    *,
    host: Host,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    response: httpx.Response | None = None,
) -> GLMError:
    """Make the exception for an error body.

    Args:
        body: the raw body of an HTTP error, or a parsed object that holds `error`.
        host: the endpoint that answered; hints name its key variable and its other plan.
        status: the HTTP status.
        headers: the reply's headers.
        response: the reply as an `httpx.Response`, already read and without the request's headers.

    Returns:
        The exception, not raised.

    Shapes read (all recorded): `{"error": {"code", "message"}, "request_id", "contentFilter"}`, `{"error": "text"}`,
    Spring's `{"status", "error", "path"}`, `{"error": {"code"}, "message"}`, OpenAI's `{"error": {"type", …}}`, HTML.
    """
    headers = headers or {}
    data, text = _parse(body)
    error = data.get("error")
    inner: Mapping[str, Any] = error if isinstance(error, dict) else {}
    code = str(inner["code"]) if inner.get("code") is not None else None
    message = _first_text(inner.get("message"), data.get("message"), data.get("msg"), error, text)
    kind, hint = next(
        (CODES[key] for key in (code, inner.get("type")) if isinstance(key, str) and key in CODES),
        _by_status(status if status >= 400 else _as_status(code)),
    )
    failure = kind(
        message or f"the endpoint answered HTTP {status} with no message",
        code=code,
        status=status,
        request_id=_first_text(
            data.get("request_id"),
            inner.get("request_id"),
            headers.get("x-log-id"),
            headers.get("msh-request-id"),
            headers.get("x-request-id"),
        ),
        response=response,
        reset_at=_reset_time(message),
        retry_after=_retry_after(headers.get("retry-after")),
        hint=_fill(hint, host),
    )
    if isinstance(failure, GLMContentFilterError):
        failure.content_filter = data.get("contentFilter") or data.get("content_filter")
    return failure


def _parse(body: bytes | Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    if not isinstance(body, bytes):
        return body, ""
    try:
        data = read_json(body)
    except ValueError:
        return {}, _TAGS.sub(" ", body.decode("utf-8", "replace")).strip()[:500]
    return (data, "") if isinstance(data, dict) else ({"error": data}, "")


def _first_text(*values: Any) -> str | None:
    return next((value for value in values if isinstance(value, str) and value), None)


def _as_status(code: str | None) -> int:
    return int(code) if code and code.isascii() and code.isdigit() and len(code) == 3 else 0


def _by_status(status: int) -> tuple[type[GLMError], str | None]:
    if status in _STATUSES:
        return _STATUSES[status]
    return (GLMInvalidRequestError if 400 <= status < 500 else GLMServerError), None


def _reset_time(message: str | None) -> datetime | None:
    found = _RESET_TIME.search(message or "")
    if not found:
        return None
    try:
        return datetime.strptime(found.group(), "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
    except ValueError:  # digits in the right places that are no date
        return None


def _retry_after(value: str | None) -> float | None:
    """Seconds from a Retry-After header, which may hold a number or a date (RFC 9110)."""
    if not value:
        return None
    try:
        seconds = float(value)
        return max(0.0, seconds) if math.isfinite(seconds) else None
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def _fill(hint: str | None, host: Host) -> str | None:
    if not hint:
        return None
    other = HOSTS.get(host.other_plan or "")
    known = HOSTS.get(host.name, host)
    if other is None:
        hint = hint.replace(_PLAN_HINT, "")
    return (
        hint.format(
            host=host.name,
            key_variable=host.key_variable,
            base_url=known.base_url or host.base_url,
            url=f"{host.base_url}/chat/completions",
            other=other.name if other else "",
            other_url=other.base_url if other else "",
        ).strip()
        or None
    )
