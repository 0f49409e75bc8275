"""Memory: what a checkpointer or a history stored and loaded goes back to GLM byte for byte."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import before_model
from langchain_core.load import dumps, loads
from langchain_core.messages import AIMessage, HumanMessage, RemoveMessage, SystemMessage, ToolMessage, trim_messages
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph.message import REMOVE_ALL_MESSAGES

from tests.agents.acting import (
    SECOND_THOUGHT,
    THOUGHT,
    answer,
    ask,
    get_time,
    get_weather,
    kinds,
    results,
    sent,
    thoughts,
    thread,
    weather_loop,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from langchain_glm import ChatGLM
    from langchain_glm.testing import GLMServer
    from tests.agents.acting import Run

TOOLS = [get_weather, get_time]


def strict() -> JsonPlusSerializer:
    """The serializer as `LANGGRAPH_STRICT_MSGPACK=true` makes it."""
    return JsonPlusSerializer(allowed_msgpack_modules=None)


def of_postgres() -> JsonPlusSerializer:
    """The serializer that the Postgres checkpointer writes its blobs with."""
    return JsonPlusSerializer()


def test_that_is_what_postgres_writes_with() -> None:
    postgres = pytest.importorskip("langgraph.checkpoint.postgres", exc_type=ImportError)  # psycopg wants libpq
    assert type(postgres.PostgresSaver(None).serde) is JsonPlusSerializer


@asynccontextmanager
async def saver(kind: str, path: Path) -> AsyncIterator[Any]:
    """A checkpointer as a process of its own would open it."""
    if kind == "sync":
        with SqliteSaver.from_conn_string(str(path)) as opened:
            yield opened
    else:
        async with AsyncSqliteSaver.from_conn_string(str(path)) as opened:
            yield opened


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("kind", ["sync", "async"])
async def test_sqlite_keeps_thinking_byte_for_byte(
    kind: str, streaming: bool, version: str, tmp_path: Path, glm_server: GLMServer, make_model: Callable[..., ChatGLM]
) -> None:
    glm_server.queue(*weather_loop(), answer("You are welcome."))
    settings = {"streaming": True} if streaming else {}

    async def say(text: str) -> Any:
        async with saver(kind, tmp_path / "memory.db") as checkpointer:
            model = make_model(thinking=True, output_version=version, **settings)
            agent: Any = create_agent(model, TOOLS, checkpointer=checkpointer)
            return agent.invoke(ask(text), thread()) if kind == "sync" else await agent.ainvoke(ask(text), thread())

    await say("Go")
    before = glm_server.requests[-1].body["messages"]
    await say("Thanks")
    after = glm_server.requests[-1].body["messages"]

    assert thoughts(glm_server) == [THOUGHT, SECOND_THOUGHT, "Done."]
    assert after[: len(before)] == before  # what GLM has cached is what it gets again
    assert after[len(before) :] == [
        {"role": "assistant", "content": "Both are sunny.", "reasoning_content": "Done."},
        {"role": "user", "content": "Thanks"},
    ]


@pytest.mark.parametrize("serde", [of_postgres, strict], ids=["postgres", "strict"])
async def test_other_serializers_keep_thinking_too(
    serde: Callable[[], Any],
    run: Run,
    model: ChatGLM,
    glm_server: GLMServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    glm_server.queue(*weather_loop(), answer("You are welcome."))
    agent: Any = create_agent(model, TOOLS, checkpointer=InMemorySaver(serde=serde()))
    await run(agent, ask("Go"), thread())
    before = glm_server.requests[-1].body["messages"]
    await run(agent, ask("Thanks"), thread())

    assert thoughts(glm_server) == [THOUGHT, SECOND_THOUGHT, "Done."]
    assert glm_server.requests[-1].body["messages"][: len(before)] == before
    assert "checkpoint" not in caplog.text  # nothing was unknown to the serializer


async def test_messages_come_back_equal(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    """Through msgpack and through LangChain's own JSON."""
    glm_server.queue(*weather_loop())
    messages = (await run(create_agent(model, TOOLS), ask("Go")))["messages"]
    serde = of_postgres()
    for stored in (serde.loads_typed(serde.dumps_typed(messages)), loads(dumps(messages), allowed_objects="messages")):
        assert stored == messages
        assert [kinds(message) for message in stored if isinstance(message, AIMessage)] == [
            ["reasoning", "tool_call", "tool_call"],
            ["reasoning", "text", "tool_call"],
            ["reasoning", "text"],
        ]
        assert [message.usage_metadata for message in stored if isinstance(message, AIMessage)] == [
            message.usage_metadata for message in messages if isinstance(message, AIMessage)
        ]


