"""Tokens estimated here: near what endpoints report, for every shape of message, and fast."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    trim_messages,
)
from langchain_core.tools import tool

from langchain_glm.catalog.models import find_model
from langchain_glm.tokens import estimate_messages, estimate_text, estimate_tools

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_glm import ChatGLM

LONG = "x " * 5_000
IMAGE = {"type": "image", "base64": LONG, "mime_type": "image/png"}


@tool
def get_weather(city: str) -> str:
    """Get the weather of a city."""
    return city


def extra(message: BaseMessage, plain: BaseMessage) -> float:
    return estimate_messages([message]) - estimate_messages([plain])


@pytest.mark.parametrize(
    ("text", "fewest", "most"),
    [
        ("", 0, 0),
        ("Hello world!", 2, 4),
        ("The quick brown fox jumps over the lazy dog.", 8, 11),
        ("今天北京的天气怎么样？", 5, 8),
        ("1 + 1 = 2", 4, 6),
        ("Привет, мир", 3, 7),
        ("🎉", 1, 3),
        ("\ud800", 0, 2),  # half of a pair: no text, but some models write it
        (" " * 100, 0, 1),
    ],
)
def test_a_text_is_about_as_long_as_its_tokens(text: str, fewest: int, most: int) -> None:
    assert fewest <= estimate_text(text) <= most


def test_texts_add_up_however_they_are_held() -> None:
    as_string = HumanMessage("Hello you")
    assert extra(HumanMessage([{"type": "text", "text": "Hello you"}]), as_string) == 0
    assert extra(HumanMessage(["Hello you"]), as_string) == 0
    assert extra(HumanMessage([{"type": "text-plain", "text": "Hello you"}]), as_string) == 0
    assert extra(AIMessage([{"type": "text", "text": "Hello you"}]), as_string) == 0
    assert extra(ToolMessage("Hello you", tool_call_id="1"), as_string) == 0
    assert extra(ToolMessage([{"type": "json", "json": {"a": 1}}], tool_call_id="1"), HumanMessage('{"a":1}')) == 0


@pytest.mark.parametrize(
    "block",
    [
        IMAGE,
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{LONG}"}},
        {"type": "image", "source": {"type": "base64", "data": LONG, "media_type": "image/png"}},
        {"type": "non_standard", "value": IMAGE},
    ],
)
def test_an_image_counts_as_one_not_as_its_bytes(block: dict[str, Any]) -> None:
    assert extra(HumanMessage([block]), HumanMessage("")) == 1_000
    nested = {"type": "tool_result", "tool_use_id": "1", "content": [block]}
    assert 1_000 < extra(HumanMessage([nested]), HumanMessage("")) < 1_010


@pytest.mark.parametrize("kind", ["video", "video_url", "file", "file_url", "document", "audio", "input_audio"])
def test_other_media_count_too(kind: str) -> None:
    assert extra(HumanMessage([{"type": kind, "url": "https://x", "base64": LONG}]), HumanMessage("")) >= 300


def test_a_call_counts_once_wherever_it_stands() -> None:
    call: dict[str, Any] = {"name": "get_weather", "args": {"city": "Paris"}, "id": "1"}
    plain = AIMessage("")
    held = extra(AIMessage("", tool_calls=[call]), plain)
    assert 15 < held < 30
    block = {"type": "tool_use", "name": "get_weather", "input": {"city": "Paris"}, "id": "1"}
    assert extra(AIMessage([block], tool_calls=[call]), plain) == held
    standard = {"type": "tool_call", "name": "get_weather", "args": {"city": "Paris"}, "id": "1"}
    assert extra(AIMessage([standard]), plain) == held  # LangChain reads neither as a call by itself
    bad = {"name": "get_weather", "args": '{"city":"Paris"', "id": "1", "error": None}
    assert extra(AIMessage("", invalid_tool_calls=[bad]), plain) == pytest.approx(held, abs=2)


def test_reasoning_counts_where_it_is_sent_back() -> None:
    plain = AIMessage("Yes.")
    thought = "Let me think about it."
    kept = AIMessage("Yes.", additional_kwargs={"reasoning_content": thought})
    block = AIMessage([{"type": "reasoning", "reasoning": thought}, {"type": "text", "text": "Yes."}])
    both = AIMessage(block.content, additional_kwargs=kept.additional_kwargs)
    for message in (kept, block, both):
        assert extra(message, plain) == pytest.approx(estimate_text(thought))
    others = AIMessage(block.content, response_metadata={"model_provider": "openai"})
    assert extra(others, plain) == 0
    old = find_model("glm-4-plus")
    assert estimate_messages([kept], old) == estimate_messages([plain], old)


def test_blocks_of_other_providers_cost_nothing() -> None:
    assert extra(AIMessage([{"type": "thinking", "thinking": LONG, "signature": LONG}]), AIMessage("")) == 0
    assert extra(HumanMessage([{"type": "cachePoint"}, {"type": ["image"]}]), HumanMessage("")) == 0


def test_tools_count_in_every_shape(make_model: Callable[..., ChatGLM]) -> None:
    glm, kimi = find_model("glm-4.7"), find_model("kimi-k2.6")
    schema = get_weather.tool_call_schema
    by_hand = {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "Get the weather of a city.",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
    assert estimate_tools([get_weather], glm) == pytest.approx(estimate_tools([by_hand], glm), abs=3)
    assert estimate_tools([schema], glm) > 75
    more = estimate_tools([by_hand], glm) - estimate_tools([by_hand], kimi)
    assert more == pytest.approx(75)  # GLM's template explains to the model what tools are
    assert estimate_tools([], glm) == 0
    model = make_model()
    messages: list[BaseMessage] = [HumanMessage("Hello")]
    with_tools = model.get_num_tokens_from_messages(messages, [get_weather])
    assert with_tools - model.get_num_tokens_from_messages(messages) == pytest.approx(
        estimate_tools([get_weather], glm), abs=1
    )


def test_no_messages_are_no_tokens(make_model: Callable[..., ChatGLM]) -> None:
    assert make_model().get_num_tokens_from_messages([]) == 0
    assert make_model().get_num_tokens("") == 0


def test_any_run_of_messages_can_be_counted(make_model: Callable[..., ChatGLM]) -> None:
    """`trim_messages` counts parts of a conversation that could not be sent alone."""
    model = make_model()
    messages = [SystemMessage("Be brief."), HumanMessage("Hi"), AIMessage("Hello"), ToolMessage("4", tool_call_id="1")]
    for start in range(4):
        for end in range(start + 1, 5):
            assert model.get_num_tokens_from_messages(messages[start:end]) > 0


def test_trim_messages_takes_the_model(make_model: Callable[..., ChatGLM]) -> None:
    model = make_model()
    messages: list[BaseMessage] = [SystemMessage("Be brief.")]
    messages += [HumanMessage(f"Tell me about the number {number}, please.") for number in range(200)]
    kept = trim_messages(messages, max_tokens=300, token_counter=model, include_system=True)
    assert isinstance(kept[0], SystemMessage)
    assert kept[-1] is messages[-1]
    assert 200 < model.get_num_tokens_from_messages(kept) <= 300


def test_the_users_tokenizer_is_honoured(make_model: Callable[..., ChatGLM]) -> None:
    model = make_model(custom_get_token_ids=lambda text: [7] * len(text))
    assert model.get_token_ids("abc") == [7, 7, 7]
    assert model.get_num_tokens("abc") == 3
    messages: list[BaseMessage] = [HumanMessage("abc" * 100)]
    assert 300 < model.get_num_tokens_from_messages(messages) < 310
    assert model.get_num_tokens_from_messages(messages, [get_weather]) > 450
    assert 300 < model.count_tokens("abc" * 100) < 310


def test_ids_that_nobody_knows_are_not_made_up(make_model: Callable[..., ChatGLM]) -> None:
    with pytest.raises(NotImplementedError, match="custom_get_token_ids"):
        make_model().get_token_ids("abc")


def test_nothing_heavy_is_imported() -> None:
    program = """
import sys
from langchain_glm import ChatGLM
from langchain_core.messages import HumanMessage
model = ChatGLM(model="glm-5.2", host="zai", api_key="k")
assert model.get_num_tokens("hello") and model.get_num_tokens_from_messages([HumanMessage("hello")])
assert not {"transformers", "tiktoken", "langchain", "numpy"} & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_it_is_fast(make_model: Callable[..., ChatGLM]) -> None:
    """A wide bound, for busy machines: 200 messages of 500 characters take about a millisecond."""
    model = make_model()
    messages: list[BaseMessage] = [HumanMessage("The weather in Paris is fine, 21 degrees.\n" * 12) for _ in range(200)]

    def seconds() -> float:
        start = time.perf_counter()
        model.get_num_tokens_from_messages(messages)
        return time.perf_counter() - start

    assert min(seconds() for _ in range(5)) < 0.02
