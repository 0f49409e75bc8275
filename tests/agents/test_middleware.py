"""Middleware that looks at the model: its profile, its usage, its errors, and who wrote a message."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import (
    AgentMiddleware,
    ClearToolUsesEdit,
    ContextEditingMiddleware,
    ModelFallbackMiddleware,
    ModelRetryMiddleware,
    PIIMiddleware,
    SummarizationMiddleware,
    dynamic_prompt,
    wrap_model_call,
)
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver

from langchain_glm import (
    ChatGLM,
    GLMAuthenticationError,
    GLMBalanceError,
    GLMOverloadedError,
    GLMQuotaError,
    GLMRateLimitError,
)
from langchain_glm.errors import GLMValueError
from langchain_glm.testing import Fault, GLMServer, Reply, ToolCall
from tests.agents.acting import (
    LANGCHAIN,
    NEW_LANGCHAIN,
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
    from collections.abc import Callable, Iterator

    from tests.agents.acting import Run

TOOLS = [get_weather, get_time]
NO_WAIT: Any = {"initial_delay": 0, "jitter": False}


# Summaries.


def reported(text: str, tokens: int) -> Reply:
    """An answer whose usage says that the window is filling up."""
    usage = {"prompt_tokens": tokens - 10, "completion_tokens": 10, "total_tokens": tokens}
    return Reply(text, reasoning=THOUGHT, usage=usage)


@pytest.mark.parametrize(
    ("trigger", "tokens", "summarized"),
    [
        (("fraction", 0.5), 99_000, False),  # GLM-4.7 reads 200 000 tokens
        (("fraction", 0.5), 101_000, True),
        (("tokens", 4000), 3999, False),
        (("tokens", 4000), 4000, True),
    ],
)
async def test_summarization_by_reported_tokens(
    trigger: Any, tokens: int, summarized: bool, run: Run, model: ChatGLM, glm_server: GLMServer
) -> None:
    """The texts are short; only what GLM reported can have filled the window."""
    middleware: Any = SummarizationMiddleware(model, trigger=trigger, keep=("messages", 1))
    agent: Any = create_agent(model, [], middleware=[middleware], checkpointer=InMemorySaver())
    glm_server.queue(reported("Hello, Li.", tokens))
    await run(agent, ask("I am Li."), thread())
    glm_server.queue(*[answer("They met Li.", SECOND_THOUGHT)] * summarized, answer("Li."))
    result = await run(agent, ask("Who am I?"), thread())

    assert result["messages"][-1].text == "Li."
    assert len(glm_server.requests) == 2 + summarized
    history = "\n".join(message["content"] for message in glm_server.requests[-1].body["messages"])
    assert ("They met Li." in history) == summarized
    assert ("I am Li." in history) == (not summarized)
    assert SECOND_THOUGHT not in history  # the summary's own thinking is none of the conversation's


async def test_summarization_keeps_calls_with_their_results(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    middleware: Any = SummarizationMiddleware(model, trigger=("messages", 5), keep=("messages", 2))
    agent: Any = create_agent(model, TOOLS, middleware=[middleware])
    first, second, last = weather_loop()
    glm_server.queue(first, second, answer("So far: Beijing."), last)
    result = await run(agent, ask("Go"))
    assert result["messages"][-1].text == "Both are sunny."
    assert [message["role"] for message in glm_server.requests[-1].body["messages"]] == ["user", "assistant", "tool"]
    assert "So far: Beijing." in sent(glm_server, "user")[0]["content"]
    assert thoughts(glm_server) == [SECOND_THOUGHT]


@NEW_LANGCHAIN
async def test_a_summary_that_does_not_fit_is_tried_again_shorter(
    run: Run, model: ChatGLM, glm_server: GLMServer
) -> None:
    """1261 is LangChain's `ContextOverflowError`."""
    middleware: Any = SummarizationMiddleware(model, trigger=("messages", 3), keep=("messages", 1))
    agent: Any = create_agent(model, [], middleware=[middleware], checkpointer=InMemorySaver())
    glm_server.queue(answer("Hello."))
    await run(agent, ask("One " * 400), thread())
    glm_server.queue(Fault.code("1261"), answer("A summary."), answer("Two."))
    assert (await run(agent, ask("Two"), thread()))["messages"][-1].text == "Two."


