"""Usage summed over hosts and models, and what it costs."""

from __future__ import annotations

import copy
import json
import operator
import pickle
import re
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import UsageMetadataCallbackHandler, get_usage_metadata_callback
from langchain_core.messages import AIMessage
from langchain_core.messages.ai import UsageMetadata, add_usage

from langchain_glm import HOSTS, MODELS, ChatGLM, Cost, Price, cost, list_prices, usage_cost
from langchain_glm.testing import GLMServer, Reply, ToolCall

if TYPE_CHECKING:
    from collections.abc import Callable

PLAN = (("zai", "glm-5.2"), ("zai", "glm-4.7"), ("anyfast", "glm-5.2"), ("kimi", "kimi-k2.6"))


def reply(usage: dict[str, Any] | None, model: str = "glm-5.2") -> AIMessage:
    return AIMessage("", usage_metadata=usage, response_metadata={"model_name": model})


def tokens(read: int, written: int, cached: int | None = None) -> dict[str, Any]:
    details = {} if cached is None else {"input_token_details": {"cache_read": cached}}
    return {"input_tokens": read, "output_tokens": written, "total_tokens": read + written, **details}


async def test_usage_is_summed_by_model_over_hosts_and_ways_of_calling() -> None:
    handler = UsageMetadataCallbackHandler()
    config: Any = {"callbacks": [handler]}
    sums: dict[str, UsageMetadata | None] = {}
    with ExitStack() as stack:
        servers = {host: stack.enter_context(GLMServer(host)) for host in {host for host, _ in PLAN}}
        for host, model_id in PLAN:
            server = servers[host]
            model = ChatGLM(model=model_id, host=host, base_url=server.base_url, api_key=server.api_key)
            server.queue(Reply(text="Yes.", reasoning="Is it?"))
            answers = [model.invoke("Is it so?", config)]
            for _ in range(2):
                server.queue(Reply(text="Yes.", tool_calls=(ToolCall("look", {"at": "it"}),)))
            total: Any = None
            for chunk in model.stream("Is it so?", config):
                total = chunk if total is None else total + chunk
            answers += [total, await model.ainvoke("Is it so?", config)]
            total = None
            async for chunk in model.astream("Is it so?", config):
                total = chunk if total is None else total + chunk
            answers.append(total)
            answers += model.batch(["Is it?", "Is it so?"], config)
            for answer in answers:
                assert answer.usage_metadata
                sums[model_id] = add_usage(sums.get(model_id), answer.usage_metadata)
            reported = [answer.response_metadata["token_usage"] for answer in answers]
            assert sum(usage["prompt_tokens"] for usage in reported) == sum(
                answer.usage_metadata["input_tokens"] for answer in answers if answer.usage_metadata
            )
    assert handler.usage_metadata == sums
    assert handler.usage_metadata.keys() == {"glm-5.2", "glm-4.7", "kimi-k2.6"}
    assert handler.usage_metadata["glm-5.2"]["input_token_details"]["cache_read"] > 0
    assert handler.usage_metadata["glm-5.2"]["output_token_details"]["reasoning"] > 0


@pytest.mark.filterwarnings("ignore:zai-coding answers glm-5.2")
def test_a_coding_plans_usage_goes_to_the_model_that_answered() -> None:
    with GLMServer("zai-coding") as server, get_usage_metadata_callback() as handler:
        model = ChatGLM(model="glm-5.2", host="zai-coding", base_url=server.base_url, api_key=server.api_key)
        answer = model.invoke("Hello")
    assert list(handler.usage_metadata) == ["glm-5.3"]
    assert cost(answer, host=model.endpoint_host) is None  # a flat fee
    assert cost(answer, host="zai-coding") is None
    assert cost(answer) is None  # the message names its host


def test_a_reply_costs_what_its_tokens_cost(make_model: Callable[..., ChatGLM]) -> None:
    model = make_model(model="glm-5.2")
    answer = model.invoke("Hello")
    usage = answer.usage_metadata
    assert usage is not None
    cached = usage.get("input_token_details", {}).get("cache_read", 0)
    expected = ((usage["input_tokens"] - cached) * 1.4 + cached * 0.26 + usage["output_tokens"] * 4.4) / 1e6
    assert cost(answer, host=model.endpoint_host) == cost(answer) == pytest.approx(expected)
    total: Any = None
    for chunk in model.stream("Hello"):
        total = chunk if total is None else total + chunk
    assert cost(total) == pytest.approx(expected, rel=0.9)


