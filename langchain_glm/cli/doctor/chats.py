"""Online checks that cost about a cent: a tiny chat, thinking, a tool call, JSON and a search, as the probe asks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from langchain_glm.catalog.models import find_model
from langchain_glm.cli.doctor.finding import Finding, with_code
from langchain_glm.errors import GLMError
from langchain_glm.probe.asking import answers, most_tokens, price
from langchain_glm.probe.exchanges import Ask
from langchain_glm.probe.host_rules import search_engine
from langchain_glm.probe.model_rules import json_mode, thinking, tools
from langchain_glm.probe.questions import Question, Seen, answer_tokens, body, quiet, unclear

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.catalog.models import Model
    from langchain_glm.catalog.money import Cost
    from langchain_glm.cli.doctor.finding import Status
    from langchain_glm.cli.doctor.listing import Target
    from langchain_glm.probe.asking import Answer
    from langchain_glm.probe.exchanges import Exchange

__all__ = ["chat_findings", "expected_cost"]

_NAMES: Final = {
    "search_engine": "search",
    "json_mode": "JSON",
    "thinking": "thinking",
    "tools": "tools",
    "chat": "chat",
}
"""The names of the questions in the report."""


_WORDS: Final = {
    "answered": "the model answers.",
    "toggle": "the model thinks, and can be asked not to.",
    "always": "the model always thinks.",
    "none": "the model does not think.",
    "called": "the model calls a function.",
    "JSON": "the answer is JSON where JSON is asked for.",
    "refused": "refused, as it should be for this model.",
    "sources": "the search finds sources.",
}
"""What an expected answer means. The words are those of the probe's questions."""


def expected_cost(host: Host, model_id: str) -> tuple[int, Cost | None]:
    """Return how many requests the questions take, and what they cost at most; `None` if the price is not known."""
    model = find_model(model_id, host)
    asks = [ask for question in _questions(host, model, model_id) for ask in question.asks] if model else []
    return len(asks), price(*most_tokens(asks), asks, host, model) if model else None


def chat_findings(target: Target, model_id: str) -> Iterator[tuple[Sequence[Finding], Cost | None]]:
    """Ask a host the questions; yield what came of each, and its price (`None` if it is not known).

    If the chat fails, nothing more is asked, because every further question would fail too.
    """
    host, model = target.host, find_model(model_id, target.host)
    if model is None:
        unknown = Finding(
            status="fail",
            what="chat",
            says=f"{model_id} is not in the catalogue, so there is nothing to compare with.",
            way_out="Name another model: --model glm-5.2. glm models lists what is known.",
        )
        yield [unknown], None
        return
    try:
        asked = _questions(host, model, model_id)
        for answer in answers(asked, host, model, key=target.key or "", budget=math.inf):
            yield [*_findings(answer, host, model_id)], answer.cost
            if answer.question.rule == "chat" and answer.verdict != "same":
                return
    except GLMError as error:
        yield [_failed("chat", error, "The host refuses every request of this account.")], None


def _questions(host: Host, model: Model, model_id: str) -> list[Question]:
    rules = (_chat, thinking, tools, json_mode, search_engine)
    return [question for rule in rules for question in rule(host, model, model_id)]


def _chat(host: Host, model: Model, model_id: str) -> Iterator[Question]:
    """Whether the model answers at all."""

    def read(got: Sequence[Exchange]) -> Seen:
        if got[0].error:
            return unclear(got[0])
        return Seen("answered") if got[0].text.strip() else Seen("an empty answer")

    asks = (Ask(body=body(host, model_id, "Say hello in one word.", tokens=answer_tokens(model), **quiet(model))),)
    yield Question(rule="chat", expected=("answered",), asks=asks, read=read)


def _findings(answer: Answer, host: Host, model_id: str) -> Iterator[Finding]:
    what = _NAMES[answer.question.rule]
    failures = [exchange.error for exchange in answer.exchanges if exchange.error]
    if answer.verdict == "same":
        yield Finding(what=what, says=_WORDS.get(answer.seen, f"{answer.seen}, as expected."))
        if what == "chat":
            yield _billing(answer.exchanges[0].model, host, model_id)
    elif answer.verdict == "unclear" and failures:
        yield _failed(what, failures[0], "The host does not answer this question.")
    elif what == "chat":
        yield Finding(
            status="fail",
            what=what,
            says=f"{answer.seen}.",
            why="Every answer of this model may be empty.",
            way_out="Ask another model with --model; if that is the same, ask the host's support.",
        )
    else:
        yield Finding(
            status="warn",
            what=what,
            says=f"{answer.seen}; expected: {' or '.join(answer.question.expected)}.",
            why="A model may do this once by chance; if it stays so, the host has changed.",
            way_out=f"Ask again. If it is the same, run glm probe --host {host.name} and report what it prints."
            if answer.verdict == "different"
            else "Ask again; whether to search, the model decides itself.",
        )


def _failed(what: str, error: GLMError, why: str) -> Finding:
    status: Status = "warn" if error.is_retryable else "fail"
    return Finding(status=status, what=what, says=f"{with_code(error)}.", why=why, way_out=error.hint or "")


def _billing(answering: str | None, host: Host, asked: str) -> Finding:
    """Return which plan answered, as far as that can be told: no endpoint is known to say which type a key has."""
    if host.coding_plan:
        instead = f"; {answering} answered for {asked}" if answering and answering != asked else ""
        return Finding(what="plan", says=f"the coding plan is active{instead}.")
    if host.native:
        return Finding(
            what="plan",
            says="the account may use this host. A key made since 2026-10-16 bills by its type (Standard, Coding Plan "
            "or Team), which only the host's console shows; an older key bills the balance here.",
        )
    return Finding(what="plan", says="the account may use this host.")
