"""JSON that a model has wrapped, although it was asked for nothing but the JSON.

Seen are: a Markdown code fence (glm-4-flash, in its JSON mode too), `<|begin_of_box|>` (GLM-4.5V), and thinking
in tags before it (self-hosted models without a reasoning parser).
"""

from __future__ import annotations

from typing import Final

__all__ = ["Unwrapped", "unwrapped"]

_THINK: Final = ("<think>", "</think>")
_FENCE: Final = "```"
_BOX: Final = ("<|begin_of_box|>", "<|end_of_box|>")
_OPENERS: Final = (_THINK[0], _FENCE, _BOX[0])


class Unwrapped:
    r"""Takes a text in pieces, gives it without its wrapping; any other text comes as it is.

    Example:
        ```python
        text = Unwrapped()
        text.feed("```js") + text.feed('on\n{"a": 1}\n``') + text.feed("`") + text.flush()  # '{"a": 1}'
        ```
    """

    def __init__(self) -> None:
        self._held = ""
        self._begun = False
        self._closer = ""  # what ends the wrapping, if there is one

    def feed(self, piece: str) -> str:
        """Take a piece; return what can be given out."""
        text, self._held = self._held + piece, ""
        if not self._begun:
            text = self._begin(text)
        if not self._closer:
            return text
        cut = _end_of(text, self._closer)
        self._held = text[cut:]
        return text[:cut]

    def flush(self) -> str:
        """Return what is left once no more comes."""
        held, self._held = self._held, ""
        return "" if self._closer and held.strip() == self._closer else held

    def _begin(self, text: str) -> str:
        """Take the opening off; hold the text back while it may still be one."""
        begin = text.lstrip()
        if begin.startswith(_THINK[0]) and _THINK[1] in begin:
            return self._begin(begin.partition(_THINK[1])[2])
        if begin.startswith(_THINK[0]) or any(opener.startswith(begin) for opener in _OPENERS):
            self._held = text
            return ""
        if begin.startswith(_FENCE) and "\n" not in begin:  # the language's name may still be coming
            self._held = text
            return ""
        self._begun = True
        if begin.startswith(_FENCE):
            self._closer = _FENCE
            return begin.partition("\n")[2]
        if begin.startswith(_BOX[0]):
            self._closer = _BOX[1]
            return begin.removeprefix(_BOX[0])
        return text


def _end_of(text: str, closer: str) -> int:
    """Where the text ends that cannot belong to its closing, which may have come in part."""
    stripped = text.rstrip()
    for length in range(len(closer), 0, -1):
        if stripped.endswith(closer[:length]):
            return len(stripped[:-length].rstrip())
    return len(stripped)


def unwrapped(text: str) -> str:
    """Return a whole text without its wrapping."""
    reader = Unwrapped()
    return reader.feed(text) + reader.flush()
