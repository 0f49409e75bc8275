"""The rules about models as questions: a function for each, named like the field of `Model` whose rule it asks about.

A new field of `Model` needs one new function here, or a line in `NOT_ASKED` that says why no request can show it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from langchain_glm.catalog.models import EFFORTS
from langchain_glm.probe.exchanges import Ask
from langchain_glm.probe.questions import COLOUR, Question, Seen, accepted, answer_tokens, body, quiet, unclear, user

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.catalog.models import Model
    from langchain_glm.probe.exchanges import Exchange

__all__ = ["MODEL_RULES", "NOT_ASKED"]

NOT_ASKED: Final[Mapping[str, str]] = {
    "id": "served_as shows it",
    "context": "a prompt that fills it would cost too much",
    "thinking_object": "endpoints are assumed to ignore fields that they do not know",
    "keep_reasoning": "keeps_reasoning shows it",
    "inputs": "asked together with base64_images, for images only",
    "think_tags": "reasoning_field shows it",
    "image_urls": "it takes an image on a public server",
    "tool_preamble": "it is an estimate",
    "guessed_from": "it is ours",
}
"""The fields of `Model` that have no question of their own, with the reason."""

_FAR_TOO_MANY: Final = 100_000_000
_RANGE: Final = re.compile(r"\[\s*1\s*,\s*(\d+)\s*\]")
_CALL: Final = (
    "Call the function note_colour with the colour 'a warm reddish brown, like old bricks in the evening sun'."
)


def thinking(host: Host, model: Model, model_id: str) -> Iterator[Question]:
    """Whether the model thinks without being asked to, and whether it can be told not to."""
    if model.guessed_from:
        return
    plain = body(host, model_id, "Which primes are between 80 and 100?", tokens=128)
    asks = [Ask(body=plain)]
    if model.thinking_object and model.thinking != "none":
        asks.append(Ask(body={**plain, "thinking": {"type": "disabled"}}))

    def read(got: Sequence[Exchange]) -> Seen:
        if got[0].error or (got[-1].error and got[-1].error.is_retryable):
            return unclear(next(exchange for exchange in got if exchange.error))
        if got[0].reasoning_field is None:
            return Seen("none")
        stopped = len(got) > 1 and not got[1].error and got[1].reasoning_field is None
        return Seen("toggle" if stopped else "always")

    yield Question(rule="thinking", expected=(model.thinking,), asks=tuple(asks), read=read)


def efforts(host: Host, model: Model, model_id: str) -> Iterator[Question]:
    """Which efforts are accepted: the model's own; coding plans, and GLM's models without efforts, accept all."""
    if model.guessed_from or not (host.native or model.efforts):
        return
    asks = tuple(Ask(body=body(host, model_id, "Hello", tokens=1, reasoning_effort=effort)) for effort in EFFORTS)

    def read(got: Sequence[Exchange]) -> Seen:
        undecided = [exchange for exchange in got if not accepted([exchange]).decided]
        if undecided:
            return unclear(undecided[0])
        return Seen(_words([effort for effort, exchange in zip(EFFORTS, got, strict=True) if not exchange.error]))

    taken = EFFORTS if host.coding_plan or not model.efforts else model.efforts
    yield Question(rule="efforts", expected=(_words(taken),), asks=asks, read=read)


def _words(taken: Sequence[str]) -> str:
    return "all" if tuple(taken) == EFFORTS else " ".join(taken) or "no effort"


def max_output(host: Host, model: Model, model_id: str) -> Iterator[Question]:
    """The output limit, as the error for a far larger value states it."""
    if model.guessed_from or not host.native:
        return

    def read(got: Sequence[Exchange]) -> Seen:
        if got[0].error is None:
            return Seen("any limit is accepted")
        named = _RANGE.search(got[0].error.message)
        return Seen(named[1]) if named else unclear(got[0])

    asks = (Ask(body={**body(host, model_id, "Hello", tokens=1), "max_tokens": _FAR_TOO_MANY}),)
    yield Question(rule="max_output", expected=(str(model.max_output),), asks=asks, read=read)


def tools(host: Host, model: Model, model_id: str) -> Iterator[Question]:
    """Whether the model calls a function that the user asks for; not asked of models without functions."""
    if not model.tools:
        return

    def read(got: Sequence[Exchange]) -> Seen:
        if got[0].error:
            return accepted(got)
        if got[0].called is None and got[0].finish_reason == "length":
            return unclear(got[0])
        return Seen("called" if got[0].called == "note_colour" else "not called")

    more = {"tools": [COLOUR], **quiet(model)}
    asks = (Ask(body=body(host, model_id, _CALL, tokens=answer_tokens(model), **more)),)
    yield Question(rule="tools", expected=("called",), asks=asks, read=read)


def tool_stream(host: Host, model: Model, model_id: str) -> Iterator[Question]:
    """Whether the arguments of a call come in fragments when `tool_stream` asks for it."""
    if not (host.native and model.tools):
        return

    def read(got: Sequence[Exchange]) -> Seen:
        pieces = got[0].argument_pieces
        return Seen("in fragments" if pieces > 1 else "whole") if pieces else unclear(got[0])

    more = {"tools": [COLOUR], "stream": True, "tool_stream": True, **quiet(model)}
    yield Question(
        rule="tool_stream",
        expected=("in fragments",) if model.tool_stream else ("whole",),
        asks=(Ask(body=body(host, model_id, _CALL, tokens=answer_tokens(model), **more)),),
        read=read,
    )


def json_mode(host: Host, model: Model, model_id: str) -> Iterator[Question]:
    """Whether `json_object` is accepted and the answer is JSON; models without JSON mode refuse it."""

    def read(got: Sequence[Exchange]) -> Seen:
        if got[0].error:
            return accepted(got)
        if got[0].answer is None and got[0].finish_reason == "length":
            return unclear(got[0])
        return Seen("no JSON" if got[0].answer is None else "JSON")

    question = 'Name a colour, as a JSON object with the key "colour".'
    more = {"response_format": {"type": "json_object"}, **quiet(model)}
    yield Question(
        rule="json_mode",
        expected=("JSON",) if model.json_mode else ("refused",),
        asks=(Ask(body=body(host, model_id, question, tokens=answer_tokens(model), **more)),),
        read=read,
    )


def fixed_sampling(host: Host, model: Model, model_id: str) -> Iterator[Question]:
    """Whether a temperature within the range is refused because it is not the default."""
    yield Question(
        rule="fixed_sampling",
        expected=("refused",) if model.fixed_sampling else ("accepted",),
        asks=(Ask(body=body(host, model_id, "Hello", tokens=1, temperature=0.5)),),
        read=accepted,
    )


def reasoning_required(host: Host, model: Model, model_id: str) -> Iterator[Question]:
    """Whether a tool call that is sent back without its reasoning is refused while the model thinks."""
    if not model.tools or model.thinking == "none":
        return
    function = {"name": "note_colour", "arguments": '{"colour": "teal"}'}
    messages = [
        user("Note that I like teal."),
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
        },
        {"role": "tool", "tool_call_id": "call_1", "name": "note_colour", "content": "Noted."},
    ]
    yield Question(
        rule="reasoning_required",
        expected=("refused",) if model.reasoning_required else ("accepted",),
        asks=(Ask(body={**body(host, model_id, "", tokens=1, tools=[COLOUR]), "messages": messages}),),
        read=accepted,
    )


MODEL_RULES: Final = (
    thinking,
    efforts,
    max_output,
    tools,
    tool_stream,
    json_mode,
    fixed_sampling,
    reasoning_required,
)
"""The rules about models, in the order in which they are asked."""
