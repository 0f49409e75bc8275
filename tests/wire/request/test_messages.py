"""LangChain messages → the `messages` array."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    HumanMessageChunk,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
)

from langchain_glm.catalog.hosts import HOSTS, PROVIDERS
from langchain_glm.catalog.profiles import find_model
from langchain_glm.errors import GLMValueError
from langchain_glm.wire.request.functions import legal_name
from langchain_glm.wire.request.messages import add_instruction, to_wire
from langchain_glm.wire.request.reasoning import is_our_message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from langchain_glm.wire.types import WireMessage

ASK = HumanMessage("hi")
ASKED = {"role": "user", "content": "hi"}
URL = "https://files.example/a.png"
IMAGE = {"type": "image", "url": URL}
IMAGE_PART = {"type": "image_url", "image_url": {"url": URL}}
CALL = {"name": "find", "args": {"城市": "北京"}, "id": "c0", "type": "tool_call"}
SENT_CALL = {"id": "c0", "type": "function", "function": {"name": "find", "arguments": '{"城市":"北京"}'}}
BAD = {"name": "find", "args": '{"q": ', "id": "bad", "error": "cut", "type": "invalid_tool_call"}


def wire(messages: Sequence[BaseMessage], host: str = "zai", model: str = "glm-4.6v") -> list[WireMessage]:
    sent, notices = to_wire(messages, HOSTS[host], find_model(model))
    assert notices == []
    return sent


def ai(content: Any = "", **fields: Any) -> AIMessage:
    return AIMessage(content, **fields)


def called(**fields: Any) -> AIMessage:
    return ai("", tool_calls=[CALL], **fields)


def called_thrice() -> AIMessage:
    return ai("", tool_calls=[{**CALL, "id": call_id} for call_id in ("c0", "c1", "c2")])


SENT = {"role": "assistant", "content": "", "tool_calls": [SENT_CALL]}
SENT_THRICE = {
    "role": "assistant",
    "content": "",
    "tool_calls": [{**SENT_CALL, "id": call_id} for call_id in ("c0", "c1", "c2")],
}
NO_NAME = legal_name("", HOSTS["zai"])

# what it shows: the messages, and what is sent
TABLE: dict[str, tuple[list[BaseMessage], list[Any]]] = {
    "user": ([ASK], [ASKED]),
    "user chunk": ([HumanMessageChunk(content="hi")], [ASKED]),
    "a user's name, which no endpoint has a field for": (
        [HumanMessage("hi", name="Ann"), HumanMessage([IMAGE], name="Bob"), HumanMessage(["a", "b"], name="Cy")],
        [
            {"role": "user", "content": "Ann: hi"},
            {"role": "user", "content": [{"type": "text", "text": "Bob:"}, IMAGE_PART]},
            {"role": "user", "content": "Cy: a\nb"},
        ],
    ),
    "system": ([SystemMessage("be brief"), ASK], [{"role": "system", "content": "be brief"}, ASKED]),
    "system twice, and in the middle": (
        [SystemMessage("a"), SystemMessage("b"), ASK, SystemMessage("c")],
        [
            {"role": "system", "content": "a"},
            {"role": "system", "content": "b"},
            ASKED,
            {"role": "system", "content": "c"},
        ],
    ),
    "system in blocks": (
        [SystemMessage([{"type": "text", "text": "a"}, "b", {"type": "text", "text": "c", "cache_control": {}}]), ASK],
        [{"role": "system", "content": "a\nb\nc"}, ASKED],
    ),
    "any role by ChatMessage": (
        [
            ChatMessage(content="s", role="system"),
            ChatMessage(content="d", role="developer"),
            ChatMessage(content="u", role="user"),
            ChatMessage(content="h", role="human"),
            ChatMessage(content="a", role="assistant"),
            ChatMessage(content="b", role="ai"),
        ],
        [
            {"role": "system", "content": "s"},
            {"role": "system", "content": "d"},
            {"role": "user", "content": "u"},
            {"role": "user", "content": "h"},
            {"role": "assistant", "content": "a"},
            {"role": "assistant", "content": "b"},
        ],
    ),
    "ChatMessage with media": (
        [ChatMessage(content=["look", IMAGE], role="user")],
        [{"role": "user", "content": [{"type": "text", "text": "look"}, IMAGE_PART]}],
    ),
    "text-only lists are joined": (
        [HumanMessage([{"type": "text", "text": "a"}, "b", {"type": "text", "text": ""}])],
        [{"role": "user", "content": "a\nb"}],
    ),
    "text and media stay parts": (
        [HumanMessage([{"type": "text", "text": "a"}, IMAGE, "b"])],
        [{"role": "user", "content": [{"type": "text", "text": "a"}, IMAGE_PART, {"type": "text", "text": "b"}]}],
    ),
    "media alone": ([HumanMessage([IMAGE])], [{"role": "user", "content": [IMAGE_PART]}]),
    "empty messages are dropped": (
        [
            SystemMessage(""),
            SystemMessage([]),
            HumanMessage(""),
            HumanMessage([]),
            HumanMessage([{"type": "text", "text": ""}]),
            ai(),
            ai([]),
            ChatMessage(content="", role="user"),
            ASK,
        ],
        [ASKED],
    ),
    "assistant": ([ASK, ai("yes")], [ASKED, {"role": "assistant", "content": "yes"}]),
    "assistant chunk": ([ASK, AIMessageChunk(content="yes")], [ASKED, {"role": "assistant", "content": "yes"}]),
    "assistant in blocks": (
        [ASK, ai(["a", {"type": "text", "text": "b", "annotations": [], "index": 0, "id": "x"}])],
        [ASKED, {"role": "assistant", "content": "ab"}],
    ),
    "content is an empty string beside tool calls": (
        [ASK, called()],
        [ASKED, {"role": "assistant", "content": "", "tool_calls": [SENT_CALL]}],
    ),
    "an empty list of content beside tool calls": (
        [ASK, ai([], tool_calls=[CALL])],
        [ASKED, {"role": "assistant", "content": "", "tool_calls": [SENT_CALL]}],
    ),
    "text beside tool calls": (
        [ASK, ai("let me see", tool_calls=[CALL])],
        [ASKED, {"role": "assistant", "content": "let me see", "tool_calls": [SENT_CALL]}],
    ),
    "tool_use blocks that .tool_calls holds too": (
        [
            ASK,
            ai(
                [
                    {"type": "text", "text": "t"},
                    {"type": "tool_use", "id": "c0", "name": "find", "input": {"城市": "北京"}},
                ],
                tool_calls=[CALL],
            ),
        ],
        [ASKED, {"role": "assistant", "content": "t", "tool_calls": [SENT_CALL]}],
    ),
    "tool_use blocks alone": (
        [ASK, ai([{"type": "tool_use", "id": "c0", "name": "find", "input": {"城市": "北京"}}])],
        [ASKED, {"role": "assistant", "content": "", "tool_calls": [SENT_CALL]}],
    ),
    "tool_call blocks alone": (
        [
            ASK,
            ai([{"type": "tool_call", "id": "c0", "name": "find", "args": {"城市": "北京"}, "index": 1, "extras": {}}]),
        ],
        [ASKED, {"role": "assistant", "content": "", "tool_calls": [SENT_CALL]}],
    ),
    "a call without an id or arguments": (
        [ASK, ai("", tool_calls=[{"name": "find", "args": {}, "id": None}])],
        [
            ASKED,
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [{"id": "", "type": "function", "function": {"name": "find", "arguments": "{}"}}],
            },
        ],
    ),
    "arguments in whatever form they are": (
        [
            ASK,
            ai(
                [
                    {"type": "tool_use", "id": "1", "name": "find", "input": '{"q": 1}'},
                    {"type": "tool_use", "id": "2", "name": "find", "input": "q"},
                    {"type": "tool_use", "id": "3", "name": "find", "input": None},
                    {"type": "tool_use", "id": "4", "name": "find", "input": "null"},
                    {"type": "tool_use", "id": "5", "name": "find", "input": [1]},
                ]
            ),
        ],
        [
            ASKED,
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [
                    {"id": str(number), "type": "function", "function": {"name": "find", "arguments": arguments}}
                    for number, arguments in enumerate(
                        ('{"q": 1}', '{"invalid_json":"q"}', "{}", "{}", '{"invalid_json":"[1]"}'), 1
                    )
                ],
            },
        ],
    ),
    "a v1 message": (
        [
            ASK,
            ai(
                [
                    {"type": "reasoning", "reasoning": "r1", "index": "lc_rs_0", "id": "r"},
                    {"type": "text", "text": "t", "index": "lc_txt_0", "annotations": [{"type": "citation"}]},
                    {"type": "tool_call", **CALL, "index": "lc_tc_0", "extras": {"a": 1}},
                    {"type": "server_tool_call", "id": "w", "name": "web_search", "args": {}},
                    {"type": "server_tool_result", "tool_call_id": "w", "status": "success", "output": []},
                    {"type": "non_standard", "value": {"type": "box"}},
                    {"type": "thinking", "thinking": "not ours"},
                ],
                tool_calls=[CALL],
                response_metadata={"output_version": "v1", "model_provider": "glm"},
            ),
        ],
        [ASKED, {"role": "assistant", "content": "t", "tool_calls": [SENT_CALL], "reasoning_content": "r1"}],
    ),
    "reasoning byte for byte": (
        [
            ASK,
            ai(
                "t",
                additional_kwargs={"reasoning_content": "\n r\u3000\n"},
                response_metadata={"model_provider": "glm"},
            ),
        ],
        [ASKED, {"role": "assistant", "content": "t", "reasoning_content": "\n r\u3000\n"}],
    ),
    "reasoning from several v1 blocks": (
        [
            ASK,
            ai(
                [
                    {"type": "reasoning", "reasoning": "a\n"},
                    {"type": "reasoning"},
                    {"type": "reasoning", "reasoning": " b"},
                    {"type": "text", "text": "t"},
                ]
            ),
        ],
        [ASKED, {"role": "assistant", "content": "t", "reasoning_content": "a\n b"}],
    ),
    "a turn of nothing but reasoning is left out": (
        [
            ASK,
            ai("", additional_kwargs={"reasoning_content": "r"}),
            ai("\n", additional_kwargs={"reasoning_content": "r"}),
        ],
        [ASKED],
    ),
    "reasoning of nobody is sent, for someone wrote it by hand": (
        [ASK, ai("t", additional_kwargs={"reasoning_content": "r"})],
        [ASKED, {"role": "assistant", "content": "t", "reasoning_content": "r"}],
    ),
    "reasoning of another provider is not sent": (
        [
            ASK,
            ai("t", additional_kwargs={"reasoning_content": "r"}, response_metadata={"model_provider": "deepseek"}),
            ai(
                [{"type": "reasoning", "reasoning": "r"}, {"type": "text", "text": "t"}],
                response_metadata={"model_provider": "openai", "output_version": "v1"},
            ),
        ],
        [ASKED, {"role": "assistant", "content": "t"}, {"role": "assistant", "content": "t"}],
    ),
    "reasoning that is no text is not sent": (
        [
            ASK,
            ai("t", additional_kwargs={"reasoning_content": {"a": 1}}),
            ai("t", additional_kwargs={"reasoning_content": ""}),
        ],
        [ASKED, {"role": "assistant", "content": "t"}, {"role": "assistant", "content": "t"}],
    ),
    "an invalid call that nobody answered is left out": (
        [ASK, ai("t", invalid_tool_calls=[BAD])],
        [ASKED, {"role": "assistant", "content": "t"}],
    ),
    "an invalid call that was answered is sent, its arguments wrapped": (
        [ASK, ai("", invalid_tool_calls=[BAD]), ToolMessage("no JSON", tool_call_id="bad")],
        [
            ASKED,
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [
                    {
                        "id": "bad",
                        "type": "function",
                        "function": {"name": "find", "arguments": '{"invalid_json":"{\\"q\\": "}'},
                    }
                ],
            },
            {"role": "tool", "content": "no JSON", "tool_call_id": "bad"},
        ],
    ),
    "an invalid call without arguments or name": (
        [ASK, ai("", invalid_tool_calls=[{**BAD, "args": None, "name": None}]), ToolMessage("?", tool_call_id="bad")],
        [
            ASKED,
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [{"id": "bad", "type": "function", "function": {"name": NO_NAME, "arguments": "{}"}}],
            },
            {"role": "tool", "content": "?", "tool_call_id": "bad"},
        ],
    ),
    "an invalid call whose arguments are an object after all": (
        [ASK, ai("", invalid_tool_calls=[{**BAD, "args": '{"q": 1}'}]), ToolMessage("?", tool_call_id="bad")],
        [
            ASKED,
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [
                    {"id": "bad", "type": "function", "function": {"name": "find", "arguments": '{"q": 1}'}}
                ],
            },
            {"role": "tool", "content": "?", "tool_call_id": "bad"},
        ],
    ),
    "a prefix that Kimi continues": (
        [ASK, ai("{", additional_kwargs={"partial": True})],
        [ASKED, {"role": "assistant", "content": "{", "partial": True}],
    ),
    "a tool's answer": (
        [ASK, called(), ToolMessage("42", tool_call_id="c0", name="find", artifact={"big": 1})],
        [ASKED, SENT, {"role": "tool", "content": "42", "tool_call_id": "c0"}],
    ),
    "a tool's failure is told in words": (
        [ASK, called(), ToolMessage("no such city", tool_call_id="c0", status="error")],
        [ASKED, SENT, {"role": "tool", "content": "Error: no such city", "tool_call_id": "c0"}],
    ),
    "a tool's failure that says so itself": (
        [ASK, called(), ToolMessage("Error: no such city", tool_call_id="c0", status="error")],
        [ASKED, SENT, {"role": "tool", "content": "Error: no such city", "tool_call_id": "c0"}],
    ),
    "a tool's failure without a word": (
        [ASK, called(), ToolMessage("", tool_call_id="c0", status="error")],
        [ASKED, SENT, {"role": "tool", "content": "Error: the tool failed.", "tool_call_id": "c0"}],
    ),
    "a tool's answer that is empty is told: its call needs one, and Kimi refuses an empty one": (
        [ASK, called(), ToolMessage("", tool_call_id="c0")],
        [ASKED, SENT, {"role": "tool", "content": "The tool returned nothing.", "tool_call_id": "c0"}],
    ),
    "a tool's answer in blocks": (
        [
            ASK,
            called(),
            ToolMessage(["a", {"type": "text", "text": "b"}, {"type": "json", "json": {"城": 1}}], tool_call_id="c0"),
        ],
        [ASKED, SENT, {"role": "tool", "content": 'a\nb\n{"城":1}', "tool_call_id": "c0"}],
    ),
    "a tool's media follow in a user message": (
        [ASK, called(), ToolMessage([{"type": "text", "text": "here"}, IMAGE], tool_call_id="c0")],
        [
            ASKED,
            SENT,
            {"role": "tool", "content": "here", "tool_call_id": "c0"},
            {"role": "user", "content": [{"type": "text", "text": "Output of the tool call c0:"}, IMAGE_PART]},
        ],
    ),
    "the media of several tools follow all of their answers": (
        [
            ASK,
            called_thrice(),
            ToolMessage([IMAGE], tool_call_id="c0"),
            ToolMessage("42", tool_call_id="c1"),
            ToolMessage([IMAGE], tool_call_id="c2"),
            ai("so"),
        ],
        [
            ASKED,
            SENT_THRICE,
            {"role": "tool", "content": "The output is in the next message.", "tool_call_id": "c0"},
            {"role": "tool", "content": "42", "tool_call_id": "c1"},
            {"role": "tool", "content": "The output is in the next message.", "tool_call_id": "c2"},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Output of the tool call c0:"},
                    IMAGE_PART,
                    {"type": "text", "text": "Output of the tool call c2:"},
                    IMAGE_PART,
                ],
            },
            {"role": "assistant", "content": "so"},
        ],
    ),
    "Anthropic's tool_result blocks": (
        [
            ASK,
            called_thrice(),
            HumanMessage(
                [
                    {"type": "tool_result", "tool_use_id": "c0", "content": "42", "is_error": True},
                    {
                        "type": "tool_result",
                        "tool_use_id": "c1",
                        "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
                    },
                    {"type": "tool_result", "tool_use_id": "c2"},
                    {"type": "text", "text": "go on"},
                ]
            ),
        ],
        [
            ASKED,
            SENT_THRICE,
            {"role": "tool", "content": "Error: 42", "tool_call_id": "c0"},
            {"role": "tool", "content": "a\nb", "tool_call_id": "c1"},
            {"role": "tool", "content": "The tool returned nothing.", "tool_call_id": "c2"},
            {"role": "user", "content": "go on"},
        ],
    ),
}


@pytest.mark.parametrize(("messages", "expected"), TABLE.values(), ids=TABLE)
def test_messages_are_sent_as(messages: list[BaseMessage], expected: list[Any]) -> None:
    assert wire(messages) == expected


@pytest.mark.parametrize("messages", [messages for messages, _ in TABLE.values()], ids=TABLE)
def test_the_callers_messages_stay_as_they_are(messages: list[BaseMessage]) -> None:
    before = copy.deepcopy(messages)
    sent = wire(messages)
    for message in sent:  # what is sent shares nothing that could be changed through it
        message["content"] = "changed"
        for call in message.get("tool_calls", []):
            call["function"]["arguments"] = "changed"
    assert messages == before


def test_kimi_is_told_the_tools_name() -> None:
    answer = ToolMessage("42", tool_call_id="c0", name="find")
    assert wire([ASK, called(), answer], "kimi", "kimi-k2.6")[2] == {
        "role": "tool",
        "content": "42",
        "tool_call_id": "c0",
        "name": "find",
    }
    assert "name" not in wire([ASK, called(), answer], "zai")[2]
    assert "name" not in wire([ASK, called(), ToolMessage("42", tool_call_id="c0")], "kimi", "kimi-k2.6")[2]


def test_kimis_own_tools_are_called_by_another_type() -> None:
    search = ai("", tool_calls=[{"name": "$web_search", "args": {"q": 1}, "id": "w"}])
    assert wire([ASK, search], "kimi", "moonshot-v1-8k")[1]["tool_calls"] == [
        {"id": "w", "type": "builtin_function", "function": {"name": "$web_search", "arguments": '{"q":1}'}}
    ]
    (call,) = wire([ASK, search], "zai")[1]["tool_calls"]
    assert (call["type"], call["function"]["name"]) == ("function", legal_name("$web_search", HOSTS["zai"]))


@pytest.mark.parametrize("host", HOSTS)
def test_names_of_tools_are_sent_as_the_host_takes_them(host: str) -> None:
    call = ai("", tool_calls=[{"name": "files.read", "args": {}, "id": "c0"}])
    sent = wire([ASK, call, ToolMessage("42", tool_call_id="c0", name="files.read")], host, "some-model")
    legal = legal_name("files.read", HOSTS[host])
    assert sent[1]["tool_calls"][0]["function"]["name"] == legal
    assert sent[2].get("name", legal) == legal


# what a tool returned; what becomes of it, on a model that reads text only
RETURNED: list[tuple[Any, str, str | None]] = [
    (IMAGE, f"[The tool returned an image ({URL}), which the model cannot read.]", "an image"),
    (
        {"type": "image", "base64": "QUJD", "mime_type": "image/png"},
        "[The tool returned an image (image/png), which the model cannot read.]",
        "an image",
    ),
    (
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}},
        "[The tool returned an image, which the model cannot read.]",
        "an image",
    ),
    (
        {"type": "file", "url": URL, "mime_type": "application/pdf", "extras": {"filename": "a.pdf"}},
        f"[The tool returned a file (a.pdf, application/pdf, {URL}), which the model cannot read.]",
        "a file",
    ),
    (
        {"type": "audio", "base64": "QUJD", "mime_type": "audio/wav"},
        "[The tool returned an audio recording (audio/wav), which the model cannot read.]",
        "an audio recording",
    ),
    ({"type": "video", "url": URL}, f"[The tool returned a video ({URL}), which the model cannot read.]", "a video"),
    (
        {"type": "resource", "resource": {"uri": "file:///a", "blob": "QUJD"}},
        "[The tool returned 'resource' content, which the model cannot read.]",
        "'resource' content",
    ),
    (
        {"type": "hologram"},
        "[The tool returned 'hologram' content, which the model cannot read.]",
        "'hologram' content",
    ),
    (
        {"text": "typeless"},
        "[The tool returned content without a type, which the model cannot read.]",
        "content without a type",
    ),
    (
        {"type": "resource_link", "name": "a.py", "uri": "file:///a.py", "mimeType": "text/x"},
        "a.py\nfile:///a.py",
        None,
    ),
    (
        {
            "type": "search_result",
            "title": "GLM",
            "source": "https://z.ai",
            "content": [{"type": "text", "text": "A model."}],
        },
        "GLM\nhttps://z.ai\nA model.",
        None,
    ),
    ({"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}}, "words", None),
    ({"type": "resource", "resource": {"uri": "file:///a", "mimeType": "text/plain", "text": "words"}}, "words", None),
]


@pytest.mark.parametrize(("block", "text", "noun"), RETURNED)
def test_what_a_tool_returned_is_told_where_the_model_cannot_read_it(block: Any, text: str, noun: str | None) -> None:
    messages = [ASK, called(), ToolMessage(["a", block], tool_call_id="c0")]
    sent, notices = to_wire(messages, HOSTS["zai"], find_model("glm-5.2"))
    assert sent[2:] == [{"role": "tool", "content": f"a\n{text}", "tool_call_id": "c0"}]
    notice = f"A tool returned {noun}, which glm-5.2 cannot read; a sentence about it is sent instead."
    expected = [notice] if noun else []
    assert notices == expected


def test_an_image_that_a_tool_returned_by_url_is_told_on_kimi() -> None:
    messages = [ASK, called(), ToolMessage([IMAGE], tool_call_id="c0")]
    sent, notices = to_wire(messages, HOSTS["kimi"], find_model("kimi-k2.6"))
    assert sent[2:] == [{"role": "tool", "content": RETURNED[0][1], "tool_call_id": "c0"}]
    assert notices == ["A tool returned an image, which kimi-k2.6 cannot read; a sentence about it is sent instead."]


def test_the_same_holds_in_anthropics_form() -> None:
    result = {"type": "tool_result", "tool_use_id": "c0", "content": [IMAGE]}
    sent, notices = to_wire([ASK, called(), HumanMessage([result])], HOSTS["zai"], find_model("glm-5.2"))
    assert sent[2:] == [{"role": "tool", "content": RETURNED[0][1], "tool_call_id": "c0"}]
    assert len(notices) == 1


@pytest.mark.parametrize(
    ("message", "call_id"),
    [
        (ToolMessage("42", tool_call_id="c9"), "c9"),
        (FunctionMessage(content="42", name="find"), ""),
        (ChatMessage(content="42", role="tool"), ""),
        (HumanMessage([{"type": "tool_result", "tool_use_id": "c9", "content": "42"}]), "c9"),
    ],
    ids=["ToolMessage", "FunctionMessage", "ChatMessage", "tool_result"],
)
@pytest.mark.parametrize("before", [[], [ASK], [ASK, called()], [called(), ASK]], ids=len)
def test_an_output_that_answers_no_call_is_sent_as_the_users(
    before: list[BaseMessage], message: BaseMessage, call_id: str
) -> None:
    sent, notices = to_wire([*before, message], HOSTS["zai"], None)
    assert sent[-1] == {"role": "user", "content": f"Output of the tool call {call_id}:\n42"}
    assert "belongs to no earlier call" in notices[0]


def test_a_call_is_answered_once() -> None:
    answers = [ToolMessage(text, tool_call_id="c0") for text in ("1", "2")]
    sent, notices = to_wire([ASK, called(), *answers], HOSTS["zai"], None)
    assert [message["role"] for message in sent] == ["user", "assistant", "tool", "user"]
    assert len(notices) == 1


# model, reasoning of the earlier call, and what is sent back
REPLAYED: list[tuple[str, str, str | None]] = [
    ("glm-4.6", "r", "r"),
    ("glm-4.6", "", None),
    ("glm-4-plus", "r", None),  # does not think
    ("kimi-k2.6", "r", "r"),
    ("kimi-k2.6", "", " "),  # refused without
    ("kimi-k2-0905-preview", "r", None),
    ("some-model", "r", "r"),
    ("some-model", "", None),
]


@pytest.mark.parametrize(("model", "reasoning", "expected"), REPLAYED)
def test_reasoning_is_replayed_as_the_model_needs(model: str, reasoning: str, expected: str | None) -> None:
    message = called(additional_kwargs={"reasoning_content": reasoning}, response_metadata={"model_provider": "glm"})
    sent = to_wire([ASK, message], HOSTS["kimi"], find_model(model))[0]
    assert sent[1].get("reasoning_content") == expected


# host, model asked, who reasoned (provider, model), and whether the reasoning goes back
FAMILIES: list[tuple[str, str, str | None, str | None, bool]] = [
    ("zai", "glm-4.6", "glm", "glm-5.2", True),
    ("zai", "glm-4.6", "glm", "z-ai/glm-4.6", True),
    ("zai", "glm-4.6", "zai", None, True),
    ("zai", "glm-4.6", "zhipuai", "glm-5.2", True),
    ("zai", "glm-4.6", "glm", "kimi-k2.6", False),
    ("zai", "glm-4.6", "moonshotai", None, False),
    ("bigmodel", "some-model", "glm", "moonshotai/Kimi-K2-Thinking", False),
    ("zai", "glm-4.6", "glm", None, True),
    ("bigmodel", "glm-5.2", "zai", "glm-5.2", True),
    ("phanedge", "glm-5.2", "zai", "glm-5.2", True),
    ("phanedge", "kimi-k2.6", "zai", "glm-5.2", False),
    ("zai", "glm-5.2", "moonshotai", "kimi-k3", False),
    ("kimi", "kimi-k3", "zai", "glm-5.2", False),
    ("kimi", "kimi-k2.6", "glm", "kimi-k3", True),
    ("kimi", "kimi-k2.6", "moonshotai", None, True),
    ("kimi", "kimi-k2.6", "glm", "glm-5.2", False),
    ("kimi", "some-model", "zhipuai", None, False),
    ("phanedge", "some-model", "glm", "some-model", True),
    ("phanedge", "some-model", "glm", "kimi-k3", True),
    ("zai", "glm-4.6", "deepseek", "glm-4.6", False),
]


@pytest.mark.parametrize(("host", "model", "provider", "by", "goes"), FAMILIES)
def test_reasoning_stays_in_its_family(host: str, model: str, provider: str | None, by: str | None, goes: bool) -> None:
    metadata = {"model_provider": provider, "model_name": by}
    message = ai("t", additional_kwargs={"reasoning_content": "r"}, response_metadata=metadata)
    assert ("reasoning_content" in wire([ASK, message], host, model)[1]) is goes


@pytest.mark.parametrize("provider", PROVIDERS)
def test_reasoning_of_every_provider_may_go_back(provider: str) -> None:
    assert is_our_message(ai("t", response_metadata={"model_provider": provider}))


@pytest.mark.parametrize("provider", ["deepseek", ["zai"], 7])
def test_reasoning_of_others_may_not(provider: Any) -> None:
    assert not is_our_message(ai("t", response_metadata={"model_provider": provider}))


# the field that the host reads, the field in which it came, and the one in which it goes back
FIELDS: list[tuple[str | None, str | None, str]] = [
    (None, None, "reasoning_content"),
    (None, "reasoning_content", "reasoning_content"),
    (None, "reasoning", "reasoning"),
    (None, "content", "reasoning_content"),
    ("reasoning", "reasoning_content", "reasoning"),
    ("reasoning_content", "reasoning", "reasoning_content"),
]


@pytest.mark.parametrize(("reads", "came", "goes"), FIELDS)
def test_reasoning_goes_back_in_the_field_in_which_it_came(reads: str | None, came: str | None, goes: str) -> None:
    host = replace(HOSTS["phanedge"], reasoning_field=reads)
    message = ai("t", additional_kwargs={"reasoning_content": "r"}, response_metadata={"reasoning_field": came})
    sent, _ = to_wire([ASK, message], host, None)
    assert sent[1] == {"role": "assistant", "content": "t", goes: "r"}


def test_a_thinking_kimi_takes_text_without_reasoning() -> None:
    assert wire([ASK, ai("t")], "kimi", "kimi-k2.6")[1] == {"role": "assistant", "content": "t"}


def test_a_conversation_of_system_messages_is_mended() -> None:
    sent, notices = to_wire([SystemMessage("a"), SystemMessage("b")], HOSTS["zai"], None)
    assert sent == [{"role": "system", "content": "a"}, {"role": "user", "content": "b"}]
    assert len(notices) == 1
    assert "1214" in notices[0]


CUT_OFF = {"role": "user", "content": "(The beginning of this conversation is left out.)"}


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([ai("a")], [CUT_OFF, {"role": "assistant", "content": "a"}]),
        (
            [SystemMessage("s"), called(), ToolMessage("42", tool_call_id="c0"), SystemMessage("t")],
            [
                {"role": "system", "content": "s"},
                CUT_OFF,
                SENT,
                {"role": "tool", "content": "42", "tool_call_id": "c0"},
                {"role": "system", "content": "t"},
            ],
        ),
    ],
    ids=["an answer", "a call"],
)
def test_a_trimmed_conversation_is_mended(messages: list[BaseMessage], expected: list[Any]) -> None:
    sent, notices = to_wire(messages, HOSTS["zai"], None)
    assert sent == expected
    assert len(notices) == 1
    assert "1214" in notices[0]


@pytest.mark.parametrize(
    "messages",
    [[], [HumanMessage("")], [SystemMessage("")], [ai("", additional_kwargs={"reasoning_content": "r"})]],
    ids=["none", "empty user", "empty system", "reasoning"],
)
def test_a_conversation_without_any_content_is_refused(messages: list[BaseMessage]) -> None:
    with pytest.raises(ValueError, match=r"^messages: there is no content.*1214"):
        to_wire(messages, HOSTS["zai"], None)


# the messages, and the beginning of the error
REFUSED: list[tuple[list[BaseMessage], str]] = [
    ([ASK, ChatMessage(content="x", role="critic")], r"messages\[1\]: role 'critic' is unknown"),
    ([ASK, SystemMessage([IMAGE])], r"messages\[1\]\.content\[0\]: only text is allowed here, not 'image'"),
    ([ASK, SystemMessage(["a", {"type": "text"}])], r"messages\[1\]\.content\[1\]: only text is allowed here"),
    ([ASK, ChatMessage(content=["a", IMAGE], role="system")], r"messages\[1\]\.content\[1\]: only text"),
    (
        [HumanMessage(["a", {"type": "hologram"}])],
        r"messages\[0\]\.content\[1\]: blocks of type 'hologram' cannot be sent",
    ),
    ([HumanMessage([{"type": ["image"]}])], r"messages\[0\]\.content\[0\]: blocks of type \['image'\] cannot be sent"),
    ([HumanMessage(["a", {"text": "typeless"}])], r"messages\[0\]\.content\[1\]: blocks of type None cannot be sent"),
    ([ASK, HumanMessage([{"type": "image"}])], r"messages\[1\]\.content\[0\]: give url, or base64"),
]


@pytest.mark.parametrize(("messages", "text"), REFUSED)
def test_what_cannot_be_sent_is_refused_at_its_place(messages: list[BaseMessage], text: str) -> None:
    with pytest.raises(ValueError, match="^" + text):
        to_wire(messages, HOSTS["zai"], find_model("glm-4.6v"))


def test_a_message_of_another_class_is_a_type_error() -> None:
    with pytest.raises(GLMValueError, match=r"^messages\[1\]: a RemoveMessage cannot be sent; "):
        to_wire([ASK, RemoveMessage(id="x")], HOSTS["zai"], None)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ([ASKED], [{"role": "system", "content": "Do so."}, ASKED]),
        ([{"role": "system", "content": "a"}, ASKED], [{"role": "system", "content": "a\n\nDo so."}, ASKED]),
    ],
)
def test_an_instruction_joins_the_leading_system_message(sent: list[WireMessage], expected: list[Any]) -> None:
    before = copy.deepcopy(sent)
    assert add_instruction(sent, "Do so.") == expected
    assert sent == before


def test_arguments_that_are_nested_too_deep_are_refused() -> None:
    arguments: dict[str, Any] = {}
    for _ in range(100_000):
        arguments = {"a": arguments}
    call = AIMessage("", tool_calls=[{"name": "f", "args": {}, "id": "c1"}])
    call.tool_calls[0]["args"] = arguments
    with pytest.raises(GLMValueError, match=r"^messages: the arguments of the call 'c1': .* nested too deep"):
        to_wire([HumanMessage("hi"), call], HOSTS["zai"], None)
