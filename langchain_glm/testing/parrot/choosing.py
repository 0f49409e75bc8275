"""Choose the tool that the parrot calls, if any."""

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


def choose_tool(offered: Sequence[Function], conversation: Conversation) -> Function | None:
    """Return the function to call next, or `None` to answer with text.

    A new request gets the first tool that the user names, else the tool that shares the most words with the user's
    text, else the only tool that the system message names, else the first tool if a message asks for any. After
    results, the parrot calls only tools that the user named and that it has not called yet.
    """
    uncalled = [function for function in offered if function["name"] not in conversation.called]
    request = without_json(conversation.user)
    if not uncalled or _AVOID.search(request):
        return None
    named = _named(uncalled, request)
    if named:
        return named[0]
    if not conversation.asked:
        return None
    best = max(uncalled, key=lambda function: _shared_words(function, request))
    if _shared_words(best, request):
        return best
    ordered = _named(offered, conversation.system)
    # A system message that names one tool asks for it; if it names several, it only lists them.
    if len(ordered) == 1 and ordered[0] in uncalled:
        return ordered[0]
    return uncalled[0] if _USE.search(request) or _USE.search(conversation.system) else None


def _named(offered: Sequence[Function], text: str) -> list[Function]:
    found = [(mention(function["name"], text), function) for function in offered]
    return [function for position, function in sorted(found, key=lambda pair: pair[0]) if position >= 0]


def _shared_words(function: Function, text: str) -> int:
    # The first line describes the purpose; a long manual after it shares words with every text.
    summary = str(function.get("description") or "").strip().split("\n", 1)[0]
    asked = words(text)
    name = words(function["name"])
    return _NAME_WEIGHT * len(name & asked) + len((words(summary) - name) & asked)
