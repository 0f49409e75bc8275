"""Translate LangChain messages into the `messages` array.

Messages that GLM would refuse (1214, 1210) are corrected if their meaning is clear; otherwise they raise an error that
names the index. Sources: the endpoints' API descriptions; recorded refusals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from langchain_glm.errors import GLMValueError
from langchain_glm.json import dump_json, load_object
from langchain_glm.wire.request.functions import legal_name
from langchain_glm.wire.request.media import describe, text_of, to_part
from langchain_glm.wire.request.reasoning import reasoning_field, reasoning_to_send

if TYPE_CHECKING:
    from langchain_glm.catalog.hosts import Host
    from langchain_glm.catalog.profiles import Model
    from langchain_glm.wire.types import Part, WireMessage, WireToolCall

__all__ = ["add_instruction", "to_wire"]

_ASSISTANT_BLOCKS = ("reasoning", "thinking", "redacted_thinking", "tool_call", "invalid_tool_call", "tool_use",
                     "server_tool_call", "server_tool_result")  # fmt: skip
"""Blocks of an assistant's reasoning and calls. With v1 they are in an answer's `content`, which agents may pass on in
a user message."""

_ROLES = {"system": "system", "developer": "system", "user": "user", "human": "user", "assistant": "assistant",
          "ai": "assistant", "tool": "tool"}  # fmt: skip

_OUTPUT_HEADING = "Output of the tool call {}:"
_OUTPUT_FOLLOWS = "The output is in the next message."
_NO_OUTPUT = "The tool returned nothing."
_CUT_OFF = "(The beginning of this conversation is left out.)"


def to_wire(messages: Sequence[BaseMessage], host: Host, model: Model | None) -> tuple[list[WireMessage], list[str]]:
    """Translate a conversation.

    Args:
        messages: at least one; any roles in any order.
        host: decides how images are encoded, which names tools may have, and whether tool messages have a name.
        model: the catalogue's entry (the media it reads, whether it thinks), or `None`.

    Returns:
        The translated messages, and notices about corrections.

    Raises:
        GLMValueError: if a message cannot be sent; the error's text begins with `messages[i]`.
    """
    wire: list[WireMessage] = []
    notices: list[str] = []
    for index, message in enumerate(messages):
        more_notices: Sequence[str] = ()
        if isinstance(message, AIMessage):
            translated = _assistant(message, messages, host, model)
        elif isinstance(message, ToolMessage):
            failed = message.status == "error"
            translated, more_notices = _tool(message.content, message.tool_call_id, index, host, model, failed=failed)
            if host.tool_message_name and message.name:
                translated[0]["name"] = legal_name(message.name, host)
        elif (role := _role(message, index)) == "user":
            translated, more_notices = _user(message, index, host, model)
        elif role == "tool":
            translated, more_notices = _tool(message.content, "", index, host, model)
        else:
            text = _text(message.content, index)
            translated = [{"role": role, "content": text}] if text else []
        wire += translated
        notices += more_notices
    wire, more_notices = _correct_tool_messages(wire)
    notices += more_notices
    wire, more_notices = _ensure_user_message(wire)
    return wire, [*notices, *more_notices]


def add_instruction(wire: Sequence[WireMessage], text: str) -> list[WireMessage]:
    """Return the messages with a sentence added to the leading system message, which is made if there is none."""
    head = wire[0]
    if head["role"] == "system":
        return [{**head, "content": f"{head['content']}\n\n{text}"}, *wire[1:]]
    return [{"role": "system", "content": text}, *wire]


def _assistant(
    message: AIMessage, messages: Sequence[BaseMessage], host: Host, model: Model | None
) -> list[WireMessage]:
    content = message.content
    text = content if isinstance(content, str) else _assistant_text(content)
    calls = _calls(message, messages, host)
    if not calls and not text.strip():
        # Only reasoning, or nothing at all: strict endpoints refuse empty content (GLM: 1214).
        return []
    wire: WireMessage = {"role": "assistant", "content": text}
    reasoning = reasoning_to_send(message, host, model)
    if calls:
        wire["tool_calls"] = calls
        if not reasoning and model is not None and model.reasoning_required:
            # Kimi answers 400 if a thinking model's tool call comes without its reasoning, or if that is empty.
            reasoning = " "
    if reasoning:
        wire[reasoning_field(message, host)] = reasoning
    if message.additional_kwargs.get("partial") is True:  # Kimi continues this message
        wire["partial"] = True
    return [wire]


def _assistant_text(content: list[Any]) -> str:
    """Return an assistant's text; blocks of LangChain or of another provider are left out."""
    return "".join(
        block if isinstance(block, str) else str(block.get("text") or "")
        for block in content
        if isinstance(block, str) or (isinstance(block, Mapping) and block.get("type") == "text")
    )


