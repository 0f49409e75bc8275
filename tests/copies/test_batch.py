"""Many requests at once: in order, no more at a time than asked for, and failures where they belong."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from langchain_glm import GLMBalanceError
from langchain_glm.testing import Fault, GLMServer, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_glm import ChatGLM

    Make = Callable[..., ChatGLM]

SLOW = Reply("ok", delay=0.03)
TWELVE: list[Any] = [f"question {number}" for number in range(12)]


@pytest.mark.parametrize("way", ["batch", "abatch"])
async def test_no_more_at_a_time_than_asked_for(way: str, glm_server: GLMServer, make_model: Make) -> None:
    glm_server.queue(*[SLOW] * 12)
    config: Any = {"max_concurrency": 3}
    model = make_model()
    answers = model.batch(TWELVE, config) if way == "batch" else await model.abatch(TWELVE, config)
    assert [answer.text for answer in answers] == ["ok"] * 12
    assert glm_server.peak_in_flight == 3
    glm_server.queue(*[SLOW] * 12)
    _ = model.batch(TWELVE) if way == "batch" else await model.abatch(TWELVE)
    assert glm_server.peak_in_flight > 3


@pytest.mark.parametrize("way", ["batch", "abatch", "configured"])
async def test_answers_keep_the_order(way: str, make_model: Make) -> None:
    model: Any = make_model()
    if way == "configured":
        model = model.with_config(max_concurrency=4)
    answers = await model.abatch(TWELVE) if way == "abatch" else model.batch(TWELVE)
    assert [answer.text for answer in answers] == [f"You said: {question}" for question in TWELVE]


async def test_as_completed(make_model: Make) -> None:
    model = make_model()
    found: dict[int, Any] = dict(model.batch_as_completed(TWELVE, {"max_concurrency": 4}))
    assert sorted(found) == list(range(12))
    async for number, answer in model.abatch_as_completed(TWELVE):
        assert answer.text == found[number].text == f"You said: question {number}"


async def test_failures_stay_where_they_belong(glm_server: GLMServer, make_model: Make) -> None:
    one: Any = {"max_concurrency": 1}
    for way in ("batch", "abatch"):
        glm_server.queue(Reply("first"), Fault.code("1113"), Reply("third"))
        model, three = make_model(), TWELVE[:3]
        answers: list[Any] = (
            model.batch(three, one, return_exceptions=True)
            if way == "batch"
            else await model.abatch(three, one, return_exceptions=True)
        )
        assert isinstance(answers[1], GLMBalanceError)
        assert [answers[0].text, answers[2].text] == ["first", "third"]


def test_each_input_with_its_own_config(glm_server: GLMServer, make_model: Make) -> None:
    bound = make_model().bind(max_tokens=50)
    configs: list[Any] = [{"tags": ["a"]}, {"tags": ["b"]}]
    assert len(bound.batch(["one", "two"], configs, temperature=0.5)) == 2
    assert {(request.body["max_tokens"], request.body["temperature"]) for request in glm_server.requests} == {(50, 0.5)}


def test_one_model_in_several_loops(make_model: Make) -> None:
    model = make_model()
    for _ in range(3):
        answers = asyncio.run(model.abatch(TWELVE[:4], {"max_concurrency": 2}))
        assert [answer.text for answer in answers] == [f"You said: {question}" for question in TWELVE[:4]]
