"""A finding: what a check found, and what to do about it; secrets are taken out of every one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Final, Literal

from langchain_glm.catalog.hosts import GATEWAY, HOSTS
from langchain_glm.transport.redaction import redacted

if TYPE_CHECKING:
    from langchain_glm.errors import GLMError

__all__ = ["KEY_VARIABLES", "Check", "Finding", "Status", "first_of", "secrets_in", "with_code", "without_secrets"]

Status = Literal["ok", "warn", "fail"]

KEY_VARIABLES: Final = tuple(
    dict.fromkeys(name for host in (*HOSTS.values(), GATEWAY) for name in host.key_variables)
)  # fmt: skip
"""Every variable that may hold a key."""

_MIN_KEY: Final = 6
_MIN_HALF: Final = 8
"""Shorter texts are no secrets, and taking them out would garble ordinary words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check found.

    Args:
        status: `ok`; `warn`: it works, or it may not matter; `fail`: something does not work.
        what: what was looked at, in a word or two.
        says: what was found, as one sentence or a part of one.
        why: why that matters; empty if all is well.
        way_out: what to do about it; empty if all is well.
    """

    status: Status = "ok"
    what: str
    says: str
    why: str = ""
    way_out: str = ""


Check = Callable[[Mapping[str, str]], Iterable[Finding]]
"""A check that sends nothing: it takes the environment variables."""


def first_of(names: Sequence[str], most: int) -> str:
    """Return the first names as text, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def with_code(error: GLMError) -> str:
    """Return the message of an error with its code, if it has one."""
    return f"{error.message} (code {error.code})" if error.code else error.message


def secrets_in(environ: Mapping[str, str]) -> list[str]:
    """Return every key in the environment, and its halves if it has the form `id.secret`."""
    keys = [environ.get(name, "").strip() for name in KEY_VARIABLES]
    words = [word.strip("\"'") for key in keys for word in key.split()]
    halves = [half for word in words for half in word.split(".") if len(half) >= _MIN_HALF]
    return [secret for secret in dict.fromkeys([*keys, *words, *halves]) if len(secret) >= _MIN_KEY]


def without_secrets(finding: Finding, secrets: list[str]) -> Finding:
    """Return a finding with asterisks for every secret, whichever way it came into the text."""
    texts = {field.name: getattr(finding, field.name) for field in fields(finding)}
    return replace(finding, **redacted(texts, secrets))