def _calls(message: AIMessage, messages: Sequence[BaseMessage], host: Host) -> list[WireToolCall]:
    calls = [_call(call["id"], call["name"], call["args"], host) for call in message.tool_calls]
    if not calls and isinstance(message.content, list):
        calls = [
            _call(block.get("id"), block.get("name"), block.get("input") or block.get("args"), host)
            for block in message.content
            if isinstance(block, Mapping) and block.get("type") in ("tool_use", "tool_call")
        ]
    if message.invalid_tool_calls:  # without a tool message, the call is left out
        answered = {other.tool_call_id for other in messages if isinstance(other, ToolMessage)}
        calls += [_call(call["id"], call["name"], call["args"], host) for call in message.invalid_tool_calls
                  if call["id"] in answered]  # fmt: skip
    return calls


def _call(call_id: Any, name: Any, arguments: Any, host: Host) -> WireToolCall:
    name = legal_name(str(name or ""), host)
    # The names of Kimi's own tools begin with $, and their calls have another type.
    kind = "builtin_function" if name.startswith("$") else "function"
    try:
        function = {"name": name, "arguments": _arguments(arguments)}
    except ValueError as error:
        raise GLMValueError(f"messages: the arguments of the call {str(call_id)!r}: {error}.") from None
    return {"id": str(call_id or ""), "type": kind, "function": function}  # type: ignore[typeddict-item]


def _arguments(arguments: Any) -> str:
    """Return a call's arguments as a JSON object, which endpoints require; any other text is wrapped in one."""
    if isinstance(arguments, dict):
        return dump_json(arguments)
    text = arguments if isinstance(arguments, str) else dump_json(arguments)
    if text.strip() in ("", "null"):
        return "{}"
    return text if load_object(text) is not None else dump_json({"invalid_json": text})


def _tool(
    content: Any, call_id: str, index: int, host: Host, model: Model | None, *, failed: bool = False
) -> tuple[list[WireMessage], list[str]]:
    """Translate a tool's output into a string, or into parts if it holds media that the model reads."""
    text, media, notices = (content, [], []) if isinstance(content, str) else _output(content, index, host, model)
    if failed and not text.lower().startswith("error"):
        text = f"Error: {text or 'the tool failed.'}"
    wire_content: str | list[Part] = [{"type": "text", "text": text}, *media] if media else text
    return [{"role": "tool", "content": wire_content, "tool_call_id": call_id}], notices


def _output(content: Any, index: int, host: Host, model: Model | None) -> tuple[str, list[Part], list[str]]:
    """Return a tool's text, its media that the model reads, and notices about other blocks, which are described.

    They are not refused, because the user did not choose them and the agent could not continue.
    """
    texts: list[str] = []
    media: list[Part] = []
    notices: list[str] = []
    for position, block in enumerate(content):
        if _is_assistant_block(block):
            continue
        try:
            part = to_part(block, f"messages[{index}].content[{position}]", host, model)
        except ValueError:
            noun, described = describe(block)
            reader = "the model" if model is None else model.id
            notices.append(f"A tool returned {noun}, which {reader} cannot read; a sentence about it is sent instead.")
            texts.append(f"[The tool returned {described}, which the model cannot read.]")
            continue
        if part is not None and part["type"] == "text":
            texts.append(part["text"])
        elif part is not None:
            media.append(part)
    return "\n".join(texts), media, notices


def _is_assistant_block(block: Any) -> bool:
    return isinstance(block, Mapping) and block.get("type") in _ASSISTANT_BLOCKS


def _role(message: BaseMessage, index: int) -> str:
    """Return the role of a message that is neither an `AIMessage` nor a `ToolMessage`."""
    if isinstance(message, HumanMessage):
        return "user"
    if isinstance(message, SystemMessage):
        return "system"
    if isinstance(message, FunctionMessage):
        return "tool"
    if not isinstance(message, ChatMessage):
        kind = type(message).__name__
        raise GLMValueError(f"messages[{index}]: a {kind} cannot be sent; give system, user, AI or tool messages.")
    if message.role not in _ROLES:
        raise GLMValueError(
            f"messages[{index}]: role {message.role!r} is unknown; use system, user, assistant or tool."
        )
    return _ROLES[message.role]


