"""Translation of our messages into LangChain's standard content blocks.

Blocks are in the order in which they began. A reply that was not streamed has the usual order: reasoning, text, tool
calls, then what the endpoint ran. `response_metadata["block_order"]` records any other order of a stream.

The blocks of chunks have strings as indices, because LangChain numbers text and reasoning itself: if we used numbers
too, it would merge a tool call into the text before it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final, cast

from langchain_core.messages.block_translators import get_translator, register_translator
from langchain_core.messages.content import KNOWN_BLOCK_TYPES

from langchain_glm.catalog.hosts import GATEWAY, PROVIDERS
from langchain_glm.json import load_object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_core.messages import AIMessage, AIMessageChunk
    from langchain_core.messages.content import ContentBlock

    from langchain_glm.catalog.hosts import Host

__all__ = ["provider_of", "register_translators"]

Block = dict[str, Any]

_HAS_REFUSALS: Final = "refusal" in KNOWN_BLOCK_TYPES  # since langchain-core 1.8
_REFUSAL_REASONS: Final = ("sensitive", "content_filter")
_REFUSAL: Final = "The endpoint's content safety stopped this answer; remove any of its text that you have shown."


def register_translators() -> None:
    """Make LangChain use these translations for messages of our providers, except under names that others hold."""
    for provider in PROVIDERS:
        if _owner(provider) in (None, __name__):
            register_translator(provider, _message_blocks, _chunk_blocks)


def provider_of(host: Host) -> str:
    """Return the provider that a host's messages and traces name: `model_provider` and `ls_provider`.

    It is the host's provider, or `glm` if another package has registered its own translation under that name. Messages
    and traces name the same one, because LangChain's summarization compares them.

    Args:
        host: the host of the request.
    """
    return host.provider if _owner(host.provider) == __name__ else GATEWAY.provider


def _owner(provider: str) -> str | None:
    """Return the module whose translation LangChain uses for a provider; `None` if there is none."""
    translator = get_translator(provider)
    return None if translator is None else getattr(translator["translate_content"], "__module__", "")


def _message_blocks(message: AIMessage) -> list[ContentBlock]:
    """Translate a complete message. It never raises, because LangChain reads blocks while it streams and traces."""
    blocks = [
        *_reasoning(message),
        *_text(message),
        *({"type": "tool_call", **_pick(call, "id", "name", "args")} for call in message.tool_calls),
        *(
            {"type": "invalid_tool_call", **_pick(call, "id", "name", "args", "error")}
            for call in message.invalid_tool_calls
        ),
        *_endpoint_blocks(message),
    ]
    order = message.response_metadata.get("block_order")
    return cast("list[ContentBlock]", _sort_by_type(blocks, order) if isinstance(order, list) else blocks)


def _sort_by_type(blocks: list[Block], types: list[Any]) -> list[Block]:
    """Return the blocks in the order of the types; blocks of other types come last."""
    by_type: dict[Any, deque[Block]] = {}
    for block in blocks:
        by_type.setdefault(block["type"], deque()).append(block)
    sorted_blocks = [by_type[kind].popleft() for kind in types if isinstance(kind, str) and by_type.get(kind)]
    return sorted_blocks + [block for rest in by_type.values() for block in rest]


def _chunk_blocks(message: AIMessageChunk) -> list[ContentBlock]:
    """Translate one delta, or the sum of a stream's deltas."""
    if message.chunk_position == "last" and (
        message.content or message.tool_call_chunks or "reasoning_content" in message.additional_kwargs
    ):
        return _message_blocks(message)  # the last chunk of a stream has no content, so this is a sum
    blocks: list[Block] = []
    additional = message.additional_kwargs
    if additional:
        blocks += [{**block, "index": "lc_rs_0"} for block in _reasoning(message)]
    if isinstance(message.content, str) and "annotations" not in additional:
        if message.content:
            blocks.append({"type": "text", "text": message.content, "index": "lc_txt_0"})
    else:
        blocks += [{**block, "index": "lc_txt_0"} if block["type"] == "text" else block for block in _text(message)]
    for call in message.tool_call_chunks:
        block = {"type": "tool_call_chunk", **_pick(call, "id", "name", "args")}
        blocks.append(block if call.get("index") is None else {**block, "index": f"lc_tc_{call['index']}"})
    if message.chunk_position == "last":  # the chunk that holds what the endpoint ran
        blocks += [{**block, "index": f"lc_end_{number}"} for number, block in enumerate(_endpoint_blocks(message))]
    return cast("list[ContentBlock]", blocks)