@pytest.mark.parametrize(
    ("usage", "model", "dollars"),
    [
        (tokens(1_000_000, 0), "glm-5.2", 1.4),
        (tokens(0, 1_000_000), "glm-5.2", 4.4),
        (tokens(1_000_000, 0, 1_000_000), "glm-5.2", 0.26),  # cached tokens are billed once
        (tokens(1_000_000, 1_000_000, 500_000), "glm-5.2", 0.7 + 0.13 + 4.4),
        (tokens(10, 0, 1_000_000), "glm-5.2", 10 * 0.26 / 1e6),  # a gateway that counts them apart
        (tokens(1_000_000, 0, 500_000), "glm-4-32b-0414-128k", 0.1),  # no price for cached tokens: as others
        (tokens(9, 9), "glm-4.7-flash", 0.0),  # free is 0, not unknown
        (tokens(1_000_000, 0), "GLM-5.2", 1.4),
        (tokens(9, 9), "glm-99", None),
        (tokens(9, 9), "glm-5.2:free", None),
        (tokens(9, 9), "z-ai/glm-5.2", None),  # a gateway's id
        (tokens(9, 9), "glm-4-plus", None),
        (None, "glm-5.2", None),
    ],
)
def test_cost(usage: dict[str, Any] | None, model: str, dollars: float | None) -> None:
    found = cost(reply(usage, model))
    assert found == (None if dollars is None else pytest.approx(dollars))


def test_reasoning_is_part_of_the_output() -> None:
    usage = {**tokens(0, 1_000_000), "output_token_details": {"reasoning": 900_000}}
    assert cost(reply(usage)) == pytest.approx(4.4)


@pytest.mark.parametrize("host", HOSTS)
def test_only_hosts_that_bill_by_the_table_have_a_price(host: str) -> None:
    found = cost(reply(tokens(1_000_000, 0)), host=host)
    billed = {"zai": Cost(1.4, "USD"), "kimi": Cost(1.4, "USD"), "bigmodel": Cost(8, "CNY")}
    assert repr(found) == repr(billed.get(host))


def test_the_users_prices_come_first() -> None:
    mine = {"glm-5.2": Price(input=10, cached=1, output=100), "z-ai/glm-5.2": Price(1, None, 1)}
    usage = tokens(1_000_000, 0, 500_000)
    assert cost(reply(usage), prices=mine) == pytest.approx(5.5)
    assert cost(reply(usage), prices=mine, host="anyfast") == pytest.approx(5.5)
    assert cost(reply(usage), prices=mine, host="zai-coding") == pytest.approx(5.5)
    assert cost(reply(usage, "z-ai/glm-5.2"), prices=mine) == pytest.approx(1.0)
    assert cost(reply(usage, "glm-4.7"), prices=mine) == pytest.approx(0.5 * 0.6 + 0.5 * 0.11)


def test_an_unknown_host_is_an_error() -> None:
    with pytest.raises(ValueError, match="Give one of"):
        cost(reply(tokens(1, 1)), host="nowhere")


def test_what_langchains_cache_answers_costs_nothing(make_model: Callable[..., ChatGLM]) -> None:
    model = make_model(model="glm-5.2", cache=InMemoryCache())
    first, second = cost(model.invoke("Hello")), cost(model.invoke("Hello"))
    assert first
    assert second == 0


def test_sums_of_a_callback_have_a_cost() -> None:
    usage: Any = add_usage(tokens(1_000_000, 0, 500_000), tokens(1_000_000, 0))  # type: ignore[arg-type]
    assert usage_cost(usage, "glm-5.2", host="zai") == pytest.approx(0.7 + 0.13 + 1.4)


def test_every_price_is_dated_and_plausible() -> None:
    assert len(list_prices()) >= 22
    for currency in ("USD", "CNY"):
        for first in list_prices(currency).values():
            price: Price | None = first
            while price:
                assert re.fullmatch(r"20\d\d-[01]\d-[0-3]\d", price.date)
                assert price.currency == currency
                assert 0 <= (price.cached or 0) <= price.input <= price.output
                price = price.otherwise


# BigModel's prices in yuan: model, input, output and cached tokens → yuan. One length decides about all tokens.
YUAN = [
    ("glm-5.3", 1_000_000, 0, 0, 8),
    ("glm-5.2", 0, 1_000_000, 0, 28),
    ("glm-5.2", 1_000_000, 0, 1_000_000, 2),
    ("glm-5.3-flash", 1_000_000, 1_000_000, 500_000, 0.4 + 0.115 + 2.8),
    ("glm-5.1", 31_999, 0, 0, 6 * 31_999e-6),
    ("glm-5.1", 32_000, 0, 0, 8 * 0.032),
    ("glm-5.1", 32_000, 1_000, 32_000, 2 * 0.032 + 0.028),
    ("glm-5-turbo", 10_000, 1_000, 0, 0.05 + 0.022),
    ("glm-5v-turbo", 100_000, 1_000, 0, 0.7 + 0.026),
    ("glm-5", 10_000, 1_000, 0, 0.04 + 0.018),
    ("glm-4.7", 1_000, 199, 0, 2e-3 + 8 * 199e-6),
    ("glm-4.7", 1_000, 200, 0, 3e-3 + 14 * 200e-6),
    ("glm-4.7", 32_000, 199, 0, 4 * 0.032 + 16 * 199e-6),
    ("glm-4.7", 32_000, 2_000, 0, 4 * 0.032 + 16 * 2e-3),
    ("glm-4.5-air", 1_000, 199, 1_000, 0.16e-3 + 2 * 199e-6),
    ("glm-4.5-air", 1_000, 200, 0, 0.8e-3 + 6 * 200e-6),
    ("glm-4.5-air", 40_000, 100, 0, 1.2 * 0.04 + 8e-4),
    ("glm-4.6v-flashx", 40_000, 0, 40_000, 0.3 * 0.04),  # no price for cached tokens: as others
    ("glm-4.7-flash", 9, 9, 0, 0),
    ("glm-4.6", 9, 9, 0, None),
    ("glm-4.5", 9, 9, 0, None),
    ("glm-4.5-airx", 9, 9, 0, None),
]


