"""Tools: several at once, errors in them and around them, and arguments that GLM sends in odd shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import (
    LLMToolSelectorMiddleware,
    ModelCallLimitMiddleware,
    ToolCallLimitMiddleware,
    ToolRetryMiddleware,
)
from langchain.agents.middleware.model_call_limit import ModelCallLimitExceededError
from langchain.tools import ToolRuntime  # noqa: TC002 - the tool reads it
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.tools import InjectedToolCallId, ToolException, tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from pydantic import BaseModel

from langchain_glm.testing import GLMServer, Reply, ToolCall
from tests.agents.acting import (
    NEW_LANGCHAIN,
    SECOND_THOUGHT,
    THOUGHT,
    answer,
    ask,
    call,
    get_time,
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


async def test_calls_of_one_turn_are_all_run_and_answered_in_order(
    run: Run, model: ChatGLM, glm_server: GLMServer
) -> None:
    cities = ["北京", "Paris", "Lima", "Oslo"]
    glm_server.queue(
        Reply(reasoning=THOUGHT, tool_calls=tuple(ToolCall("get_weather", {"city": city}) for city in cities)),
        answer("Sunny everywhere."),
    )
    await run(create_agent(model, [get_weather]), ask("Weather everywhere?"))
    assert results(glm_server) == [f"{city}: sunny, 21 °C" for city in cities]
    (turn,) = sent(glm_server, "assistant")
    ids = [made["id"] for made in turn["tool_calls"]]
    assert len(set(ids)) == len(cities)
    assert [message["tool_call_id"] for message in sent(glm_server, "tool")] == ids
    assert turn["reasoning_content"] == THOUGHT


async def test_an_error_of_a_tool_goes_to_the_model(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    @tool
    def get_map(city: str) -> str:
        """Get the map of a city."""
        raise ToolException(f"no map of {city}")

    get_map.handle_tool_error = True
    glm_server.queue(call("get_map", thought=THOUGHT, city="Atlantis"), answer("There is no map."))
    result = await run(create_agent(model, [get_map]), ask("Map?"))
    assert result["messages"][-2].status == "error"
    assert results(glm_server) == ["Error: no map of Atlantis"]
    assert thoughts(glm_server) == [THOUGHT]


async def test_an_error_that_nobody_handles_ends_the_run(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    """LangChain's rule: what a tool did not mean to raise is the programmer's."""

    @tool
    def get_map(city: str) -> str:
        """Get the map of a city."""
        raise RuntimeError(city)

    glm_server.queue(call("get_map", city="Atlantis"))
    with pytest.raises(RuntimeError, match="Atlantis"):
        await run(create_agent(model, [get_map]), ask("Map?"))


async def test_arguments_that_do_not_fit_go_back_to_the_model(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(
        call("get_weather", thought=THOUGHT, town="Paris"), call("get_weather", city="Paris"), answer("Sunny.")
    )
    result = await run(create_agent(model, [get_weather]), ask("Weather?"))
    assert [message.status for message in result["messages"] if isinstance(message, ToolMessage)] == [
        "error",
        "success",
    ]
    assert "Field required" in results(glm_server)[0]


async def test_a_tool_that_does_not_exist_is_named_to_the_model(
    run: Run, model: ChatGLM, glm_server: GLMServer
) -> None:
    glm_server.queue(call("get_tides", city="Brest"), answer("I cannot."))
    await run(create_agent(model, [get_weather]), ask("Tides?"))
    assert "get_tides is not a valid tool" in results(glm_server)[0]


@NEW_LANGCHAIN
async def test_broken_arguments_run_nothing_and_the_conversation_goes_on(
    run: Run, model: ChatGLM, glm_server: GLMServer
) -> None:
    """LangChain ends the run when all calls of a turn are invalid; the next turn answers them."""
    glm_server.queue(
        Reply(reasoning=THOUGHT, tool_calls=(ToolCall("get_weather", '{"city": "Par'),), finish_reason="length"),
        answer("Sorry."),
    )
    agent: Any = create_agent(model, [get_weather], checkpointer=InMemorySaver())
    first = (await run(agent, ask("Weather?"), thread()))["messages"][-1]
    assert not first.tool_calls
    assert first.invalid_tool_calls[0]["name"] == "get_weather"
    assert first.response_metadata["finish_reason"] == "length"

    await run(agent, ask("What now?"), thread())
    (turn,) = sent(glm_server, "assistant")
    assert turn["tool_calls"][0]["function"]["arguments"] == '{"invalid_json":"{\\"city\\": \\"Par"}'
    assert [message["tool_call_id"] for message in sent(glm_server, "tool")] == [turn["tool_calls"][0]["id"]]
    assert turn["reasoning_content"] == THOUGHT


@NEW_LANGCHAIN
async def test_an_invalid_call_beside_a_valid_one_is_answered(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    calls = (ToolCall("get_weather", {"city": "Paris"}), ToolCall("get_time", '{"city": '))
    glm_server.queue(Reply(reasoning=THOUGHT, tool_calls=calls), answer("Sunny."))
    await run(create_agent(model, [get_weather, get_time]), ask("Weather and time?"))
    ids = {made["id"] for made in sent(glm_server, "assistant")[0]["tool_calls"]}
    assert {message["tool_call_id"] for message in sent(glm_server, "tool")} == ids
    assert len(ids) == 2


class Stop(BaseModel):
    """A stop of a journey."""

    city: str
    nights: int


async def test_nested_arguments_in_strings_reach_the_tool_as_objects(
    run: Run, model: ChatGLM, glm_server: GLMServer
) -> None:
    """GLM-5.3 writes objects behind a `$ref` as JSON in a string."""
    seen: list[Any] = []

    @tool
    def plan(start: Stop, stops: list[Stop]) -> str:
        """Plan a journey."""
        seen.extend([start, stops])
        return "planned"

    glm_server.queue(
        call("plan", start='{"city": "北京", "nights": 2}', stops='[{"city": "Paris", "nights": 1}]'), answer("Done.")
    )
    await run(create_agent(model, [plan]), ask("Plan"))
    assert seen == [Stop(city="北京", nights=2), [Stop(city="Paris", nights=1)]]
    assert "$ref" not in str(glm_server.requests[0].body["tools"])


@NEW_LANGCHAIN
async def test_what_is_injected_is_not_offered(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    @tool
    def note(item: str, runtime: ToolRuntime, call_id: Annotated[str, InjectedToolCallId]) -> Command[Any]:
        """Note something."""
        count = len(runtime.state["messages"])
        return Command(update={"messages": [ToolMessage(f"{item} after {count}", tool_call_id=call_id)]})

    glm_server.queue(call("note", item="milk"), answer("Noted."))
    await run(create_agent(model, [note]), ask("Note milk"))
    parameters = glm_server.requests[0].body["tools"][0]["function"]["parameters"]
    assert list(parameters["properties"]) == ["item"]
    assert results(glm_server) == ["milk after 2"]


async def test_return_direct_ends_the_run_with_the_tools_words(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    @tool(return_direct=True)
    def get_ticket(number: int) -> str:
        """Get a ticket."""
        return f"ticket {number}"

    glm_server.queue(call("get_ticket", number=7))
    result = await run(create_agent(model, [get_ticket]), ask("Ticket 7"))
    assert result["messages"][-1].text == "ticket 7"
    assert len(glm_server.requests) == 1


async def test_a_tools_picture_follows_in_a_user_message(
    run: Run, version: str, make_model: Callable[..., ChatGLM], glm_server: GLMServer
) -> None:
    @tool
    def look(city: str) -> list[dict[str, Any]]:
        """Look at a city."""
        return [{"type": "text", "text": city}, {"type": "image", "url": "https://www.example/a.png"}]

    model = make_model(model="glm-4.6v", thinking=True, output_version=version)
    glm_server.queue(call("look", city="Paris"), answer("I see it."))
    await run(create_agent(model, [look]), ask("Look at Paris"))
    assert results(glm_server) == ["Paris"]
    assert sent(glm_server, "user")[-1]["content"][-1]["image_url"] == {"url": "https://www.example/a.png"}


async def test_tool_retry_middleware(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    tries: list[str] = []

    @tool
    def flaky(city: str) -> str:
        """Get the weather, at the second try."""
        tries.append(city)
        if len(tries) == 1:
            raise ConnectionError
        return "rain"

    glm_server.queue(call("flaky", city="Paris"), answer("Rain."))
    retry: Any = ToolRetryMiddleware(initial_delay=0, jitter=False)
    await run(create_agent(model, [flaky], middleware=[retry]), ask("Weather?"))
    assert tries == ["Paris", "Paris"]
    assert results(glm_server) == ["rain"]
    assert len(glm_server.requests) == 2


async def test_tool_call_limit_middleware(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(
        call("get_weather", thought=THOUGHT, city="Paris"),
        call("get_weather", thought=SECOND_THOUGHT, city="Lima"),
        answer("One is enough."),
    )
    limit: Any = ToolCallLimitMiddleware(run_limit=1)
    await run(create_agent(model, [get_weather], middleware=[limit]), ask("Weather?"))
    assert results(glm_server)[0] == "Paris: sunny, 21 °C"
    assert "limit exceeded" in results(glm_server)[1]
    assert thoughts(glm_server) == [THOUGHT, SECOND_THOUGHT]


@pytest.mark.parametrize("exit_behavior", ["end", "error"])
async def test_model_call_limit_middleware(exit_behavior: Any, run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(call("get_weather", city="Paris"), call("get_weather", city="Lima"), answer("Too late."))
    limit: Any = ModelCallLimitMiddleware(run_limit=2, exit_behavior=exit_behavior)
    agent = create_agent(model, [get_weather], middleware=[limit])
    if exit_behavior == "error":
        with pytest.raises(ModelCallLimitExceededError):
            await run(agent, ask("Weather?"))
    else:
        last = (await run(agent, ask("Weather?")))["messages"][-1]
        assert isinstance(last, AIMessage)
        assert "limits exceeded" in last.text
    assert len(glm_server.requests) == 2
    assert len(glm_server.clear_queue()) == 1


async def test_llm_tool_selector_middleware(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    """The selection is a structured answer on a host that forces none; then only the selected tool is offered."""
    selector: Any = LLMToolSelectorMiddleware(max_tools=1)
    glm_server.queue(call("ToolSelectionResponse", tools=["get_time"]), call("get_time", city="Lima"))
    glm_server.queue(call("ToolSelectionResponse", tools=["get_time"]), answer("09:30."))
    result = await run(create_agent(model, [get_weather, get_time], middleware=[selector]), ask("Time in Lima?"))
    assert result["messages"][-1].text == "09:30."
    assert [offered(glm_server, at) for at in range(4)] == [["ToolSelectionResponse"], ["get_time"]] * 2
