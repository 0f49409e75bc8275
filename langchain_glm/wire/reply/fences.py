"""Extract JSON from text that should be only JSON but is not.

Models put it into a Markdown code fence (glm-4-flash, even in JSON mode) or after `<|begin_of_box|>` (GLM-4.5V), write
thinking in tags before it (self-hosted models without a reasoning parser), or put sentences around it.
"""

from __future__ import annotations

import re
from typing import Final

from langchain_glm.json import load_object

__all__ = ["JsonExtractor", "extract_json"]

_OPENINGS: Final = ("<think>", "```", "<|begin_of_box|>")
_CLOSINGS: Final = ("", "```", "<|end_of_box|>")
_THINK_END: Final = "</think>"
_MAX_OPENING_LENGTH: Final = max(map(len, _OPENINGS))
_SPACE: Final = re.compile(r"\s*")
_LANGUAGE: Final = re.compile(r"\w*")
_OUTSIDE_STRINGS: Final = re.compile(r'["{}\[\]]')
_IN_STRINGS: Final = re.compile(r'["\\]')


class JsonExtractor:
    r"""Extracts the JSON from a text that comes in pieces.

    JSON at the beginning, or after an opening such as a code fence, is returned as it comes. Any other text is held
    back until its end; if it holds exactly one object, that object is returned; otherwise all of the text is.

    Example:
        ```python
        text = JsonExtractor()
        text.feed("```js") + text.feed('on\n{"a": 1}\n``') + text.feed("`") + text.flush()  # '{"a": 1}'
        ```
    """

    def __init__(self) -> None:
        self._held: list[str] = []  # lists, so that a long text in many pieces is not copied
        self._returned: list[str] = []
        self._start = ""  # a possible first part of an opening
        self._thinking = False  # between <think> and </think>
        self._in_fence = False  # after ```, before the name of a language
        self._prose = False
        self._brackets: _Brackets | None = None  # of the JSON that has begun

    @property
    def held(self) -> str:
        """The text that is held back."""
        return "".join(self._held)

    def feed(self, piece: str) -> str:
        """Read a piece; return the JSON that is known to belong to the answer."""
        self._held.append(piece)
        if self._prose:
            return ""
        if self._brackets is None:
            piece = self._json_start(piece)
            if not piece:
                return ""
            self._brackets = _Brackets()
        elif self._brackets.closed:
            return ""
        end = self._brackets.end(piece)
        self._held = [] if end == len(piece) else [piece[end:]]
        self._returned.append(piece[:end])
        return piece[:end]

    def flush(self) -> str:
        """Return the rest after the last piece."""
        held, self._held = self.held, []
        if self._brackets is None:
            objects = [] if self._thinking else _objects(held)
            return objects[0] if len(objects) == 1 else held
        if held.strip() in _CLOSINGS:
            return ""
        # Text after an object is dropped, unless it holds another object: then it is unclear which one is the answer.
        return held if load_object("".join(self._returned)) is None or _objects(held) else ""

    def _json_start(self, piece: str) -> str:
        """Return the text from the first bracket on; an empty string if it has not come yet or if prose comes first."""
        text, position, thinking_end = self._start + piece, 0, 0
        start = len(text)
        self._start = ""
        while True:
            if self._thinking:
                found = text.find(_THINK_END, position)
                if found < 0:
                    self._start = text[max(position, len(text) - len(_THINK_END) + 1) :]
                    break
                self._thinking = False
                position = thinking_end = found + len(_THINK_END)
            if self._in_fence:
                position = _end(_LANGUAGE, text, position)
                self._in_fence = position == len(text)
            position = _end(_SPACE, text, position)
            if text.startswith(("{", "["), position):
                start = position
                break
            opening = next((opening for opening in _OPENINGS if text.startswith(opening, position)), None)
            if opening is None:
                rest = text[position : position + _MAX_OPENING_LENGTH]
                if any(opening.startswith(rest) for opening in _OPENINGS):  # it may be the first part of one
                    self._start = rest
                else:
                    self._prose = True
                break
            position += len(opening)
            self._thinking = opening == _OPENINGS[0]
            self._in_fence = opening == _OPENINGS[1]
        if thinking_end:
            self._held = [text[thinking_end:]]
        return text[start:]


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    found = pattern.match(text, position)
    return found.end() if found else position


class _Brackets:
    """Tracks the brackets of a JSON text that comes in pieces."""

    def __init__(self) -> None:
        self._depth = 0
        self._in_string = False
        self._escaped = False  # the last piece ended in a backslash
        self.closed = False

    def end(self, piece: str, position: int = 0) -> int:
        """Return where the outermost bracket closes, or the length of the piece."""
        if self._escaped and position < len(piece):
            self._escaped = False
            position += 1
        while mark := (_IN_STRINGS if self._in_string else _OUTSIDE_STRINGS).search(piece, position):
            position = mark.end()
            character = mark.group()
            if character == '"':
                self._in_string = not self._in_string
            elif character == "\\":
                self._escaped = position == len(piece)
                position += 1
            else:
                self._depth += 1 if character in "{[" else -1
                if self._depth == 0:
                    self.closed = True
                    return position
        return len(piece)


def _objects(text: str) -> list[str]:
    """Return the outermost JSON objects in a text."""
    found = []
    start = text.find("{")
    while start >= 0:
        brackets = _Brackets()
        end = brackets.end(text, start)
        if brackets.closed and load_object(text[start:end]) is not None:
            found.append(text[start:end])
        start = text.find("{", end)
    return found


def extract_json(text: str) -> str:
    """Return the JSON in a complete text; see `JsonExtractor`."""
    reader = JsonExtractor()
    return reader.feed(text) + reader.flush()
