"""Read fragments of streamed tool arguments by the tool's schema."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from langchain_glm.json import dump_json
from langchain_glm.wire.schemas.read_back import child_schema, read_by_schema, requires_container

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ArgumentFragments"]

# Possessive, because a pattern that can backtrack stores every character of a long string.
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_STRING_END = re.compile(r'(?:[^"\\]++|\\.)*+"', re.DOTALL)
_PLAIN = re.compile(r'[^"{}\[\],:]++')


class ArgumentFragments:
    r"""Passes fragments on, but holds back a string for which the schema requires an object or array.

    GLM sometimes sends such values as JSON in a string. A fragment cannot be changed after it has been passed on, so
    the string must be complete before it is.

    Args:
        schema: the tool's parameters, inlined.

    Example:
        ```python
        fragments = ArgumentFragments({"properties": {"p": {"type": "object"}}})
        fragments.feed('{"p": "{\\"x\\"') + fragments.feed(': 1}"}')  # '{"p": {"x":1}}'
        ```
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._held: list[str] = []  # a list, so that a long string is not copied
        self._escaped = False  # the held string ends within an escape
        self._in_string = False  # within a string that is passed on as it comes
        self._open: list[tuple[str, Any]] = []  # the brackets that are open, each with its schema
        self._schema: Any = schema  # the schema of the value that comes next
        self._expects_key = False

    def feed(self, fragment: str) -> str:
        """Read a fragment; return what can be passed on."""
        if self._held and not self._in_string:  # only the end of the string matters
            rest = "\\" + fragment if self._escaped else fragment
            if not _STRING_END.match(rest):
                self._held.append(fragment)
                self._escaped = _ends_in_escape(rest)
                return ""
        text = "".join((*self._held, fragment))
        self._held = []
        out: list[str] = []
        position = 0
        while position < len(text):
            piece = self._piece(text, position)
            if piece is None:
                self._held = [text[position:]]
                self._escaped = _ends_in_escape(text)
                break
            position += len(piece)
            out.append(self._read(piece))
        return "".join(out)

    @property
    def held(self) -> str:
        """The text that is held back, because a string has not ended yet."""
        return "".join(self._held)

    def _piece(self, text: str, position: int) -> str | None:
        """Return the next piece, or `None` if it is not complete yet."""
        if self._in_string:
            end = _STRING_END.match(text, position)
            if end:
                return end.group()
            passed = text[position:]
            # An escape must not be split, or its second part could be mistaken for the end of the string.
            return (passed[:-1] or None) if _ends_in_escape(passed) else passed
        if text[position] == '"':
            string = _STRING.match(text, position)
            if string:
                return string.group()
            return None if self._expects_key or (self._open and requires_container(self._schema)) else '"'
        plain = _PLAIN.match(text, position)
        return plain.group() if plain else text[position]

    def _read(self, piece: str) -> str:
        if self._in_string:
            self._in_string = not (piece.endswith('"') and not _ends_in_escape(piece[:-1]))
        elif piece == '"':
            self._in_string = True
        elif piece.startswith('"'):
            return self._string(piece)
        elif piece in "{[":
            self._open.append((piece, self._schema))
            self._expects_key = piece == "{"
            self._schema = child_schema(self._schema, None) if piece == "[" else None
        elif piece in "}]":
            if self._open:
                self._open.pop()
            self._expects_key = False
        elif piece == ",":
            kind, schema = self._open[-1] if self._open else ("", None)
            self._expects_key = kind == "{"
            self._schema = child_schema(schema, None) if kind == "[" else None
        return piece

    def _string(self, piece: str) -> str:
        value = _decode(piece)
        if self._expects_key:
            self._expects_key = False
            self._schema = child_schema(self._open[-1][1], value) if self._open else None
            return piece
        read = read_by_schema(value, self._schema) if self._open else value
        return piece if read == value else dump_json(read)


def _ends_in_escape(text: str) -> bool:
    """Whether the text ends within an escape."""
    return (len(text) - len(text.rstrip("\\"))) % 2 == 1


def _decode(piece: str) -> str:
    try:
        return str(json.loads(piece, strict=False))
    except ValueError:
        return piece[1:-1]
