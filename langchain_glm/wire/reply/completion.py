"""A whole reply → `ChatResult`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage, InvalidToolCall
from langchain_core.messages.tool import ToolCall, invalid_tool_call, tool_call
from langchain_core.outputs import ChatGeneration, ChatResult

from langchain_glm.errors import GLMServerError, GLMStreamError
from langchain_glm.json import dump_json, load_object
from langchain_glm.wire.reply.fences import unwrapped
from langchain_glm.wire.reply.message import citations, own_metadata, reasoning_of, split_calls, text_of
from langchain_glm.wire.reply.usage import to_usage_metadata
from langchain_glm.wire.request.functions import read_arguments

if TYPE_CHECKING:
    from langchain_glm.wire.types import Event

__all__ = ["to_result"]


def to_result(body: Event, schemas: Mapping[str, Any], *, bare: bool = False) -> ChatResult:
    """Read a completion.

    Args:
        body: the parsed reply.
        schemas: function name → schema of its arguments, for arguments that come as JSON in a string.
        bare: whether the text was asked to be JSON and nothing else; a wrapping around it is taken off.

    Returns:
        One generation a choice; `llm_output` holds `token_usage` and `model_name`.

    Raises:
        GLMServerError: if the reply holds no choice.
    """
    choices = body.get("choices")
    choices = [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []
    if not choices:
        raise GLMServerError("the reply holds no choices", status=200, request_id=body.get("request_id"))
    usage = next(
        (found for found in (body.get("usage"), choices[0].get("usage")) if found and isinstance(found, dict)), None
    )
    generations = [
        ChatGeneration(
            message=_message(body, choice, usage, schemas, bare=bare),
            generation_info={"finish_reason": choice.get("finish_reason")},
        )
        for choice in choices
    ]
    return ChatResult(generations=generations, llm_output={"token_usage": usage or {}, "model_name": body.get("model")})


def _message(
    body: Event,
    choice: Mapping[str, Any],
    usage: Mapping[str, Any] | None,
    schemas: Mapping[str, Any],
    *,
    bare: bool,
) -> AIMessage:
    message = choice.get("message") or choice.get("delta")
    message = message if isinstance(message, Mapping) else {}
    text, reasoning = text_of(message.get("content")), reasoning_of(message)
    if bare:
        text = unwrapped(text)
    to_run, mcp = split_calls(message.get("tool_calls"))
    calls, invalid = _calls(to_run, schemas, body.get("id"))
    additional: dict[str, Any] = {"reasoning_content": reasoning} if reasoning else {}
    if marks := citations(text, body.get("web_search")):
        additional["annotations"] = marks
    additional |= {key: message[key] for key in ("audio", "refusal") if message.get(key)}
    return AIMessage(
        content=text,
        additional_kwargs=additional,
        tool_calls=calls,
        invalid_tool_calls=invalid,
        usage_metadata=to_usage_metadata(usage) if usage else None,
        response_metadata=own_metadata(
            body, choice, finish_reason=choice.get("finish_reason"), usage=usage, reasoning=reasoning, mcp=mcp
        ),
    )


def _calls(
    entries: list[dict[str, Any]], schemas: Mapping[str, Any], reply_id: Any
) -> tuple[list[ToolCall], list[InvalidToolCall]]:
    calls: list[ToolCall] = []
    invalid: list[InvalidToolCall] = []
    for number, entry in enumerate(entries):
        function = entry["function"]
        name, call_id = str(function.get("name") or ""), call_id_of(entry.get("id"), reply_id, number)
        raw = arguments_of(function.get("arguments"))
        arguments = load_object(read_arguments(raw or "{}", schemas.get(name)))
        if arguments is None:
            invalid.append(invalid_tool_call(name=name, args=raw, id=call_id, error=INVALID))
        else:
            calls.append(tool_call(name=name, args=arguments, id=call_id))
    return calls, invalid


INVALID = "The arguments are no JSON object."


def arguments_of(raw: Any) -> str:
    """Arguments as the string that they should be; some documents and gateways show an object, or nothing."""
    if isinstance(raw, str):
        return raw
    try:
        return "" if raw is None else dump_json(raw)
    except ValueError:
        raise too_deep() from None


def too_deep() -> GLMStreamError:
    """What is raised for arguments that Python's own JSON, or LangChain with it, could not follow."""
    return GLMStreamError("the arguments of a tool call are nested too deep to be read", status=200)


def call_id_of(sent: Any, reply_id: Any, number: int) -> str:
    """The call's id, or one made of the reply's id, so that a tool message can answer it."""
    return sent if isinstance(sent, str) and sent else f"call_{reply_id or 'glm'}_{number}"
