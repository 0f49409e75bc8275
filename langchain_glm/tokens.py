"""Estimate how many tokens a conversation has, from its text and without a tokenizer.

The weights were fitted to the token counts that endpoints reported for recorded requests and replies:

```sh
python scripts/measure_tokens.py FOLDER   # of recorded cases: request.json and response.json or stream.sse
```

It prints the errors that `docs/en/reference/models.md` lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from langchain_core.messages import AIMessage

from langchain_glm.json import dump_json
from langchain_glm.wire.request.functions import to_wire_tool
from langchain_glm.wire.request.reasoning import is_our_message

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from langchain_core.messages import BaseMessage

    from langchain_glm.catalog.models import Model

__all__ = ["estimate_messages", "estimate_text", "estimate_tools"]

# Kinds of bytes. Spaces do not count, because they are part of the token of the next word.
_LETTERS: Final = bytes(0x61 if 0x41 <= byte & 0xDF <= 0x5A else 0x20 for byte in range(256))
_DIGITS: Final = b"0123456789"
_PUNCTUATION: Final = bytes(byte for byte in range(0x21, 0x7F) if not chr(byte).isalnum())
_TWO_BYTE_LEADS: Final = bytes(range(0xC2, 0xE0))  # accents, Greek, Cyrillic, …
_THREE_BYTE_LEADS: Final = bytes(range(0xE0, 0xF0))  # Chinese, Japanese, Korean, and their punctuation
_FOUR_BYTE_LEADS: Final = bytes(range(0xF0, 0xF5))  # emoji, rare characters

_PER_WORD: Final = 0.694
_PER_LETTER: Final = 0.056
_PER_DIGIT: Final = 1.083
_PER_PUNCTUATION: Final = 0.738
_PER_LINE_END: Final = 1.617
_PER_TWO_BYTES: Final = 0.4
_PER_THREE_BYTES: Final = 0.6
_PER_FOUR_BYTES: Final = 2.0

_PER_PROMPT: Final = 3.5
_PER_MESSAGE: Final = 2.95
_PER_CALL: Final = 11.8
_TOOL_PREAMBLE: Final = 75
"""The value for unknown models; it is the one of GLM."""

_PER_MEDIA: Final = {  # only the order of magnitude; the real numbers depend on size and length
    "image": 1_000,
    "image_url": 1_000,
    "video": 20_000,
    "video_url": 20_000,
    "file": 2_000,
    "file_url": 2_000,
    "document": 2_000,
    "audio": 300,
    "input_audio": 300,
}


def estimate_text(text: str) -> float:
    """Estimate the tokens of a text.

    Words, letters, digits, punctuation and line ends each have a weight; other characters have a weight by their length
    in UTF-8. Methods of `bytes` do the counting, which takes about 20 ns for each word.

    Args:
        text: any text.

    Returns:
        The estimate, not rounded.

    Example:
        ```python
        round(estimate_text("How is the weather in Paris?"))  # 6
        ```

    Sources: fitted to recorded usages; see the docstring of this module.
    """
    data = text.encode("utf-8", "surrogatepass")
    size = len(data)
    letters = data.translate(_LETTERS)
    count = (
        _PER_WORD * (letters.count(b" a") + letters.startswith(b"a"))
        + _PER_LETTER * letters.count(b"a")
        + _PER_DIGIT * (size - len(data.translate(None, _DIGITS)))
        + _PER_PUNCTUATION * (size - len(data.translate(None, _PUNCTUATION)))
        + _PER_LINE_END * data.count(b"\n")
    )
    if size == len(text):
        return count
    return (
        count
        + _PER_TWO_BYTES * (size - len(data.translate(None, _TWO_BYTE_LEADS)))
        + _PER_THREE_BYTES * (size - len(data.translate(None, _THREE_BYTE_LEADS)))
        + _PER_FOUR_BYTES * (size - len(data.translate(None, _FOUR_BYTE_LEADS)))
    )


def estimate_messages(
    messages: Sequence[BaseMessage],
    model: Model | None = None,
    *,
    count_text: Callable[[str], float] = estimate_text,
) -> float:
    """Estimate the tokens of a conversation as a prompt: texts, tool calls, reasoning that is sent back, media.

    Args:
        messages: any messages, even if they could not be sent alone.
        model: the catalogue's entry; reasoning is not sent to a model that does not think.
        count_text: counts the tokens of a text.

    Returns:
        The estimate, not rounded; 0 for no messages.

    Example:
        ```python
        estimate_messages([HumanMessage("Hello")])
        ```
    """
    if not messages:
        return 0
    thinks = model is None or model.thinking != "none"
    return _PER_PROMPT + sum(_count_message(message, count_text, thinks=thinks) for message in messages)


def estimate_tools(
    tools: Sequence[Any], model: Model | None = None, *, count_text: Callable[[str], float] = estimate_text
) -> float:
    """Estimate the tokens of offered tools.

    Args:
        tools: whatever `bind_tools` takes.
        model: the catalogue's entry; GLM's prompt template puts a text before the tools.
        count_text: counts the tokens of a text.

    Returns:
        The estimate, not rounded; 0 for no tools.

    Raises:
        GLMValueError: if a tool cannot be translated.

    Example:
        ```python
        estimate_tools([get_weather])
        ```
    """
    if not tools:
        return 0
    preamble = _TOOL_PREAMBLE if model is None else model.tool_preamble
    # To save time, a tool that already has the form in which it is sent is not translated.
    sent = (tool if isinstance(tool, dict) and isinstance(tool.get("function"), dict) else to_wire_tool(tool)
            for tool in tools)  # fmt: skip
    return preamble + sum(count_text(dump_json(tool)) for tool in sent)


def _count_message(message: BaseMessage, count_text: Callable[[str], float], *, thinks: bool) -> float:
    content = message.content
    if not isinstance(message, AIMessage):
        return _PER_MESSAGE + (count_text(content) if isinstance(content, str) else _count_blocks(content, count_text))
    count = _PER_MESSAGE
    sends_reasoning = thinks and is_our_message(message)
    reasoning = message.additional_kwargs.get("reasoning_content") if sends_reasoning else None
    if isinstance(reasoning, str) and reasoning:
        count += count_text(reasoning)
        sends_reasoning = False  # the content may hold the same reasoning as a block
    for call in message.tool_calls:
        count += _count_call(call["name"], dump_json(call["args"]), count_text)
    for invalid in message.invalid_tool_calls:
        count += _count_call(invalid["name"] or "", invalid["args"] or "", count_text)
    if isinstance(content, str):
        return count + count_text(content)
    calls = not message.tool_calls  # the content of some providers repeats the tool calls
    return count + sum(
        _count_assistant_block(block, count_text, reasoning=sends_reasoning, calls=calls) for block in content
    )


def _count_call(name: str, arguments: str, count_text: Callable[[str], float]) -> float:
    return _PER_CALL + count_text(name) + count_text(arguments)


def _count_assistant_block(block: Any, count_text: Callable[[str], float], *, reasoning: bool, calls: bool) -> float:
    """Count one block of an assistant message; a block that is not sent counts as 0."""
    if isinstance(block, str):
        return count_text(block)
    kind = block.get("type") if isinstance(block, Mapping) else None
    if kind == "text":
        return count_text(str(block.get("text") or ""))
    if kind == "reasoning" and reasoning:
        return count_text(str(block.get("reasoning") or ""))
    if kind in ("tool_use", "tool_call") and calls:
        return _count_call(str(block.get("name")), dump_json(block.get("input") or block.get("args") or {}), count_text)
    return 0


def _count_blocks(content: Any, count_text: Callable[[str], float]) -> float:
    """Count the content of a user, tool or system message."""
    if isinstance(content, str):
        return count_text(content)
    return sum(_count_block(block, count_text) for block in content) if isinstance(content, list) else 0


def _count_block(block: Any, count_text: Callable[[str], float]) -> float:
    if isinstance(block, str):
        return count_text(block)
    if not isinstance(block, Mapping):
        return 0
    kind = block.get("type")
    if isinstance(kind, str) and kind in _PER_MEDIA:
        return _PER_MEDIA[kind]
    if kind == "tool_result":
        return _PER_MESSAGE + _count_blocks(block.get("content"), count_text)
    if kind == "json":
        return count_text(dump_json(block.get("json")))
    if kind == "non_standard":
        return _count_block(block.get("value"), count_text)
    return count_text(str(block.get("text") or ""))
