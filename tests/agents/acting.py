"""What the agents under test share: tools, thoughts that are easily damaged, and a look at what was sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

import pytest
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.tools import tool

from langchain_glm.testing import Reply, ToolCall

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

    from langchain_glm.testing import GLMServer

LANGCHAIN: Final = tuple(map(int, version("langchain").split(".")[:3]))
NEW_LANGCHAIN: Final = pytest.mark.skipif(LANGCHAIN < (1, 4, 7), reason="earlier langchain does otherwise")

Run = Callable[..., Awaitable[dict[str, Any]]]
"""Runs an agent or graph to its end: `await run(agent, input, config)`."""

THOUGHT = "\n先看天气，then “rates”…\n\n  Tabs\tstay, \u2028 and 🌦️ too. "
SECOND_THOUGHT = "Paris is next.\r\n"


@tool
def get_weather(city: str) -> str:
    """Get the weather of a city."""
    return f"{city}: sunny, 21 °C"


@tool
def get_time(city: str) -> str:
    """Get the local time of a city."""
    return f"{city}: 09:30"


def call(name: str, *, thought: str = "I need a tool.", text: str = "", **arguments: Any) -> Reply:
    """A reply that thinks and calls one tool."""
    return Reply(text, reasoning=thought, tool_calls=(ToolCall(name, arguments),))


def answer(text: str, thought: str = "I know enough.") -> Reply:
    """A reply that thinks and answers."""
    return Reply(text, reasoning=thought)


def weather_loop() -> tuple[Reply, ...]:
    """Three turns: two calls at once, one call with text, an answer; each with its thinking."""
    return (
        Reply(
            reasoning=THOUGHT,
            tool_calls=(ToolCall("get_weather", {"city": "北京"}), ToolCall("get_time", {"city": "北京"})),
        ),
        call("get_weather", thought=SECOND_THOUGHT, text="Now Paris.", city="Paris"),
        answer("Both are sunny.", "Done."),
    )


def ask(text: str) -> dict[str, Any]:
    """The input of an agent."""
    return {"messages": [{"role": "user", "content": text}]}


def thread(name: str = "1") -> RunnableConfig:
    """The config that names a conversation."""
    return {"configurable": {"thread_id": name}}


def sent(server: GLMServer, role: str, at: int = -1) -> list[dict[str, Any]]:
    """The messages of a role in one of the requests that the server got."""
    return [message for message in server.requests[at].body["messages"] if message["role"] == role]


def thoughts(server: GLMServer, at: int = -1) -> list[str | None]:
    """The reasoning that came back to the server with each assistant message."""
    return [message.get("reasoning_content") for message in sent(server, "assistant", at)]


def results(server: GLMServer, at: int = -1) -> list[str]:
    """The tool results in one of the requests."""
    return [message["content"] for message in sent(server, "tool", at)]


def offered(server: GLMServer, at: int = -1) -> list[str]:
    """The names of the tools that one of the requests offered."""
    return [tool["function"]["name"] for tool in server.requests[at].body.get("tools", [])]


def kinds(message: BaseMessage) -> list[str]:
    """The kinds of an AI message's content blocks."""
    assert isinstance(message, AIMessage)
    return [block["type"] for block in message.content_blocks]
