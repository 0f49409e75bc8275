"""Fragments of streamed tool arguments, read by the tool's schema on the way."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from langchain_glm.json import dump_json
from langchain_glm.wire.schemas.read_back import child_schema, read_by_schema, wants_container

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ArgumentFragments"]

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_STRING_END = re.compile(r'(?:[^"\\]|\\.)*"', re.DOTALL)
_PLAIN = re.compile(r'[^"{}\[\],:]+')


class ArgumentFragments:
    r"""Passes fragments on; holds back a string where the schema wants an object or array, until it is whole.

    GLM sends such values as JSON in a string now and then. Once a fragment has been given out it cannot be
    taken back, so the string must be known before.

    Args:
        schema: the tool's parameters, inlined.

    Example:
        ```python
        fragments = ArgumentFragments({"properties": {"p": {"type": "object"}}})
        fragments.feed('{"p": "{\\"x\\"') + fragments.feed(': 1}"}')  # '{"p": {"x":1}}'
        ```
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._held: list[str] = []  # a list, so that a long string costs no copies
        self._escaped = False  # the held string ends in the first half of an escape
        self._in_string = False  # inside a string that is passed on as it comes
        self._open: list[tuple[str, Any]] = []  # the brackets that are open, each with its schema
        self._here: Any = schema  # the schema of the value that comes next
        self._key_next = False

    def feed(self, fragment: str) -> str:
        """Take a fragment; return what can be given out."""
        if self._held and not self._in_string:  # only its end can matter
            rest = "\\" + fragment if self._escaped else fragment
            if not _STRING_END.match(rest):
                self._held.append(fragment)
                self._escaped = _escape_open(rest)
                return ""
        text = "".join((*self._held, fragment))
        self._held = []
        out: list[str] = []
        position = 0
        while position < len(text):
            piece = self._piece(text, position)
            if piece is None:
                self._held = [text[position:]]
                self._escaped = _escape_open(text)
                break
            position += len(piece)
            out.append(self._read(piece))
        return "".join(out)

    @property
    def held(self) -> str:
        """What is still held back: the call has not ended, or ended inside a string."""
        return "".join(self._held)

    def _piece(self, text: str, position: int) -> str | None:
        """The next piece, or `None` where it must be waited for."""
        if self._in_string:
            end = _STRING_END.match(text, position)
            if end:
                return end.group()
            passed = text[position:]
            # An escape must not be cut in two, or its second half would be taken for an end.
            return (passed[:-1] or None) if _escape_open(passed) else passed
        if text[position] == '"':
            whole = _STRING.match(text, position)
            if whole:
                return whole.group()
            return None if self._key_next or (self._open and wants_container(self._here)) else '"'
        plain = _PLAIN.match(text, position)
        return plain.group() if plain else text[position]

    def _read(self, piece: str) -> str:
        if self._in_string:
            self._in_string = not (piece.endswith('"') and not _escape_open(piece[:-1]))
        elif piece == '"':
            self._in_string = True
        elif piece.startswith('"'):
            return self._string(piece)
        elif piece in "{[":
            self._open.append((piece, self._here))
            self._key_next = piece == "{"
            self._here = child_schema(self._here, None) if piece == "[" else None
        elif piece in "}]":
            if self._open:
                self._open.pop()
            self._key_next = False
        elif piece == ",":
            kind, schema = self._open[-1] if self._open else ("", None)
            self._key_next = kind == "{"
            self._here = child_schema(schema, None) if kind == "[" else None
        return piece

    def _string(self, piece: str) -> str:
        value = _decoded(piece)
        if self._key_next:
            self._key_next = False
            self._here = child_schema(self._open[-1][1], value) if self._open else None
            return piece
        read = read_by_schema(value, self._here) if self._open else value
        return piece if read == value else dump_json(read)


def _escape_open(text: str) -> bool:
    """Whether the text ends in the first half of an escape."""
    return (len(text) - len(text.rstrip("\\"))) % 2 == 1


def _decoded(piece: str) -> str:
    try:
        return str(json.loads(piece, strict=False))
    except ValueError:
        return piece[1:-1]
