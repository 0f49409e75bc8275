"""Who asks: the key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from langchain_glm.testing.refusals import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["check_access"]


def check_access(headers: Mapping[str, str], api_key: str) -> Problem | None:
    """Refuse a request without a key (1001) or with another one (1000).

    Args:
        headers: the request's headers, names in lower case.
        api_key: the one key that is right.
    """
    given = headers.get("authorization", "")
    if not given:
        return Problem("1001")
    return None if given == f"Bearer {api_key}" else Problem("1000")
