"""What the server is asked to answer, by name: `reply`, `reply-400000`, `text-2000`, `tools-200`, ….

The server and the floor both read these names, so the floor's prepared chunks hold what the server's frames hold.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import cycle, islice, pairwise
from typing import Literal, cast

__all__ = ["MODEL", "REPLY", "Kind", "Work", "fragments"]

MODEL = "glm-5.2"
REPLY = "The answer is 42. 答案是四十二。"
Kind = Literal["reply", "text", "reasoning", "tools", "nested", "held"]

_WORDS = ("The", " answer", " is", " 四", "十", "二", ",", " and", ' "so"', " on", ".\n")
_CHARACTERS_A_FRAGMENT = 6


@dataclass(frozen=True, slots=True)
class Work:
    """One kind of reply, and how long it is (bytes of a plain reply, chunks of a stream)."""

    kind: Kind
    size: int = 0

    @classmethod
    def named(cls, name: str) -> Work:
        """Read a name from a URL."""
        kind, _, size = name.partition("-")
        return cls(cast("Kind", kind), int(size or 0))

    def __str__(self) -> str:
        return f"{self.kind}-{self.size}" if self.size else self.kind

    @property
    def tool(self) -> str:
        """The tool that a stream of arguments calls."""
        return "edit_file" if self.kind == "nested" else "write_file"


def fragments(work: Work) -> list[str]:
    """The pieces of text, reasoning or arguments of a work, one per frame."""
    if work.kind == "reply":
        return [_text(work.size) if work.size else REPLY]
    if work.kind in ("tools", "nested"):
        return _cut(_arguments(work), work.size)
    return list(islice(cycle(_WORDS), work.size or 2))


def _text(size: int) -> str:
    """A text of this many bytes, with lines, quotes and Chinese, as in real replies."""
    line = 'She said: "GLM 的回答可以很长。" Then came\tthe next line, and so on.\n'
    return line * (size // len(line.encode()))


def _arguments(work: Work) -> str:
    length = work.size * _CHARACTERS_A_FRAGMENT
    if work.kind == "tools":
        return json.dumps({"path": "notes.md", "text": _text(length)})
    edit = {"line": 12, "text": "an edited line\n", "tags": ["a", "b"]}
    count = max(1, length // len(json.dumps(edit)))
    return json.dumps({"path": "notes.md", "edits": [edit] * count})


def _cut(text: str, count: int) -> list[str]:
    ends = [len(text) * number // count for number in range(count + 1)]
    return [text[start:end] for start, end in pairwise(ends)]
