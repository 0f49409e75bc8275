"""Ask the questions one after another, within a budget, and compare what is seen with what is expected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from langchain_core.messages.ai import UsageMetadata

from langchain_glm.catalog.prices import usage_cost
from langchain_glm.errors import GLMAuthenticationError, GLMBalanceError, GLMQuotaError
from langchain_glm.json import dump_json
from langchain_glm.probe.exchanges import exchanged
from langchain_glm.probe.host_rules import HOST_RULES
from langchain_glm.probe.model_rules import MODEL_RULES
from langchain_glm.probe.refusal_rules import REFUSAL_RULES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.catalog.models import Model
    from langchain_glm.catalog.money import Cost
    from langchain_glm.probe.exchanges import Ask, Exchange
    from langchain_glm.probe.questions import Question

__all__ = ["Answer", "answers", "most_tokens", "price", "questions"]

_SEARCH_PRICE: Final = 0.01
"""The price of a search, in the currency of the host (price pages of Z.ai and BigModel, 2026-10)."""

_SEARCHED_TOKENS: Final = 4_000
_IMAGE_TOKENS: Final = 1_000
_MOST_OUTPUT: Final = 1_024
"""Assumed for results, images and limits whose size the request does not state."""

_ACCOUNT_ERRORS: Final = (GLMAuthenticationError, GLMBalanceError, GLMQuotaError)
"""After one of these errors, every further question would get the same answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to a question.

    Args:
        question: the question.
        seen: what the endpoint did, in a few words; or why the question was not asked.
        verdict: `same`, `different`, `unclear` (the replies do not settle it), or `not asked`.
        exchanges: the requests and replies.
        cost: the price of the tokens and searches, in the currency of the host; `None` if it is unknown or not asked.
    """

    question: Question
    seen: str
    verdict: str
    exchanges: Sequence[Exchange] = ()
    cost: Cost | None = None


def questions(host: Host, model: Model, model_id: str) -> list[Question]:
    """Return the questions that follow from the catalogue's rules about a host and a model.

    Args:
        host: the host.
        model: the catalogue's entry for the model that answers.
        model_id: the id to ask for.
    """
    rules = (*HOST_RULES, *MODEL_RULES, *REFUSAL_RULES)
    return [question for rule in rules for question in rule(host, model, model_id)]


def answers(asked: Sequence[Question], host: Host, model: Model, *, key: str, budget: float) -> Iterator[Answer]:
    """Ask each question and yield its answer.

    Args:
        asked: the questions.
        host: the endpoint, with the base URL to use.
        model: the model that answers, whose price applies.
        key: the key.
        budget: the maximum to spend, in the currency of the host. A question that may cost more than what is left is
            not asked. If the price is unknown, the budget has no effect.

    Raises:
        GLMError: if the endpoint cannot be reached, or if it refuses every request of this account.
    """
    spent = 0.0
    for question in asked:
        most = price(*most_tokens(question.asks), question.asks, host, model)
        if most is not None and spent + float(most) > budget:
            yield Answer(question=question, seen="it may cost more than what is left", verdict="not asked")
            continue
        exchanges = [_exchange(ask, host, key) for ask in question.asks]
        cost = price(*_tokens(exchanges), question.asks, host, model)
        spent += float(cost or 0.0)
        seen = question.read(exchanges)
        verdict = ("same" if seen.text in question.expected else "different") if seen.decided else "unclear"
        yield Answer(question=question, seen=seen.text, verdict=verdict, exchanges=exchanges, cost=cost)


def _exchange(ask: Ask, host: Host, key: str) -> Exchange:
    exchange = exchanged(ask, host, key)
    if ask.key == "given" and ask.base_url is None and isinstance(exchange.error, _ACCOUNT_ERRORS):
        raise exchange.error
    return exchange


def most_tokens(asks: Sequence[Ask]) -> tuple[int, int]:
    """Return the maximum numbers of input and output tokens that requests may use."""
    sent = [(ask, dump_json(ask.body)) for ask in asks if ask.key == "given"]
    read = sum(
        len(text) // 3 + _SEARCHED_TOKENS * ask.searches + _IMAGE_TOKENS * ("image_url" in text) for ask, text in sent
    )
    limits = (ask.body.get("max_tokens") or ask.body.get("max_completion_tokens") or _MOST_OUTPUT for ask, _ in sent)
    return read, sum(min(limit, _MOST_OUTPUT) for limit in limits)


def _tokens(exchanges: Sequence[Exchange]) -> tuple[int, int]:
    """Return the billed tokens of input and output; where a reply does not report them, the highest possible number."""
    counts = [_billed(exchange) for exchange in exchanges]
    return sum(read for read, _ in counts), sum(written for _, written in counts)


def _billed(exchange: Exchange) -> tuple[int, int]:
    if exchange.error:
        return 0, 0
    read, written = (exchange.usage.get(name) for name in ("prompt_tokens", "completion_tokens"))
    return (read, written) if isinstance(read, int) and isinstance(written, int) else most_tokens([exchange.ask])


def price(read: int, written: int, asks: Sequence[Ask], host: Host, model: Model) -> Cost | None:
    """Return the price of tokens of input and output and of the searches of requests; `None` if it is unknown."""
    usage = UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=read + written)
    tokens = usage_cost(usage, model.id, host=host)
    return None if tokens is None else tokens + _SEARCH_PRICE * sum(ask.searches for ask in asks)
