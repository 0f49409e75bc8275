"""Graphs: written by hand, with subgraphs, agents as tools, LangGraph's own agent, and every stream mode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import LLMToolEmulator
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.config import get_stream_writer
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition
from langgraph.types import Send
from pydantic import BaseModel

from langchain_glm.testing import GLMServer, Reply, ToolCall
from tests.agents.acting import (
    SECOND_THOUGHT,
    THOUGHT,
    answer,
    ask,
    call,
    get_time,
    get_weather,
    results,
    sent,
    thoughts,
    thread,
    weather_loop,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from langchain_core.messages import BaseMessage

    from langchain_glm import ChatGLM
    from tests.agents.acting import Run

    Stream = Callable[..., Awaitable[list[Any]]]

TOOLS = [get_weather, get_time]


@pytest.fixture(params=["sync", "async"])
def stream(request: pytest.FixtureRequest) -> Stream:
    """Streams a graph; gives all parts as a list."""

    async def sync(graph: Any, given: Any, config: Any = None, **settings: Any) -> list[Any]:
        return list(graph.stream(given, config, **settings))

    async def asynchronous(graph: Any, given: Any, config: Any = None, **settings: Any) -> list[Any]:
        return [part async for part in graph.astream(given, config, **settings)]

    return sync if request.param == "sync" else asynchronous


def read(chunks: list[Any]) -> tuple[str, str]:
    """The thinking and the text of message chunks, as the documents of LangChain read them."""
    thinking = text = ""
    for chunk in chunks:
        for block in chunk.content_blocks if isinstance(chunk, AIMessageChunk) else ():
            thinking += block.get("reasoning", "") if block["type"] == "reasoning" else ""
            text += block.get("text", "") if block["type"] == "text" else ""
    return thinking, text


# Graphs.


def by_hand(model: ChatGLM) -> Any:
    """The agent loop as LangGraph's documents build it."""
    bound = model.bind_tools(TOOLS)

    def think(state: MessagesState) -> dict[str, Any]:
        return {"messages": [bound.invoke(state["messages"])]}

    async def athink(state: MessagesState) -> dict[str, Any]:
        return {"messages": [await bound.ainvoke(state["messages"])]}

    from langchain_core.runnables import RunnableLambda

    graph: Any = StateGraph(MessagesState)
    graph.add_node("think", RunnableLambda(think, athink))
    graph.add_node("tools", ToolNode(TOOLS))
    graph.add_edge(START, "think")
    graph.add_conditional_edges("think", tools_condition)
    graph.add_edge("tools", "think")
    return graph


