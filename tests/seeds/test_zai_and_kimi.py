"""Z.ai and Kimi: what a document of both shows. Its Z.ai address is one that Z.ai does not serve."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import HumanMessage, SystemMessage

from langchain_glm import HOSTS, ChatGLM, GLMWarning
from langchain_glm.testing import GLMServer

from .serving import answers


@pytest.mark.parametrize(
    ("host", "model", "limit"),
    [("zai", "glm-4.6", "max_tokens"), ("kimi", "kimi-k2-0905-preview", "max_completion_tokens")],
)
def test_basic_request(host: str, model: str, limit: str) -> None:
    with GLMServer(host=host) as server:
        ChatGLM(
            model=model,
            host=host,
            base_url=server.base_url,
            api_key=server.api_key,
            temperature=0.7,
            max_tokens=2048,
        ).invoke([SystemMessage("Be helpful."), HumanMessage("Hello!")])
        body = server.requests[-1].body
    kept = {"thinking": {"clear_thinking": False}} if host == "zai" else {}
    assert body == {
        "model": model,
        "messages": [{"role": "system", "content": "Be helpful."}, {"role": "user", "content": "Hello!"}],
        "temperature": 0.7,
        limit: 2048,
        **kept,
    }


def test_the_address_that_is_not_served_is_put_right() -> None:
    with pytest.warns(GLMWarning, match=r"https://api\.z\.ai/v1 does not exist; https://api\.z\.ai/api/paas/v4"):
        model = ChatGLM(model="glm-4.6", base_url="https://api.z.ai/v1", api_key="k")
    assert model.endpoint_host == HOSTS["zai"]


def test_kimis_address() -> None:
    assert ChatGLM(model="kimi-k3", base_url="https://api.moonshot.ai/v1", api_key="k").endpoint_host == HOSTS["kimi"]


METADATA: dict[str, Any] = {
    "model_name": "glm-4.6",
    "finish_reason": "stop",
    "id": "chatcmpl-123",
    "created": 1677652288,
}


def test_response() -> None:
    reply = {
        "id": "chatcmpl-123",
        "object": "chat.completion",
        "created": 1677652288,
        "model": "glm-4.6",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello!"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30},
    }
    for message in answers(reply, model="glm-4.6", host="zai"):
        assert message.text == "Hello!"
        assert METADATA.items() <= message.response_metadata.items()
        assert message.usage_metadata == {"input_tokens": 10, "output_tokens": 20, "total_tokens": 30}


def test_stream() -> None:
    def frame(delta: str, finish: str) -> str:
        return (
            'data: {"id":"chatcmpl-123","object":"chat.completion.chunk","created":1677652288,"model":"glm-4.6",'
            f'"choices":[{{"index":0,"delta":{delta},"finish_reason":{finish}}}]}}\n\n'
        )

    stream = frame('{"content":"Hello"}', "null") + frame('{"content":"!"}', "null") + frame("{}", '"stop"')
    for message in answers(stream + "data: [DONE]\n\n", model="glm-4.6", host="zai"):
        assert message.text == "Hello!"
        assert METADATA.items() <= message.response_metadata.items()
