"""Our messages as LangChain's standard content blocks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.block_translators import PROVIDER_TRANSLATORS, get_translator, register_translator
from langchain_core.messages.content import KNOWN_BLOCK_TYPES

from langchain_glm.catalog.hosts import GATEWAY, HOSTS, PROVIDERS, Host
from langchain_glm.content_blocks import provider_of, register_translators
from tests.wire.reply.reading import WAYS, body, chunks_of, delta, end, part, whole

register_translators()

OURS = {"model_provider": "glm"}
CALL = {"name": "find", "args": {"q": "x"}, "id": "c0"}
BAD = {"name": "find", "args": '{"q', "id": "c1", "error": "cut"}
RESULT = {"refer": "ref_1", "link": "https://a.example", "title": "A"}
CITATION = {"type": "citation", "start_index": 2, "end_index": 9, "url": "https://a.example", "title": "A"}
MCP = {
    "id": "m",
    "type": "mcp",
    "mcp": {"type": "mcp_call", "server_label": "s", "name": "look", "arguments": '{"a": 1}', "output": {"b": 2}},
}
SEARCHED = [
    {"type": "server_tool_call", "id": "web_search_r", "name": "web_search", "args": {}},
    {"type": "server_tool_result", "tool_call_id": "web_search_r", "status": "success", "output": [RESULT]},
]


def message(content: Any = "", metadata: dict[str, Any] | None = None, **fields: Any) -> AIMessage:
    return AIMessage(content, response_metadata={**OURS, **(metadata or {})}, **fields)


def mcp(**fields: Any) -> dict[str, Any]:
    return {"mcp": [{"id": "m", "type": "mcp", "mcp": fields}]}


def pair(name: str, args: Any, output: Any, status: str = "success", **more: Any) -> list[dict[str, Any]]:
    return [
        {"type": "server_tool_call", "id": "m", "name": name, "args": args, **more},
        {"type": "server_tool_result", "tool_call_id": "m", "status": status, "output": output},
    ]


TABLE: dict[str, tuple[AIMessage, list[Any]]] = {
    "nothing": (message(), []),
    "text": (message("a"), [{"type": "text", "text": "a"}]),
    "reasoning and text": (
        message("a", additional_kwargs={"reasoning_content": "r"}),
        [{"type": "reasoning", "reasoning": "r"}, {"type": "text", "text": "a"}],
    ),
    "empty reasoning is none": (
        message("a", additional_kwargs={"reasoning_content": ""}),
        [{"type": "text", "text": "a"}],
    ),
    "calls": (
        message("a", tool_calls=[CALL], invalid_tool_calls=[BAD]),
        [{"type": "text", "text": "a"}, {"type": "tool_call", **CALL}, {"type": "invalid_tool_call", **BAD}],
    ),
    "a search": (message("a", {"id": "r", "web_search": [RESULT]}), [{"type": "text", "text": "a"}, *SEARCHED]),
    "a search that found nothing": (message("a", {"web_search": []}), [{"type": "text", "text": "a"}]),
    "citations": (
        message("a [ref_1]", additional_kwargs={"annotations": [CITATION]}),
        [{"type": "text", "text": "a [ref_1]", "annotations": [CITATION]}],
    ),
    "an MCP call": (message("", {"mcp": [MCP]}), pair("look", {"a": 1}, {"b": 2}, extras={"server_label": "s"})),
    "an MCP call whose arguments are an object": (
        message("", mcp(type="mcp_call", name="look", arguments={"a": 1})),
        pair("look", {"a": 1}, None),
    ),
    "an MCP call that failed": (
        message("", mcp(type="mcp_call", name="look", error="no")),
        pair("look", {}, "no", "error"),
    ),
    "an MCP call with broken arguments": (message("", mcp(name="look", arguments="{")), pair("look", {}, None)),
    "an MCP listing": (
        message("", mcp(type="mcp_list_tools", tools=[{"name": "look"}])),
        pair("mcp_list_tools", {}, [{"name": "look"}]),
    ),
    "MCP entries that are none": (message("", {"mcp": [None, 7, {}, {"mcp": 7}]}), []),
    "speech": (
        message("", additional_kwargs={"audio": {"id": "a", "data": "QUJD"}}),
        [{"type": "audio", "base64": "QUJD", "mime_type": "audio/wav"}],
    ),
    "content in a list": (
        message(
            [
                "a",
                {"type": "text", "text": "b"},
                {"type": "image", "url": "https://a.example"},
                {"type": "thinking", "thinking": "r"},
            ]
        ),
        [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}, {"type": "image", "url": "https://a.example"}],
    ),
    "blocks already": (
        message([{"type": "text", "text": "a", "index": "lc_txt_0"}], {"output_version": "v1"}),
        [{"type": "text", "text": "a", "index": "lc_txt_0"}],
    ),
}


@pytest.mark.parametrize(("read", "expected"), TABLE.values(), ids=TABLE)
def test_a_message_has_blocks(read: AIMessage, expected: list[Any]) -> None:
    assert read.content_blocks == expected


@pytest.mark.parametrize("value", [None, 0, 7, True, "x", [], {}, [None], [[]], {"data": 7}, {"a": []}])
@pytest.mark.parametrize(
    "name", ["web_search", "mcp", "finish_reason", "id", "annotations", "audio", "refusal", "reasoning_content"]
)
def test_odd_values_raise_nothing(name: str, value: Any) -> None:
    for read in (
        AIMessage("a", response_metadata={**OURS, name: value}, additional_kwargs={name: value}),
        AIMessageChunk(content="a", response_metadata={**OURS, name: value}, additional_kwargs={name: value}),
    ):
        assert any(block["type"] == "text" for block in read.content_blocks)


@pytest.mark.skipif("refusal" not in KNOWN_BLOCK_TYPES, reason="refusal blocks came with langchain-core 1.8")
@pytest.mark.parametrize("reason", ["sensitive", "content_filter"])
def test_a_stopped_answer_is_a_refusal(reason: str) -> None:
    blocks: list[Any] = message("a", {"finish_reason": reason}).content_blocks
    assert blocks[-1]["type"] == "refusal"


@pytest.mark.skipif("refusal" in KNOWN_BLOCK_TYPES, reason="langchain-core knows refusal blocks")
def test_without_refusal_blocks_a_stopped_answer_is_its_text() -> None:
    assert message("a", {"finish_reason": "sensitive"}).content_blocks == [{"type": "text", "text": "a"}]


def test_the_blocks_of_chunks_carry_indices_that_do_not_collide() -> None:
    events = [
        delta(reasoning_content="r"),
        delta(content="t"),
        part('{"q":', index=0, id="c0", name="find"),
        part('"x"}', index=0),
        part("{}", index=1, id="c1", name="get"),
        end("tool_calls", web_search=[RESULT]),
    ]
    blocks = [
        [(block["type"], block.get("index")) for block in chunk.message.content_blocks] for chunk in chunks_of(events)
    ]
    assert blocks == [
        [("reasoning", "lc_rs_0")],
        [("text", "lc_txt_0")],
        [("tool_call_chunk", "lc_tc_0")],
        [("tool_call_chunk", "lc_tc_0")],
        [("tool_call_chunk", "lc_tc_1")],
        [("server_tool_call", "lc_end_0"), ("server_tool_result", "lc_end_1")],
    ]


EVENTS = [
    delta(reasoning_content="r"),
    delta(content="so [ref_1]"),
    part('{"q":"x"}', index=0, id="c0", name="find"),
    delta(tool_calls=[MCP]),
    end("tool_calls", web_search=[{**RESULT}]),
]
REPLY = body(
    "tool_calls",
    reasoning_content="r",
    content="so [ref_1]",
    tool_calls=[{"id": "c0", "function": {"name": "find", "arguments": '{"q":"x"}'}}, MCP],
    top={"web_search": [RESULT]},
)


@pytest.mark.parametrize("way", WAYS)
def test_a_stream_has_the_blocks_of_the_whole_reply_in_the_same_order(way: str) -> None:
    blocks: list[Any] = WAYS[way](chunks_of(EVENTS)).content_blocks
    plain = [{key: value for key, value in block.items() if key != "index"} for block in blocks]
    assert plain == whole(REPLY).content_blocks
    assert [block["type"] for block in plain] == [
        "reasoning",
        "text",
        "tool_call",
        "server_tool_call",
        "server_tool_result",
        "server_tool_call",
        "server_tool_result",
    ]


PIECES: dict[str, dict[str, Any]] = {
    "reasoning": delta(reasoning_content="r"),
    "text": delta(content="t"),
    "blank": delta(content=" "),
    "call 0": part('{"q":', index=0, id="c0", name="find"),
    "end of call 0": part("1}", index=0),
    "call 1": part("{}", index=1, id="c1", name="get"),
    "invalid call": part('{"q', index=2, id="c2", name="put"),
    "all at once": delta(reasoning_content="r", content="t", tool_calls=[{"id": "c3", "function": {"name": "do"}}]),
}


@settings(max_examples=150)
@given(st.lists(st.sampled_from(sorted(PIECES)), max_size=7))
def test_every_way_of_streaming_has_its_blocks_in_the_same_order(pieces: list[str]) -> None:
    events = [*(PIECES[piece] for piece in pieces), end(web_search=[RESULT])]
    v0, v1, v3 = ([block["type"] for block in way(chunks_of(events)).content_blocks] for way in WAYS.values())
    # Under v1, LangChain leaves the chunks of an invalid call as they are.
    v1 = ["invalid_tool_call" if kind == "tool_call_chunk" else kind for kind in v1]
    assert v0 == v1 == v3


def test_blocks_come_in_the_order_in_which_they_began() -> None:
    events = [
        part('{"q', index=0, id="c0", name="find"),
        delta(content="t"),
        part("{}", index=1, id="c1", name="get"),
        delta(reasoning_content="r"),
        end(),
    ]
    total = WAYS["v0"](chunks_of(events))
    expected = ["invalid_tool_call", "text", "tool_call", "reasoning"]
    assert [block["type"] for block in total.content_blocks] == expected
    assert total.response_metadata["block_order"] == expected


def test_the_usual_order_is_not_noted() -> None:
    for way in WAYS.values():
        assert "block_order" not in way(chunks_of(EVENTS)).response_metadata


@pytest.mark.parametrize("way", WAYS)
def test_two_calls_of_one_id_are_two_blocks(way: str) -> None:
    """LangChain tells the calls of a message apart by their ids."""
    parts = [part('{"q":"x"}', index=-1, id="c0", name="find"), part("{}", index=-1, id="c0", name="get")]
    blocks: Any = WAYS[way](chunks_of([*parts, end("tool_calls")])).content_blocks
    assert [(block["id"], block["name"], block["args"]) for block in blocks] == [
        ("c0", "find", {"q": "x"}),
        ("c0_1", "get", {}),
    ]


# The providers under which they are registered.


@pytest.mark.parametrize("provider", PROVIDERS)
def test_messages_of_every_provider_are_translated(provider: str) -> None:
    stored = message("a", {"model_provider": provider, "web_search": [RESULT], "id": "r"})
    assert stored.content_blocks == [{"type": "text", "text": "a"}, *SEARCHED]


@pytest.mark.parametrize("taken", PROVIDERS)
def test_a_name_that_another_package_has_registered_stays_its_own(taken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it comes before our package or after it: our messages then have a name whose translation is ours."""
    for provider in PROVIDERS:
        monkeypatch.delitem(PROVIDER_TRANSLATORS, provider)
    theirs: Any = {"type": "text", "text": "theirs"}
    register_translator(taken, lambda _: [theirs], lambda _: [theirs])
    before = get_translator(taken)
    register_translators()
    assert get_translator(taken) is before
    assert message("a", {"model_provider": taken}).content_blocks == [theirs]
    for host in HOSTS.values():
        assert provider_of(host) == (GATEWAY.provider if host.provider == taken else host.provider)


@pytest.mark.parametrize("provider", ["openai", "nobody"])
def test_messages_are_ours_whatever_a_host_names(provider: Any) -> None:
    host = Host(name="mine", base_url="https://llm.example/v1", key_variables=(), provider=provider)
    before = get_translator(provider)
    assert provider_of(host) == "glm"
    assert get_translator(provider) is before
