"""LangChain messages → the `messages` array.

What GLM would refuse (1214, 1210) is mended where its meaning is plain and refused here, with the index, where
it is not. Sources: the endpoints' API descriptions; recorded refusals.
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

from langchain_glm.json import dump_json, load_object
from langchain_glm.version import PROVIDER
from langchain_glm.wire.request.media import to_part

if TYPE_CHECKING:
    from langchain_glm.catalog.hosts import Host
    from langchain_glm.catalog.profiles import Model
    from langchain_glm.wire.types import Part, WireMessage, WireToolCall

__all__ = ["add_instruction", "to_wire"]

_MEDIA_FROM_TOOL = "Output of the tool call {}:"
_UNSPOKEN = ("reasoning", "thinking", "redacted_thinking", "tool_call", "invalid_tool_call", "tool_use",
             "server_tool_call", "server_tool_result")  # fmt: skip
_ROLES = {"system": "system", "developer": "system", "user": "user", "human": "user", "assistant": "assistant",
          "ai": "assistant", "tool": "tool"}  # fmt: skip


def to_wire(messages: Sequence[BaseMessage], host: Host, model: Model | None) -> tuple[list[WireMessage], list[str]]:
    """Translate a conversation.

    Args:
        messages: at least one; any roles in any order.
        host: how images are written, whether tool messages carry a name.
        model: what is known of the model (media it reads, whether it thinks), or `None`.

    Returns:
        The wire messages, and notices about what was mended.

    Raises:
        ValueError: if a message cannot be sent; the text begins with `messages[i]`.
        TypeError: if a message is of a class that no chat model can send.
    """
    answered = {message.tool_call_id for message in messages if isinstance(message, ToolMessage)}
    wire: list[WireMessage] = []
    media: list[Part] = []  # of the tool messages just seen: their content must be a string
    for index, message in enumerate(messages):
        if media and not isinstance(message, ToolMessage):
            wire.append({"role": "user", "content": media})
            media = []
        if isinstance(message, AIMessage):
            wire.extend(_assistant(message, answered, model))
        elif isinstance(message, ToolMessage):
            tool, parts = _tool(message, index, host, model)
            wire.append(tool)
            media += parts
        elif isinstance(message, (HumanMessage, ChatMessage)):
            wire.extend(_user(message, index, host, model))
        elif isinstance(message, SystemMessage):
            if text := _text(message.content, index, "\n"):
                wire.append({"role": "system", "content": text})
        elif isinstance(message, FunctionMessage):
            wire.append({"role": "tool", "content": _text(message.content, index, "\n")})
        else:
            raise TypeError(f"messages[{index}]: got unknown type {type(message).__name__}.")
    if media:
        wire.append({"role": "user", "content": media})
    return _with_user(wire)


def add_instruction(wire: Sequence[WireMessage], text: str) -> list[WireMessage]:
    """Return the wire messages with a sentence added to the leading system message (made if there is none)."""
    head = wire[0]
    if head["role"] == "system":
        return [{**head, "content": f"{head['content']}\n\n{text}"}, *wire[1:]]
    return [{"role": "system", "content": text}, *wire]


def _assistant(message: AIMessage, answered: set[str], model: Model | None) -> list[WireMessage]:
    wire: WireMessage = {"role": "assistant", "content": _spoken(message.content)}
    calls = _calls(message, answered)
    reasoning = "" if model is not None and model.thinking == "none" else _reasoning(message)
    if calls:
        wire["tool_calls"] = calls
        if not reasoning and model is not None and model.reasoning_required:
            # Kimi answers 400 when a thinking model's tool call comes without its reasoning, and takes no empty text.
            reasoning = " "
    if reasoning:
        wire["reasoning_content"] = reasoning
    if message.additional_kwargs.get("partial") is True:  # Kimi continues such a message
        wire["partial"] = True
    return [wire] if wire["content"] or calls or reasoning else []


def _calls(message: AIMessage, answered: set[str]) -> list[WireToolCall]:
    calls = [_call(call["id"], call["name"], dump_json(call["args"])) for call in message.tool_calls]
    if not calls and isinstance(message.content, list):
        calls = [
            _call(block.get("id"), str(block.get("name")), dump_json(block.get("input") or block.get("args") or {}))
            for block in message.content
            if isinstance(block, Mapping) and block.get("type") in ("tool_use", "tool_call")
        ]
    for bad in message.invalid_tool_calls:
        # A call that nothing answers would leave the conversation without a tool message for it.
        if bad["id"] in answered:
            raw = bad["args"] or "{}"
            calls.append(_call(bad["id"], bad["name"] or "", raw if load_object(raw) is not None
                               else dump_json({"invalid_json": raw})))  # fmt: skip
    return calls


def _call(call_id: str | None, name: str, arguments: str) -> WireToolCall:
    # Kimi's own tools are named $…, and are called by another type.
    kind = "builtin_function" if name.startswith("$") else "function"
    return {"id": call_id or "", "type": kind, "function": {"name": name, "arguments": arguments}}  # type: ignore[typeddict-item]


def _reasoning(message: AIMessage) -> str:
    """The reasoning to send back, byte for byte, if the message is GLM's (or nobody's: written by hand)."""
    if message.response_metadata.get("model_provider") not in (None, PROVIDER):
        return ""
    kept = message.additional_kwargs.get("reasoning_content")
    if isinstance(kept, str) and kept:
        return kept
    if isinstance(message.content, str):
        return ""
    return "".join(
        str(block.get("reasoning") or "")
        for block in message.content
        if isinstance(block, Mapping) and block.get("type") == "reasoning"
    )


def _spoken(content: str | list[Any]) -> str:
    """An assistant's text; blocks that only LangChain or another provider knows are left out."""
    if isinstance(content, str):
        return content
    return "".join(
        block if isinstance(block, str) else str(block.get("text") or "")
        for block in content
        if isinstance(block, str) or (isinstance(block, Mapping) and block.get("type") == "text")
    )


