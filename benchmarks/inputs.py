"""The messages and tools that are sent."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel, Field, create_model

__all__ = ["HISTORY", "MESSAGE", "edit_file", "make_tool", "tools", "write_file"]

MESSAGE: list[BaseMessage] = [HumanMessage("What is the answer? 答案是什么？")]


class Edit(BaseModel):
    """One edit."""

    line: int = Field(description="the number of the line")
    text: str = Field(description="what it shall hold")
    tags: list[str] = Field(default_factory=list, description="labels for the edit")


def _write(path: str, text: str) -> str:
    """Write a text into a file."""
    return f"{path}: {len(text)}"


def _edit(path: str, edits: list[Edit]) -> str:
    """Edit lines of a file."""
    return f"{path}: {len(edits)}"


write_file = StructuredTool.from_function(_write, name="write_file")
edit_file = StructuredTool.from_function(_edit, name="edit_file")


def _turn(number: int) -> list[BaseMessage]:
    """Four messages: a question, a tool call, its result, an answer."""
    call = {"name": "search", "args": {"query": f"part {number} of the question", "limit": 5}, "id": f"call_{number}"}
    return [
        HumanMessage(
            f"Question {number}: look up what the documents say about part {number}, and sum it up in a line."
        ),
        AIMessage("Let me look that up.", tool_calls=[call]),
        ToolMessage(
            f"Result {number}: the documents say much, 其中也有中文, and it goes on. " * 3, tool_call_id=call["id"]
        ),
        AIMessage(f"In short: part {number} is described in three places, which agree with each other."),
    ]


HISTORY: list[BaseMessage] = [
    SystemMessage("You answer from documents."),
    *(message for number in range(49) for message in _turn(number)),
    HumanMessage("Is that all?"),
    AIMessage("Yes, these were all the documents."),
    HumanMessage("And what does it all come to?"),
]
"""200 messages."""


def _run(**arguments: object) -> str:
    return repr(arguments)


def make_tool(number: int) -> BaseTool:
    """A tool with a pydantic schema of its own, as `@tool` makes it."""
    fields: dict[str, Any] = {
        "query": (str, Field(description="what to look for")),
        "limit": (int, Field(default=10, description="how many results to give")),
        "order": (Literal["newest", "oldest", "best"], Field(default="best", description="what comes first")),
        "tags": (list[str] | None, Field(default=None, description="labels that results must have")),
    }
    schema = create_model(f"Search{number}", **fields)
    return StructuredTool(
        name=f"search_{number}", description=f"Search collection number {number}.", args_schema=schema, func=_run
    )


@cache
def tools() -> list[BaseTool]:
    """A hundred tools; the same objects each time, as in an agent."""
    return [make_tool(number) for number in range(100)]
