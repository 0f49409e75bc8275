"""Thinking between tags at the beginning of the text: in pieces of any size as in one, and in every way of reading."""

from __future__ import annotations

import re
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage

from langchain_glm import HOSTS, MODELS, ChatGLM, Host
from langchain_glm.calls import prepare
from langchain_glm.errors import GLMConnectionError, GLMStreamError
from langchain_glm.testing import Fault, GLMServer, Reply
from langchain_glm.wire.reply.chunks import ChunkReader
from langchain_glm.wire.reply.completion import to_result
from langchain_glm.wire.reply.think_tags import TaggedChunkReader, ThinkTags, split_thinking
from tests.wire.reply.reading import WAYS, body, delta, end, part

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_core.outputs import ChatGenerationChunk

# text → the answer and the thinking
TABLE: list[tuple[str, str, str]] = [
    ("<think>Easy.</think>Yes.", "Yes.", "Easy."),
    ("<think>\nEasy.\n</think>\n\nYes.", "\n\nYes.", "\nEasy.\n"),
    ("\n <think>Easy.</think>Yes.", "\n Yes.", "Easy."),
    ("<think></think>Yes.", "Yes.", ""),
    ("<think>Easy.", "", "Easy."),  # the tokens were used up
    ("<think>Easy.</thi", "", "Easy.</thi"),
    ("<think>a < b </ c</think>Yes.", "Yes.", "a < b </ c"),
    ("<think>a</think><think>b</think>", "<think>b</think>", "a"),
    ("Yes. <think>Easy.</think>", "Yes. <think>Easy.</think>", ""),  # the answer speaks of the tag
    ("<thinking>Easy.</thinking>", "<thinking>Easy.</thinking>", ""),
    ("<thi", "<thi", ""),
    ("Yes.", "Yes.", ""),
    ("  ", "  ", ""),
    ("", "", ""),
]


def fed(pieces: list[str]) -> tuple[str, str]:
    tags = ThinkTags()
    parts = [*map(tags.feed, pieces), tags.flush()]
    return "".join(text for text, _ in parts), "".join(reasoning for _, reasoning in parts)


@pytest.mark.parametrize(("text", "answer", "thinking"), TABLE)
def test_a_text_is_split(text: str, answer: str, thinking: str) -> None:
    assert split_thinking(text) == (answer, thinking)
    assert {fed([text[:cut], text[cut:]]) for cut in range(len(text) + 1)} == {(answer, thinking)}
    assert fed(list(text)) == (answer, thinking)


tokens = st.sampled_from(["<think>", "</think>", "<", "think>", "</", "/think>", ">", "a", " ", "\n", "<th", "思"])


@given(text=st.lists(tokens, max_size=10).map("".join), cuts=st.lists(st.integers(0, 60), max_size=8))
def test_any_cutting_reads_as_the_whole_does(text: str, cuts: list[int]) -> None:
    bounds = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    found = re.fullmatch(r"(\s*)<think>(.*?)(?:</think>(.*)|$)", text, re.DOTALL)
    expected = (found[1] + (found[3] or ""), found[2]) if found else (text, "")
    assert split_thinking(text) == expected
    assert fed([text[start:stop] for start, stop in pairwise(bounds)]) == expected


def chunks_of(pieces: list[str], *after: dict[str, Any], json_only: bool = False) -> list[ChatGenerationChunk]:
    reader = TaggedChunkReader({}, json_only=json_only)
    events = [*(delta(content=piece) for piece in pieces), *after, end()]
    return [chunk for event in events if (chunk := reader.read(event))] + reader.finish(marked_end=True)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("size", [1, 3, 100])
def test_a_stream_holds_what_the_whole_reply_holds(way: Any, size: int) -> None:
    text = "<think>Red\nand blue.</think>\nPurple."
    streamed = way(chunks_of([text[start : start + size] for start in range(0, len(text), size)]))
    (generation,) = to_result(body(content=text), {}, think_tags=True).generations
    messages: list[Any] = [streamed, generation.message]
    for message in messages:
        assert message.text == "\nPurple."
        assert [block["type"] for block in message.content_blocks] == ["reasoning", "text"]
        assert message.content_blocks[0]["reasoning"] == "Red\nand blue."
        assert message.response_metadata["reasoning_content"] == "Red\nand blue."
        assert message.response_metadata["reasoning_field"] == "content"


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_what_is_held_back_at_the_end_is_not_lost(way: Any) -> None:
    assert way(chunks_of(["<th"])).text == "<th"
    unfinished = way(chunks_of(["<think>Red </th"]))
    assert unfinished.text == ""
    assert unfinished.content_blocks[0]["reasoning"] == "Red </th"
    assert unfinished.response_metadata["reasoning_only"] is True


def test_thinking_arrives_as_it_comes() -> None:
    first, second, last, _ = chunks_of(["<think>Red", " and", "</think>Yes."])
    assert first.message.additional_kwargs == {"reasoning_content": "Red"}
    assert second.message.additional_kwargs == {"reasoning_content": " and"}
    assert (last.text, last.message.additional_kwargs) == ("Yes.", {})


def test_reasoning_in_its_own_field_stays() -> None:
    reader = TaggedChunkReader({})
    reader.read(delta(reasoning_content="Red."))
    reader.read(delta(content="Yes."))
    message = reader.partial()
    assert (message.text, message.additional_kwargs) == ("Yes.", {"reasoning_content": "Red."})
    assert "reasoning_field" not in message.response_metadata


