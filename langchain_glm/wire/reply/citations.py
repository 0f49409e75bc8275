"""Find the references to search results in an answer, for LangChain's citations."""

from __future__ import annotations

import re
from typing import Any, Final

__all__ = ["citations"]

_MARK: Final = re.compile(r"[\[【]\s*(?:(?:[Ss]ource|来源)\s*[:：]\s*)?ref_\d+(?:\s*[,，、]\s*ref_\d+)*\s*[\]】]")
"""`[ref_1]`, `【ref_1】`, `[ref_1, ref_2]`; and the forms in Zhipu's samples: `[Source: ref_2]`, `[来源：ref_1]`."""

_REFERENCE: Final = re.compile(r"ref_\d+")


def citations(text: str, web_search: Any) -> list[dict[str, Any]]:
    """Find the explicit references in an answer, and their search results.

    Results without a reference are not citations, because models often read pages that they do not use.

    Args:
        text: the complete answer.
        web_search: the reply's `web_search` list.

    Returns:
        LangChain `Citation` annotations, one for each referenced result, with the position of the reference.
    """
    if not isinstance(web_search, list) or "ref_" not in text:
        return []
    sources = {
        result["refer"]: result
        for result in web_search
        if isinstance(result, dict) and isinstance(result.get("refer"), str)
    }
    return [
        _citation(mark, refer, sources[refer])
        for mark in _MARK.finditer(text)
        for refer in _REFERENCE.findall(mark.group())
        if refer in sources
    ]


def _citation(mark: re.Match[str], refer: str, source: dict[str, Any]) -> dict[str, Any]:
    citation: dict[str, Any] = {"type": "citation", "start_index": mark.start(), "end_index": mark.end()}
    for key, name in (("url", "link"), ("title", "title")):
        if isinstance(source.get(name), str) and source[name]:
            citation[key] = source[name]
    return {**citation, "extras": {"refer": refer}}
