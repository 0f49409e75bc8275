"""`POST /embeddings`: at most 64 texts as vectors of length 1, which are near each other for similar texts."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Any, Final

from langchain_glm.testing.refusals import Problem, json_answer, refuse
from langchain_glm.testing.tokens import tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.testing.steps import Answer

__all__ = ["embeddings"]

_DIMENSIONS: Final = {"embedding-3": 2048, "embedding-2": 1024}
"""The length of a vector by model; `embedding-3` makes shorter ones on request (16 was accepted)."""
_MAX_INPUTS: Final = 64


def embeddings(body: Mapping[str, Any], host: Host) -> Answer:
    """Answer `POST /embeddings`, which only BigModel's ordinary host serves: at most 64 texts."""
    model = str(body.get("model"))
    if host.name != "bigmodel" or model not in _DIMENSIONS:
        return refuse(Problem("1211", model), host)
    given = body.get("input")
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not texts or len(texts) > _MAX_INPUTS:
        return refuse(Problem("1214", "input"), host)
    if not all(isinstance(text, str) and text for text in texts):
        return refuse(Problem("1214", "input"), host)
    longest = _DIMENSIONS[model]
    size = body.get("dimensions", longest) if model == "embedding-3" else longest
    if type(size) is not int or not 1 <= size <= longest:
        return refuse(Problem("1214", f"dimensions [1, {longest}]"), host)
    count = sum(map(tokens, texts))
    return json_answer(
        {
            "model": model,
            "object": "list",
            "data": [
                {"index": index, "object": "embedding", "embedding": _vector(text, size)}
                for index, text in enumerate(texts)
            ],
            "usage": {"prompt_tokens": count, "completion_tokens": 0, "total_tokens": count},
        }
    )


def _vector(text: str, size: int) -> list[float]:
    """Return a vector of length 1, made from all words of the text, so that similar texts have similar vectors."""
    values = [0.0] * size
    for word in text.lower().split() or [text]:
        digest = hashlib.sha256(word.encode()).digest()
        for start in range(0, len(digest), 4):
            number = int.from_bytes(digest[start : start + 4])
            values[number % size] += 1.0 if number & 0x8000_0000 else -1.0
    length = math.hypot(*values) or 1.0
    return [value / length for value in values]
