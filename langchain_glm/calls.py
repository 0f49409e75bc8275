"""One call: what was set and what the call brings, joined into a request; and what its reply must hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from langchain_glm.errors import GLMToolChoiceError
from langchain_glm.json import load_object
from langchain_glm.notices import notify
from langchain_glm.settings import ALIASES, OWN_FIELDS
from langchain_glm.wire.reply.chunks import ChunkReader
from langchain_glm.wire.reply.completion import to_result
from langchain_glm.wire.request.functions import demands_call, parameters_of, to_wire_tool
from langchain_glm.wire.request.payload import build
from langchain_glm.wire.types import WireTool

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from langchain_core.messages import AIMessage, BaseMessage
    from langchain_core.outputs import ChatResult

    from langchain_glm.settings import GLMSettings
    from langchain_glm.wire.types import Event, Payload

__all__ = ["Call", "prepare"]

_NOT_SENT: Final = frozenset({"stream", "strict", "tools", "tool_choice", "ls_structured_output_format"})
"""Keywords of a call that are read here and are no fields of the request."""

_NOT_CALLED: Final = (
    "a tool call was demanded by tool_choice, and the model answered without one. GLM cannot be forced; "
    'force_tool_choice="retry" asks once more, "ignore" takes the answer as it is.'
)
_HALF_CALLED: Final = (
    "a tool call was demanded by tool_choice, and the arguments of the one that came are no JSON object."
)


@dataclass(frozen=True, slots=True)
class Call:
    """One call, ready to be sent.

    Args:
        model: the settings that hold for it.
        payload: the request body.
        schemas: function name → schema of its arguments.
        bare: whether the text was asked to be JSON and nothing else.
        demanded: whether the reply must hold a tool call.
    """

    model: GLMSettings
    payload: Payload
    schemas: Mapping[str, Any]
    bare: bool
    demanded: bool

    @property
    def body(self) -> Payload:
        """The request body with its tools as the JSON that was made of them before."""
        tools = self.payload.get("tools")
        if not tools:
            return self.payload
        return {**self.payload, "tools": [tool.json if isinstance(tool, WireTool) else tool for tool in tools]}

    def result(self, body: Event) -> ChatResult:
        """Read the whole reply."""
        return to_result(body, self.schemas, bare=self.bare)

    def reader(self) -> ChunkReader:
        """Return a reader for the reply's stream."""
        return ChunkReader(self.schemas, bare=self.bare)

    def asks_again(self, result: ChatResult) -> bool:
        """Whether a demanded call is missing and is to be asked for once more."""
        return self.demanded and self.model.force_tool_choice == "retry" and not _answer(result).tool_calls

    def check(self, result: ChatResult) -> None:
        """Raise `GLMToolChoiceError` if a demanded call is missing.

        A call that cannot be run is none: agents end, as if all were well, where every call is invalid.
        """
        message = _answer(result)
        if self.demanded and not message.tool_calls:
            raise GLMToolChoiceError(_HALF_CALLED if message.invalid_tool_calls else _NOT_CALLED, partial=message)

    def check_stream(self, reader: ChunkReader) -> None:
        """Raise `GLMToolChoiceError` if a demanded call is missing from a stream that has ended."""
        if self.demanded and not reader.called:
            raise GLMToolChoiceError(_NOT_CALLED)
        if self.demanded and all(load_object(arguments or "{}") is None for arguments in reader.arguments):
            raise GLMToolChoiceError(_HALF_CALLED)


def _answer(result: ChatResult) -> AIMessage:
    return cast("AIMessage", result.generations[0].message)


def prepare(
    model: GLMSettings,
    messages: Sequence[BaseMessage],
    stop: list[str] | None,
    kwargs: Mapping[str, Any],
    *,
    stream: bool,
) -> Call:
    """Join what was set and what this call brings.

    Args:
        model: the settings.
        messages: the conversation.
        stop: LangChain's stop words; `None` takes those that were set.
        kwargs: the call's keywords: settings, tools, and fields that are sent as they are.
        stream: whether a stream is asked for.

    Raises:
        ValueError: if a setting or message cannot be sent.
    """
    overrides = {} if stop is None else {"stop": stop}
    extra: dict[str, Any] = {}
    for name, value in kwargs.items():
        field = ALIASES.get(name, name)
        if field in OWN_FIELDS:
            overrides[field] = value
        elif name not in _NOT_SENT and value is not None:
            extra[name] = value
    model = model.with_settings(overrides)
    tools = [to_wire_tool(tool) for tool in kwargs.get("tools") or ()]
    choice = kwargs.get("tool_choice")
    payload, notices = build(
        messages, model.__dict__, model.endpoint_host, tools=tools, tool_choice=choice, stream=stream
    )
    for notice in notices:
        notify(notice)
    return Call(
        model=model,
        payload=payload | extra,
        schemas=parameters_of(tools),
        bare=(model.response_format or {}).get("type") in ("json_object", "json_schema"),
        demanded=model.force_tool_choice != "ignore" and demands_call(tools, choice),
    )
