"""The cost of a reply, from dated tables that users can replace.

The prices in US dollars are in `models_dev.py`: the international list prices of Z.ai and, if listed, of Moonshot.
Those in yuan are in `yuan_prices.py`. `Host.currency` says which of them a host uses.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from langchain_glm.catalog.hosts import GATEWAY, HOSTS, Host
from langchain_glm.catalog.models_dev import MODELS_DEV
from langchain_glm.catalog.money import Cost, Price
from langchain_glm.catalog.yuan_prices import YUAN_PRICES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_core.messages import AIMessage
    from langchain_core.messages.ai import UsageMetadata

__all__ = ["Cost", "Price", "cost", "list_prices", "split_cost", "split_message_cost", "usage_cost"]

_MILLION: Final = 1_000_000


@cache
def list_prices(currency: str = "USD") -> Mapping[str, Price]:
    """Return the list prices by model id; models without a known price are absent.

    Args:
        currency: `USD` for those of Z.ai, `CNY` for those of BigModel. No price is converted.

    Raises:
        ValueError: if there is no list in the currency.

    Example:
        ```python
        list_prices()["glm-5.2"]  # Price(input=1.4, cached=0.26, output=4.4, date='2026-10-06', currency='USD', …)
        list_prices("CNY")["glm-5.2"].input  # 8
        ```
    """
    if currency == "CNY":
        return YUAN_PRICES
    if currency != "USD":
        raise ValueError(f"currency={currency!r}: there are list prices in USD and in CNY.")
    return {model_id: Price(*facts["price"]) for model_id, facts in MODELS_DEV.items() if "price" in facts}


def cost(
    message: AIMessage, *, host: str | Host | None = None, prices: Mapping[str, Price] | None = None
) -> Cost | None:
    """Return the cost of a reply, from the model that answered and the usage that the endpoint reported.

    Args:
        message: a reply of `ChatGLM`, or the sum of its chunks.
        host: the host that answered: a name from `HOSTS`, or `model.endpoint_host`. It decides the currency.
            Default: the host that the message names; for a message of an earlier version, which names none, Z.ai.
        prices: your own prices by model id, as the endpoint names it. They take precedence over the tables, on any
            host.

    Returns:
        The cost, a float with a `currency`: US dollars, yuan for BigModel, or that of `prices`. `None` if the price or
        the usage is not known: unlisted models, coding plans (a flat fee), hosts with other prices. 0 for a reply from
        LangChain's cache. Web searches are not included.

    Raises:
        ValueError: if the host's name is unknown.

    Example:
        ```python
        answer = model.invoke("Hello")
        cost(answer)  # in the currency of the host that answered
        cost(answer, host="bigmodel")  # in yuan
        cost(answer, prices={"glm-5.2": Price(input=0.9, cached=0.1, output=3.0)})
        ```

    Sources: the price pages of Z.ai and BigModel; the tables hold the dates.
    """
    if host is None and (name := message.response_metadata.get("host")) is not None:
        host = HOSTS.get(str(name), GATEWAY)
    parts = split_message_cost(message, host=host, prices=prices)
    return None if parts is None else parts[0] + parts[1]


def split_message_cost(
    message: AIMessage, *, host: str | Host | None, prices: Mapping[str, Price] | None
) -> tuple[Cost, Cost] | None:
    """Return the cost of a reply's input and that of its output; see `cost`."""
    usage, model_id = message.usage_metadata, message.response_metadata.get("model_name")
    if usage is None or not isinstance(model_id, str):
        return None
    return split_cost(usage, model_id, host=host, prices=prices)


def usage_cost(
    usage: UsageMetadata,
    model_id: str,
    *,
    host: str | Host | None = None,
    prices: Mapping[str, Price] | None = None,
) -> Cost | None:
    """Return the cost of the tokens of one reply.

    For prices that do not depend on the length, the usage may also be the sum of several replies, such as each entry of
    a `UsageMetadataCallbackHandler`. For others, add up the costs of the replies, as `CostCallbackHandler` does.

    Args:
        usage: token counts; cached tokens are part of the input and are billed at their own price.
        model_id: the model's id as the endpoint names it.
        host: the host that answered; default Z.ai.
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
    parts = split_cost(usage, model_id, host=host, prices=prices)
    return None if parts is None else parts[0] + parts[1]


def split_cost(
    usage: UsageMetadata,
    model_id: str,
    *,
    host: str | Host | None = None,
    prices: Mapping[str, Price] | None = None,
) -> tuple[Cost, Cost] | None:
    """Return the cost of the input and that of the output; see `usage_cost`."""
    found = _price(model_id, host, prices or {})
    if found is None:
        return None
    if usage.get("total_cost") == 0:  # LangChain marks replies from its cache in this way
        return Cost(0.0, found.currency), Cost(0.0, found.currency)
    price = found.at(usage["input_tokens"], usage["output_tokens"])
    cached = min(usage.get("input_token_details", {}).get("cache_read", 0), usage["input_tokens"])
    return (
        Cost(((usage["input_tokens"] - cached) * price.input + cached * price.cached_input) / _MILLION, price.currency),
        Cost(usage["output_tokens"] * price.output / _MILLION, price.currency),
    )


def _price(model_id: str, host: str | Host | None, prices: Mapping[str, Price]) -> Price | None:
    if isinstance(host, str):
        if host not in HOSTS:
            raise ValueError(f"host={host!r} is unknown. Give one of {', '.join(HOSTS)}.")
        host = HOSTS[host]
    if model_id in prices:
        return prices[model_id]
    currency = "USD" if host is None else host.currency
    return list_prices(currency).get(model_id.lower()) if currency else None