async def test_a_graph_written_by_hand(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(*weather_loop())
    result = await run(by_hand(model).compile(), ask("Go"))
    assert result["messages"][-1].text == "Both are sunny."
    assert thoughts(glm_server) == [THOUGHT, SECOND_THOUGHT]
    assert len(results(glm_server)) == 3


@pytest.mark.filterwarnings("ignore:create_react_agent has been moved")
async def test_create_react_agent(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    from langgraph.prebuilt import create_react_agent

    glm_server.queue(*weather_loop())
    agent: Any = create_react_agent(model, TOOLS, prompt="Be brief.")
    assert (await run(agent, ask("Go")))["messages"][-1].text == "Both are sunny."
    assert thoughts(glm_server) == [THOUGHT, SECOND_THOUGHT]


class Summary(BaseModel):
    """What was found out."""

    cities: list[str]


@pytest.mark.filterwarnings("ignore:create_react_agent has been moved")
async def test_create_react_agent_with_bound_tools_and_a_response_format(
    run: Run, model: ChatGLM, glm_server: GLMServer
) -> None:
    from langgraph.prebuilt import create_react_agent

    glm_server.queue(*weather_loop(), call("Summary", cities=["北京", "Paris"]))
    agent: Any = create_react_agent(cast("Any", model.bind_tools(TOOLS)), TOOLS, response_format=Summary)
    assert (await run(agent, ask("Go")))["structured_response"] == Summary(cities=["北京", "Paris"])


async def test_an_agent_as_a_subgraph(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    """Its messages, with their thinking, become the parent's, and are kept by the parent's checkpointer."""
    graph: Any = StateGraph(MessagesState)
    graph.add_node("weather", create_agent(model, TOOLS))
    graph.add_node("editor", create_agent(model, [], system_prompt="Edit."))
    graph.add_edge(START, "weather")
    graph.add_edge("weather", "editor")
    graph.add_edge("editor", END)
    compiled = graph.compile(checkpointer=InMemorySaver())
    glm_server.queue(*weather_loop(), answer("Sunny."))
    await run(compiled, ask("Go"), thread())
    assert thoughts(glm_server) == [THOUGHT, SECOND_THOUGHT, "Done."]


async def test_agents_that_run_at_the_same_time(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    agent: Any = create_agent(model, [get_weather])

    class State(MessagesState):
        cities: list[str]

    graph: Any = StateGraph(State)
    graph.add_node("start", lambda state: {})
    graph.add_node("one", agent)
    graph.add_edge(START, "start")
    graph.add_conditional_edges(
        "start", lambda state: [Send("one", ask(f"Use get_weather for {city}.")) for city in state["cities"]]
    )
    result = await run(graph.compile(), {**ask("Both"), "cities": ["Lima", "Oslo"]})
    found = [message.text for message in result["messages"] if isinstance(message, ToolMessage)]
    assert sorted(found) == ["Lima: sunny, 21 °C", "Oslo: sunny, 21 °C"]


async def test_an_agent_as_a_tool_of_another(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    expert: Any = create_agent(model, [get_weather], name="expert")

    @tool
    async def aask_expert(question: str) -> str:
        """Ask the expert."""
        return str((await expert.ainvoke(ask(question)))["messages"][-1].text)

    @tool
    def ask_expert(question: str) -> str:
        """Ask the expert."""
        return str(expert.invoke(ask(question))["messages"][-1].text)

    ask_expert.coroutine = aask_expert.coroutine  # type: ignore[attr-defined]
    glm_server.queue(
        call("ask_expert", thought=THOUGHT, question="Weather in Lima?"),
        call("get_weather", thought=SECOND_THOUGHT, city="Lima"),
        answer("Sunny in Lima."),
        answer("The expert says: sunny."),
    )
    result = await run(create_agent(model, [ask_expert], name="chief"), ask("Weather in Lima?"))
    assert result["messages"][-1].text == "The expert says: sunny."
    assert result["messages"][-1].name == "chief"
    assert thoughts(glm_server, 2) == [SECOND_THOUGHT]
    assert thoughts(glm_server, 3) == [THOUGHT]


async def test_the_content_of_an_answer_can_be_handed_on(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    """With v1 it is a list that begins with the thinking, which is neither a tool's result nor a user's words."""
    emulator: Any = LLMToolEmulator(model=model)  # it makes the answer's content the tool's result
    glm_server.queue(call("get_weather", city="Oslo"), answer("Snow.", THOUGHT), answer("It snows."))
    result = await run(create_agent(model, [get_weather], middleware=[emulator]), ask("Weather?"))
    assert results(glm_server) == ["Snow."]

    glm_server.queue(answer("True."))
    await run(create_agent(model, []), {"messages": [HumanMessage(result["messages"][-1].content)]})
    assert sent(glm_server, "user")[0]["content"] == "It snows."


# Streams.


async def test_stream_mode_messages(stream: Stream, model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(*weather_loop())
    parts = await stream(create_agent(model, TOOLS), ask("Go"), stream_mode="messages")
    assert read([chunk for chunk, _ in parts]) == (
        THOUGHT + SECOND_THOUGHT + "Done.",
        "Now Paris." + "Both are sunny.",
    )
    assert {where["langgraph_node"] for _, where in parts} == {"model", "tools"}
    assert {where.get("ls_provider") for chunk, where in parts if isinstance(chunk, AIMessageChunk)} == {"zai"}
    assert len([chunk for chunk, _ in parts if isinstance(chunk, ToolMessage)]) == 3
    assert all(request.body["stream"] for request in glm_server.requests)


async def test_stream_mode_messages_sums_up_to_what_is_kept(
    stream: Stream, model: ChatGLM, glm_server: GLMServer
) -> None:
    glm_server.queue(*weather_loop())
    agent: Any = create_agent(model, TOOLS, checkpointer=InMemorySaver())
    parts = await stream(agent, ask("Go"), thread(), stream_mode="messages")
    sums: dict[str, Any] = {}
    for chunk, _ in parts:
        if isinstance(chunk, AIMessageChunk):
            sums[str(chunk.id)] = sums[str(chunk.id)] + chunk if str(chunk.id) in sums else chunk
    kept = [message for message in agent.get_state(thread()).values["messages"] if isinstance(message, AIMessage)]
    assert [total.content_blocks for total in sums.values()] == [message.content_blocks for message in kept]
    assert [total.tool_calls for total in sums.values()] == [message.tool_calls for message in kept]
    assert [total.usage_metadata for total in sums.values()] == [message.usage_metadata for message in kept]
    assert all(message.usage_metadata for message in kept)


async def test_streamed_thinking_goes_back_byte_for_byte(stream: Stream, model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(*weather_loop(), answer("You are welcome."))
    agent: Any = create_agent(model, TOOLS, checkpointer=InMemorySaver())
    await stream(agent, ask("Go"), thread(), stream_mode="messages")
    await stream(agent, ask("Thanks"), thread(), stream_mode="messages")
    assert thoughts(glm_server) == [THOUGHT, SECOND_THOUGHT, "Done."]


async def test_stream_mode_updates(stream: Stream, model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(*weather_loop())
    parts = await stream(create_agent(model, TOOLS), ask("Go"), stream_mode="updates")
    assert [next(iter(part)) for part in parts] == ["model", "tools", "tools", "model", "tools", "model"]
    assert [part["model"]["messages"][-1].text for part in parts if "model" in part] == [
        "", "Now Paris.", "Both are sunny.",
    ]  # fmt: skip


async def test_stream_mode_values(stream: Stream, model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(*weather_loop())
    parts = await stream(create_agent(model, TOOLS), ask("Go"), stream_mode="values")
    assert [len(part["messages"]) for part in parts] == [1, 2, 4, 5, 6, 7]


async def test_stream_mode_custom(stream: Stream, model: ChatGLM, glm_server: GLMServer) -> None:
    @tool
    def search(text: str) -> str:
        """Search."""
        get_stream_writer()({"searching": text})
        return "found"

    glm_server.queue(Reply(reasoning=THOUGHT, tool_calls=(ToolCall("search", {"text": "x"}),)), answer("Found."))
    parts = await stream(create_agent(model, [search]), ask("Search"), stream_mode=["custom", "messages"])
    assert [part for mode, part in parts if mode == "custom"] == [{"searching": "x"}]
    assert read([part[0] for mode, part in parts if mode == "messages"])[0] == THOUGHT + "I know enough."


async def test_streams_of_subgraphs(stream: Stream, model: ChatGLM, glm_server: GLMServer) -> None:
    graph: Any = StateGraph(MessagesState)
    graph.add_node("weather", create_agent(model, TOOLS))
    graph.add_edge(START, "weather")
    glm_server.queue(*weather_loop())
    parts = await stream(graph.compile(), ask("Go"), stream_mode="messages", subgraphs=True)
    assert {path[0].split(":")[0] for path, _ in parts if path} == {"weather"}
    assert read([chunk for _, (chunk, _) in parts])[0] == THOUGHT + SECOND_THOUGHT + "Done."


async def test_a_node_that_only_invokes_still_streams(stream: Stream, model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(*weather_loop())
    parts = await stream(by_hand(model).compile(), ask("Go"), stream_mode="messages")
    chunks: list[BaseMessage] = [chunk for chunk, where in parts if where["langgraph_node"] == "think"]
    assert read(chunks)[0] == THOUGHT + SECOND_THOUGHT + "Done."
    assert len(chunks) > 6