async def test_a_run_can_be_taken_up_from_an_earlier_checkpoint(
    run: Run, model: ChatGLM, glm_server: GLMServer
) -> None:
    glm_server.queue(*weather_loop(), answer("Sunny here and there."))
    agent: Any = create_agent(model, TOOLS, checkpointer=InMemorySaver())
    await run(agent, ask("Go"), thread())
    before_answer = next(
        state
        for state in agent.get_state_history(thread())
        if state.values["messages"][-1:] and state.next == ("model",)
    )
    result = await run(agent, None, before_answer.config)
    assert result["messages"][-1].text == "Sunny here and there."
    assert glm_server.requests[-1].body["messages"] == glm_server.requests[-2].body["messages"]


async def test_trimmed_history_keeps_calls_with_their_results(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    """`trim_messages` before each call, as LangGraph's documents show; here seven messages stay."""

    @before_model
    def trim(state: Any, runtime: Any) -> dict[str, Any]:
        kept = trim_messages(
            state["messages"],
            max_tokens=7,
            token_counter=len,
            strategy="last",
            start_on="human",
            include_system=True,
        )
        return {"messages": [RemoveMessage(id=REMOVE_ALL_MESSAGES), *kept]}

    agent: Any = create_agent(model, TOOLS, middleware=[trim], system_prompt="Be brief.", checkpointer=InMemorySaver())
    glm_server.queue(*weather_loop(), *weather_loop())
    await run(agent, ask("Long ago"), thread())
    result = await run(agent, ask("Go"), thread())

    assert result["messages"][0].content == "Go"
    roles = [message["role"] for message in glm_server.requests[-1].body["messages"]]
    assert roles == ["system", "user", "assistant", "tool", "tool", "assistant", "tool"]
    assert thoughts(glm_server) == [THOUGHT, SECOND_THOUGHT]


@pytest.mark.filterwarnings("ignore::langchain_core._api.deprecation.LangChainDeprecationWarning")
async def test_runnable_with_message_history(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    from langchain_core.chat_history import InMemoryChatMessageHistory
    from langchain_core.runnables.history import RunnableWithMessageHistory

    history = InMemoryChatMessageHistory()
    prompt = ChatPromptTemplate.from_messages(
        [("system", "Be brief."), MessagesPlaceholder("past"), ("user", "{text}")]
    )
    chain = RunnableWithMessageHistory(
        prompt | model,
        lambda: history,
        input_messages_key="text",
        history_messages_key="past",
        history_factory_config=[],
    )
    glm_server.queue(answer("Hello, Li.", THOUGHT), answer("Li.", SECOND_THOUGHT))
    await run(chain, {"text": "I am Li."})
    reply = await run(chain, {"text": "Who am I?"})
    assert cast("Any", reply).text == "Li."
    assert thoughts(glm_server) == [THOUGHT]
    assert [message["role"] for message in glm_server.requests[-1].body["messages"]] == [
        "system", "user", "assistant", "user",
    ]  # fmt: skip
    assert len(history.messages) == 4


def test_history_written_by_hand_is_taken(make_model: Callable[..., ChatGLM], glm_server: GLMServer) -> None:
    """A history from a store of one's own, with reasoning in either place."""
    make_model(thinking=True).invoke(
        [
            SystemMessage("Be brief."),
            HumanMessage("Weather?"),
            AIMessage(
                "",
                additional_kwargs={"reasoning_content": THOUGHT},
                tool_calls=[{"name": "get_weather", "args": {"city": "北京"}, "id": "1", "type": "tool_call"}],
            ),
            ToolMessage("Sunny", tool_call_id="1"),
            AIMessage([{"type": "reasoning", "reasoning": SECOND_THOUGHT}, {"type": "text", "text": "Sunny."}]),
            HumanMessage("Thanks"),
        ]
    )
    assert thoughts(glm_server) == [THOUGHT, SECOND_THOUGHT]
    assert results(glm_server) == ["Sunny"]
    assert sent(glm_server, "assistant")[1]["content"] == "Sunny."
