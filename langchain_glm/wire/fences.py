"""JSON that a model has put into a code fence, although it was asked for nothing but the JSON."""

from __future__ import annotations

import re

__all__ = ["Unfenced", "unfenced"]

_FENCE = "```"
_END = re.compile(r"\s*`{0,3}\s*\Z")
_CLOSED = re.compile(r"\s*```\s*\Z")


class Unfenced:
    r"""Takes a text in pieces, gives it without the fence that it is in; any other text comes as it is.

    Example:
        ```python
        text = Unfenced()
        text.feed("```js") + text.feed('on\n{"a": 1}\n``') + text.feed("`") + text.flush()  # '{"a": 1}'
        ```
    """

    def __init__(self) -> None:
        self._held = ""
        self._fenced: bool | None = None  # not known until the first characters are there

    def feed(self, piece: str) -> str:
        """Take a piece; return what can be given out."""
        if self._fenced is False:
            return piece
        text = self._held + piece
        if self._fenced is None:
            begin = text.lstrip()
            if not begin.startswith(_FENCE):
                if _FENCE.startswith(begin):  # also when nothing but white space has come
                    self._held = text
                    return ""
                self._fenced, self._held = False, ""
                return text
            if "\n" not in begin:  # the language's name may still be coming
                self._held = text
                return ""
            self._fenced, text = True, begin.partition("\n")[2]
        end = _END.search(text)
        cut = end.start() if end else len(text)
        self._held = text[cut:]
        return text[:cut]

    def flush(self) -> str:
        """Return what is left once no more comes."""
        held, self._held = self._held, ""
        return _CLOSED.sub("", held) if self._fenced else held


def unfenced(text: str) -> str:
    """Return a whole text without the fence that it is in."""
    reader = Unfenced()
    return reader.feed(text) + reader.flush()
