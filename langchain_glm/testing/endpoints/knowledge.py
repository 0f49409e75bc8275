"""`POST /knowledge/retrieve`: passages of BigModel's knowledge bases.

The answer and the form of errors (HTTP 200 with `code` 400) were recorded on 2026-10-09. These are assumptions: an
unknown knowledge base is refused in that form, with "embedding" as the default all passages are found, with "keyword"
only those that share a word with the query, and a request asks for at least one passage.
"""

from __future__ import annotations

import hashlib
import re
import time
from typing import TYPE_CHECKING, Any, Final

from langchain_glm.testing.refusals import Problem, json_answer, not_found, refuse_flat
from langchain_glm.testing.relevance import relevance

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.testing.library import Library
    from langchain_glm.testing.steps import Answer

__all__ = ["knowledge"]

_PATH: Final = "/knowledge/retrieve"
_METHODS: Final = ("embedding", "keyword", "mixed")
_DEFAULT_COUNT: Final = 8
_WORD: Final = re.compile(r"[^\W_]")
_LATIN: Final = re.compile(r"[a-z0-9]+")


def knowledge(body: Mapping[str, Any], host: Host, library: Library) -> Answer:
    """Answer `POST /knowledge/retrieve` with the passages that are nearest to the query."""
    if not host.may_serve(_PATH):
        return not_found(_PATH, host)
    if wrong := next(_problems(body, library), None):
        return refuse_flat(Problem("400", wrong), host)
    method = body.get("recall_method", "embedding")
    found = [
        _result(name, name_of_document, position, text, relevance(body["query"], text))
        for name in body["knowledge_ids"]
        for name_of_document, whole in library.knowledge[name].items()
        for position, text in enumerate(_passages(whole))
    ]
    if method == "keyword":
        found = [result for result in found if _words(body["query"]) & _words(result["text"])]
    found.sort(key=lambda result: -result["score"])
    return json_answer(
        {
            "data": found[: body.get("top_k", _DEFAULT_COUNT)],
            "code": 200,
            "message": "请求成功",
            "timestamp": int(time.time() * 1000),
        }
    )


def _problems(body: Mapping[str, Any], library: Library) -> Iterator[str]:
    """Yield what is wrong with a request."""
    query, names, count = body.get("query"), body.get("knowledge_ids"), body.get("top_k", _DEFAULT_COUNT)
    if not isinstance(query, str) or not query.strip():
        yield "query"
    if not isinstance(names, list) or not names:
        yield "knowledge_ids"
        return
    yield from (f"knowledge_ids: {name}" for name in names if name not in library.knowledge)
    if type(count) is not int or count < 1:
        yield "top_k"
    if body.get("recall_method", "embedding") not in _METHODS:
        yield "recall_method"


def _passages(text: str) -> list[str]:
    return [passage.strip() for passage in text.split("\n\n") if passage.strip()]


def _result(knowledge_id: str, document: str, position: int, text: str, score: float) -> dict[str, Any]:
    document_id = hashlib.sha256(f"{knowledge_id}/{document}".encode()).hexdigest()[:19]
    passage_id = f"{document_id}_{position}"
    return {
        "id": passage_id,
        "text": text,
        "score": score,
        "metadata": {
            "_id": passage_id,
            "knowledge_id": knowledge_id,
            "doc_id": document_id,
            "doc_name": document,
            "doc_url": f"https://example.com/{document_id}/{document}",
            "doc_type": document.rpartition(".")[2],
            "index": position,
        },
        "medias": [],
    }


def _words(text: str) -> set[str]:
    """Return the words, and each Chinese character."""
    lowered = text.lower()
    return {*_LATIN.findall(lowered), *(character for character in _WORD.findall(lowered) if character > "\u2e80")}
