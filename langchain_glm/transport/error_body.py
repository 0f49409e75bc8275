"""Read the body of an error, whatever its shape, and make the exception that fits it."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

from langchain_glm.catalog.codes import CODES, MESSAGES, STATUSES, ErrorCode, hint_for
from langchain_glm.errors import GLMContentFilterError, GLMError, GLMInvalidRequestError, GLMServerError
from langchain_glm.json import read_json
from langchain_glm.transport.redaction import redacted, redacted_response

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from langchain_glm.catalog.hosts import Host

__all__ = ["BEIJING", "error_from_body"]

BEIJING: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
"""The time zone of the reset times in GLM's messages."""

_MAX_PAGE_BYTES: Final = 65_536
_MAX_MESSAGE_CHARACTERS: Final = 500
"""How many bytes of a body that is not JSON are read, and how many characters of it are shown."""

_RESET_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_TAGS: Final = re.compile(r"(?:<[^<>]*>|\s)+")
_REQUEST_ID_HEADERS: Final = ("x-log-id", "msh-request-id", "x-request-id")


def error_from_body(
    body: bytes | Mapping[str, Any],
    *,
    host: Host,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    response: Any = None,
    secrets: Sequence[str] = (),
) -> GLMError:
    """Make the exception for an error body.

    Args:
        body: the raw body of an HTTP error, or a parsed object that holds the error.
        host: the endpoint that answered, with the base URL that was used; hints name its key variable and its other
            billing plan.
        status: the HTTP status.
        headers: the reply's headers, with names in lower case.
        response: the reply, already read and without the request's headers: a `Response` of httpx2 or httpx.
        secrets: keys and header values that the exception must not show, even if the endpoint quotes them.

    Returns:
        The exception, not raised.

    Shapes read (all recorded): `{"error": {"code", "message"}, "request_id", "contentFilter"}`, `{"error": "text"}`,
    `{"error": {"code"}, "message"}`, OpenAI's `{"error": {"type", …}}`, vLLM's `{"message", "type", "code"}`, the
    side services' `{"code", "msg", "success": false}` with HTTP 200, Spring's `{"status", "error", "path"}`,
    FastAPI's `{"detail"}`, HTML.
    """
    headers = headers or {}
    data, page = _parse(redacted(body, secrets))
    error = data.get("error")
    inner: Mapping[str, Any] = error if isinstance(error, dict) else {}
    code = _first_code(inner.get("code"), data.get("code"))
    message = _first_text(inner.get("message"), data.get("message"), data.get("msg"), error, data.get("detail"), page)
    request_id = _first_text(
        data.get("request_id"), inner.get("request_id"), *(headers.get(name) for name in _REQUEST_ID_HEADERS)
    )
    if 300 <= status < 400 and code is None and (location := headers.get("location")):
        address = re.split(r"[?#]", location)[0]  # what follows may be a key
        message = f"the endpoint redirects to {redacted(address, secrets)}"
    entry = _table_entry(code, _first_text(inner.get("type"), data.get("type")), status, message)
    failure = entry.error(
        message or f"the endpoint answered HTTP {status} with no message",
        code=code,
        status=status,
        request_id=redacted(request_id, secrets),
        response=redacted_response(response, secrets),
        reset_at=_reset_time(message),
        retry_after=_retry_after(headers.get("retry-after")),
        hint=redacted(hint_for(entry, host), secrets),
    )
    if isinstance(failure, GLMContentFilterError):
        failure.content_filter = data.get("contentFilter") or data.get("content_filter")
    return failure


def _parse(body: bytes | Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    """Return the object that a body holds, or the body's text without HTML tags."""
    if not isinstance(body, bytes):
        return body, ""
    try:
        data = read_json(body)
    except ValueError:
        page = body[:_MAX_PAGE_BYTES].decode("utf-8", "replace")
        return {}, _TAGS.sub(" ", page).strip()[:_MAX_MESSAGE_CHARACTERS]
    return (data, "") if isinstance(data, dict) else ({"error": data}, "")


def _first_text(*values: Any) -> str | None:
    return next((value for value in values if isinstance(value, str) and value), None)


def _first_code(*values: Any) -> str | None:
    codes = (str(value) for value in values if isinstance(value, str | int) and not isinstance(value, bool))
    return next(filter(None, codes), None)


def _table_entry(code: str | None, error_type: str | None, status: int, message: str | None) -> ErrorCode:
    """Return the table entry for an error: by code, else by type, else by HTTP status; then by its message."""
    entry = (
        CODES.get(code or "")
        or CODES.get(error_type or "")
        or _by_status(status if status >= 300 else _status_in_code(code))
    )
    if entry.error is GLMInvalidRequestError:
        return next((known for pattern, known in MESSAGES if pattern.search(message or "")), entry)
    return entry


def _status_in_code(code: str | None) -> int:
    """Return the HTTP status that some gateways send as the code of a reply with HTTP 200; 0 if it is not one."""
    return int(code) if code and code.isascii() and code.isdigit() and len(code) == 3 else 0


def _by_status(status: int) -> ErrorCode:
    return STATUSES.get(status) or ErrorCode(GLMInvalidRequestError if 400 <= status < 500 else GLMServerError)


def _reset_time(message: str | None) -> datetime | None:
    found = _RESET_TIME.search(message or "")
    if not found:
        return None
    try:
        return datetime.strptime(found.group(), "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
    except ValueError:  # the digits are not a date
        return None


def _retry_after(value: str | None) -> float | None:
    """Return the seconds of a Retry-After header, which may hold a number or a date (RFC 9110, section 10.2.3)."""
    if not value:
        return None
    try:
        seconds = float(value)
        return max(0.0, seconds) if math.isfinite(seconds) else None
    except ValueError:
        pass
    try:
        date = parsedate_to_datetime(value)
        if date.tzinfo is None:
            date = date.replace(tzinfo=UTC)  # HTTP dates are in UTC, even if they do not say so
        return max(0.0, (date - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None
