"""What a whole reply and a stream's last chunk have in common: text, reasoning, metadata, citations."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from langchain_glm.version import PROVIDER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["NO_CHOICE_METADATA", "citations", "own_metadata", "reasoning_of", "split_calls", "text_of"]

_REFERENCE = re.compile(r"\[(ref_\d+)\]")
_NO_METADATA = frozenset({"choices", "model", "object", "usage"})
NO_CHOICE_METADATA = frozenset({"index", "delta", "message", "finish_reason", "usage"})
"""What of a choice is no metadata of its own: it is read elsewhere, or says nothing."""


def text_of(content: Any) -> str:
    """The text of a message's or delta's `content`: a string, `null`, or a list of text parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "".join(
        part["text"]
        for part in content
        if isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str)
    )


def reasoning_of(part: Mapping[str, Any]) -> str:
    """The reasoning of a message or delta; vLLM, Cerebras and OpenRouter name it `reasoning`."""
    value = part.get("reasoning_content") or part.get("reasoning")
    return value if isinstance(value, str) else ""


def split_calls(calls: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Split `tool_calls` into calls to run and MCP calls, which the endpoint has run already."""
    entries = [call for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    mcp = [call for call in entries if call.get("type") == "mcp"]
    return [call for call in entries if call.get("type") != "mcp" and isinstance(call.get("function"), dict)], mcp


def own_metadata(
    top: Mapping[str, Any],
    choice: Mapping[str, Any],
    *,
    finish_reason: Any,
    usage: Any,
    reasoning: str,
    mcp: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Build `response_metadata`; what was not sent is absent.

    Args:
        top: the reply's top-level fields.
        choice: the choice's fields.
        finish_reason: as sent.
        usage: as sent.
        reasoning: the whole reasoning.
        mcp: the calls that the endpoint ran on MCP servers.

    Returns:
        `model_provider`, `model_name` (as served), `finish_reason`, `token_usage` (as sent), `reasoning_content`,
        `mcp`, and every other top-level or choice field under its own name: `id`, `request_id`, `created`,
        `web_search`, `content_filter`, `video_result`, …
    """
    metadata = {key: value for key, value in top.items() if key not in _NO_METADATA and value is not None}
    for key, value in choice.items():
        if key not in NO_CHOICE_METADATA and value is not None:
            metadata.setdefault(key, value)
    metadata["model_provider"] = PROVIDER  # our names after the server's: LangChain reads them
    if top.get("model"):
        metadata["model_name"] = top["model"]
    if finish_reason:
        metadata["finish_reason"] = finish_reason
    if usage:
        metadata["token_usage"] = usage
    if reasoning:
        metadata["reasoning_content"] = reasoning
    if mcp:
        metadata["mcp"] = list(mcp)
    return metadata


def citations(text: str, web_search: Any) -> list[dict[str, Any]]:
    """Find the explicit `[ref_n]` marks of an answer and the search results that they name.

    Results without a mark are no citations: models often look at pages that they do not use.

    Args:
        text: the whole answer.
        web_search: the reply's `web_search` list.

    Returns:
        LangChain `Citation` annotations; the indices are those of the mark in the text.
    """
    if not isinstance(web_search, list) or "[ref_" not in text:
        return []
    sources = {
        result["refer"]: result
        for result in web_search
        if isinstance(result, dict) and isinstance(result.get("refer"), str)
    }
    found = []
    for mark in _REFERENCE.finditer(text):
        source = sources.get(mark.group(1))
        if source is None:
            continue
        citation: dict[str, Any] = {"type": "citation", "start_index": mark.start(), "end_index": mark.end()}
        for key, name in (("url", "link"), ("title", "title")):
            if isinstance(source.get(name), str) and source[name]:
                citation[key] = source[name]
        found.append({**citation, "extras": {"refer": mark.group(1)}})
    return found