def _user(message: BaseMessage, index: int, host: Host, model: Model | None) -> tuple[list[WireMessage], list[str]]:
    content, name = message.content, message.name
    if isinstance(content, str):
        text = f"{name}: {content}" if name else content
        return [{"role": "user", "content": text}] if content else [], []
    results: list[WireMessage] = []
    parts: list[Part] = []
    notices: list[str] = []
    for position, block in enumerate(content):
        if (
            isinstance(block, Mapping) and block.get("type") == "tool_result"
        ):  # Anthropic's form has them in user messages
            call_id, failed = str(block.get("tool_use_id") or ""), block.get("is_error") is True
            tool, more_notices = _tool(block.get("content") or "", call_id, index, host, model, failed=failed)
            results += tool
            notices += more_notices
        elif not _is_assistant_block(block):
            part = to_part(block, f"messages[{index}].content[{position}]", host, model)
            parts += [part] if part is not None else []
    if parts:
        results.append({"role": "user", "content": _user_content(parts, name)})
    return results, notices


def _user_content(parts: list[Part], name: str | None) -> str | list[Part]:
    """Return a string if there is only text. A name goes into the text: endpoints have no field for it."""
    if all(part["type"] == "text" for part in parts):
        text = "\n".join(part["text"] for part in parts)
        return f"{name}: {text}" if name else text
    return [{"type": "text", "text": f"{name}:"}, *parts] if name else parts


def _text(content: str | list[Any], index: int) -> str:
    """Return the text of a message whose content must be a string."""
    if isinstance(content, str):
        return content
    texts: list[str] = []
    for position, block in enumerate(content):
        if _is_assistant_block(block):
            continue
        text = text_of(block)
        if text is None:
            kind = block.get("type") if isinstance(block, Mapping) else type(block).__name__
            raise GLMValueError(f"messages[{index}].content[{position}]: only text is allowed here, not {kind!r}.")
        if text:
            texts.append(text)
    return "\n".join(texts)


def _correct_tool_messages(wire: list[WireMessage]) -> tuple[list[WireMessage], list[str]]:
    """Make every tool message answer a call of the assistant message before it, with a string that is not empty.

    Media follow in a user message, because GLM accepts them only there; so do outputs whose call is missing.
    """
    result: list[WireMessage] = []
    notices: list[str] = []
    open_calls: list[str] = []
    user_parts: list[Part] = []
    for message in wire:
        if message["role"] != "tool":
            if user_parts:
                result.append({"role": "user", "content": _user_content(user_parts, None)})
                user_parts = []
            open_calls = [call["id"] for call in message["tool_calls"]] if "tool_calls" in message else []
            result.append(message)
            continue
        content, call_id = message["content"], message["tool_call_id"]
        text, media = (content, []) if isinstance(content, str) else (content[0]["text"], content[1:])
        text = text or (_OUTPUT_FOLLOWS if media else _NO_OUTPUT)
        is_answer = call_id in open_calls
        if is_answer:
            open_calls.remove(call_id)
            result.append(message if text is content else {**message, "content": text})
        else:
            notices.append(
                "A tool's output belongs to no earlier call, which endpoints refuse; it is sent as a user message."
            )
        if media or not is_answer:
            heading = {"type": "text", "text": _OUTPUT_HEADING.format(call_id)}
            user_parts += [heading, *media] if is_answer else [heading, {"type": "text", "text": text}, *media]
    if user_parts:
        result.append({"role": "user", "content": _user_content(user_parts, None)})
    return result, notices


def _ensure_user_message(wire: list[WireMessage]) -> tuple[list[WireMessage], list[str]]:
    """Make sure that there is a user message: GLM needs one (1214), and a trimmed history may have none."""
    if any(message["role"] == "user" for message in wire):
        return wire, []
    if not wire:
        raise GLMValueError("messages: there is no content; GLM needs at least one user message (1214).")
    problem = "There is no user message, which GLM refuses (1214)"
    first_other = next((index for index, message in enumerate(wire) if message["role"] != "system"), len(wire))
    if first_other == len(wire):
        return [*wire[:-1], {**wire[-1], "role": "user"}], [
            f"{problem}; the last system message is sent as a user message."
        ]
    first_user_message: WireMessage = {"role": "user", "content": _CUT_OFF}
    return [*wire[:first_other], first_user_message, *wire[first_other:]], [
        f"{problem}; a sentence was added as the first user message."
    ]
