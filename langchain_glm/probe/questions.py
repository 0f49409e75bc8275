"""A rule as a question to an endpoint: the requests, what the catalogue expects, and how the replies are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from langchain_glm.errors import GLMInvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.catalog.models import Model
    from langchain_glm.probe.exchanges import Ask, Exchange

__all__ = ["COLOUR", "Question", "Seen", "accepted", "answer_tokens", "body", "quiet", "unclear", "user"]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the replies show.

    Args:
        text: what they show, in a few words; if `decided`, one of the answers that a question may expect.
        decided: whether the replies settle the question.
    """

    text: str
    decided: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A rule of the catalogue as a question to an endpoint.

    Args:
        rule: the name of the rule, which is that of the field of `Host` or `Model` where there is one.
        expected: what the catalogue says, in a few words; several answers if each of them agrees with it.
        asks: the requests, in order.
        read: reads the replies to them.
    """

    rule: str
    expected: tuple[str, ...]
    asks: tuple[Ask, ...]
    read: Callable[[Sequence[Exchange]], Seen]


COLOUR: Final[Mapping[str, Any]] = {
    "type": "function",
    "function": {
        "name": "note_colour",
        "description": "Write a colour into the notebook.",
        "parameters": {"type": "object", "properties": {"colour": {"type": "string"}}, "required": ["colour"]},
    },
}
"""The tool that is offered."""


def user(content: Any) -> dict[str, Any]:
    """Return a message of the user."""
    return {"role": "user", "content": content}


def body(host: Host, model_id: str, content: Any, *, tokens: int, **more: Any) -> dict[str, Any]:
    """Return a request with one message of the user and an output limit."""
    return {"model": model_id, "messages": [user(content)], host.max_tokens_field: tokens, **more}


def quiet(model: Model) -> dict[str, Any]:
    """Return the fields that make a model think as little as possible, so that the answer is quick and cheap."""
    if model.thinking == "toggle" and model.thinking_object:
        return {"thinking": {"type": "disabled"}}
    return {"reasoning_effort": model.efforts[0]} if model.thinking == "always" and model.efforts else {}


def answer_tokens(model: Model) -> int:
    """Return an output limit that leaves room for a short answer, after the thinking of a model that always thinks."""
    return 1024 if model.thinking == "always" else 128


def unclear(exchange: Exchange) -> Seen:
    """Return an undecided answer, because the endpoint refused the request for another reason."""
    return Seen(f"refused with {exchange.code}" if exchange.error else "no answer to the question", decided=False)


def accepted(exchanges: Sequence[Exchange]) -> Seen:
    """Read whether the endpoint accepted the last request; errors other than a refusal do not settle it."""
    error = exchanges[-1].error
    if error is None:
        return Seen("accepted")
    return Seen("refused") if isinstance(error, GLMInvalidRequestError) else unclear(exchanges[-1])
