"""The figures of answers in a line: tokens, cached tokens, price, seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from langchain_core.messages import AIMessage

from langchain_glm.catalog.money import Cost
from langchain_glm.catalog.prices import cost

if TYPE_CHECKING:
    from collections.abc import Iterable

    from langchain_core.messages import BaseMessage

__all__ = ["Figures", "figures", "figures_line", "price_text"]


class Figures(NamedTuple):
    """What answers used.

    Args:
        input: tokens that were read.
        cached: those of them that came from the endpoint's cache.
        output: tokens that were written.
        thinking: those of them that were thinking.
        costs: the price in each currency; empty if the price of an answer is not known.
    """

    input: int
    cached: int
    output: int
    thinking: int
    costs: tuple[Cost, ...]


def figures(messages: Iterable[BaseMessage]) -> Figures:
    """Add up what answers used.

    Args:
        messages: any messages; only answers with a usage count.
    """
    answers = [message for message in messages if isinstance(message, AIMessage) and message.usage_metadata]
    usages = [message.usage_metadata for message in answers if message.usage_metadata]
    prices = [cost(message) for message in answers]
    by_currency: dict[str, Cost] = {}
    for price in prices:
        if price is not None:
            by_currency[price.currency] = by_currency.get(price.currency, Cost(0.0, price.currency)) + price
    return Figures(
        sum(usage["input_tokens"] for usage in usages),
        sum(usage.get("input_token_details", {}).get("cache_read", 0) for usage in usages),
        sum(usage["output_tokens"] for usage in usages),
        sum(usage.get("output_token_details", {}).get("reasoning", 0) for usage in usages),
        () if None in prices else tuple(by_currency.values()),
    )


def price_text(costs: Iterable[Cost]) -> str:
    """Return prices as text, such as `0.0021 USD`; what is not known is said."""
    return " + ".join(f"{float(price):.4f} {price.currency}" for price in costs) or "price not known"


def figures_line(used: Figures, seconds: float | None = None) -> str:
    """Return the figures in a line.

    Args:
        used: the figures.
        seconds: how long it took; `None` leaves it out.
    """
    details = [f"{used.cached:,} cached"] if used.cached else []
    thinking = f" ({used.thinking:,} thinking)" if used.thinking else ""
    parts = [
        f"{used.input:,} tokens in{f' ({details[0]})' if details else ''}, {used.output:,} out{thinking}",
        price_text(used.costs),
        *([f"{seconds:.1f} s"] if seconds is not None else []),
    ]
    return "; ".join(parts)
