"""How near a text is to a query: a number from 0 to 1 that depends only on both texts."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from typing import Final

__all__ = ["relevance"]

_CJK: Final = r"\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff"
_RUNS: Final = re.compile(rf"(?P<cjk>[{_CJK}]+)|[^\W_{_CJK}]+")
_STEEPNESS: Final = 14.0
_MIDDLE: Final = 0.5


def relevance(query: str, text: str) -> float:
    """Return how near a text is to a query.

    The number is the share of the query's parts that occur in the text, moved towards 0 or 1, because recorded scores
    are near 0 or 1 too. Parts are Chinese characters, pairs of them, and groups of three letters of a word.

    Args:
        query: any text.
        text: any text.

    Returns:
        A number above 0 and below 1.

    Example:
        ```python
        relevance("capital of France", "Paris is the capital of France.") > relevance("capital of France", "A cat.")
        ```
    """
    wanted = _parts(query)
    share = len(wanted & _parts(text)) / len(wanted) if wanted else 0.0
    return 1 / (1 + math.exp(_STEEPNESS * (_MIDDLE - share)))


def _parts(text: str) -> set[str]:
    """Return the Chinese characters and their pairs, and the three-letter parts of the words."""
    parts: set[str] = set()
    for run in _RUNS.finditer(text.lower()):
        if run["cjk"]:
            parts.update(run[0], map("".join, pairwise(run[0])))
        else:
            word = f" {run[0]} "
            parts.update(word[start : start + 3] for start in range(len(word) - 2))
    return parts
