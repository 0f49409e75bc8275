"""Redact secrets in what an endpoint sent: some endpoints quote the key in the message of an error."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["TRANSFER_HEADERS", "redacted", "redacted_response"]

TRANSFER_HEADERS: Final = frozenset({"content-encoding", "content-length", "transfer-encoding"})
"""Headers that no longer describe a body that has been read and decoded."""

_MASK: Final = "**********"
_MIN_LENGTH: Final = 4
"""Shorter texts are not treated as secrets, because replacing them would garble ordinary words."""


def redacted(value: Any, secrets: Sequence[str]) -> Any:
    """Redact secrets in text, bytes, or a JSON value.

    Args:
        value: what to search; a value that holds no text is returned unchanged.
        secrets: the texts to redact; those shorter than 4 characters are left.

    Returns:
        The value with every secret replaced by ten asterisks; an empty value if it is nested too deep to be searched.

    Example:
        ```python
        redacted({"message": "the key abcd.1234 is wrong"}, ["abcd.1234"])  # {"message": "the key ********** is wrong"}
        ```
    """
    pattern = _pattern(secrets)
    if pattern is None:
        return value
    try:
        return _cleaned(value, pattern)
    except RecursionError:
        return type(value)()


def redacted_response(response: Any, secrets: Sequence[str]) -> Any:
    """Redact secrets in the body and the headers of a response.

    Args:
        response: a `Response` of httpx2 or httpx that has been read, or `None`.
        secrets: the texts to redact.

    Returns:
        The response itself if it holds no secret; else a copy without secrets and without its request.
    """
    if response is None:
        return None
    headers = response.headers.multi_items()
    clean_headers, clean_content = redacted(headers, secrets), redacted(response.content, secrets)
    if (clean_headers, clean_content) == (headers, response.content):
        return response
    headers_kept = [(name, value) for name, value in clean_headers if name.lower() not in TRANSFER_HEADERS]
    return type(response)(response.status_code, headers=headers_kept, content=clean_content)


def _pattern(secrets: Sequence[str]) -> re.Pattern[str] | None:
    """Return a pattern that finds the secrets, the longest first, with or without JSON's escapes."""
    found = sorted((secret for secret in secrets if len(secret) >= _MIN_LENGTH), key=len, reverse=True)
    return re.compile("|".join("".join(map(_escapable, secret)) for secret in found)) if found else None


def _escapable(character: str) -> str:
    if character.isalnum():
        return character
    return rf"(?:\\?{re.escape(character)}|\\u(?i:{ord(character):04x}))"


def _cleaned(value: Any, pattern: re.Pattern[str]) -> Any:
    if isinstance(value, str):
        return pattern.sub(_MASK, value)
    if isinstance(value, bytes):  # Latin-1 keeps every byte unchanged
        return pattern.sub(_MASK, value.decode("latin-1")).encode("latin-1")
    if isinstance(value, dict):
        return {_cleaned(key, pattern): _cleaned(child, pattern) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_cleaned(child, pattern) for child in value)
    return value
