"""Structured answers of agents, on a host that forces neither a tool nor a schema: what fails raises."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import LLMToolSelectorMiddleware, ModelRetryMiddleware
from langchain.agents.structured_output import (
    ProviderStrategy,
    StructuredOutputValidationError,
    ToolStrategy,
)
from langchain_core.messages import ToolMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from pydantic import BaseModel
from typing_extensions import TypedDict

from langchain_glm import GLMToolChoiceError
from langchain_glm.testing import GLMServer, Reply, ToolCall
from tests.agents.acting import (
    SECOND_THOUGHT,
    THOUGHT,
    answer,
    ask,
    call,
    get_weather,
    offered,
    results,
    sent,
    thoughts,
    thread,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_glm import ChatGLM
    from tests.agents.acting import Run


class Plan(BaseModel):
    """A plan for a day."""

    city: str
    steps: list[str]


class Refusal(BaseModel):
    """Why there is no plan."""

    reason: Literal["too far", "too late"]


class PlanDict(TypedDict):
    """A plan for a day."""

    city: str
    steps: list[str]


@dataclass
class PlanData:
    """A plan for a day."""

    city: str
    steps: list[str]


PLAN: dict[str, Any] = {"city": "北京", "steps": ["go", "come back"]}
JSON_PLAN = '{"city": "北京", "steps": ["go", "come back"]}'
SCHEMA = {**Plan.model_json_schema(), "title": "Plan"}

SCHEMAS = pytest.mark.parametrize(
    ("schema", "expected"),
    [(Plan, Plan(**PLAN)), (PlanData, PlanData(**PLAN)), (PlanDict, PLAN), (SCHEMA, PLAN)],
    ids=["pydantic", "dataclass", "TypedDict", "JSON schema"],
)
TOOLS = pytest.mark.parametrize("tools", [[], [get_weather]], ids=["alone", "with tools"])


@SCHEMAS
@pytest.mark.parametrize("strategy", [lambda schema: schema, ProviderStrategy], ids=["auto", "provider"])
async def test_provider_strategy_after_tools(
    strategy: Callable[[Any], Any], schema: Any, expected: Any, run: Run, model: ChatGLM, glm_server: GLMServer
) -> None:
    """The profile promises structured output, so a bare schema takes this way too."""
    glm_server.queue(call("get_weather", thought=THOUGHT, city="北京"), Reply(JSON_PLAN, reasoning=SECOND_THOUGHT))
    agent: Any = create_agent(model, [get_weather], response_format=strategy(schema))
    result = await run(agent, ask("Plan"))
    assert result["structured_response"] == expected
    assert thoughts(glm_server) == [THOUGHT]
    assert offered(glm_server) == ["get_weather"]
    assert '"steps"' in sent(glm_server, "system")[0]["content"]  # nobody enforces the schema: it is in the prompt


@SCHEMAS
async def test_tool_strategy_after_tools(
    schema: Any, expected: Any, run: Run, model: ChatGLM, glm_server: GLMServer
) -> None:
    strategy: Any = ToolStrategy(schema)
    name = strategy.schema_specs[0].name
    glm_server.queue(
        call("get_weather", thought=THOUGHT, city="北京"),
        Reply(reasoning=SECOND_THOUGHT, tool_calls=(ToolCall(name, PLAN),)),
    )
    result = await run(create_agent(model, [get_weather], response_format=strategy), ask("Plan"))
    assert result["structured_response"] == expected
    assert offered(glm_server) == ["get_weather", name]
    assert "tool_choice" not in glm_server.requests[-1].body
    assert "calling one of the tools" in sent(glm_server, "system")[0]["content"]


@TOOLS
@pytest.mark.parametrize("strategy", [Plan, ProviderStrategy(Plan), ToolStrategy(Plan)], ids=["auto", "json", "tool"])
async def test_while_messages_are_streamed(
    strategy: Any, tools: list[Any], model: ChatGLM, glm_server: GLMServer
) -> None:
    agent: Any = create_agent(model, tools, response_format=strategy)
    streamed = [
        part
        async for part in agent.astream(
            ask('Make a Plan with city "Paris" and steps.'), stream_mode=["messages", "values"]
        )
    ]
    assert isinstance(streamed[-1][1]["structured_response"], Plan)
    assert glm_server.requests[0].body["stream"] is True


async def test_a_fence_around_the_json_is_taken_off(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(Reply(f"```json\n{JSON_PLAN}\n```", reasoning=THOUGHT))
    result = await run(create_agent(model, [], response_format=Plan), ask("Plan"))
    assert result["structured_response"] == Plan(**PLAN)


IN_PROSE = pytest.mark.parametrize(
    "text",
    [
        f"Here is your plan:\n{JSON_PLAN}\nEnjoy!",
        f"Here is your plan:\n```json\n{JSON_PLAN}\n```\nEnjoy!",
        f"```json\n{JSON_PLAN}\n```\nEnjoy!",
        f"{JSON_PLAN}\nEnjoy!",
    ],
    ids=["prose", "prose and a fence", "prose after a fence", "prose after it"],
)


@IN_PROSE
async def test_json_inside_prose_is_read(text: str, run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    """As `with_structured_output` reads it."""
    glm_server.queue(Reply(text, reasoning=THOUGHT))
    result = await run(create_agent(model, [], response_format=Plan), ask("Plan"))
    assert result["structured_response"] == Plan(**PLAN)


@IN_PROSE
async def test_json_inside_prose_is_read_while_streamed(text: str, model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(Reply(text, reasoning=THOUGHT, chunk_size=3))
    agent: Any = create_agent(model, [], response_format=Plan)
    streamed = [part async for part in agent.astream(ask("Plan"), stream_mode=["messages", "values"])]
    assert streamed[-1][1]["structured_response"] == Plan(**PLAN)
    assert glm_server.requests[0].body["stream"] is True


async def test_one_of_several_schemas(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(call("Refusal", reason="too far"))
    agent: Any = create_agent(model, [], response_format=ToolStrategy(Plan | Refusal))
    assert (await run(agent, ask("Plan for Mars")))["structured_response"] == Refusal(reason="too far")
    assert offered(glm_server) == ["Plan", "Refusal"]


async def test_a_structured_answer_in_each_turn_of_a_conversation(
    run: Run, model: ChatGLM, glm_server: GLMServer
) -> None:
    agent: Any = create_agent(model, [], response_format=ToolStrategy(Plan), checkpointer=InMemorySaver())
    glm_server.queue(
        Reply(reasoning=THOUGHT, tool_calls=(ToolCall("Plan", PLAN),)), call("Plan", city="Lima", steps=["stay"])
    )
    await run(agent, ask("Plan"), thread())
    result = await run(agent, ask("Another"), thread())
    assert result["structured_response"].city == "Lima"
    assert thoughts(glm_server) == [THOUGHT]
    assert results(glm_server)[0].startswith("Returning structured response")


# What fails says so.


@TOOLS
async def test_prose_instead_of_json_raises(tools: list[Any], run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(answer("I would rather not."))
    with pytest.raises(StructuredOutputValidationError) as caught:
        await run(create_agent(model, tools, response_format=Plan), ask("Plan"))
    assert caught.value.ai_message.text == "I would rather not."


@pytest.mark.parametrize(
    "reply",
    [
        Reply('{"city": "Par', reasoning=THOUGHT, finish_reason="length"),
        Reply("", reasoning=THOUGHT, finish_reason="length"),  # the thinking took all that max_tokens allowed
        Reply('{"city": "Paris"}', reasoning=THOUGHT),
        Reply('{"city": "Paris", "steps": "go"}', reasoning=THOUGHT),
        Reply("[]", reasoning=THOUGHT),
    ],
    ids=["cut off", "all thinking", "a field is missing", "a field is wrong", "no object"],
)
async def test_json_that_does_not_fit_raises(reply: Reply, run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(reply)
    with pytest.raises(StructuredOutputValidationError):
        await run(create_agent(model, [], response_format=ProviderStrategy(Plan)), ask("Plan"))


@TOOLS
async def test_prose_instead_of_the_tool_raises(
    tools: list[Any], run: Run, model: ChatGLM, glm_server: GLMServer
) -> None:
    glm_server.queue(answer("I would rather not."))
    with pytest.raises(GLMToolChoiceError) as caught:
        await run(create_agent(model, tools, response_format=ToolStrategy(Plan)), ask("Plan"))
    assert caught.value.partial is not None
    assert caught.value.partial.text == "I would rather not."


async def test_prose_after_a_tool_raises_too(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(call("get_weather", city="Paris"), answer("Sunny, so go."))
    with pytest.raises(GLMToolChoiceError):
        await run(create_agent(model, [get_weather], response_format=ToolStrategy(Plan)), ask("Plan"))


async def test_prose_in_a_stream_raises_too(model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(answer("I would rather not."))
    agent: Any = create_agent(model, [], response_format=ToolStrategy(Plan))
    with pytest.raises(GLMToolChoiceError):
        [part async for part in agent.astream(ask("Plan"), stream_mode="messages")]


async def test_a_retry_asks_once_more(
    run: Run, version: str, make_model: Callable[..., ChatGLM], glm_server: GLMServer
) -> None:
    model = make_model(thinking=True, output_version=version, force_tool_choice="retry")
    glm_server.queue(answer("I would rather not."), Reply(tool_calls=(ToolCall("Plan", PLAN),)))
    result = await run(create_agent(model, [], response_format=ToolStrategy(Plan)), ask("Plan"))
    assert result["structured_response"] == Plan(**PLAN)


@TOOLS
async def test_half_a_call_of_the_schemas_tool_raises(
    tools: list[Any], run: Run, model: ChatGLM, glm_server: GLMServer
) -> None:
    """LangChain ends a run whose only call is invalid, without a structured answer and without an error."""
    glm_server.queue(Reply(reasoning=THOUGHT, tool_calls=(ToolCall("Plan", '{"city": "Par'),), finish_reason="length"))
    with pytest.raises(GLMToolChoiceError, match="not a JSON") as caught:
        await run(create_agent(model, tools, response_format=ToolStrategy(Plan)), ask("Plan"))
    assert caught.value.partial is not None
    assert caught.value.partial.invalid_tool_calls[0]["args"] == '{"city": "Par'


async def test_half_a_call_in_a_stream_raises_too(model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(Reply(reasoning=THOUGHT, tool_calls=(ToolCall("Plan", '{"city": "Par'),), finish_reason="length"))
    agent: Any = create_agent(model, [get_weather], response_format=ToolStrategy(Plan))
    with pytest.raises(GLMToolChoiceError, match="not a JSON"):
        [part async for part in agent.astream(ask("Plan"), stream_mode="messages")]


async def test_arguments_that_do_not_fit_are_asked_for_again(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(
        call("Plan", thought=THOUGHT, city="Paris"), Reply(reasoning="Again.", tool_calls=(ToolCall("Plan", PLAN),))
    )
    result = await run(create_agent(model, [], response_format=ToolStrategy(Plan)), ask("Plan"))
    assert result["structured_response"] == Plan(**PLAN)
    assert "steps" in results(glm_server)[0]
    assert thoughts(glm_server) == [THOUGHT]


async def test_arguments_that_do_not_fit_raise_where_that_is_asked(
    run: Run, model: ChatGLM, glm_server: GLMServer
) -> None:
    glm_server.queue(call("Plan", city="Paris"))
    strategy: Any = ToolStrategy(Plan, handle_errors=False)
    with pytest.raises(StructuredOutputValidationError):
        await run(create_agent(model, [], response_format=strategy), ask("Plan"))


async def test_two_answers_at_once_are_asked_for_again(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    twice = (ToolCall("Plan", PLAN), ToolCall("Plan", {"city": "Lima", "steps": []}))
    glm_server.queue(Reply(reasoning=THOUGHT, tool_calls=twice), Reply(tool_calls=(ToolCall("Plan", PLAN),)))
    result = await run(create_agent(model, [], response_format=ToolStrategy(Plan)), ask("Plan"))
    assert result["structured_response"].city == "北京"
    answered = [message for message in result["messages"] if isinstance(message, ToolMessage)]
    assert len(answered) == 3


async def test_model_retry_middleware_asks_again_after_prose(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    """`ProviderStrategy` itself does not ask again."""
    glm_server.queue(answer("I would rather not."), Reply(JSON_PLAN, reasoning=THOUGHT))
    again: Any = ModelRetryMiddleware(initial_delay=0, jitter=False)
    result = await run(create_agent(model, [], response_format=Plan, middleware=[again]), ask("Plan"))
    assert result["structured_response"] == Plan(**PLAN)
    assert len(glm_server.requests) == 2


async def test_a_strict_serializer_wants_to_know_the_schema(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    """A limit of LangGraph's: a class that it was not told of comes back as a dict."""
    for known, kind in ([], dict), ([Plan], Plan):
        glm_server.queue(Reply(JSON_PLAN, reasoning=THOUGHT))
        serde = JsonPlusSerializer(allowed_msgpack_modules=known)
        agent: Any = create_agent(model, [], response_format=Plan, checkpointer=InMemorySaver(serde=serde))
        await run(agent, ask("Plan"), thread())
        assert type(agent.get_state(thread()).values["structured_response"]) is kind


