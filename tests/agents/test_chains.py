"""Chains: prompts, parsers, batches, fallbacks and retries around the bare model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.exceptions import OutputParserException
from langchain_core.output_parsers import JsonOutputParser, PydanticOutputParser, StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda, RunnableParallel, RunnablePassthrough
from pydantic import BaseModel

from langchain_glm import GLMBalanceError
from langchain_glm.testing import Fault, GLMServer, Reply
from tests.agents.acting import THOUGHT, answer, call, get_weather

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_glm import ChatGLM
    from tests.agents.acting import Run

PROMPT = ChatPromptTemplate.from_messages([("system", "Be brief."), ("user", "About {topic}?")])


class Joke(BaseModel):
    """A joke."""

    setup: str
    punchline: str


JSON_JOKE = '{"setup": "为什么?", "punchline": "因为!"}'


async def test_prompt_model_parser(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    """The parser sees the answer, not the thinking."""
    glm_server.queue(answer("Cats purr.", THOUGHT))
    result: Any = await run(PROMPT | model | StrOutputParser(), {"topic": "cats"})
    assert result == "Cats purr."


async def test_a_chain_streams(model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(*[answer("Cats purr, dogs bark, and fish swim.", THOUGHT)] * 2)
    chain = PROMPT | model | StrOutputParser()
    streamed = list(chain.stream({"topic": "animals"}))
    assert "".join(streamed) == "Cats purr, dogs bark, and fish swim."
    assert len([part for part in streamed if part]) > 2
    assert "".join([part async for part in chain.astream({"topic": "animals"})]) == "".join(streamed)


@pytest.mark.parametrize(
    ("parser", "expected"),
    [
        (JsonOutputParser(), {"setup": "为什么?", "punchline": "因为!"}),
        (PydanticOutputParser(pydantic_object=Joke), Joke(setup="为什么?", punchline="因为!")),
    ],
    ids=["json", "pydantic"],
)
async def test_parsers_of_json(parser: Any, expected: Any, run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(answer(f"```json\n{JSON_JOKE}\n```", THOUGHT), answer("No.", THOUGHT))
    chain: Any = PROMPT | model | parser
    assert await run(chain, {"topic": "cats"}) == expected
    with pytest.raises(OutputParserException):
        await run(chain, {"topic": "cats"})


async def test_structured_output_in_a_chain(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(call("Joke", thought=THOUGHT, setup="为什么?", punchline="因为!"))
    chain: Any = PROMPT | model.with_structured_output(Joke) | RunnableLambda(lambda joke: joke.punchline)
    result: Any = await run(chain, {"topic": "cats"})
    assert result == "因为!"


async def test_branches_run_beside_each_other(run: Run, model: ChatGLM) -> None:
    chain: Any = RunnablePassthrough.assign(
        answers=RunnableParallel(
            one=PROMPT | model | StrOutputParser(), two=PROMPT | model.bind(stop=["cats"]) | StrOutputParser()
        )
    )
    result: Any = await run(chain, {"topic": "cats"})
    assert result == {"topic": "cats", "answers": {"one": "You said: About cats?", "two": "You said: About "}}


def test_batch_keeps_the_order_and_the_limit(model: ChatGLM, glm_server: GLMServer) -> None:
    chain = PROMPT | model | StrOutputParser()
    topics = [{"topic": f"number {number}"} for number in range(12)]
    replies = chain.batch(topics, {"max_concurrency": 3})
    assert replies == [f"You said: About number {number}?" for number in range(12)]
    assert glm_server.peak_in_flight <= 3


async def test_abatch_keeps_the_order_and_the_limit(model: ChatGLM, glm_server: GLMServer) -> None:
    chain = PROMPT | model | StrOutputParser()
    topics = [{"topic": f"number {number}"} for number in range(12)]
    replies = await chain.abatch(topics, {"max_concurrency": 3})
    assert replies == [f"You said: About number {number}?" for number in range(12)]
    assert glm_server.peak_in_flight <= 3


async def test_batch_returns_the_error_of_one(model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(Fault.code("1113"))
    good, bad = sorted(
        await model.abatch(["One", "Two"], return_exceptions=True), key=lambda reply: isinstance(reply, Exception)
    )
    assert good.text.startswith("You said:")
    assert isinstance(bad, GLMBalanceError)


async def test_with_fallbacks(
    run: Run, model: ChatGLM, make_model: Callable[..., ChatGLM], glm_server: GLMServer
) -> None:
    """Also for a model with tools."""
    glm_server.queue(Fault.code("1305"), call("get_weather", thought=THOUGHT, city="Paris"))
    other = make_model(model="glm-5.2", thinking=True)
    chain: Any = PROMPT | model.bind_tools([get_weather]).with_fallbacks([other.bind_tools([get_weather])])
    reply: Any = await run(chain, {"topic": "Paris"})
    assert reply.tool_calls[0]["args"] == {"city": "Paris"}
    assert [request.body["model"] for request in glm_server.requests] == ["glm-4.7", "glm-5.2"]


async def test_with_retry(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    from langchain_core.exceptions import ModelRateLimitError

    glm_server.queue(Fault.code("1302"), Fault.code("1302"), Reply("At last."))
    patient: Any = model.with_retry(
        retry_if_exception_type=(ModelRateLimitError,), wait_exponential_jitter=False, stop_after_attempt=3
    )
    reply: Any = await run(PROMPT | patient, {"topic": "x"})
    assert reply.text == "At last."
