"""The agent behind `glm serve --chat`: two tools, a web search, and prepared answers for those without a key."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal

from langchain.agents import create_agent
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver

from langchain_glm.cli.chat_demo_script import CHINESE, ENGLISH
from langchain_glm.middleware import GLMWebSearchMiddleware
from langchain_glm.testing import Reply, ToolCall

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_glm import ChatGLM
    from langchain_glm.cli.chat_demo_script import Prepared
    from langchain_glm.cli.chat_page.turns import Agent

__all__ = ["EXAMPLES", "make_agent", "prepared_reply"]

_PACE: Final[Mapping[str, Any]] = {"delay": 0.6, "gap": 0.015, "chunk_size": 6}
"""That of a real endpoint."""
_REFERENCE: Final = re.compile(r" \[ref_\d\]")
_RATES: Final = {("EUR", "CNY"): 8.31, ("USD", "CNY"): 7.12, ("EUR", "USD"): 1.17}


@tool
def get_weather(city: str) -> str:
    """Get the weather of a city for tomorrow."""
    return f"{city}: 4 °C, clear, strong wind from the north"


@tool
def convert_currency(amount: float, source: Literal["CNY", "EUR", "USD"], target: Literal["CNY", "EUR", "USD"]) -> str:
    """Convert an amount of money from one currency to another."""
    rate = _RATES.get((source, target)) or (1 / _RATES[target, source] if (target, source) in _RATES else 1)
    return f"{amount:g} {source} = {amount * rate:.2f} {target}"


def make_agent(model: ChatGLM) -> Agent:
    """Return an agent with the demo's tools, and with a web search where the host has one."""
    middleware: Any = [GLMWebSearchMiddleware(model)] if model.endpoint_host.glm_tools else []
    return create_agent(model, [get_weather, convert_currency], middleware=middleware, checkpointer=InMemorySaver())


EXAMPLES: Final = (ENGLISH.question, CHINESE.question, "Use get_weather for Shanghai.")
"""Questions that the page offers; a prepared conversation answers the first two, rules answer the third."""


def prepared_reply(body: Mapping[str, Any]) -> Reply | None:
    """Return the next reply of the prepared conversation that a request belongs to; `None` if it belongs to none.

    Args:
        body: the body of a chat request. Only what stands in it decides, so that requests of others do not disturb.
    """
    messages = body["messages"]
    last = max((place for place, message in enumerate(messages) if message.get("role") == "user"), default=None)
    said = messages[last].get("content") if last is not None else None
    if not isinstance(said, str):
        return None
    offered = [tool.get("function", {}).get("name") or tool.get("type") for tool in body.get("tools") or ()]
    for prepared in (ENGLISH, CHINESE):
        if said == prepared.question and {"get_weather", "convert_currency"} <= set(offered):
            turns = sum(message.get("role") == "assistant" for message in messages[last:])
            replies = _replies(prepared, searches="web_search" in offered)
            return replies[turns] if turns < len(replies) else None
        if prepared.query in said and offered == ["web_search"]:
            found = [{**source, "refer": f"ref_{number}"} for number, source in enumerate(prepared.sources, 1)]
            return Reply(prepared.sources[0]["content"], web_search=found, **_PACE)
    return None


def _replies(prepared: Prepared, *, searches: bool) -> list[Reply]:
    first, second, third = prepared.thoughts
    both = [
        ToolCall("get_weather", {"city": "Beijing"}),
        ToolCall("convert_currency", {"amount": 250, "source": "EUR", "target": "CNY"}),
    ]
    search = Reply(reasoning=second, tool_calls=[ToolCall("web_search", {"query": prepared.query})], **_PACE)
    answer = prepared.answer if searches else _REFERENCE.sub("", prepared.answer)
    return [
        Reply(reasoning=first, tool_calls=both, **_PACE),
        *([search] if searches else []),
        Reply(answer, reasoning=third, **_PACE),
    ]
