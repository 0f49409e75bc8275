"""LangChain messages → the `messages` array."""

from __future__ import annotations

import copy
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

from langchain_glm.catalog.hosts import HOSTS
from langchain_glm.catalog.profiles import find_model
from langchain_glm.wire.request.messages import add_instruction, to_wire

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


# what it shows: the messages, and what is sent
TABLE: dict[str, tuple[list[BaseMessage], list[Any]]] = {
    "user": ([ASK], [ASKED]),
    "user chunk": ([HumanMessageChunk(content="hi")], [ASKED]),
    "user, with a name that GLM has no field for": ([HumanMessage("hi", name="Ann")], [ASKED]),
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
            ChatMessage(content="t", role="tool"),
        ],
        [
            {"role": "system", "content": "s"},
            {"role": "system", "content": "d"},
            {"role": "user", "content": "u"},
            {"role": "user", "content": "h"},
            {"role": "assistant", "content": "a"},
            {"role": "assistant", "content": "b"},
            {"role": "tool", "content": "t"},
        ],
    ),
    "ChatMessage with media": (
        [ChatMessage(content=["look", IMAGE], role="user")],
        [{"role": "user", "content": [{"type": "text", "text": "look"}, IMAGE_PART]}],
    ),
    "FunctionMessage": ([ASK, FunctionMessage(content="42", name="find")], [ASKED, {"role": "tool", "content": "42"}]),
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
    "Kimi's own tools are called by another type": (
        [ASK, ai("", tool_calls=[{"name": "$web_search", "args": {"q": 1}, "id": "w"}])],
        [
            ASKED,
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [
                    {"id": "w", "type": "builtin_function", "function": {"name": "$web_search", "arguments": '{"q":1}'}}
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
    "reasoning alone": (
        [ASK, ai("", additional_kwargs={"reasoning_content": "r"})],
        [ASKED, {"role": "assistant", "content": "", "reasoning_content": "r"}],
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
                "tool_calls": [{"id": "bad", "type": "function", "function": {"name": "", "arguments": "{}"}}],
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
        [ASK, called(), ToolMessage("42", tool_call_id="c0", name="find", artifact={"big": 1}, status="error")],
        [
            ASKED,
            {"role": "assistant", "content": "", "tool_calls": [SENT_CALL]},
            {"role": "tool", "content": "42", "tool_call_id": "c0"},
        ],
    ),
    "a tool's answer that is empty is kept: its call needs one": (
        [ASK, ToolMessage("", tool_call_id="c0")],
        [ASKED, {"role": "tool", "content": "", "tool_call_id": "c0"}],
    ),
    "a tool's answer in blocks": (
        [
            ASK,
            ToolMessage(["a", {"type": "text", "text": "b"}, {"type": "json", "json": {"城": 1}}], tool_call_id="c0"),
        ],
        [ASKED, {"role": "tool", "content": 'a\nb\n{"城":1}', "tool_call_id": "c0"}],
    ),
    "a tool's media follow in a user message": (
        [ASK, ToolMessage([{"type": "text", "text": "here"}, IMAGE], tool_call_id="c0")],
        [
            ASKED,
            {"role": "tool", "content": "here", "tool_call_id": "c0"},
            {"role": "user", "content": [{"type": "text", "text": "Output of the tool call c0:"}, IMAGE_PART]},
        ],
    ),
    "the media of several tools follow all of their answers": (
        [
            ASK,
            ToolMessage([IMAGE], tool_call_id="c0"),
            ToolMessage("42", tool_call_id="c1"),
            ToolMessage([IMAGE], tool_call_id="c2"),
            ai("so"),
        ],
        [
            ASKED,
            {"role": "tool", "content": "", "tool_call_id": "c0"},
            {"role": "tool", "content": "42", "tool_call_id": "c1"},
            {"role": "tool", "content": "", "tool_call_id": "c2"},
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
            HumanMessage(
                [
                    {"type": "tool_result", "tool_use_id": "c0", "content": "42"},
                    {
                        "type": "tool_result",
                        "tool_use_id": "c1",
                        "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
                    },
                    {"type": "tool_result", "tool_use_id": "c2"},
                    {"type": "text", "text": "go on"},
                ]
            )
        ],
        [
            {"role": "tool", "content": "42", "tool_call_id": "c0"},
            {"role": "tool", "content": "a\nb", "tool_call_id": "c1"},
            {"role": "tool", "content": "", "tool_call_id": "c2"},
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
    assert wire([ASK, answer], "kimi", "kimi-k2.6")[1] == {
        "role": "tool",
        "content": "42",
        "tool_call_id": "c0",
        "name": "find",
    }
    assert "name" not in wire([ASK, answer], "zai")[1]
    assert "name" not in wire([ASK, ToolMessage("42", tool_call_id="c0")], "kimi", "kimi-k2.6")[1]


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


def test_a_thinking_kimi_takes_text_without_reasoning() -> None:
    assert wire([ASK, ai("t")], "kimi", "kimi-k2.6")[1] == {"role": "assistant", "content": "t"}


def test_a_conversation_of_system_messages_is_mended() -> None:
    sent, notices = to_wire([SystemMessage("a"), SystemMessage("b")], HOSTS["zai"], None)
    assert sent == [{"role": "system", "content": "a"}, {"role": "user", "content": "b"}]
    assert len(notices) == 1
    assert "1214" in notices[0]


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [HumanMessage("")],
        [SystemMessage("")],
        [ai("a")],
        [SystemMessage("s"), ai("a")],
        [ToolMessage("a", tool_call_id="c")],
    ],
    ids=["none", "empty user", "empty system", "assistant", "system and assistant", "tool"],
)
def test_a_conversation_without_a_user_is_refused(messages: list[BaseMessage]) -> None:
    with pytest.raises(ValueError, match=r"^messages: no user message with any content.*1214"):
        to_wire(messages, HOSTS["zai"], None)


# the messages, and the beginning of the error
REFUSED: list[tuple[list[BaseMessage], str]] = [
    ([ASK, ChatMessage(content="x", role="critic")], r"messages\[1\]: role 'critic' is unknown"),
    ([ASK, SystemMessage([IMAGE])], r"messages\[1\]\.content\[0\]: only text can stand here, not 'image'"),
    ([ASK, SystemMessage(["a", {"type": "text"}])], r"messages\[1\]\.content\[1\]: only text can stand here"),
    ([ASK, ChatMessage(content=["a", IMAGE], role="system")], r"messages\[1\]\.content\[1\]: only text"),
    ([ASK, FunctionMessage(content=[IMAGE], name="f")], r"messages\[1\]\.content\[0\]: only text"),
    (
        [HumanMessage(["a", {"type": "hologram"}])],
        r"messages\[0\]\.content\[1\]: blocks of type 'hologram' cannot be sent",
    ),
    ([HumanMessage([{"type": ["image"]}])], r"messages\[0\]\.content\[0\]: blocks of type \['image'\] cannot be sent"),
    ([HumanMessage(["a", {"text": "typeless"}])], r"messages\[0\]\.content\[1\]: blocks of type None cannot be sent"),
    ([ASK, ToolMessage(["a", {"type": "hologram"}], tool_call_id="c")], r"messages\[1\]\.content\[1\]: blocks of type"),
    (
        [HumanMessage([{"type": "tool_result", "tool_use_id": "c", "content": [IMAGE]}])],
        r"messages\[0\]\.content\[0\]: only text",
    ),
    ([ASK, HumanMessage([{"type": "image"}])], r"messages\[1\]\.content\[0\]: give url, or base64"),
]


@pytest.mark.parametrize(("messages", "text"), REFUSED)
def test_what_cannot_be_sent_is_refused_at_its_place(messages: list[BaseMessage], text: str) -> None:
    with pytest.raises(ValueError, match="^" + text):
        to_wire(messages, HOSTS["zai"], find_model("glm-4.6v"))


def test_a_message_of_another_class_is_a_type_error() -> None:
    with pytest.raises(TypeError, match=r"^messages\[1\]: got unknown type RemoveMessage"):
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
