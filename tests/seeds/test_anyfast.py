"""AnyFast: what its document on chat completions shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.tools import tool

from langchain_glm import HOSTS, ChatGLM

from .serving import answers

if TYPE_CHECKING:
    from langchain_glm.testing import GLMServer


@tool
def get_time(city: str) -> str:
    """Get the time of a city."""
    return city


@pytest.mark.glm_host("anyfast")
def test_request_with_every_parameter(glm_server: GLMServer) -> None:
    model = ChatGLM(
        model="glm-5.2",
        host="anyfast",
        base_url=glm_server.base_url,
        api_key=glm_server.api_key,
        thinking=True,
        reasoning_effort="max",
        max_tokens=65536,
        temperature=1,
        top_p=0.95,
        response_format={"type": "text"},
        stop="END",
    )
    model.bind_tools([get_time]).invoke("Hello!")
    body = glm_server.requests[-1].body
    assert [tool["function"]["name"] for tool in body.pop("tools")] == ["get_time"]
    assert body == {
        "model": "glm-5.2",
        "messages": [{"role": "user", "content": "Hello!"}],
        "thinking": {"type": "enabled", "clear_thinking": False},  # ours: it is asked to keep reasoning
        "reasoning_effort": "max",
        "max_tokens": 65536,
        "temperature": 1,
        "top_p": 0.95,
        "response_format": {"type": "text"},
        "stop": ["END"],
    }
    assert HOSTS["anyfast"].base_url == "https://www.anyfast.ai/v1"


@pytest.mark.parametrize("effort", ["max", "xhigh", "high", "medium", "low", "minimal", "none"])
@pytest.mark.glm_host("anyfast")
def test_every_effort_goes_as_it_is(effort: Any, glm_server: GLMServer) -> None:
    settings: dict[str, Any] = {"host": "anyfast", "base_url": glm_server.base_url, "api_key": glm_server.api_key}
    ChatGLM(model="glm-5.2", reasoning_effort=effort, **settings).invoke("Hello!")
    assert glm_server.requests[-1].body["reasoning_effort"] == effort


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [("temperature", 1.1, "of 0 to 1 "), ("top_p", 0.001, "of 0.01 to 1 "), ("max_tokens", 131_073, "of 1 to 131072 ")],
)
def test_ranges_are_checked_before_sending(setting: str, value: float, message: str) -> None:
    with pytest.raises(ValueError, match=setting) as caught:
        ChatGLM.model_validate({"model": "glm-5.2", "host": "anyfast", "api_key": "k", setting: value})
    assert message in str(caught.value)


def test_response() -> None:
    reply = {
        "id": "chatcmpl-abc123",
        "object": "chat.completion",
        "created": 123,
        "model": "glm-5.2",
        "choices": [
            {"index": 123, "message": {"role": "assistant", "content": "Hello!", "reasoning_content": "A greeting."}}
        ],
        "usage": {
            "prompt_tokens": 123,
            "completion_tokens": 123,
            "prompt_tokens_details": {"cached_tokens": 123},
            "total_tokens": 123,
        },
    }
    for message in answers(reply, model="glm-5.2", host="anyfast"):
        assert (message.text, message.additional_kwargs) == ("Hello!", {"reasoning_content": "A greeting."})
        assert message.response_metadata["id"] == "chatcmpl-abc123"
        assert message.response_metadata["created"] == 123
        assert message.usage_metadata == {
            "input_tokens": 123,
            "output_tokens": 123,
            "total_tokens": 123,
            "input_token_details": {"cache_read": 123},
        }
