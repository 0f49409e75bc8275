"""The requests that every endpoint refuses, each with the code of GLM's refusal.

`python -m langchain_glm probe` sends each of them. To add one, add one line to `REFUSALS`. Endpoints other than Zhipu's
have codes of their own, but the code of GLM stands for the same exception in `codes.py`.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["REFUSALS", "Refusal"]


class Refusal(NamedTuple):
    """A request that is refused.

    Args:
        fault: what is wrong, in two or three words.
        codes: the codes with which GLM may refuse it.
        fields: the fields that replace those of a valid request.
        key: whether the user's key is sent, a wrong one, or none.
        native: whether only Zhipu's own hosts are known to refuse it.
    """

    fault: str
    codes: tuple[str, ...]
    fields: Mapping[str, Any] = MappingProxyType({})
    key: Literal["given", "wrong", "none"] = "given"
    native: bool = False


_PAIR: Final = {"type": "array", "items": [{"type": "number"}, {"type": "number"}]}
_FUNCTION: Final = {
    "name": "note_place",
    "description": "Write a place into the notebook.",
    "parameters": {"type": "object", "properties": {"place": _PAIR}, "required": ["place"]},
}

REFUSALS: Final = (
    # The error lists of docs.bigmodel.cn and docs.z.ai, 2026-10, and bodies that users quoted in 2026.
    Refusal("wrong key", ("1000",), key="wrong"),
    Refusal("no key", ("1001",), key="none"),
    # 1211 is the documented code; BigModel answered 1214 when it was measured, 2026-08.
    Refusal("unknown model", ("1211", "1214"), {"model": "no-such-model"}),
    Refusal("no messages", ("1214",), {"messages": []}),  # a refusal of 2026-08, quoted
    Refusal("unknown role", ("1214",), {"messages": [{"role": "narrator", "content": "Hello"}]}),  # quoted, 2026
    # Z.ai's answers in reports of 2026; that BigModel gives the same is assumed.
    Refusal("unknown tool type", ("1214",), {"tools": [{"type": "no_such_tool", "no_such_tool": {}}]}),
    Refusal("tuple schema", ("1210",), {"tools": [{"type": "function", "function": _FUNCTION}]}, native=True),
    # One report about glm-5.2 on BigModel, 2026; that every model and Z.ai refuse it is assumed.
    Refusal("metadata", ("1210",), {"metadata": {"topic": "colours"}}, native=True),
)
"""In the order in which they are sent."""
