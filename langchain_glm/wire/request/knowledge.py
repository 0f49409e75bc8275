"""Build the request to a knowledge base."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_glm.wire.request.query import check_query

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["knowledge_payload"]


def knowledge_payload(
    query: str, knowledge_ids: Sequence[str], k: int, recall_method: str | None, extra_body: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the body of a request to `knowledge/retrieve`.

    Args:
        query: what is searched for.
        knowledge_ids: the knowledge bases.
        k: how many passages to return.
        recall_method: `"embedding"`, `"keyword"`, `"mixed"`, or `None` for the endpoint's default.
        extra_body: other fields; they replace ours.

    Raises:
        GLMValueError: if the query is blank.
    """
    method = {} if recall_method is None else {"recall_method": recall_method}
    return {"query": check_query(query), "knowledge_ids": list(knowledge_ids), "top_k": k, **method, **extra_body}
