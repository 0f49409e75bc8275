"""Whatever stands in messages and tools either goes out as JSON or is refused by a `ValueError` before it is sent."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from langchain_glm import ChatGLM, GLMWarning
from langchain_glm.calls import prepare
from langchain_glm.catalog.hosts import PROVIDERS
from langchain_glm.json import encode

if TYPE_CHECKING:
    from collections.abc import Sequence

BLOCKS = (
    "text", "text-plain", "image", "image_url", "video", "video_url", "audio", "input_audio", "file", "file_url",
    "document", "reasoning", "thinking", "redacted_thinking", "tool_call", "tool_call_chunk", "invalid_tool_call",
    "tool_use", "tool_result", "server_tool_call", "server_tool_call_chunk", "server_tool_result", "non_standard",
    "refusal", "json", "citation", "nonsense",
)  # fmt: skip
FIELDS = (
    "text", "url", "base64", "data", "mime_type", "media_type", "file_id", "image_url", "video_url", "file_url",
    "input_audio", "source", "reasoning", "thinking", "id", "name", "args", "input", "content", "tool_use_id", "value",
    "json", "index", "extras", "format", "type",
)  # fmt: skip
STRINGS = st.sampled_from(["", "a", "https://x.example/a.png", "data:image/png;base64,AA==", "ms://1", "\ud800"]) | (
    st.text(max_size=4)
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | STRINGS
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS) | STRINGS, inner, max_size=4),
    max_leaves=8,
)
BLOCK = st.builds(
    lambda kind, fields: {**fields, "type": kind},
    st.sampled_from(BLOCKS) | ANYTHING,
    st.dictionaries(st.sampled_from(FIELDS), STRINGS | ANYTHING, max_size=5),
)
CONTENT = STRINGS | st.lists(STRINGS | BLOCK | st.dictionaries(STRINGS, ANYTHING, max_size=2), max_size=4)
IDS = st.sampled_from(["call_1", "call_2", ""])
CALLS = st.lists(
    st.fixed_dictionaries(
        {"name": STRINGS, "args": st.dictionaries(STRINGS, ANYTHING, max_size=2), "id": st.none() | IDS}
    ),
    max_size=2,
)
INVALID = st.lists(
    st.fixed_dictionaries(
        {"name": st.none() | STRINGS, "args": st.none() | STRINGS, "id": st.none() | IDS, "error": st.none()}
    ),
    max_size=2,
)
EXTRA = st.dictionaries(st.sampled_from(["reasoning_content", "partial", "tool_calls", "audio"]), ANYTHING, max_size=2)
MESSAGE = st.one_of(
    st.builds(HumanMessage, CONTENT),
    st.builds(SystemMessage, CONTENT),
    st.builds(lambda content, role: ChatMessage(content=content, role=role), CONTENT, STRINGS | st.just("user")),
    st.builds(lambda content, name: FunctionMessage(content=content, name=name), CONTENT, STRINGS),
    st.builds(lambda content, call_id: ToolMessage(content=content, tool_call_id=call_id), CONTENT, IDS),
    st.builds(
        lambda cls, content, calls, invalid, extra, provider: cls(
            content=content,
            tool_calls=calls,
            invalid_tool_calls=invalid,
            additional_kwargs={name: value for name, value in extra.items() if name != "tool_calls"},
            response_metadata=provider,
        ),
        st.sampled_from([AIMessage, AIMessageChunk]),
        CONTENT,
        CALLS,
        INVALID,
        EXTRA,
        st.sampled_from([{}, {"output_version": "v1"}, *({"model_provider": name} for name in (*PROVIDERS, "openai"))]),
    ),
)
MODELS = {
    "text": ChatGLM(model="glm-5.2", host="zai", api_key="k"),
    "vision": ChatGLM(model="glm-4.6v", host="bigmodel", api_key="k"),
    "kimi": ChatGLM(model="kimi-k2.6", host="kimi", api_key="k"),
    "unknown": ChatGLM(model="glm-99", host="phanedge", api_key="k"),
}


def sent(model: ChatGLM, messages: Sequence[BaseMessage], tools: Sequence[Any] = ()) -> Any:
    """What would go out, read back; `None` if it is refused."""
    try:
        call = prepare(model, messages, None, {"tools": tools} if tools else {}, stream=True)
    except ValueError as refused:
        text = str(refused)
        if not text.startswith(("messages", "tools")):
            raise
        return None
    return orjson.loads(encode(call.payload))


@pytest.mark.filterwarnings("ignore::langchain_glm.GLMWarning")
@pytest.mark.parametrize("name", MODELS)
@given(messages=st.lists(MESSAGE, min_size=1, max_size=4))
def test_any_messages(name: str, messages: list[BaseMessage]) -> None:
    before = copy.deepcopy(messages)
    body = sent(MODELS[name], messages)
    assert repr(messages) == repr(before)  # NaN differs from itself
    if body is not None:
        assert any(message["role"] == "user" for message in body["messages"])
        for message in body["messages"]:
            assert message["content"] != []
            if message["role"] != "user":
                assert isinstance(message["content"], str)
            for call in message.get("tool_calls", ()):
                assert isinstance(orjson.loads(call["function"]["arguments"]), dict)


NAMES = ["A", "B", "C"]
SCHEMA = st.recursive(
    st.sampled_from([{"type": "string"}, {"type": "integer"}, {}, True, {"$ref": "#"}, {"$ref": "#/$defs/Nowhere"}])
    | st.sampled_from(NAMES).map(lambda name: {"$ref": f"#/$defs/{name}"})
    | st.lists(SCALARS, max_size=3).map(lambda values: {"enum": values}),
    lambda inner: st.one_of(
        st.dictionaries(STRINGS, inner, max_size=3).map(lambda children: {"type": "object", "properties": children}),
        inner.map(lambda child: {"type": "array", "items": child}),
        st.lists(inner, max_size=3).map(lambda children: {"type": "array", "prefixItems": children}),
        st.lists(inner, max_size=3).map(lambda children: {"anyOf": children}),
        inner.map(lambda child: {"type": "object", "additionalProperties": child}),
    ),
    max_leaves=8,
)
PARAMETERS = st.builds(
    lambda properties, defs: {"type": "object", "properties": properties, "$defs": defs},
    st.dictionaries(STRINGS, SCHEMA, max_size=3),
    st.fixed_dictionaries(dict.fromkeys(NAMES, SCHEMA)),  # which refer to each other, and to themselves
)


def tool(parameters: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": "look", "description": "Look.", "parameters": parameters}}


@given(parameters=PARAMETERS | ANYTHING)
def test_any_schema(parameters: Any) -> None:
    before = copy.deepcopy(parameters)
    body = sent(MODELS["text"], [HumanMessage("hi")], [tool(parameters)])
    assert repr(parameters) == repr(before)
    if body is not None and isinstance(parameters, dict) and parameters.keys() == {"type", "properties", "$defs"}:
        assert "#/$defs/" not in orjson.dumps(body).decode()


def doubling(levels: int) -> dict[str, Any]:
    """Each type holds the next one twice: a few lines that would be written out as millions."""
    defs = {
        f"T{level}": {"properties": {key: {"$ref": f"#/$defs/T{level + 1}"} for key in "ab"}} for level in range(levels)
    }
    return {"$ref": "#/$defs/T0", "$defs": defs}


def deep(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "array", "items": schema}
    return {"type": "object", "properties": {"a": schema}}


@pytest.mark.parametrize(
    ("parameters", "text"),
    [(doubling(40), "more than 50000 parts"), (deep(5_000), "nested too deep")],
    ids=["doubling", "deep"],
)
def test_a_schema_that_is_too_large_is_refused_by_name(parameters: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=f"tools: look: .*{text}"):
        MODELS["text"].bind_tools([tool(parameters)])


@pytest.mark.parametrize("parameters", [doubling(8), deep(300)], ids=["doubling", "deep"])
def test_a_schema_that_is_large_goes_out(parameters: dict[str, Any]) -> None:
    assert sent(MODELS["text"], [HumanMessage("hi")], [tool(parameters)])


def test_a_huge_enum_goes_out_whole() -> None:
    parameters = {"type": "object", "properties": {"city": {"enum": [f"city {number}" for number in range(20_000)]}}}
    body = sent(MODELS["text"], [HumanMessage("hi")], [tool(parameters)])
    assert body["tools"][0]["function"]["parameters"] == parameters


def test_what_is_nested_too_deep_to_be_written_is_refused() -> None:
    value: list[Any] = []
    for _ in range(100_000):  # Python 3.12 and later write more levels than 3.11 before they give up
        value = [value]
    deep_block = {"type": "json", "json": value}
    with pytest.raises(ValueError, match="nested too deep"):
        prepare(MODELS["text"], [HumanMessage([deep_block])], None, {}, stream=False)
    call = AIMessage("", tool_calls=[{"name": "look", "args": {}, "id": "1"}])
    with pytest.warns(GLMWarning, match="'json' content"):  # what a tool returned must not end the conversation
        prepare(
            MODELS["text"],
            [HumanMessage("hi"), call, ToolMessage([deep_block], tool_call_id="1")],
            None,
            {},
            stream=False,
        )


def test_blocks_in_blocks_in_blocks() -> None:
    block: dict[str, Any] = {"type": "text", "text": "here"}
    for _ in range(5_000):
        block = {"type": "non_standard", "value": block}
    assert sent(MODELS["text"], [HumanMessage([block])])["messages"] == [{"role": "user", "content": "here"}]
