"""The JSON that is sent. What comes back is read as plain mappings, because endpoints send any type anywhere.

Source: the OpenAPI descriptions of docs.bigmodel.cn and docs.z.ai, 2026-04 to 2026-10.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NotRequired, TypedDict

import orjson

from langchain_glm.json import dump_json

__all__ = ["Event", "FunctionCall", "Method", "Part", "Payload", "WireMessage", "WireTool", "WireToolCall"]

Method = Literal["function_calling", "json_mode", "json_schema"]
"""How structured output is asked for."""

Event = Mapping[str, Any]
"""One frame of a stream, or a whole completion."""

Part = dict[str, Any]
"""One part of a user message: `text`, `image_url`, `video_url`, `file_url` or `input_audio`."""


class WireTool(dict[str, Any]):
    """An entry of `tools`: `{"type": "function", "function": {…}}`, or one of GLM's own tools keyed by its type.

    A class of its own, so that a tool which has been translated is not translated again. Shared: never changed.

    Attributes:
        name: the function's name; `None` for GLM's own tools.
        parameters: the schema of its arguments.
    """

    __slots__ = ("_json", "name", "parameters")

    def __init__(self, entry: Mapping[str, Any]) -> None:
        super().__init__(entry)
        function = entry.get("function")
        known = function if isinstance(function, dict) else {}
        self.name: str | None = known.get("name")
        self.parameters: Any = known.get("parameters")
        self._json: orjson.Fragment | None = None

    def __reduce__(self) -> tuple[type[WireTool], tuple[dict[str, Any]]]:
        """Copy and pickle the entry only; the rest is made of it."""
        return WireTool, (dict(self),)

    @property
    def json(self) -> orjson.Fragment:
        """The tool as JSON, written once: a hundred tools take 100 µs a request otherwise."""
        if self._json is None:
            self._json = orjson.Fragment(dump_json(self).encode("utf-8", "replace"))
        return self._json


Payload = dict[str, Any]
"""The whole request body."""


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
    """One message. Content is a string, but for user messages with media, where it is a list of parts."""

    role: str
    content: str | list[Part]
    reasoning_content: NotRequired[str]
    tool_calls: NotRequired[list[WireToolCall]]
    tool_call_id: NotRequired[str]
    name: NotRequired[str]
    partial: NotRequired[bool]
