"""The tools of Z.ai's MCP servers: their schemas, and invented results."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import orjson

from langchain_glm.testing.parrot.searching import search_results

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SERVERS", "run"]

Tool = dict[str, Any]

_TEXT: Final = {"type": "string"}
_REPOSITORY: Final = {"type": "string", "description": "A repository on GitHub: owner/name."}


def _tool(name: str, description: str, required: list[str], properties: dict[str, Any]) -> Tool:
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return {"name": name, "description": description, "inputSchema": schema}


_TOOLS: Final[Mapping[str, tuple[Tool, ...]]] = {
    "web_search_prime": (
        _tool(
            "web_search_prime",
            "Search the web; returns titles, URLs and summaries of pages.",
            ["search_query"],
            {
                "search_query": _TEXT,
                "search_domain_filter": _TEXT,
                "search_recency_filter": {
                    "type": "string",
                    "enum": ["oneDay", "oneWeek", "oneMonth", "oneYear", "noLimit"],
                },
                "content_size": {"type": "string", "enum": ["medium", "high"]},
                "location": {"type": "string", "enum": ["cn", "us"]},
            },
        ),
    ),
    "web_reader": (
        _tool(
            "webReader",
            "Read a web page.",
            ["url"],
            {
                "url": _TEXT,
                "return_format": {"type": "string", "enum": ["markdown", "text"]},
                "timeout": {"type": "integer"},
                "no_cache": {"type": "boolean"},
            },
        ),
    ),
    "zread": (
        _tool(
            "search_doc",
            "Search the documents, issues and commits of a repository.",
            ["repo_name", "query"],
            {"repo_name": _REPOSITORY, "query": _TEXT, "language": {"type": "string", "enum": ["zh", "en"]}},
        ),
        _tool(
            "get_repo_structure",
            "List the files of a repository.",
            ["repo_name"],
            {"repo_name": _REPOSITORY, "dir_path": _TEXT},
        ),
        _tool(
            "read_file",
            "Read a file of a repository.",
            ["repo_name", "file_path"],
            {"repo_name": _REPOSITORY, "file_path": _TEXT},
        ),
    ),
}
SERVERS: Final[Mapping[str, Mapping[str, Tool]]] = {
    server: {tool["name"]: tool for tool in tools} for server, tools in _TOOLS.items()
}
"""The tools, as `tools/list` returns them, by the name of the server and by their own."""


def run(name: str, arguments: Mapping[str, Any]) -> tuple[str, bool]:
    """Run a tool with arguments that fit its schema; return the text of its result, and whether the call failed."""
    if name == "web_search_prime":
        return _json(search_results(arguments["search_query"], {"search_result": True})), False
    if name == "webReader":
        return _page(arguments["url"])
    repository = arguments["repo_name"]
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        return f"Repository not found: {repository}", True
    if name == "search_doc":
        return f"About {arguments['query']} in {repository}: see README.md.", False
    if name == "get_repo_structure":
        return f"{repository}\n├── README.md\n└── src/", False
    return f"# {arguments['file_path']} of {repository}", False


def _page(url: str) -> tuple[str, bool]:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return f"Cannot read the page: {url}", True
    return _json({"title": f"A page of {parts.netloc}", "url": url, "content": f"# {parts.path or '/'}"}), False


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
