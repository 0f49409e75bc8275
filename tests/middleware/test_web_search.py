"""GLM's web search as a tool beside functions, and its sources as citations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import SummarizationMiddleware
from langchain_core.messages import AIMessage, AIMessageChunk, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver

from langchain_glm import ChatGLM, GLMBalanceError, WebSearch
from langchain_glm.errors import GLMValueError
from langchain_glm.middleware import GLMWebSearchMiddleware
from langchain_glm.testing import Fault, GLMServer, Reply, ToolCall
from tests.agents.acting import answer, ask, call, get_weather, offered, results, thread

if TYPE_CHECKING:
    from tests.agents.acting import Run

PARIS = {"title": "Paris", "link": "https://paris.example/", "content": "Rain until noon.", "refer": "ref_1"}
ROME = {"title": "Rome", "link": "", "publish_date": "2026-11-01", "content": "Sunny.", "refer": "ref_2"}


def agent_of(model: ChatGLM, **settings: Any) -> Any:
    return create_agent(
        model,
        [get_weather],
        middleware=[GLMWebSearchMiddleware(settings.pop("searcher", model), **settings)],
        checkpointer=InMemorySaver(),
    )


def cited(message: AIMessage) -> list[tuple[str, str, str]]:
    """The marks in the text, and the title and URL that each stands for."""
    found = []
    for block in message.content_blocks:
        if block["type"] == "text":
            for note in block.get("annotations", ()):
                assert note["type"] == "citation"
                mark = block["text"][note["start_index"] : note["end_index"]]
                found.append((mark, note.get("title", ""), note.get("url", "")))
    return found


async def test_an_agent_searches_beside_its_functions(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(
        Reply(
            reasoning="Two things.",
            tool_calls=[ToolCall("web_search", {"query": "weather"}), ToolCall("get_weather", {"city": "Paris"})],
        ),
        Reply("A sentence that nobody reads.", web_search=[PARIS, ROME]),
        answer("It rains [ref_1]. Rome is sunny 【ref_2】."),
    )
    last = (await run(agent_of(model), ask("Weather?"), thread()))["messages"][-1]

    first, search, final = glm_server.requests
    assert [entry["type"] for entry in first.body["tools"]] == ["function", "function"]
    assert search.body["tools"] == [{"type": "web_search", "web_search": {"enable": True, "search_result": True}}]
    assert "weather" in search.body["messages"][-1]["content"]
    assert offered(glm_server) == ["web_search", "get_weather"]
    said = next(text for text in results(glm_server) if text.startswith("[ref_1]"))
    assert said == ("[ref_1]\nParis\nhttps://paris.example/\nRain until noon.\n\n[ref_2]\nRome\n2026-11-01\nSunny.")
    assert final.body["messages"][-1]["role"] == "tool"

    assert last.text == "It rains [ref_1]. Rome is sunny 【ref_2】."
    assert cited(last) == [("[ref_1]", "Paris", "https://paris.example/"), ("【ref_2】", "Rome", "")]
    assert last.response_metadata["sources"] == [PARIS, ROME]
    assert isinstance(last.content, list) == (model.output_version == "v1")


async def test_searches_of_a_conversation_have_different_references(
    run: Run, model: ChatGLM, glm_server: GLMServer
) -> None:
    """In one turn, and in a later one; an answer may refer to either."""
    agent = agent_of(model)
    both = [ToolCall("web_search", {"query": "a"}), ToolCall("web_search", {"query": "b"})]
    glm_server.queue(
        Reply(tool_calls=both), Reply("-", web_search=[PARIS]), Reply("-", web_search=[PARIS]), answer("Done.")
    )
    state = await run(agent, ask("Search"), thread())
    assert sorted(results(glm_server)) == [
        "[ref_1]\nParis\nhttps://paris.example/\nRain until noon.",
        "[ref_51]\nParis\nhttps://paris.example/\nRain until noon.",
    ]
    assert "sources" not in state["messages"][-1].response_metadata
    assert cited(state["messages"][-1]) == []

    glm_server.queue(call("web_search", query="c"), Reply("-", web_search=[ROME]), answer("As [ref_51, ref_101] say."))
    last = (await run(agent, ask("And Rome?"), thread()))["messages"][-1]
    assert [title for _, title, _ in cited(last)] == ["Paris", "Rome"]
    assert [source["refer"] for source in last.response_metadata["sources"]] == ["ref_51", "ref_101"]


async def test_a_reference_in_a_summary_never_stands_for_a_later_page(
    run: Run, model: ChatGLM, glm_server: GLMServer
) -> None:
    summarize = SummarizationMiddleware(model, trigger=("messages", 5), keep=("messages", 1))
    agent = create_agent(
        model, [get_weather], middleware=[summarize, GLMWebSearchMiddleware(model)], checkpointer=InMemorySaver()
    )
    glm_server.queue(call("web_search", query="a"), Reply("-", web_search=[PARIS]), answer("Rain [ref_1]."))
    await run(agent, ask("Weather?"), thread())
    glm_server.queue(
        answer("It rains in Paris [ref_1]."),  # the summary
        call("web_search", query="c"),
        Reply("-", web_search=[ROME]),
        answer("Rain [ref_1], sun [ref_51]."),
    )
    last = (await run(agent, ask("And Rome?"), thread()))["messages"][-1]
    assert [(mark, title) for mark, title, _ in cited(last)] == [("[ref_51]", "Rome")]


async def test_an_answer_with_citations_goes_back_as_its_text(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    agent = agent_of(model)
    glm_server.queue(call("web_search", query="a"), Reply("-", web_search=[PARIS]), answer("Rain [ref_1]."))
    await run(agent, ask("Weather?"), thread())
    glm_server.queue(answer("Yes."))
    await run(agent, ask("Sure?"), thread())
    [*_, turn, _] = glm_server.requests[-1].body["messages"]
    assert (turn["role"], turn["content"]) == ("assistant", "Rain [ref_1].")


async def test_the_search_settings_and_another_model(
    run: Run, model: ChatGLM, make_model: Any, glm_server: GLMServer
) -> None:
    cheap = make_model(model="glm-4.7-flash", thinking=False)
    search = WebSearch(count=5, search_recency_filter="oneWeek")
    agent = agent_of(model, searcher=cheap, search=search, name="look_up")
    glm_server.queue(call("look_up", query="GLM"))
    state = await run(agent, ask("Search"), thread())  # the parrot searches and answers
    request = glm_server.requests[1].body
    assert request["model"] == "glm-4.7-flash"
    assert request["tools"] == [dict(search)]
    [said] = [message for message in state["messages"] if isinstance(message, ToolMessage)]
    assert said.name == "look_up"
    assert len(said.artifact) == 5
    assert cheap.web_search is None


async def test_a_search_without_results_says_so(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    """With no balance for searches, GLM answers without any and reports no error."""
    glm_server.queue(call("web_search", query="a"), Reply("I think so."), answer("I do not know."))
    await run(agent_of(model), ask("Search"), thread())
    assert results(glm_server) == ["No search results came. The endpoint did not search, or it found nothing."]


async def test_an_error_of_the_search_is_raised(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(call("web_search", query="a"), Fault.code("1113"))
    with pytest.raises(GLMBalanceError):
        await run(agent_of(model), ask("Search"), thread())


async def test_the_sentence_of_the_search_is_not_streamed(model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(call("web_search", query="a"), Reply("SENTENCE", web_search=[PARIS]), answer("Rain [ref_1]."))
    agent = agent_of(model)
    parts = [part async for part, _ in agent.astream(ask("Weather?"), thread(), stream_mode="messages")]
    text = "".join(part.text for part in parts if isinstance(part, AIMessageChunk))
    assert text == "Rain [ref_1]."
    assert cited(agent.get_state(thread()).values["messages"][-1])


def test_a_host_without_glms_search() -> None:
    with pytest.raises(GLMValueError, match=r"'kimi' does not have GLM's web search"):
        GLMWebSearchMiddleware(ChatGLM(model="kimi-k2.6", host="kimi", api_key="a.key"))