def _tool(message: ToolMessage, index: int, host: Host, model: Model | None) -> tuple[WireMessage, list[Part]]:
    """A tool's answer as a string; its media, which GLM takes only from users, to follow in a user message."""
    text, parts = _split(message.content, index, host, model)
    wire: WireMessage = {"role": "tool", "content": text, "tool_call_id": message.tool_call_id}
    if host.tool_message_name and message.name:
        wire["name"] = message.name
    if parts:
        parts.insert(0, {"type": "text", "text": _MEDIA_FROM_TOOL.format(message.tool_call_id)})
    return wire, parts


def _is_unspoken(block: Any) -> bool:
    """Whether a block is what an assistant thought or called: agents hand on `content`, which holds it with v1."""
    return isinstance(block, Mapping) and block.get("type") in _UNSPOKEN


def _split(content: str | list[Any], index: int, host: Host, model: Model | None) -> tuple[str, list[Part]]:
    if isinstance(content, str):
        return content, []
    texts: list[str] = []
    media: list[Part] = []
    for position, block in enumerate(content):
        if _is_unspoken(block):
            continue
        if isinstance(block, Mapping) and block.get("type") == "json":
            texts.append(dump_json(block.get("json")))
            continue
        part = to_part(block, f"messages[{index}].content[{position}]", host, model)
        if part is not None and part["type"] == "text":
            texts.append(part["text"])
        elif part is not None:
            media.append(part)
    return "\n".join(texts), media


def _user(message: HumanMessage | ChatMessage, index: int, host: Host, model: Model | None) -> list[WireMessage]:
    role = "user"
    if isinstance(message, ChatMessage):
        if message.role not in _ROLES:
            raise ValueError(
                f"messages[{index}]: role {message.role!r} is unknown; use system, user, assistant or tool."
            )
        role = _ROLES[message.role]
    if isinstance(message.content, str) or role != "user":
        text = _text(message.content, index, "\n")
        return [{"role": role, "content": text}] if text else []
    results, blocks = _tool_results(message.content, index)
    parts = [
        part
        for position, block in enumerate(blocks)
        if not _is_unspoken(block)
        and (part := to_part(block, f"messages[{index}].content[{position}]", host, model)) is not None
    ]
    if not parts:
        return results
    if all(part["type"] == "text" for part in parts):
        return [*results, {"role": "user", "content": "\n".join(part["text"] for part in parts)}]
    return [*results, {"role": "user", "content": parts}]


def _tool_results(content: list[Any], index: int) -> tuple[list[WireMessage], list[Any]]:
    """Anthropic's `tool_result` blocks, which stand in user messages, as tool messages of their own."""
    results: list[WireMessage] = []
    rest: list[Any] = []
    for block in content:
        if isinstance(block, Mapping) and block.get("type") == "tool_result":
            text = _text(block.get("content") or "", index, "\n")
            results.append({"role": "tool", "content": text, "tool_call_id": str(block.get("tool_use_id") or "")})
        else:
            rest.append(block)
    return results, rest


def _text(content: str | list[Any], index: int, joint: str) -> str:
    """The text of a message whose content must be a string."""
    if isinstance(content, str):
        return content
    texts: list[str] = []
    for position, block in enumerate(content):
        text = block if isinstance(block, str) else block.get("text") if isinstance(block, Mapping) else None
        if not isinstance(text, str):
            kind = block.get("type") if isinstance(block, Mapping) else type(block).__name__
            raise ValueError(f"messages[{index}].content[{position}]: only text can stand here, not {kind!r}.")
        if text:
            texts.append(text)
    return joint.join(texts)


def _with_user(wire: list[WireMessage]) -> tuple[list[WireMessage], list[str]]:
    """GLM wants at least one user message (1214)."""
    if any(message["role"] == "user" for message in wire):
        return wire, []
    if wire and all(message["role"] == "system" for message in wire):
        notice = "There is no user message; GLM refuses that (1214), so the last system message is sent as the user's."
        return [*wire[:-1], {**wire[-1], "role": "user"}], [notice]
    raise ValueError("messages: no user message with any content; GLM needs at least one (1214).")