# What LangChain's tool selection does with a selection that is none, in words, in half a call, in the wrong shape.

SELECTS = pytest.mark.parametrize(
    "wrong",
    [
        Reply("I would take the weather."),
        Reply(tool_calls=(ToolCall("ToolSelectionResponse", '{"tools": ["get_'),)),
        call("ToolSelectionResponse"),
        call("ToolSelectionResponse", tools="get_weather"),
    ],
    ids=["prose", "half a call", "nothing", "no list"],
)
RECOVERS = pytest.mark.skipif(
    "on_parsing_failure" not in inspect.signature(LLMToolSelectorMiddleware).parameters,
    reason="this version of langchain takes a wrong selection for a selection of no tools",
)


@RECOVERS
@SELECTS
async def test_a_tool_selection_is_tried_again(wrong: Reply, run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    selector: Any = LLMToolSelectorMiddleware(max_retries=1)
    glm_server.queue(wrong, call("ToolSelectionResponse", tools=["get_weather"]), answer("Sunny."))
    result = await run(create_agent(model, [get_weather], middleware=[selector]), ask("Weather?"))
    assert result["messages"][-1].text == "Sunny."
    assert [offered(glm_server, at) for at in range(3)] == [["ToolSelectionResponse"]] * 2 + [["get_weather"]]


@RECOVERS
@SELECTS
async def test_a_tool_selection_that_fails_selects_what_was_set(
    wrong: Reply, run: Run, model: ChatGLM, glm_server: GLMServer
) -> None:
    selector: Any = LLMToolSelectorMiddleware(max_retries=1, on_parsing_failure="all")
    glm_server.queue(wrong, wrong, answer("Sunny."))
    result = await run(create_agent(model, [get_weather], middleware=[selector]), ask("Weather?"))
    assert result["messages"][-1].text == "Sunny."
    assert offered(glm_server) == ["get_weather"]


@RECOVERS
@SELECTS
async def test_a_tool_selection_that_fails_raises_where_nothing_is_set(
    wrong: Reply, run: Run, model: ChatGLM, glm_server: GLMServer
) -> None:
    glm_server.queue(wrong, wrong)
    agent: Any = create_agent(model, [get_weather], middleware=[LLMToolSelectorMiddleware()])
    with pytest.raises(ValueError, match="malformed"):
        await run(agent, ask("Weather?"))
