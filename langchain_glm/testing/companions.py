"""The endpoints beside chat: the list of models, the token counter and embeddings."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Any, Final

from langchain_glm.catalog.profiles import MODELS
from langchain_glm.testing.refusals import Problem, json_answer, refuse
from langchain_glm.testing.tokens import prompt_tokens, tokens
from langchain_glm.testing.turn import is_kimi, serving_model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.testing.steps import Answer

__all__ = ["embeddings", "models", "tokenizer"]

_DIMENSIONS: Final = (256, 512, 1024, 2048)
_MOST_INPUTS: Final = 64


def models(_: Mapping[str, Any], host: Host) -> Answer:
    """Answer `GET /models` with the ids that the host serves."""
    owner = "moonshot" if is_kimi(host) else "z-ai"
    served = [
        {"id": name, "object": "model", "created": 1_700_000_000, "owned_by": owner}
        for name in MODELS
        if serving_model(name, host)
    ]
    return json_answer({"object": "list", "data": served})


def tokenizer(body: Mapping[str, Any], host: Host) -> Answer:
    """Answer `POST /tokenizer` with the count of a request's tokens (API description of both hosts)."""
    if serving_model(body.get("model"), host) is None:
        return refuse(Problem("1211", str(body.get("model"))), host)
    if not isinstance(body.get("messages"), list) or not body["messages"]:
        return refuse(Problem("1214", "messages"), host)
    count = prompt_tokens(body)
    return json_answer({"usage": {"prompt_tokens": count, "total_tokens": count}})


def embeddings(body: Mapping[str, Any], host: Host) -> Answer:
    """Answer `POST /embeddings` as `embedding-3`: at most 64 texts, 256 to 2048 dimensions."""
    if body.get("model") != "embedding-3":
        return refuse(Problem("1211", str(body.get("model"))), host)
    given = body.get("input")
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not texts or len(texts) > _MOST_INPUTS:
        return refuse(Problem("1214", "input"), host)
    if not all(isinstance(text, str) and text for text in texts):
        return refuse(Problem("1214", "input"), host)
    size = body.get("dimensions") or _DIMENSIONS[-1]
    if size not in _DIMENSIONS:
        return refuse(Problem("1214", f"dimensions {list(_DIMENSIONS)}"), host)
    count = sum(map(tokens, texts))
    return json_answer(
        {
            "model": "embedding-3",
            "object": "list",
            "data": [
                {"index": index, "object": "embedding", "embedding": _vector(text, size)}
                for index, text in enumerate(texts)
            ],
            "usage": {"prompt_tokens": count, "completion_tokens": 0, "total_tokens": count},
        }
    )


def _vector(text: str, size: int) -> list[float]:
    """Return a vector of length 1 in which every word of the text has its places: like texts lie close."""
    places = [0.0] * size
    for word in text.lower().split() or [text]:
        digest = hashlib.sha256(word.encode()).digest()
        for start in range(0, len(digest), 4):
            number = int.from_bytes(digest[start : start + 4])
            places[number % size] += 1.0 if number & 0x8000_0000 else -1.0
    length = math.sqrt(sum(value * value for value in places)) or 1.0
    return [value / length for value in places]