def test_json_after_thinking_is_taken_out() -> None:
    chunks = chunks_of(["<think>So {", "}</thi", 'nk>```json\n{"a"', ": 1}\n```"], json_only=True)
    assert "".join(chunk.text for chunk in chunks) == '{"a": 1}'
    (generation,) = to_result(
        body(content='<think>So {}</think>```json\n{"a": 1}\n```'), {}, json_only=True, think_tags=True
    ).generations
    assert generation.text == '{"a": 1}'


def test_a_call_after_thinking() -> None:
    chunks = chunks_of(["<think>Look.</think>"], part("{}", id="c", index=0, name="look"))
    message = WAYS["v1"](chunks)
    assert [block["type"] for block in message.content_blocks] == ["reasoning", "tool_call"]


def test_a_stream_that_breaks_off_leaves_what_came() -> None:
    reader = TaggedChunkReader({})
    reader.read(delta(content="<think>Red </t"))
    assert reader.partial().additional_kwargs == {"reasoning_content": "Red </t"}
    with pytest.raises(GLMStreamError):
        reader.finish(marked_end=False)


@pytest.mark.parametrize("piece", ["word ", "<", " ", "</think"])
def test_the_time_grows_with_the_length_only(piece: str) -> None:
    def seconds(count: int) -> float:
        times = []
        for _ in range(3):
            tags, start = ThinkTags(), time.process_time()
            for text in ("<think>", *[piece] * count):
                tags.feed(text)
            times.append(time.process_time() - start)
        return min(times)

    assert seconds(40_000) < 40 * (seconds(4_000) + 0.001)


# ChatGLM and the test server


def read_in_all_ways(model: ChatGLM) -> list[Any]:
    total: Any = None
    for chunk in model.stream("What do you see?"):
        total = chunk if total is None else total + chunk
    return [model.invoke("What do you see?"), total, model.stream_events("What do you see?", version="v3").output]


@pytest.mark.parametrize("version", ["v0", "v1"])
@pytest.mark.glm_host("bigmodel")
def test_glm_4_1v_writes_its_thinking_into_the_text(
    version: str, glm_server: GLMServer, make_model: Callable[..., ChatGLM]
) -> None:
    glm_server.queue(*[Reply("A cat.", reasoning="Fur, whiskers.", chunk_size=4)] * 4)
    raw = make_model(model="glm-4.1v-thinking-flash", output_version=version)
    for answer in read_in_all_ways(raw):
        assert answer.text == "A cat."
        assert [block["type"] for block in answer.content_blocks] == ["reasoning", "text"]
        assert answer.content_blocks[0]["reasoning"] == "Fur, whiskers."
    raw.invoke([("user", "What do you see?"), raw.invoke("What do you see?"), ("user", "Are you sure?")])
    assert glm_server.requests[-1].body["messages"][1] == {
        "role": "assistant",
        "content": "A cat.",
        "reasoning_content": "Fur, whiskers.",
    }


@pytest.mark.glm_host("bigmodel")
def test_the_server_sends_the_tags_for_this_model_only(glm_server: GLMServer) -> None:
    """Read without the rule, the text is what the endpoint really sends."""
    plain = Host(name="plain", base_url=glm_server.base_url, key_variables=())
    glm_server.queue(*[Reply("A cat.", reasoning="Fur.")] * 2)
    texts = []
    for model_id in ("glm-4.1v-thinking-flash", "glm-4.6v"):
        body = {"model": model_id, "messages": [{"role": "user", "content": "hi"}]}
        model = ChatGLM(model="unknown", host=plain, api_key=glm_server.api_key, extra_body=body)
        texts.append(model.invoke("hi").text)
    assert texts == ["<think>Fur.</think>A cat.", "A cat."]


@pytest.mark.parametrize("tagged", [True, False])
def test_a_host_of_ones_own_says_whether_its_models_do(tagged: bool, glm_server: GLMServer) -> None:
    mine = Host(name="mine", base_url=glm_server.base_url, key_variables=(), think_tags=tagged)
    glm_server.queue(*[Reply("<think>Hm.</think>Yes.", chunk_size=3)] * 3)
    for answer in read_in_all_ways(ChatGLM(model="glm-4.7", host=mine, api_key=glm_server.api_key)):
        assert answer.text == ("Yes." if tagged else "<think>Hm.</think>Yes.")
        assert answer.additional_kwargs.get("reasoning_content") == ("Hm." if tagged else None)


@pytest.mark.glm_host("bigmodel")
def test_a_break_within_the_thinking(glm_server: GLMServer, make_model: Callable[..., ChatGLM]) -> None:
    glm_server.queue(Fault.cut(after=3, reply=Reply("A cat.", reasoning="Fur and whiskers.")))
    with pytest.raises(GLMConnectionError) as caught:
        list(make_model(model="glm-4.1v-thinking-flash").stream("hi"))
    partial = caught.value.partial
    assert partial is not None
    assert partial.text == ""
    assert "Fur and whiskers.".startswith(partial.additional_kwargs["reasoning_content"])


def test_only_models_that_do_it_are_read_with_the_other_class(make_model: Callable[..., ChatGLM]) -> None:
    tagged = {model_id for model_id, model in MODELS.items() if model.think_tags}
    assert tagged == {"glm-4.1v-thinking-flash", "glm-4.1v-thinking-flashx"}
    assert not any(host.think_tags for host in HOSTS.values())
    for model_id, kind in (("glm-4.7", ChunkReader), ("glm-4.1v-thinking-flash", TaggedChunkReader)):
        assert type(prepare(make_model(model=model_id), [HumanMessage("hi")], None, {}, stream=True).reader()) is kind
