"""The built-in web searches: GLM's `web_search` tool and Kimi's `$web_search`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from langchain_glm.testing.found_pages import found_pages

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["asks_to_search", "offers_kimi_search", "search_results", "search_settings"]

_ASKING: Final = re.compile(
    r"[?？]|\b(?:search|look up|latest|news|today|current|currently|who|what|when|where|which|how)\b"
    r"|搜索|查询|查一下|最新|今天|新闻|什么|谁|哪|多少|吗",
    re.IGNORECASE,
)
_DEFAULT_COUNT: Final = 3
_MAX_RESULTS: Final = 50


def asks_to_search(text: str) -> bool:
    """Whether a text is a question or asks for a search, because GLM itself decides whether to search."""
    return bool(_ASKING.search(text))


def _is_true(value: Any) -> bool:
    return value is True or str(value).lower() == "true"  # official samples send strings


def search_settings(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the settings of an enabled `web_search` tool; offered functions disable it (seen on Z.ai)."""
    tools = body.get("tools") or ()
    if any(tool.get("type") == "function" for tool in tools):
        return None
    enabled = (
        tool["web_search"]
        for tool in tools
        if tool.get("type") == "web_search" and _is_true(tool["web_search"].get("enable"))
    )
    return next(enabled, None)


def search_results(query: str, settings: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Return invented results for a query; `None` unless `search_result` asks for them."""
    if not _is_true(settings.get("search_result")):
        return None
    requested = str(settings.get("count") or _DEFAULT_COUNT)
    count = min(int(requested) if requested.isdigit() else _DEFAULT_COUNT, _MAX_RESULTS)
    return found_pages(query, count)


def offers_kimi_search(body: Mapping[str, Any]) -> bool:
    """Whether Kimi's built-in search is among the tools."""
    return any(tool.get("type") == "builtin_function" for tool in body.get("tools") or ())
