"""How many tokens a conversation has, estimated from its text without a tokenizer.

The weights were fitted to the token counts that endpoints reported for recorded requests and replies:

```sh
python scripts/measure_tokens.py FOLDER   # of recorded cases: request.json and response.json or stream.sse
```

It prints the error that `docs/profiles.md` states.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from langchain_core.messages import AIMessage

from langchain_glm.json import dump_json
from langchain_glm.version import PROVIDER
from langchain_glm.wire.request.functions import to_wire_tool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from langchain_core.messages import BaseMessage

    from langchain_glm.catalog.profiles import Model

__all__ = ["estimate_messages", "estimate_text", "estimate_tools"]

# Bytes by what they begin or belong to; spaces cost nothing, for they are part of the word that follows.
_LETTERS_ONLY: Final = bytes(0x61 if 0x41 <= byte & 0xDF <= 0x5A else 0x20 for byte in range(256))
_DIGITS: Final = b"0123456789"
_SIGNS: Final = bytes(byte for byte in range(0x21, 0x7F) if not chr(byte).isalnum())
_OF_TWO_BYTES: Final = bytes(range(0xC2, 0xE0))  # accents, Greek, Cyrillic, …
_OF_THREE_BYTES: Final = bytes(range(0xE0, 0xF0))  # Chinese, Japanese, Korean, and their punctuation
_OF_FOUR_BYTES: Final = bytes(range(0xF0, 0xF5))  # emoji, rare characters

_PER_WORD: Final = 0.694
_PER_LETTER: Final = 0.056
_PER_DIGIT: Final = 1.083
_PER_SIGN: Final = 0.738
_PER_LINE_END: Final = 1.617
_PER_TWO_BYTES: Final = 0.4
_PER_THREE_BYTES: Final = 0.6
_PER_FOUR_BYTES: Final = 2.0

_PER_PROMPT: Final = 3.5
_PER_MESSAGE: Final = 2.95
_PER_CALL: Final = 11.8
_TOOL_PREAMBLE: Final = 75
"""For a model of which nothing is known: as GLM's."""

_PER_MEDIA: Final = {  # sizes and lengths are not looked at; these are orders of magnitude
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

    Words, letters, digits, signs and line ends are weighed apart, as are characters by their length in UTF-8.
    Everything is counted by methods of `bytes`, at about 20 ns a word.

    Args:
        text: any text.

    Returns:
        The estimate, not rounded.

    Example:
        ```python
        round(estimate_text("How is the weather in Paris?"))  # 6
        ```

    Sources: fitted to recorded usages; see the module's text.
    """
    data = text.encode("utf-8", "surrogatepass")
    size = len(data)
    letters = data.translate(_LETTERS_ONLY)
    count = (
        _PER_WORD * (letters.count(b" a") + letters.startswith(b"a"))
        + _PER_LETTER * letters.count(b"a")
        + _PER_DIGIT * (size - len(data.translate(None, _DIGITS)))
        + _PER_SIGN * (size - len(data.translate(None, _SIGNS)))
        + _PER_LINE_END * data.count(b"\n")
    )
    if size == len(text):
        return count
    return (
        count
        + _PER_TWO_BYTES * (size - len(data.translate(None, _OF_TWO_BYTES)))
        + _PER_THREE_BYTES * (size - len(data.translate(None, _OF_THREE_BYTES)))
        + _PER_FOUR_BYTES * (size - len(data.translate(None, _OF_FOUR_BYTES)))
    )


def estimate_messages(
    messages: Sequence[BaseMessage],
    model: Model | None = None,
    *,
    count_text: Callable[[str], float] = estimate_text,
) -> float:
    """Estimate the tokens of a conversation as a prompt: texts, tool calls, reasoning that is sent back, media.

    Args:
        messages: any messages, also those that could not be sent alone.
        model: what is known of the model; one that does not think is sent no reasoning.
        count_text: what counts a text.

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
    return _PER_PROMPT + sum(_message(message, count_text, thinks=thinks) for message in messages)


def estimate_tools(
    tools: Sequence[Any], model: Model | None = None, *, count_text: Callable[[str], float] = estimate_text
) -> float:
    """Estimate the tokens of offered tools.

    Args:
        tools: whatever `bind_tools` takes.
        model: what is known of the model; GLM's prompt puts a text of its own before tools.
        count_text: what counts a text.

    Returns:
        The estimate, not rounded; 0 for no tools.

    Raises:
        ValueError: if a tool cannot be translated.

    Example:
        ```python
        estimate_tools([get_weather])
        ```
    """
    if not tools:
        return 0
    preamble = _TOOL_PREAMBLE if model is None else model.tool_preamble
    return preamble + sum(count_text(dump_json(_wire(tool))) for tool in tools)


def _wire(tool: Any) -> Any:
    """A tool as it is sent; one that has that shape already is taken as it is, which is much faster."""
    return tool if isinstance(tool, dict) and isinstance(tool.get("function"), dict) else to_wire_tool(tool)


def _message(message: BaseMessage, count_text: Callable[[str], float], *, thinks: bool) -> float:
    content = message.content
    if not isinstance(message, AIMessage):
        return _PER_MESSAGE + (count_text(content) if isinstance(content, str) else _blocks(content, count_text))
    count = _PER_MESSAGE
    own = thinks and message.response_metadata.get("model_provider") in (None, PROVIDER)
    kept = message.additional_kwargs.get("reasoning_content") if own else None
    if isinstance(kept, str) and kept:
        count += count_text(kept)
        own = False  # the same reasoning may stand in the content as a block
    for call in message.tool_calls:
        count += _call(call["name"], dump_json(call["args"]), count_text)
    for bad in message.invalid_tool_calls:
        count += _call(bad["name"] or "", bad["args"] or "", count_text)
    if isinstance(content, str):
        return count + count_text(content)
    with_calls = not message.tool_calls  # LangChain repeats in the content what it holds as tool_calls
    return count + sum(_spoken(block, count_text, reasoning=own, calls=with_calls) for block in content)


def _call(name: str, arguments: str, count_text: Callable[[str], float]) -> float:
    return _PER_CALL + count_text(name) + count_text(arguments)


def _spoken(block: Any, count_text: Callable[[str], float], *, reasoning: bool, calls: bool) -> float:
    """One block of an assistant; what is not sent costs nothing."""
    if isinstance(block, str):
        return count_text(block)
    kind = block.get("type") if isinstance(block, Mapping) else None
    if kind == "text":
        return count_text(str(block.get("text") or ""))
    if kind == "reasoning" and reasoning:
        return count_text(str(block.get("reasoning") or ""))
    if kind in ("tool_use", "tool_call") and calls:
        return _call(str(block.get("name")), dump_json(block.get("input") or block.get("args") or {}), count_text)
    return 0


def _blocks(content: Any, count_text: Callable[[str], float]) -> float:
    """The blocks of a user, a tool or the system."""
    if isinstance(content, str):
        return count_text(content)
    return sum(_block(block, count_text) for block in content) if isinstance(content, list) else 0


def _block(block: Any, count_text: Callable[[str], float]) -> float:
    if isinstance(block, str):
        return count_text(block)
    if not isinstance(block, Mapping):
        return 0
    kind = block.get("type")
    if isinstance(kind, str) and kind in _PER_MEDIA:
        return _PER_MEDIA[kind]
    if kind == "tool_result":
        return _PER_MESSAGE + _blocks(block.get("content"), count_text)
    if kind == "json":
        return count_text(dump_json(block.get("json")))
    if kind == "non_standard":
        return _block(block.get("value"), count_text)
    return count_text(str(block.get("text") or ""))
