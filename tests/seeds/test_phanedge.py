"""PhanEdge: what its two documents on chat completions show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.messages import HumanMessage, SystemMessage

from langchain_glm import HOSTS, ChatGLM, WebSearch

from .serving import answers

if TYPE_CHECKING:
    from langchain_glm.testing import GLMServer


def sent(server: GLMServer, **settings: Any) -> dict[str, Any]:
    """What the host gets for a system and a user message."""
    model = ChatGLM(host="phanedge", base_url=server.base_url, api_key=server.api_key, **settings)
    model.invoke([SystemMessage("Be brief."), HumanMessage("What is GLM?")])
    body: dict[str, Any] = server.requests[-1].body
    return body


MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is GLM?"}]


@pytest.mark.glm_host("phanedge")
def test_basic_request(glm_server: GLMServer) -> None:
    assert sent(glm_server, model="glm-4.7", max_tokens=256) == {
        "model": "glm-4.7",
        "messages": MESSAGES,
        "max_tokens": 256,
        "thinking": {"clear_thinking": False},  # ours: it is asked to keep reasoning
    }
    request = glm_server.requests[-1]
    assert request.path == "/v1/chat/completions"
    assert request.headers["authorization"] == f"Bearer {glm_server.api_key}"
    assert HOSTS["phanedge"].base_url == "https://models.phanedge.cloud/v1"


@pytest.mark.glm_host("phanedge")
def test_thinking_is_passed_through(glm_server: GLMServer) -> None:
    assert sent(glm_server, model="glm-5.1", thinking=False)["thinking"] == {"type": "disabled"}
    assert sent(glm_server, model="glm-5.1", thinking={"type": "disabled"})["thinking"] == {"type": "disabled"}


@pytest.mark.glm_host("phanedge")
def test_web_search_goes_as_the_whole_native_object(glm_server: GLMServer) -> None:
    tools = sent(glm_server, model="glm-4.7", web_search=WebSearch(count=3))["tools"]
    search = {"search_engine": "search_pro_jina", "enable": True, "count": 3, "search_result": True}
    assert tools == [{"type": "web_search", "web_search": search}]


@pytest.mark.glm_host("phanedge")
def test_another_familys_model(glm_server: GLMServer) -> None:
    body = sent(glm_server, model="gpt-4o-mini", temperature=0.7)
    assert body == {"model": "gpt-4o-mini", "messages": MESSAGES, "temperature": 0.7}


def test_search_results_at_the_top_level() -> None:
    result = {"title": "The time in Beijing", "link": "https://time.example/beijing", "refer": "ref_1"}
    reply = {
        "id": "1",
        "model": "glm-4.7",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"content": "It is noon [ref_1]."}}],
        "web_search": [result],
    }
    for message in answers(reply, model="glm-4.7", host="phanedge"):
        assert message.response_metadata["web_search"] == [result]
        text, call, found = message.content_blocks
        assert text["type"] == "text"
        assert text["annotations"][0]["url"] == result["link"]  # type: ignore[typeddict-item]
        assert (call["type"], found["type"]) == ("server_tool_call", "server_tool_result")
        assert found["output"] == [result]  # type: ignore[typeddict-item]
        assert message.tool_calls == []


def test_cache_writes_are_counted() -> None:
    details = {
        "cached_tokens": 11944,
        "cached_write_tokens": 46109,
        "cached_write_5m_tokens": 29762,
        "cached_write_1h_tokens": 16347,
    }
    reply = {
        "id": "1",
        "model": "m",
        "choices": [{"finish_reason": "stop", "message": {"content": "ok"}}],
        "usage": {"prompt_tokens": 58518, "completion_tokens": 2, "prompt_tokens_details": details},
    }
    for message in answers(reply, model="m", host="phanedge"):
        usage = message.usage_metadata
        assert usage is not None
        assert (usage["input_tokens"], usage["total_tokens"]) == (58518, 58520)
        assert usage["input_token_details"] == {
            "cache_read": 11944,
            "cache_creation": 46109,
            "ephemeral_5m_input_tokens": 29762,
            "ephemeral_1h_input_tokens": 16347,
        }
        assert message.response_metadata["token_usage"]["prompt_tokens_details"] == details
