"""What a reply costs in US dollars, by a dated table that users can replace.

The prices stand in `models.py`, each with the day on which it was read. They are Z.ai's and, where listed, Moonshot's
international list prices.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from langchain_glm.catalog.hosts import HOSTS, Host
from langchain_glm.catalog.models import GLM, KIMI, described

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_core.messages import AIMessage
    from langchain_core.messages.ai import UsageMetadata

__all__ = ["Price", "cost", "list_prices", "usage_cost"]

LISTED: Final = frozenset({"zai", "kimi"})
"""The hosts that bill by this table. Coding plans have a flat fee, BigModel and kimi-cn bill in yuan, gateways as
they like."""

_MILLION: Final = 1_000_000


class Price(NamedTuple):
    """What a million tokens cost.

    Args:
        input: a million input tokens.
        cached: a million input tokens that were read from the endpoint's cache; `None`: as other input.
        output: a million output tokens, thinking included.
        date: the day on which the price was read (`2026-10-06`).
    """

    input: float
    cached: float | None
    output: float
    date: str = ""


@cache
def list_prices() -> Mapping[str, Price]:
    """Return the table: model id → price in US dollars. A model whose price is not known is absent.

    Example:
        ```python
        list_prices()["glm-5.2"]  # Price(input=1.4, cached=0.26, output=4.4, date='2026-10-06')
        ```
    """
    return {
        model_id: Price(*facts["price"])
        for model_id in (*GLM, *KIMI)
        if (facts := described(model_id)).get("price") is not None
    }


def cost(
    message: AIMessage, *, host: str | Host | None = None, prices: Mapping[str, Price] | None = None
) -> float | None:
    """Return what a reply cost, by the model that answered and the tokens that the endpoint reported.

    Args:
        message: a reply of `ChatGLM`, or the sum of its chunks.
        host: where it came from: a name of `HOSTS`, or `model.endpoint_host`. A message does not say; without a
            host the list price is taken.
        prices: prices of yours by model id, as the endpoint names it. They come before the table, on any host,
            and may be in any currency.

    Returns:
        US dollars, or `None` where the price or the usage is not known: unlisted models, coding plans (a flat fee),
        hosts with prices of their own. 0 for a reply from LangChain's cache. Web searches are not counted.

    Raises:
        ValueError: if the host's name is unknown.

    Example:
        ```python
        answer = model.invoke("Hello")
        cost(answer, host=model.endpoint_host)
        cost(answer, prices={"glm-5.2": Price(input=0.9, cached=0.1, output=3.0)})
        ```

    Sources: Z.ai's price page; dates stand in the table.
    """
    usage = message.usage_metadata
    model_id = message.response_metadata.get("model_name")
    if usage is None or not isinstance(model_id, str):
        return None
    return usage_cost(usage, model_id, host=host, prices=prices)


def usage_cost(
    usage: UsageMetadata,
    model_id: str,
    *,
    host: str | Host | None = None,
    prices: Mapping[str, Price] | None = None,
) -> float | None:
    """Return what tokens of one model cost, such as each sum of a `UsageMetadataCallbackHandler`.

    Args:
        usage: token counts; cached tokens are part of the input and are billed once, at their own price.
        model_id: the model as the endpoint names it.
        host: as for `cost`.
        prices: as for `cost`.

    Returns:
        As `cost`.

    Raises:
        ValueError: if the host's name is unknown.

    Example:
        ```python
        for model_id, usage in handler.usage_metadata.items():
            print(model_id, usage_cost(usage, model_id, host="zai"))
        ```
    """
    price = _price(model_id, host, prices or {})
    if price is None:
        return None
    if usage.get("total_cost") == 0:  # LangChain marks what its cache answered
        return 0.0
    cached = min(usage.get("input_token_details", {}).get("cache_read", 0), usage["input_tokens"])
    return (
        (usage["input_tokens"] - cached) * price.input
        + cached * (price.input if price.cached is None else price.cached)
        + usage["output_tokens"] * price.output
    ) / _MILLION


def _price(model_id: str, host: str | Host | None, prices: Mapping[str, Price]) -> Price | None:
    name = host.name if isinstance(host, Host) else host
    if isinstance(host, str) and host not in HOSTS:
        raise ValueError(f"host={host!r} is unknown; known hosts: {', '.join(HOSTS)}.")
    if model_id in prices:
        return prices[model_id]
    return list_prices().get(model_id.lower()) if name is None or name in LISTED else None
