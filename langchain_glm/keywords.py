"""Other names for our settings, and keywords that must not be sent to the endpoint."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from langchain_glm.errors import GLMValueError

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from pydantic import BaseModel

    from langchain_glm.transport.timeouts import Timeout

    class OtherNames(BaseModel):
        """Names that LangChain's packages use for some of our settings, for type checkers."""

        model_name: str = ""
        stop_sequences: list[str] | str | None = None
        max_completion_tokens: int | None = None
        request_timeout: Timeout | float | tuple[float | None, float | None] | dict[str, float | None] | None = None
else:

    class OtherNames:
        """Empty at run time; `ALIASES` holds the other names."""


__all__ = ["ALIASES", "OtherNames", "check_keyword", "is_refused", "sort_keywords"]

ALIASES: Final[Mapping[str, str]] = {
    "model_name": "model",
    "model_id": "model",
    "stop_sequences": "stop",
    "max_completion_tokens": "max_tokens",
    **dict.fromkeys(("request_timeout", "default_request_timeout"), "timeout"),
    **dict.fromkeys(("headers", "extra_headers"), "default_headers"),
    **dict.fromkeys(("api_base", "endpoint_url"), "base_url"),
    **{
        f"{owner}_{what}": field
        for owner in ("glm", "zai", "zhipuai", "zhipu", "bigmodel", "moonshot", "kimi", "openai")
        for what, field in (("api_key", "api_key"), ("api_base", "base_url"), ("base_url", "base_url"))
    },
}
"""Names that LangChain and other packages use for our settings."""

_GIVE_A_CLIENT: Final = (
    "give http_client=httpx2.Client(…) and http_async_client=httpx2.AsyncClient(…) with the configuration you need; "
    "proxies are also read from HTTPS_PROXY."
)
_REPLACEMENTS: Final = (
    (re.compile(r"(?i)prox(y|ies)|^verify|ssl|^cert|^(async_|root_|http_)?client$"), _GIVE_A_CLIENT),
    (re.compile(r"^n$"), "GLM gives one answer for each request; call the model several times, or use batch."),
)
"""Keywords that are refused although their meaning is clear, and what to use instead."""

_SECRET: Final = re.compile(
    r"(?i)key|secret|passw|authoriz|credential|bearer|cookie|(access|auth|api|id)_?token|(^|_)(token|auth)$"
)


@lru_cache(maxsize=256)
def is_refused(name: str) -> bool:
    """Whether a keyword that is not a setting may hold a secret, and must therefore be neither sent nor shown."""
    return any(pattern.search(name) for pattern in (_SECRET, *(pattern for pattern, _ in _REPLACEMENTS)))


def check_keyword(name: str) -> None:
    """Refuse a keyword that must not reach the request body.

    Args:
        name: a keyword that is not a setting.

    Raises:
        GLMValueError: if a setting exists for the same purpose, or if the keyword may hold a secret.
    """
    for pattern, replacement in _REPLACEMENTS:
        if pattern.search(name):
            raise GLMValueError(f"{name} is not a setting: {replacement}")
    if _SECRET.search(name):
        raise GLMValueError(
            f"{name} is not a setting, and it may hold a secret, so it is not sent. Give the key as api_key=…, headers "
            "as default_headers=…, and other fields of the request as extra_body=…."
        )


def sort_keywords(given: Mapping[str, Any], fields: Container[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the keywords that are settings, under our names for them, and the other keywords.

    A setting within `model_kwargs` takes effect like any other.

    Args:
        given: the keywords of a constructor or of a call.
        fields: the names of the settings.

    Raises:
        GLMValueError: if one setting is given under two names, or if a keyword must not be sent.
    """
    settings: dict[str, Any] = {}
    others: dict[str, Any] = {}
    if isinstance(extra := given.get("model_kwargs"), dict):
        settings, rest = sort_keywords(extra, fields)
        given = {**given, "model_kwargs": rest}
    given_as: dict[str, str] = {}
    for name, value in given.items():
        field = ALIASES.get(name, name)
        if field not in fields:
            check_keyword(name)
            others[name] = value
        elif value is not None or field not in settings:
            if value is not None and field in given_as:
                raise GLMValueError(
                    f"{given_as[field]} and {name} are two names for the same setting; give only one of them."
                )
            if value is not None:
                given_as[field] = name
            settings[field] = value
    return settings, others
