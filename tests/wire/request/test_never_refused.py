"""What is accepted for sending is refused neither by the test server's checks nor by stricter ones."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any, Final

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, BaseMessage, FunctionMessage, HumanMessage, SystemMessage, ToolMessage

from langchain_glm.catalog.hosts import HOSTS, PROVIDERS
from langchain_glm.json import dump_json
from langchain_glm.testing.checks import check_request
from langchain_glm.wire.request.functions import to_wire_tool
from langchain_glm.wire.request.payload import build

if TYPE_CHECKING:
    from langchain_glm.catalog.hosts import Host

ASKED: Final = (
    ("zai", "glm-5.2"),
    ("zai", "glm-4.6v"),
    ("bigmodel", "glm-4.7"),
    ("bigmodel", "glm-4.6v"),
    ("bigmodel-coding", "glm-5.3"),
    ("kimi", "kimi-k2.6"),
    ("kimi", "kimi-k3"),
    ("kimi-cn", "kimi-k2-0905-preview"),
)
PNG = base64.b64encode(b"png").decode()
TEXT = st.sampled_from(["", " ", "\n", "hi", "查一下"])
NAME = st.sampled_from(["f", "ls", "get_weather", "files.read", "files/read", "查天气", "x" * 80, "1st", "a b", "-"])
CALL_ID = st.sampled_from(["c0", "c1", "c2", ""])
BLOCK: st.SearchStrategy[Any] = st.one_of(
    TEXT,
    TEXT.map(lambda text: {"type": "text", "text": text}),
    TEXT.map(lambda text: {"type": "reasoning", "reasoning": text}),
    TEXT.map(lambda text: {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": text}}),
    TEXT.map(lambda text: {"type": "resource", "resource": {"uri": "file:///a", "text": text}}),
    st.sampled_from(
        [
            {"type": "image", "url": "https://x.example/a.png"},
            {"type": "image", "base64": PNG, "mime_type": "image/png"},
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
            {"type": "image", "file_id": "ms://f1"},
            {"type": "video", "url": "https://x.example/a.mp4"},
            {"type": "file", "url": "https://x.example/a.pdf", "mime_type": "application/pdf"},
            {"type": "file", "base64": PNG, "mime_type": "application/pdf"},
            {"type": "audio", "base64": PNG, "mime_type": "audio/wav"},
            {"type": "resource_link", "uri": "file:///a", "name": "a"},
            {"type": "search_result", "title": "t", "source": "s", "content": [{"type": "text", "text": "x"}]},
            {"type": "hologram"},
        ]
    ),
)
CONTENT = TEXT | st.lists(BLOCK, max_size=3)
RESULT = st.builds(
    lambda call_id, content, failed: {
        "type": "tool_result",
        "tool_use_id": call_id,
        "content": content,
        "is_error": failed,
    },
    CALL_ID,
    CONTENT,
    st.booleans(),
)
CALLS = st.lists(
    st.builds(lambda name, call_id: {"name": name, "args": {}, "id": call_id}, NAME, CALL_ID | st.none()), max_size=2
)
INVALID = st.lists(
    st.builds(
        lambda name, call_id: {"name": name, "args": '{"a', "id": call_id, "error": None}, NAME | st.none(), CALL_ID
    ),
    max_size=1,
)
METADATA = st.sampled_from(
    [
        {},
        {"model_provider": "glm", "model_name": "kimi-k3"},
        *({"model_provider": name} for name in (*PROVIDERS, "openai")),
    ]
)
MESSAGE: st.SearchStrategy[BaseMessage] = st.one_of(
    st.builds(lambda content, name: HumanMessage(content, name=name), CONTENT, st.sampled_from([None, "Ann"])),
    st.lists(RESULT | BLOCK, min_size=1, max_size=3).map(HumanMessage),
    TEXT.map(SystemMessage),
    st.builds(lambda content: FunctionMessage(content=content, name="f"), CONTENT),
    st.builds(
        lambda content, call_id, name, status: ToolMessage(content, tool_call_id=call_id, name=name, status=status),
        CONTENT,
        CALL_ID,
        NAME,
        st.sampled_from(["success", "error"]),
    ),
    st.builds(
        lambda content, calls, invalid, reasoning, metadata: AIMessage(
            content,
            tool_calls=calls,
            invalid_tool_calls=invalid,
            additional_kwargs={"reasoning_content": reasoning},
            response_metadata=metadata,
        ),
        CONTENT,
        CALLS,
        INVALID,
        TEXT,
        METADATA,
    ),
)
CHOICE = st.sampled_from([None, "auto", "any", "none"])


@pytest.mark.parametrize(("host_name", "model"), ASKED)
@given(
    messages=st.lists(MESSAGE, min_size=1, max_size=6),
    names=st.lists(NAME, max_size=3, unique=True),
    choice=CHOICE,
    thinking=st.sampled_from([None, True, False]),
)
def test_what_is_accepted_is_not_refused(
    host_name: str, model: str, messages: list[BaseMessage], names: list[str], choice: str | None, thinking: bool | None
) -> None:
    host = HOSTS[host_name]
    tools = [to_wire_tool({"name": name, "description": "d", "parameters": {"type": "object"}}) for name in names]
    try:
        body, _ = build(messages, {"model": model, "thinking": thinking}, host, tools=tools, tool_choice=choice)
    except ValueError as refused:
        assert str(refused).startswith("messages")  # noqa: PT017 - what a user sends may be refused
        return
    body = orjson.loads(dump_json(body))
    assert check_request(body, host) is None
    check_strictly(body, host)


def check_strictly(body: dict[str, Any], host: Host) -> None:
    """What the endpoints' documents ask for, also where no refusal is recorded."""
    assert any(message["role"] == "user" for message in body["messages"])
    open_calls: list[str] = []
    for message in body["messages"]:
        role, content = message["role"], message["content"]
        assert role in ("system", "user", "assistant", "tool")
        assert content or (role == "assistant" and message["tool_calls"])
        assert isinstance(content, str) or role == "user"
        for part in content if isinstance(content, list) else []:
            assert part["type"] != "text" or part["text"]
            url = part.get("image_url", {}).get("url", "")
            assert not host.name.startswith("kimi") or not url or url.startswith(("data:", "ms://"))
            assert host.base64_images != "raw" or not url or url.startswith("https://") or decodes(url)
        if role == "tool":  # answers a call of the assistant message right before, each once
            assert message["tool_call_id"] in open_calls
            open_calls.remove(message["tool_call_id"])
        else:
            open_calls = [call["id"] for call in message.get("tool_calls", ())]
        for call in message.get("tool_calls", ()):
            assert re.fullmatch(host.tool_names, call["function"]["name"])
            assert isinstance(orjson.loads(call["function"]["arguments"]), dict)
        assert message.get("reasoning_content") != ""
        assert "name" not in message or (role == "tool" and re.fullmatch(host.tool_names, message["name"]))
    for tool in body.get("tools", ()):
        assert re.fullmatch(host.tool_names, tool["function"]["name"])


def decodes(data: str) -> bool:
    try:
        return bool(base64.b64decode(data, validate=True))
    except binascii.Error:
        return False