@pytest.mark.parametrize(("model", "read", "written", "cached", "yuan"), YUAN)
def test_what_bigmodel_bills(model: str, read: int, written: int, cached: int, yuan: float | None) -> None:
    found = cost(reply(tokens(read, written, cached), model), host="bigmodel")
    assert found == (None if yuan is None else pytest.approx(yuan))
    assert found is None or found.currency == "CNY"


@pytest.mark.glm_host("bigmodel")
def test_a_reply_of_bigmodel_is_billed_in_yuan(make_model: Callable[..., ChatGLM]) -> None:
    model = make_model(model="glm-5.2")
    found = cost(model.invoke("Hello"), host=model.endpoint_host)
    assert found
    assert found.currency == "CNY"
    assert list_prices("CNY").keys() <= MODELS.keys()
    with pytest.raises(ValueError, match="USD and in CNY"):
        list_prices("EUR")


def test_prices_of_ones_own_may_have_a_currency_and_depend_on_the_length() -> None:
    mine = {"glm-5.2": Price(1, None, 2, currency="EUR", output_below=10, otherwise=Price(1, None, 4, currency="EUR"))}
    short, long = (cost(reply(tokens(0, count)), host="zai", prices=mine) for count in (9, 10))
    assert repr(short) == repr(Cost(18e-6, "EUR"))
    assert repr(long) == repr(Cost(40e-6, "EUR"))
    assert Price(1, None, 2, input_below=5).at(9, 9).output == 2  # nothing else is given for longer ones


def test_currencies_are_never_mixed() -> None:
    dollars, yuan = cost(reply(tokens(10, 10))), cost(reply(tokens(10, 10)), host="bigmodel")
    assert dollars
    assert yuan
    assert repr(sum([yuan, yuan])) == repr(Cost(float(yuan) * 2, "CNY"))
    assert repr(0.0 + yuan + 0) == repr(yuan)
    for first, second in ((dollars, yuan), (yuan, dollars)):
        with pytest.raises(ValueError, match=f"{first.currency} and in {second.currency}"):
            first + second
        with pytest.raises(ValueError, match="cannot be added"):
            sum([first, second])
        for mixed in (operator.lt, operator.le, operator.gt, operator.ge, operator.sub):
            with pytest.raises(ValueError, match="or compared"):
                mixed(first, second)
    assert Cost(1) < Cost(2) <= 2 < Cost(3) >= Cost(3) > 1
    assert repr(Cost(3, "CNY") - Cost(1, "CNY")) == "Cost(2.0, 'CNY')"
    assert Cost(1, "USD") != Cost(1, "CNY")
    assert Cost(1, "USD") == Cost(1, "USD") == 1
    assert len({Cost(1, "USD"), Cost(1, "CNY")}) == 2


def test_a_cost_is_a_number_that_can_be_copied_and_sent() -> None:
    amount = Cost(0.25, "CNY")
    for same in (copy.copy(amount), copy.deepcopy(amount), pickle.loads(pickle.dumps(amount))):
        assert repr(same) == "Cost(0.25, 'CNY')"
    assert (str(amount), f"{amount}", f"{amount:.3f}") == ("0.25 CNY", "0.25 CNY", "0.250")
    assert json.dumps([amount]) == "[0.25]"
    assert amount > 0.2
    assert Cost(1).currency == "USD"


@pytest.mark.glm_host("bigmodel")
@pytest.mark.parametrize(
    ("amount", "shown"),
    [(0.1 + 0.2, "0.3 USD"), (1.4e-6, "0.0000014 USD"), (12.0, "12 USD"), (0.0, "0 USD"), (1234.5, "1234.5 USD")],
)
def test_a_cost_is_shown_as_people_write_it(amount: float, shown: str) -> None:
    """Without an exponent and without the digits that binary fractions add."""
    assert str(Cost(amount)) == shown


def test_langchains_cache_costs_nothing_in_yuan_too(make_model: Callable[..., ChatGLM]) -> None:
    model = make_model(model="glm-5.2", cache=InMemoryCache())
    answers = [model.invoke("Hello") for _ in range(2)]
    assert repr(cost(answers[1], host="bigmodel")) == "Cost(0.0, 'CNY')"
