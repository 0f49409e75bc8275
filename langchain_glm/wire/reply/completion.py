"""Read a complete reply into a `ChatResult`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from langchain_glm.errors import GLMServerError
from langchain_glm.wire.reply.fences import extract_json
from langchain_glm.wire.reply.message import (
    UNKNOWN_ORIGIN,
    Reply,
    additional_kwargs,
    error_from_finish_reason,
    other_fields,
    reasoning_of,
    response_metadata_of,
    text_of,
)
from langchain_glm.wire.reply.think_tags import split_thinking
from langchain_glm.wire.reply.tool_calls import read_calls, split_calls
from langchain_glm.wire.reply.usage import to_usage_metadata

if TYPE_CHECKING:
    from langchain_glm.wire.types import Event

__all__ = ["to_result"]


def to_result(
    body: Event,
    schemas: Mapping[str, Any],
    *,
    names: Mapping[str, str] = {},
    json_only: bool = False,
    think_tags: bool = False,
    origin: Mapping[str, str] = UNKNOWN_ORIGIN,
) -> ChatResult:
    """Read a completion.

    Args:
        body: the parsed reply.
        schemas: the schemas of the tools' arguments, by the names that were sent.
        names: the tools' original names, by the names that were sent, for tools whose name GLM refuses.
        json_only: whether the request asked for text that is only JSON; anything around the JSON is removed.
        think_tags: whether thinking between tags at the beginning of the text is moved into the reasoning.
        origin: the `model_provider` and the `host` for `response_metadata`.

    Returns:
        One generation for each choice; `llm_output` holds `token_usage` and `model_name`.

    Raises:
        GLMServerError: if the reply holds no choice, or if its `finish_reason` means failure.
        GLMContextOverflowError: if the context was full before the answer began.
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
            message=_message(
                body, choice, usage, schemas, names, json_only=json_only, think_tags=think_tags, origin=origin
            ),
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
    names: Mapping[str, str],
    *,
    json_only: bool,
    think_tags: bool,
    origin: Mapping[str, str],
) -> AIMessage:
    message = choice.get("message") or choice.get("delta")
    message = message if isinstance(message, Mapping) else {}
    text = text_of(message.get("content"))
    reasoning, reasoning_field = reasoning_of(message)
    if think_tags:
        text, tagged = split_thinking(text)
        reasoning, reasoning_field = reasoning + tagged, reasoning_field or ("content" if tagged else "")
    entries, mcp = split_calls(message.get("tool_calls"))
    calls, invalid = read_calls(entries, schemas, names, body.get("id"))
    reply = Reply(
        top=body,
        origin=origin,
        choice=choice,
        message=other_fields(message),
        finish_reason=choice.get("finish_reason"),
        usage=usage,
        text=extract_json(text) if json_only and not entries else text,
        reasoning=reasoning,
        reasoning_field=reasoning_field,
        called=bool(entries),
        mcp=mcp,
    )
    read = AIMessage(
        content=reply.text,
        additional_kwargs={**({"reasoning_content": reasoning} if reasoning else {}), **additional_kwargs(reply)},
        tool_calls=calls,
        invalid_tool_calls=invalid,
        usage_metadata=to_usage_metadata(usage) if usage else None,
        response_metadata=response_metadata_of(reply),
    )
    if error := error_from_finish_reason(reply):
        error.partial = read
        raise error
    return read
