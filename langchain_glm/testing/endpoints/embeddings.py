"""`POST /embeddings`: at most 64 texts as vectors of length 1, which are near each other for similar texts."""

from __future__ import annotations

import math
import re
import zlib
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from langchain_glm.testing.refusals import Problem, json_answer, refuse
from langchain_glm.testing.tokens import is_cjk, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.testing.steps import Answer

__all__ = ["embeddings"]


class _Limits(NamedTuple):
    """What a model accepts: the length of its vectors, the tokens of one text, and those of all texts together."""

    dimensions: int
    text_tokens: int
    all_tokens: int


_MODELS: Final = {
    # 3,072 tokens: API description, 2026-04; older pages say 2,048. That a longer text is refused rather than cut is
    # assumed. All together: 64 texts of about 4,000 characters were refused, 32 were not (one user).
    "embedding-3": _Limits(2048, 3072, 48_000),
    "embedding-2": _Limits(1024, 512, 8_000),  # the same description; its vectors have one length only
}
_MAX_TEXTS: Final = 64
_RUNS: Final = re.compile(r"\w+")


def embeddings(body: Mapping[str, Any], host: Host) -> Answer:
    """Answer `POST /embeddings`, which only BigModel's ordinary host is known to serve; others refuse the model."""
    model = str(body.get("model"))
    limits = _MODELS.get(model)
    if limits is None or "/embeddings" not in (host.serves or ()):
        return refuse(Problem("1211", model), host)
    given = body.get("input")
    texts: Any = [given] if isinstance(given, str) else given
    size = _size(body, limits) if model == "embedding-3" else limits.dimensions
    if problem := _problem(texts, limits, size):
        return refuse(Problem("1214", problem), host)
    count = sum(map(tokens, texts))
    data = [
        {"embedding": _vector(text, size), "index": index, "object": "embedding"} for index, text in enumerate(texts)
    ]
    usage = {"completion_tokens": 0, "prompt_tokens": count, "total_tokens": count}
    return json_answer({"model": model, "data": data, "object": "list", "usage": usage})


def _size(body: Mapping[str, Any], limits: _Limits) -> Any:
    """Return the length of the vectors: whatever is asked for, because a length of 16 was accepted too."""
    asked = body.get("dimensions")
    return limits.dimensions if asked is None else asked


def _problem(texts: Any, limits: _Limits, size: Any) -> str | None:
    """Return what is wrong with a request, in Chinese, because BigModel says it in Chinese."""
    if not isinstance(texts, list) or not texts:
        return "input 不能为空"
    if len(texts) > _MAX_TEXTS:
        return f"input 数组不得超过 {_MAX_TEXTS} 条"  # the endpoint's message names this limit
    if not all(isinstance(text, str) and text for text in texts):
        return "input 只能包含非空字符串"
    if type(size) is not int or not 1 <= size <= limits.dimensions:
        return f"dimensions 应在 1 到 {limits.dimensions} 之间"
    lengths = list(map(_length, texts))
    if max(lengths) > limits.text_tokens:
        return f"input 单条文本不得超过 {limits.text_tokens} tokens"
    if sum(lengths) > limits.all_tokens:
        return "input 总长度超过上限"
    return None


def _length(text: str) -> float:
    """Return the tokens of a text, counted generously: in Chinese, two characters may be one token."""
    return tokens(text) - sum(map(is_cjk, text)) / 2


def _vector(text: str, size: int) -> list[float]:
    """Return a vector of length 1 that is made from the parts of the text, so that similar texts have similar ones."""
    values = [0.0] * size
    for part, weight in dict(_parts(text)).items():
        digest = zlib.crc32(part.encode("utf-8", "replace"))
        for number in (digest, zlib.crc32(digest.to_bytes(4))):
            values[number % size] += weight if number & 0x8000_0000 else -weight
    length = math.hypot(*values)
    if not length:  # all parts cancel out
        values[0] = length = 1.0
    return [value / length for value in values]


def _parts(text: str) -> Iterator[tuple[str, int]]:
    """Yield words and their trigrams; of Chinese, which has no spaces, characters and pairs of them.

    Each comes with its weight, because long words say more about a text than short ones such as articles.
    """
    runs = _RUNS.findall(text.lower())
    if not runs:
        yield text, 1
    for run in runs:
        if any(map(is_cjk, run)):
            yield from ((character, 1) for character in run)
            yield from ((first + second, 2) for first, second in pairwise(run))
        else:
            weight = min(len(run), 8)
            padded = f" {run} "
            yield padded, weight
            yield from ((padded[start : start + 3], weight) for start in range(len(padded) - 2))
