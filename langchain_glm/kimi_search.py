"""Kimi's web search as a LangChain tool; `langchain_glm` imports it when it is first used."""

from __future__ import annotations

from typing import Any

from langchain_core.tools import BaseTool
from pydantic import ConfigDict, Field

from langchain_glm.json import dump_json

__all__ = ["KimiWebSearch"]


class KimiWebSearch(BaseTool):
    """Kimi's web search: the endpoint searches after the client has sent the call's arguments back.

    Give it to an agent like any other tool. On Kimi K2.5 and K2.6 it needs `thinking=False`.
    Source: Moonshot's documents on `$web_search`.

    Example:
        ```python
        create_agent(ChatGLM(model="kimi-k2.6", host="kimi", thinking=False), [KimiWebSearch()])
        ```
    """

    model_config = ConfigDict(defer_build=True)

    name: str = "$web_search"
    description: str = "Search the web."
    args_schema: dict[str, Any] = Field(
        default_factory=lambda: {"type": "object", "properties": {}, "additionalProperties": True}
    )
    extras: dict[str, Any] | None = Field(
        default_factory=lambda: {
            "provider_tool_definition": {"type": "builtin_function", "function": {"name": "$web_search"}}
        }
    )

    def _run(self, **arguments: Any) -> str:
        return dump_json(arguments)