def _reasoning(message: AIMessage) -> list[Block]:
    reasoning = message.additional_kwargs.get("reasoning_content")
    if isinstance(reasoning, str) and reasoning:
        return [{"type": "reasoning", "reasoning": reasoning}]
    return []


def _text(message: AIMessage) -> list[Block]:
    """Return the text with its citations. Content that is already a list of blocks stays unchanged."""
    annotations = message.additional_kwargs.get("annotations")
    citations = {"annotations": annotations} if isinstance(annotations, list) and annotations else {}
    if isinstance(message.content, str):
        return [{"type": "text", "text": message.content, **citations}] if message.content or citations else []
    return [
        {"type": "text", "text": item} if isinstance(item, str) else dict(item)
        for item in message.content
        if isinstance(item, str) or str(item.get("type")) in KNOWN_BLOCK_TYPES - {"reasoning", "tool_call"}
    ]


def _endpoint_blocks(message: AIMessage) -> list[Block]:
    """Return what the endpoint added: searches, MCP calls, speech, refusals."""
    metadata = message.response_metadata
    blocks: list[Block] = []
    results = metadata.get("web_search")
    if isinstance(results, list) and results:
        call_id = f"web_search_{metadata.get('id') or ''}"
        blocks += _call_and_result(call_id, "web_search", {}, results, failed=False)
    entries = metadata.get("mcp")
    for entry in entries if isinstance(entries, list) else ():
        blocks += _mcp_blocks(entry)
    audio = message.additional_kwargs.get("audio")
    if isinstance(audio, dict) and isinstance(audio.get("data"), str):
        blocks.append({"type": "audio", "base64": audio["data"], "mime_type": "audio/wav"})
    if _HAS_REFUSALS and (
        (refusal := message.additional_kwargs.get("refusal")) or metadata.get("finish_reason") in _REFUSAL_REASONS
    ):
        blocks.append({"type": "refusal", "refusal": refusal if isinstance(refusal, str) else _REFUSAL})
    return blocks


def _mcp_blocks(entry: Any) -> list[Block]:
    """Return a call to an MCP server, or the listing of its tools, with its result."""
    mcp = entry.get("mcp") if isinstance(entry, dict) else None
    if not isinstance(mcp, dict):
        return []
    call_id = str(entry.get("id") or mcp.get("id") or "")
    listing = mcp.get("type") == "mcp_list_tools"
    sent = None if listing else mcp.get("arguments")
    arguments = load_object(sent) or {} if isinstance(sent, str) else sent if isinstance(sent, dict) else {}
    output = mcp.get("tools") if listing else mcp.get("output")
    error = mcp.get("error")
    name = "mcp_list_tools" if listing else str(mcp.get("name") or "mcp_call")
    blocks = _call_and_result(call_id, name, arguments, error or output, failed=bool(error))
    if mcp.get("server_label"):
        blocks[0]["extras"] = {"server_label": mcp["server_label"]}
    return blocks


def _call_and_result(call_id: str, name: str, arguments: Block, output: Any, *, failed: bool) -> list[Block]:
    status = "error" if failed else "success"
    return [
        {"type": "server_tool_call", "id": call_id, "name": name, "args": arguments},
        {"type": "server_tool_result", "tool_call_id": call_id, "status": status, "output": output},
    ]


def _pick(call: Mapping[str, Any], *keys: str) -> Block:
    return {key: call.get(key) for key in keys}
