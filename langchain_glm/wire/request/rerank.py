"""Make the requests of a reranking: the texts in batches that are small enough, with their places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from langchain_glm.errors import GLMValueError
from langchain_glm.wire.request.query import check_query

__all__ = ["Batch", "batches"]

# The page about rerank on bigmodel.cn, 2024-11 to 2026-10.
_MAX_DOCUMENTS: Final = 128
_MAX_CHARACTERS: Final = 4096


class Batch(NamedTuple):
    """One request of a reranking.

    Args:
        payload: the request body.
        places: where each of its documents stands in the caller's list.
    """

    payload: dict[str, Any]
    places: Sequence[int]


def batches(model: str, query: str, documents: Sequence[str]) -> list[Batch]:
    """Return the requests for the scores of texts, without blank texts.

    Args:
        model: the id of the model.
        query: what the texts are compared with.
        documents: the texts; each is cut after 4,096 characters.

    Raises:
        GLMValueError: if the query is blank or longer than 4,096 characters, or if `documents` is not a list of
            strings.
    """
    if len(check_query(query)) > _MAX_CHARACTERS:
        raise GLMValueError(
            f"query has {len(query)} characters; the endpoint reads {_MAX_CHARACTERS}. Shorten it: it is billed once "
            "for each document."
        )
    if isinstance(documents, str) or not isinstance(documents, Sequence):
        raise GLMValueError("documents: give a list of strings.")
    for index, text in enumerate(documents):
        if not isinstance(text, str):
            raise GLMValueError(f"documents[{index}]: give a string, not {type(text).__name__}.")
    places = [index for index, text in enumerate(documents) if text.strip()]
    return [
        Batch(
            {
                "model": model,
                "query": query,
                "documents": [documents[index][:_MAX_CHARACTERS] for index in places[start : start + _MAX_DOCUMENTS]],
            },
            places[start : start + _MAX_DOCUMENTS],
        )
        for start in range(0, len(places), _MAX_DOCUMENTS)
    ]
