"""Read a conversation as text, and find words, names, quotes, numbers and JSON in a text."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from langchain_glm.testing.checks.messages import MEDIA

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Conversation", "json_objects", "mention", "numbers", "quotes", "read", "without_json", "words"]

_WORD: Final = re.compile(r"[a-z]{3,}|[\u4e00-\u9fff\u3040-\u30ff]+")
_STEM: Final = 5  # "weather" and "weathers", "calculate" and "calculator" count as one word
_QUOTE: Final = re.compile(
    r"\"([^\"\n]+)\"|“([^”\n]+)”|「([^」\n]+)」|『([^』\n]+)』|`([^`\n]+)`|(?<![A-Za-z0-9])'([^'\n]+)'(?![A-Za-z0-9])"
)
_NUMBER: Final = re.compile(r"(?<![A-Za-z0-9_.\-])-?\d+(?:\.\d+)?(?![A-Za-z0-9_]|[.\-][A-Za-z0-9])")
_STOP_WORDS: Final = frozenset(
    """
    a about after again all also and any are arguments ask based been before but call called can could
    data did does for from function functions get give given gives had has have helpful here how input
    inputs into its just let list make makes may more must name new not now one only other our out
    output please result results return returns say should show some such tell text than that the their
    them then there these they this those through tool tools use used user users using value values very
    want was well were what when where which who why will with would you your
    """.split()  # noqa: SIM905 - a hundred quoted words are no easier to read
)


@dataclass(frozen=True, slots=True)
class Conversation:
    """The parts of a request's messages that the parrot uses.

    Args:
        system: the text of all system messages.
        user: the text of the last user message.
        asked: whether the last message is from the user or the system, so that no tool was called for it yet.
        called: the names of the tools called since the last user message.
        results: name and content of the tool messages since the last user message, if one of them is the last message.
        seen: the kinds of media in user messages, one entry for each part.
    """

    system: str
    user: str
    asked: bool
    called: tuple[str, ...]
    results: tuple[tuple[str, str], ...]
    seen: tuple[str, ...]


def read(messages: Sequence[Mapping[str, Any]]) -> Conversation:
    """Read the messages. Lists as content are read only in user messages, because GLM drops them elsewhere."""
    last_user = max((at for at, message in enumerate(messages) if message["role"] == "user"), default=-1)
    later_messages = messages[last_user + 1 :]
    names = {
        call.get("id"): call["function"]["name"]
        for message in messages
        for call in message.get("tool_calls") or ()
        if "function" in call
    }
    called = [
        call["function"]["name"]
        for message in later_messages
        for call in message.get("tool_calls") or ()
        if "function" in call
    ]
    return Conversation(
        system="\n".join(_text(message) for message in messages if message["role"] == "system"),
        user=_text(messages[last_user]) if last_user >= 0 else "",
        asked=messages[-1]["role"] in {"user", "system"}
        and not any(message["role"] == "tool" for message in later_messages),
        called=tuple(called),
        results=tuple(_results(later_messages, names)),
        seen=tuple(
            MEDIA[part["type"]]
            for message in messages
            if message["role"] == "user" and isinstance(message.get("content"), list)
            for part in message["content"]
            if isinstance(part, dict) and part.get("type") in MEDIA
        ),
    )


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    if message["role"] != "user" or not isinstance(content, list):
        return ""
    return "\n".join(str(part.get("text") or "") for part in content if part.get("type") == "text")


def _results(later_messages: Sequence[Mapping[str, Any]], names: Mapping[Any, str]) -> Iterator[tuple[str, str]]:
    if later_messages and later_messages[-1]["role"] == "tool":
        for message in later_messages:
            if message["role"] == "tool":
                yield names.get(message.get("tool_call_id"), message.get("name") or "tool"), _text(message)


def words(text: str) -> set[str]:
    """Return the significant words of a text: stems in English, pairs of characters in Chinese and Japanese."""
    found: set[str] = set()
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", text).lower()
    for word in _WORD.findall(spaced):
        if word.isascii():
            found |= {word[:_STEM]} if word not in _STOP_WORDS else set()
        else:
            found |= {word[at : at + 2] for at in range(len(word) - 1)}
    return found


def mention(name: str, text: str) -> int:
    """Return the position of a name in a text, with underscores or spaces; -1 if it is not there."""
    spaced = re.escape(name).replace("_", r"[_ ]")
    found = re.search(rf"(?<![A-Za-z0-9_]){spaced}(?![A-Za-z0-9_])", text, re.IGNORECASE)
    return found.start() if found else -1


def quotes(text: str) -> list[str]:
    """Return the texts in quotation marks of any kind, in order."""
    return [next(filter(None, groups)) for groups in _QUOTE.findall(text)]


def numbers(text: str) -> list[int | float]:
    """Return the numbers of a text, in order; those with a decimal point as floats."""
    return [float(number) if "." in number else int(number) for number in _NUMBER.findall(text)]


def json_objects(text: str) -> list[dict[str, Any]]:
    """Return the outermost JSON objects in a text."""
    return [value for _, _, value in _json_spans(text)]


def without_json(text: str) -> str:
    """Return the text without the JSON objects in it."""
    for start, end, _ in reversed(list(_json_spans(text))):
        text = text[:start] + text[end:]
    return text


def _json_spans(text: str) -> Iterator[tuple[int, int, dict[str, Any]]]:
    decoder = json.JSONDecoder()
    at = text.find("{")
    while at >= 0:
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            yield at, end, value
        at = text.find("{", end)
