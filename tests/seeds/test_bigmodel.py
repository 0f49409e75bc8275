"""BigModel: what its document on chat completions shows, with every field of its response."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from langchain_core.messages import HumanMessage

from langchain_glm import HOSTS, ChatGLM

from .serving import answers

if TYPE_CHECKING:
    from langchain_glm.testing import GLMServer


@pytest.mark.glm_host("bigmodel")
def test_request_leaves_empty_fields_out(glm_server: GLMServer) -> None:
    model = ChatGLM(model="glm-4.5", host="bigmodel", base_url=glm_server.base_url, api_key=glm_server.api_key)
    model.invoke([HumanMessage("What awaits large models in 2025?", additional_kwargs={"tool_calls": []})])
    assert glm_server.requests[-1].path == "/api/paas/v4/chat/completions"
    assert glm_server.requests[-1].body == {
        "model": "glm-4.5",
        "messages": [{"role": "user", "content": "What awaits large models in 2025?"}],
        "thinking": {"clear_thinking": False},
    }
    assert HOSTS["bigmodel"].base_url == "https://open.bigmodel.cn/api/paas/v4"


REPLY = {
    "id": "id-1",
    "request_id": "request-1",
    "created": 123,
    "model": "glm-4.5",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "Much.",
                "reasoning_content": "Let me see.",
                "audio": {"id": "a", "data": "UklGRg==", "expires_at": "1"},
                "tool_calls": [
                    {"id": "call-1", "type": "function", "function": {"name": "look_up", "arguments": {}}},
                    {
                        "id": "call-2",
                        "type": "mcp",
                        "mcp": {
                            "id": "mcp-1",
                            "type": "mcp_list_tools",
                            "server_label": "mine",
                            "error": "",
                            "tools": [{"name": "t", "description": "d", "annotations": {}, "input_schema": {}}],
                            "arguments": "",
                            "name": "",
                            "output": {},
                        },
                    },
                ],
            },
            "finish_reason": "tool_calls",
        }
    ],
    "usage": {"prompt_tokens": 123, "completion_tokens": 123, "total_tokens": 123},
    "video_result": [{"url": "https://v.example", "cover_image_url": "https://c.example"}],
    "web_search": [{"icon": "i", "title": "t", "link": "l", "media": "m", "content": "c", "refer": "ref_1"}],
    "content_filter": [{"role": "assistant", "level": 3}],
}


def test_response_keeps_every_field() -> None:
    for message in answers(REPLY, model="glm-4.5", host="bigmodel"):
        metadata = message.response_metadata
        for name in ("id", "request_id", "created", "video_result", "web_search", "content_filter"):
            assert metadata[name] == REPLY[name]
        assert metadata["token_usage"] == REPLY["usage"]
        assert (metadata["model_name"], metadata["finish_reason"]) == ("glm-4.5", "tool_calls")
        assert metadata["reasoning_content"] == message.additional_kwargs["reasoning_content"] == "Let me see."
        assert message.tool_calls == [{"name": "look_up", "args": {}, "id": "call-1", "type": "tool_call"}]
        kinds = [block["type"] for block in message.content_blocks]
        pair = ["server_tool_call", "server_tool_result"]
        assert kinds == ["reasoning", "text", "tool_call", *pair, *pair, "audio"]
