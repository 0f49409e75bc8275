"""`POST /rerank`: up to 128 documents with a score each, the most relevant first.

Source: the page about rerank on bigmodel.cn (limits, defaults, a complete exchange, the formula of the bill), 2024-11
to 2026-10. It shows no refusals. It is assumed that requests beyond the limits get 1214 and that other hosts answer
with 1211, because `/embeddings` does so.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from langchain_glm.testing.refusals import Problem, json_answer, refuse
from langchain_glm.testing.relevance import relevance
from langchain_glm.testing.tokens import tokens
from langchain_glm.testing.turn import new_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.testing.steps import Answer

__all__ = ["rerank"]

_MODELS: Final = frozenset({"rerank", "rerank-pro"})
"""`rerank` is documented and the default; `rerank-pro` appears in users' configurations."""
_MAX_DOCUMENTS: Final = 128
_MAX_CHARACTERS: Final = 4096


def rerank(body: Mapping[str, Any], host: Host) -> Answer:
    """Answer `POST /rerank`, which only BigModel's ordinary host is known to serve; others know no such model."""
    model = str(body.get("model", "rerank"))
    if model not in _MODELS or "/rerank" not in (host.serves or ()):
        return refuse(Problem("1211", model), host)
    wrong = next(_problems(body), None)
    if wrong:
        return refuse(Problem("1214", wrong), host)
    query, documents = body["query"], body["documents"]
    scores = [relevance(query, document) for document in documents]
    ranked = sorted(range(len(documents)), key=lambda index: -scores[index])[: body.get("top_n") or None]
    count = tokens(query) * len(documents) + sum(map(tokens, documents))
    now = int(time.time())
    answer_id = new_id(host, now)
    shows_documents = body.get("return_documents") is True
    return json_answer(
        {
            "created": now,
            "id": answer_id,
            "request_id": body.get("request_id") or answer_id,
            "results": [
                {
                    **({"document": documents[index]} if shows_documents else {}),
                    "index": index,
                    "relevance_score": scores[index],
                }
                for index in ranked
            ],
            "usage": {"prompt_tokens": count, "total_tokens": count},
        }
    )


def _problems(body: Mapping[str, Any]) -> Iterator[str]:
    """Yield the fields that are missing or out of range."""
    documents = body.get("documents")
    if not _is_text(body.get("query")):
        yield "query"
    if not isinstance(documents, list) or not 1 <= len(documents) <= _MAX_DOCUMENTS:
        yield f"documents [1, {_MAX_DOCUMENTS}]"
        return
    yield from (f"documents[{index}]" for index, document in enumerate(documents) if not _is_text(document))
    top_n = body.get("top_n", 0)
    if type(top_n) is not int or top_n < 0:
        yield "top_n"


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _MAX_CHARACTERS