async def test_the_tokens_of_a_summary_can_be_told_apart(model: ChatGLM, glm_server: GLMServer) -> None:
    """langchain 1.5 leaves them out; earlier ones stream them with the agent's own, and the metadata says whose."""
    middleware: Any = SummarizationMiddleware(model, trigger=("messages", 3), keep=("messages", 1))
    agent: Any = create_agent(model, [], middleware=[middleware], checkpointer=InMemorySaver())
    glm_server.queue(answer("Hello."), answer("A summary.", SECOND_THOUGHT), answer("Two."))
    await agent.ainvoke(ask("One"), thread())
    parts = [part async for part in agent.astream(ask("Two"), thread(), stream_mode="messages")]
    texts: dict[str | None, str] = {}
    for chunk, where in parts:
        if isinstance(chunk, AIMessageChunk):
            texts[where.get("lc_source")] = texts.get(where.get("lc_source"), "") + chunk.text
    summary = {"summarization": "A summary."} if LANGCHAIN < (1, 5) else {}
    assert texts == {None: "Two."} | summary


async def test_summarization_by_the_models_own_estimate(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    """LangChain's own count takes Chinese for a quarter of its tokens at best; the model's takes it for what it is."""
    counter: Any = model.get_num_tokens_from_messages
    middleware: Any = SummarizationMiddleware(
        model, trigger=("tokens", 800), keep=("messages", 1), token_counter=counter
    )
    agent: Any = create_agent(model, [], middleware=[middleware], checkpointer=InMemorySaver())
    glm_server.queue(Reply("好的。", usage={}))
    await run(agent, ask("今天天气怎么样，我想去公园散步。" * 100), thread())
    glm_server.queue(answer("A summary."), answer("Yes."))
    await run(agent, ask("And?"), thread())
    assert len(glm_server.requests) == 3


# Context editing.


@pytest.mark.parametrize("method", ["approximate", "model"])
async def test_context_editing(method: Any, run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    edits = [ClearToolUsesEdit(trigger=1, keep=1, placeholder="[cleared]")]
    middleware: Any = ContextEditingMiddleware(edits=edits, token_count_method=method)
    glm_server.queue(*weather_loop())
    result = await run(create_agent(model, TOOLS, middleware=[middleware]), ask("Go"))
    assert results(glm_server) == ["[cleared]", "[cleared]", "Paris: sunny, 21 °C"]
    assert thoughts(glm_server) == [THOUGHT, SECOND_THOUGHT]
    assert result["messages"][2].text == "北京: sunny, 21 °C"  # the state itself is not edited


async def test_context_editing_of_tool_inputs(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    """What the middleware clears in `tool_calls` is cleared in the request, also of v1 content."""
    middleware: Any = ContextEditingMiddleware(edits=[ClearToolUsesEdit(trigger=1, keep=1, clear_tool_inputs=True)])
    glm_server.queue(*weather_loop())
    await run(create_agent(model, TOOLS, middleware=[middleware]), ask("Go"))
    arguments = [made["function"]["arguments"] for turn in sent(glm_server, "assistant") for made in turn["tool_calls"]]
    assert arguments == ["{}", "{}", '{"city":"Paris"}']


# Retries: what cannot succeed is sent once.


@NEW_LANGCHAIN
@pytest.mark.parametrize(
    ("fault", "error", "requests"),
    [
        (Fault.code("1000"), GLMAuthenticationError, 1),
        (Fault.code("1113"), GLMBalanceError, 1),
        (Fault.code("1308"), GLMQuotaError, 1),
        (Fault.code("1302"), GLMRateLimitError, 3),
        (Fault.code("1305"), GLMOverloadedError, 3),
    ],
    ids=["401", "1113", "1308", "1302", "1305"],
)
async def test_model_retry_middleware(
    fault: Fault, error: type[Exception], requests: int, run: Run, model: ChatGLM, glm_server: GLMServer
) -> None:
    glm_server.queue(*[fault] * 3)
    middleware: Any = ModelRetryMiddleware(max_retries=2, on_failure="error", **NO_WAIT)
    with pytest.raises(error):
        await run(create_agent(model, [], middleware=[middleware]), ask("Hello"))
    assert len(glm_server.requests) == requests
    assert len(glm_server.clear_queue()) == 3 - requests


@pytest.mark.skipif(
    inspect.signature(ModelRetryMiddleware).parameters["retry_on"].default == (Exception,),
    reason="this LangChain retries every exception",
)
@pytest.mark.parametrize(
    ("message", "tool"),
    [
        (HumanMessage([{"type": "image", "url": "https://example.com/a.png"}]), get_weather),
        (HumanMessage("Hello"), {"type": "web_search", "count": 5}),
    ],
    ids=["a message", "a tool"],
)
async def test_what_cannot_be_sent_is_tried_once(
    message: HumanMessage, tool: Any, run: Run, model: ChatGLM, glm_server: GLMServer
) -> None:
    tries: list[Any] = []

    class Count(AgentMiddleware):
        def wrap_model_call(self, request: Any, handler: Any) -> Any:
            tries.append(request)
            return handler(request)

        async def awrap_model_call(self, request: Any, handler: Any) -> Any:
            tries.append(request)
            return await handler(request)

    retry: Any = ModelRetryMiddleware(max_retries=2, on_failure="error", **NO_WAIT)
    with pytest.raises(GLMValueError, match=r"^messages\[0\]|^tools: "):
        await run(create_agent(model, [tool], middleware=[retry, Count()]), {"messages": [message]})
    assert (len(tries), glm_server.requests) == (1, [])


async def test_model_retry_middleware_in_a_loop(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    first, second, last = weather_loop()
    glm_server.queue(first, Fault.code("1302"), second, Fault.cut(), last)
    middleware: Any = ModelRetryMiddleware(**NO_WAIT)
    result = await run(create_agent(model, TOOLS, middleware=[middleware]), ask("Go"))
    assert result["messages"][-1].text == "Both are sunny."
    assert len(glm_server.requests) == 5
    assert thoughts(glm_server) == [THOUGHT, SECOND_THOUGHT]


async def test_model_retry_middleware_asks_again_for_a_demanded_call(
    run: Run, model: ChatGLM, glm_server: GLMServer
) -> None:
    """`GLMToolChoiceError` is not retried by default; who wants it names it."""
    from langchain.agents.structured_output import ToolStrategy
    from pydantic import BaseModel

    from langchain_glm import GLMToolChoiceError

    class City(BaseModel):
        """A city."""

        city: str

    glm_server.queue(answer("Paris, I think."), call("City", city="Paris"))
    middleware: Any = ModelRetryMiddleware(retry_on=(GLMToolChoiceError,), **NO_WAIT)
    agent: Any = create_agent(model, [], middleware=[middleware], response_format=ToolStrategy(City))
    assert (await run(agent, ask("A city")))["structured_response"] == City(city="Paris")


# Fallbacks: one model goes on where another stopped.


@pytest.fixture
def kimi_server() -> Iterator[GLMServer]:
    with GLMServer("kimi") as server:
        yield server


@pytest.fixture
def kimi(version: str, kimi_server: GLMServer) -> ChatGLM:
    return ChatGLM(
        model="kimi-k2.6",
        host="kimi",
        base_url=kimi_server.base_url,
        api_key=kimi_server.api_key,
        max_retries=0,
        thinking=True,
        output_version=version,
    )


async def test_model_fallback_middleware(
    run: Run, model: ChatGLM, kimi: ChatGLM, glm_server: GLMServer, kimi_server: GLMServer
) -> None:
    """Kimi takes the conversation over in the middle of a tool loop. It demands thinking back, but not GLM's."""
    glm_server.queue(call("get_weather", thought=THOUGHT, city="北京"), Fault.code("1113"))
    kimi_server.queue(answer("Sunny."))
    fallback: Any = ModelFallbackMiddleware(kimi)
    result = await run(create_agent(model, TOOLS, middleware=[fallback]), ask("Go"))
    assert result["messages"][-1].text == "Sunny."
    assert result["messages"][-1].response_metadata["model_name"] == "kimi-k2.6"
    assert thoughts(kimi_server) == [" "]
    assert results(kimi_server) == ["北京: sunny, 21 °C"]


async def test_model_fallback_middleware_with_a_structured_answer(
    run: Run, model: ChatGLM, kimi: ChatGLM, glm_server: GLMServer, kimi_server: GLMServer
) -> None:
    """Each model gets the schema in its own way."""
    from pydantic import BaseModel

    class City(BaseModel):
        """A city."""

        name: str

    glm_server.queue(Fault.code("1305"))
    fallback: Any = ModelFallbackMiddleware(kimi)
    agent: Any = create_agent(model, [], middleware=[fallback], response_format=City)
    assert (await run(agent, ask('The city "Paris"')))["structured_response"] == City(name="Paris")
    assert glm_server.requests[0].body["response_format"] == {"type": "json_object"}
    assert kimi_server.requests[0].body["response_format"]["type"] == "json_schema"


FOREIGN = {
    "anthropic": AIMessage(
        [
            {"type": "thinking", "thinking": "secret", "signature": "c2ln"},
            {"type": "text", "text": "I look it up.", "cache_control": {"type": "ephemeral"}},
            {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "x"}},
            {"type": "web_search_tool_result", "tool_use_id": "s1", "content": []},
            {"type": "tool_use", "id": "t1", "name": "get_weather", "input": {"city": "Rome"}},
        ],
        tool_calls=[{"name": "get_weather", "args": {"city": "Rome"}, "id": "t1", "type": "tool_call"}],
        response_metadata={"model_provider": "anthropic"},
    ),
    "openai responses": AIMessage(
        [
            {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "secret"}]},
            {"type": "text", "text": "I look it up.", "annotations": [], "id": "msg_1"},
            {
                "type": "function_call",
                "call_id": "t1",
                "name": "get_weather",
                "arguments": '{"city": "Rome"}',
                "id": "fc",
            },
        ],
        tool_calls=[{"name": "get_weather", "args": {"city": "Rome"}, "id": "t1", "type": "tool_call"}],
        response_metadata={"model_provider": "openai"},
    ),
    "gemini, v1": AIMessage(
        content_blocks=[
            {"type": "reasoning", "reasoning": "secret", "extras": {"signature": "x"}},
            {"type": "text", "text": "I look it up."},
            {"type": "tool_call", "name": "get_weather", "args": {"city": "Rome"}, "id": "t1"},
        ],
        response_metadata={"model_provider": "google_genai", "output_version": "v1"},
    ),
}


@pytest.mark.parametrize("provider", FOREIGN)
async def test_a_history_of_another_provider(
    provider: str, run: Run, model: ChatGLM, kimi: ChatGLM, glm_server: GLMServer, kimi_server: GLMServer
) -> None:
    """Another provider's model began; GLM goes on, fails, and Kimi goes on. No secret thinking is sent to either."""
    begun = [HumanMessage("Weather?"), FOREIGN[provider], ToolMessage("Rain", tool_call_id="t1", name="get_weather")]
    glm_server.queue(call("get_time", thought=THOUGHT, city="Rome"), Fault.code("1305"))
    kimi_server.queue(answer("Rain at 09:30."))
    fallback: Any = ModelFallbackMiddleware(kimi)
    await run(create_agent(model, TOOLS, middleware=[fallback]), {"messages": begun})

    foreign, own = sent(glm_server, "assistant", 1)
    assert foreign["content"] == "I look it up."
    assert foreign["tool_calls"][0]["function"] == {"name": "get_weather", "arguments": '{"city":"Rome"}'}
    assert "reasoning_content" not in foreign
    assert own["reasoning_content"] == THOUGHT
    # Kimi refuses an earlier call without any reasoning, so one that has none gets a blank.
    assert thoughts(kimi_server) == [" ", " "]


# What middleware does to a request.


async def test_middleware_changes_model_prompt_and_settings(
    run: Run, version: str, model: ChatGLM, make_model: Callable[..., ChatGLM], glm_server: GLMServer
) -> None:
    strong = make_model(model="glm-5.2", thinking=True, output_version=version)

    @dynamic_prompt
    def prompt(request: Any) -> str:
        return f"{len(request.messages)} messages so far."

    def changed(request: Any) -> Any:
        late = len(request.messages) > 1
        return request.override(model=strong if late else model, model_settings={"temperature": 0.25, "stop": ["END"]})

    @wrap_model_call
    async def aswitch(request: Any, handler: Any) -> Any:
        return await handler(changed(request))

    @wrap_model_call
    def switch(request: Any, handler: Any) -> Any:
        return handler(changed(request))

    glm_server.queue(call("get_weather", thought=THOUGHT, city="Paris"), answer("Sunny."))
    switching: Any = aswitch if run.__name__ == "asynchronous" else switch
    await run(create_agent(model, TOOLS, middleware=[prompt, switching]), ask("Go"))
    assert [request.body["model"] for request in glm_server.requests] == ["glm-4.7", "glm-5.2"]
    assert [sent(glm_server, "system", at)[0]["content"] for at in (0, 1)] == [
        "1 messages so far.", "3 messages so far.",
    ]  # fmt: skip
    assert all(request.body["temperature"] == 0.25 for request in glm_server.requests)
    assert all(request.body["stop"] == ["END"] for request in glm_server.requests)
    assert thoughts(glm_server) == [THOUGHT]


@NEW_LANGCHAIN
async def test_pii_middleware_does_not_read_thinking(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    """A limit of LangChain's: it redacts texts and arguments, and the reasoning beside them stays."""
    glm_server.queue(answer("I wrote to li@mail.example.", "The address is li@mail.example."))
    redact: Any = PIIMiddleware("email", apply_to_output=True)
    last = (await run(create_agent(model, [], middleware=[redact]), ask("Go")))["messages"][-1]
    assert last.text == "I wrote to [REDACTED_EMAIL]."
    assert "li@mail.example" in last.content_blocks[0]["reasoning"]


async def test_glms_own_tools_beside_functions(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    """A tool that the endpoint runs passes through `create_agent` as its dict."""
    retrieval: Any = {"type": "retrieval", "retrieval": {"knowledge_id": "12345"}}
    glm_server.queue(Reply(reasoning=THOUGHT, tool_calls=(ToolCall("get_time", {"city": "Lima"}),)), answer("09:30."))
    await run(create_agent(model, [get_time, retrieval]), ask("Go"))
    assert [tool["type"] for tool in glm_server.requests[-1].body["tools"]] == ["function", "retrieval"]
