"""Types for the JSON that is sent. Replies are read as plain mappings, because any field may have any type.

Source: the OpenAPI descriptions of docs.bigmodel.cn and docs.z.ai, 2026-04 to 2026-10.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NotRequired, TypedDict

from langchain_glm.json import CachedJson
from langchain_glm.tools import without_headers

__all__ = ["Event", "FunctionCall", "Method", "Part", "Payload", "WireMessage", "WireTool", "WireToolCall"]

Method = Literal["function_calling", "json_mode", "json_schema"]
"""The methods of `with_structured_output`."""

Event = Mapping[str, Any]
"""One event of a stream, or a complete reply."""

Part = dict[str, Any]
"""One part of a user message: `text`, `image_url`, `video_url`, `file_url` or `input_audio`."""


class WireTool(CachedJson):
    """An entry of `tools`: `{"type": "function", "function": {…}}`, or one of GLM's own tools.

    It has its own class, so that a translated tool is not translated again. Never change one, because it is shared.

    Attributes:
        name: the function's name; `None` for GLM's own tools.
        parameters: the schema of its arguments.
    """

    __slots__ = ("name", "parameters")

    def __init__(self, entry: Mapping[str, Any]) -> None:
        super().__init__(entry)
        function = entry.get("function")
        known = function if isinstance(function, dict) else {}
        self.name: str | None = known.get("name")
        self.parameters: Any = known.get("parameters")

    def __repr__(self) -> str:
        """Show the entry without an MCP server's headers."""
        return repr(without_headers(self))


Payload = dict[str, Any]
"""The request body."""


class FunctionCall(TypedDict):
    """The function that the model called; `arguments` is JSON in a string."""

    name: str
    arguments: str


class WireToolCall(TypedDict):
    """One call of an assistant message."""

    id: str
    type: Literal["function", "builtin_function"]
    function: FunctionCall


class WireMessage(TypedDict):
    """One message. The content of a user message with media is a list of parts; otherwise it is a string."""

    role: str
    content: str | list[Part]
    reasoning_content: NotRequired[str]
    reasoning: NotRequired[str]
    tool_calls: NotRequired[list[WireToolCall]]
    tool_call_id: NotRequired[str]
    name: NotRequired[str]
    partial: NotRequired[bool]
