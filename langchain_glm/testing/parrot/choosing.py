"""Which tool the parrot calls, if any."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from langchain_glm.testing.parrot.reading import mention, without_json, words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from langchain_glm.testing.parrot.reading import Conversation

__all__ = ["choose_tool", "functions"]

Function = dict[str, Any]

_USE: Final = re.compile(
    r"\b(?:use|using|call|calling|invoke|run|respond with)\b[^.!?\n]{0,40}\b(?:tools?|functions?)\b"
    r"|(?:使用|调用|用)[^。！？\n]{0,20}(?:工具|函数)",
    re.IGNORECASE,
)
_AVOID: Final = re.compile(
    r"\b(?:do not|don't|never|without|no)\b[^.!?\n]{0,30}\b(?:tools?|functions?)\b"
    r"|(?:不要|不用|别)[^。！？\n]{0,10}(?:工具|函数)",
    re.IGNORECASE,
)
_NAME_WEIGHT: Final = 3


def functions(body: Mapping[str, Any]) -> list[Function]:
    """Return the functions that a request offers."""
    tools = body.get("tools") or ()
    return [tool["function"] for tool in tools if tool.get("type") == "function"]


def choose_tool(offered: Sequence[Function], said: Conversation) -> Function | None:
    """Return the function to call next, or `None` to answer in words.

    A fresh request gets the first tool that the user names, else the one that shares most words with what the
    user says, else the one tool that the system text names, else the first if somebody asks for a tool to be
    used. After results only tools that the user named and that were not called yet are called.
    """
    left = [function for function in offered if function["name"] not in said.called]
    request = without_json(said.user)
    if not left or _AVOID.search(request):
        return None
    named = _named(left, request)
    if named:
        return named[0]
    if not said.asked:
        return None
    alike = max(left, key=lambda function: _likeness(function, request))
    if _likeness(alike, request):
        return alike
    ordered = _named(offered, said.system)
    # A system text that names one tool asks for it; one that names several is a list of what there is.
    if len(ordered) == 1 and ordered[0] in left:
        return ordered[0]
    return left[0] if _USE.search(request) or _USE.search(said.system) else None


def _named(offered: Sequence[Function], text: str) -> list[Function]:
    places = [(mention(function["name"], text), function) for function in offered]
    return [function for place, function in sorted(places, key=lambda pair: pair[0]) if place >= 0]


def _likeness(function: Function, text: str) -> int:
    # The first line says what a tool is for; a long manual after it shares words with everything.
    summary = str(function.get("description") or "").strip().split("\n", 1)[0]
    said = words(text)
    name = words(function["name"])
    return _NAME_WEIGHT * len(name & said) + len((words(summary) - name) & said)
