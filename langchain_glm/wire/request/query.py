"""Check a query, as searches, knowledge bases and reranking take it."""

from __future__ import annotations

from typing import Any

from langchain_glm.errors import GLMValueError

__all__ = ["check_query"]


def check_query(query: Any) -> str:
    """Return a query.

    Args:
        query: what was given.

    Raises:
        GLMValueError: if it is not a text, or if it is blank.

    Example:
        ```python
        check_query("How long is the warranty?")
        ```
    """
    if not isinstance(query, str) or not query.strip():
        raise GLMValueError("query: give a text that is not blank.")
    return query
