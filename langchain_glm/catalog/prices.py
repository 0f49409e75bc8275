"""The cost of a reply in US dollars, from a dated table that users can replace.

The prices are in `models_dev.py`, each with the date on which it was read. They are the international list prices of
Z.ai and, if listed, of Moonshot.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from langchain_glm.catalog.hosts import HOSTS, Host
from langchain_glm.catalog.models_dev import MODELS_DEV

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_core.messages import AIMessage
    from langchain_core.messages.ai import UsageMetadata

__all__ = ["Price", "cost", "list_prices", "usage_cost"]

_BILLED_BY_LIST: Final = frozenset({"zai", "kimi"})
"""The hosts that bill by this table. Coding plans have a flat fee, BigModel and kimi-cn bill in yuan, and gateways have
their own prices."""

_MILLION: Final = 1_000_000


class Price(NamedTuple):
    """The prices of a million tokens.

    Args:
        input: for input tokens.
        cached: for input tokens from the endpoint's cache; `None`: the same as `input`.
        output: for output tokens, including thinking.
        date: the date on which the prices were read (`2026-10-06`).
    """

    input: float
    cached: float | None
    output: float
    date: str = ""


@cache
def list_prices() -> Mapping[str, Price]:
    """Return the prices in US dollars by model id; models without a known price are absent.

    Example:
        ```python
        list_prices()["glm-5.2"]  # Price(input=1.4, cached=0.26, output=4.4, date='2026-10-06')
        ```
    """
    return {model_id: Price(*facts["price"]) for model_id, facts in MODELS_DEV.items() if "price" in facts}


def cost(
    message: AIMessage, *, host: str | Host | None = None, prices: Mapping[str, Price] | None = None
) -> float | None:
    """Return the cost of a reply, from the model that answered and the usage that the endpoint reported.

    Args:
        message: a reply of `ChatGLM`, or the sum of its chunks.
        host: the host that answered, which a message does not name: a name from `HOSTS`, or `model.endpoint_host`.
            Default: the list price applies.
        prices: your own prices by model id, as the endpoint names it. They take precedence over the table, on any
            host, and may be in any currency.

    Returns:
        The cost in US dollars, or in the currency of `prices`; `None` if the price or the usage is not known: unlisted
        models, coding plans (a flat fee), hosts with other prices. 0 for a reply from LangChain's cache. Web searches
        are not included.

    Raises:
        ValueError: if the host's name is unknown.

    Example:
        ```python
        answer = model.invoke("Hello")
        cost(answer, host=model.endpoint_host)
        cost(answer, prices={"glm-5.2": Price(input=0.9, cached=0.1, output=3.0)})
        ```

    Sources: Z.ai's price page; the table holds the dates.
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
    """Return the cost of one model's tokens, such as each entry of a `UsageMetadataCallbackHandler`.

    Args:
        usage: token counts; cached tokens are part of the input and are billed at their own price.
        model_id: the model's id as the endpoint names it.
        host: see `cost`.
        prices: see `cost`.

    Returns:
        The cost; see `cost`.

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
    if usage.get("total_cost") == 0:  # LangChain marks replies from its cache in this way
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
        raise ValueError(f"host={host!r} is unknown. Give one of {', '.join(HOSTS)}.")
    if model_id in prices:
        return prices[model_id]
    return list_prices().get(model_id.lower()) if name is None or name in _BILLED_BY_LIST else None
