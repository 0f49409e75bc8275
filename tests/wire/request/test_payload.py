"""Settings, messages and tools → one request body in the host's dialect."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from langchain_glm.catalog.hosts import GATEWAY, HOSTS, Host
from langchain_glm.catalog.models import MODELS
from langchain_glm.tools import WebSearch
from langchain_glm.wire.request.payload import build
from langchain_glm.wire.types import WireTool

ASK = [HumanMessage("hi")]
ASKED = {"role": "user", "content": "hi"}
FIND = {
    "type": "function",
    "function": {"name": "find", "description": "Find.", "parameters": {"type": "object", "properties": {}}},
}
GET = {"type": "function", "function": {"name": "get", "description": "Get."}}
SEARCH: dict[str, Any] = {"type": "web_search", "web_search": {"enable": True, "search_result": True}}
STD = {"type": "web_search", "web_search": {"enable": True, "search_result": True, "search_engine": "search_std"}}
KEEP = {"thinking": {"clear_thinking": False}}


def built(host: str = "zai", model: str = "glm-4.7", **given: Any) -> tuple[dict[str, Any], list[str]]:
    more = {name: given.pop(name) for name in ("tools", "tool_choice", "stream") if name in given}
    more["tools"] = [WireTool(tool) for tool in more.get("tools", ())]
    messages = given.pop("messages", ASK)
    return build(messages, {"model": model, **given}, HOSTS.get(host, GATEWAY), **more)


def body(host: str = "zai", model: str = "glm-4.7", **given: Any) -> dict[str, Any]:
    """The body without notices, less what every body holds."""
    sent, notices = built(host, model, **given)
    assert notices == []
    assert sent.pop("model") == model
    assert sent.pop("messages") == [ASKED]
    return sent


@pytest.mark.parametrize("host", [*HOSTS.values(), GATEWAY], ids=lambda host: host.name)
@pytest.mark.parametrize("model", [*MODELS, "some-model"])
def test_what_is_not_set_is_not_sent(model: str, host: Host) -> None:
    unset = dict.fromkeys(
        (
            "temperature",
            "top_p",
            "max_tokens",
            "stop",
            "do_sample",
            "thinking",
            "reasoning_effort",
            "web_search",
            "tool_stream",
            "response_format",
            "request_id",
            "user_id",
            "stream_usage",
        ),
    )
    given: list[dict[str, Any]] = [
        {},
        unset,
        {**unset, "stop": [], "model_kwargs": {}, "extra_body": {}, "web_search": False},
    ]
    for settings in given:
        sent, notices = build(ASK, {"model": model, **settings}, host, tools=[])
        assert len(notices) == (model in host.served_as)
        assert sent.keys() - {"thinking"} == {"model", "messages"}
        assert None not in sent.values()


# settings, and what they add to the body for Z.ai
PLAIN: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"temperature": 0.0}, {"temperature": 0.0}),
    ({"top_p": 0.5}, {"top_p": 0.5}),
    ({"do_sample": False}, {"do_sample": False}),
    ({"request_id": "q12345", "user_id": "u12345"}, {"request_id": "q12345", "user_id": "u12345"}),
    ({"max_tokens": 5}, {"max_tokens": 5}),
    ({"stop": "END"}, {"stop": ["END"]}),
    ({"stop": ["a", "b"]}, {"stop": ["a", "b"]}),
    ({"stop": ("a",)}, {"stop": ["a"]}),
    ({"stop": ""}, {}),
    ({"response_format": {"type": "json_object"}}, {"response_format": {"type": "json_object"}}),
    ({"response_format": {"type": "text"}}, {"response_format": {"type": "text"}}),
    ({"model_kwargs": {"seed": 1}}, {"seed": 1}),
    ({"extra_body": {"meta": {"a": 1}}}, {"meta": {"a": 1}}),
    ({"temperature": 0.1, "model_kwargs": {"temperature": 0.2}}, {"temperature": 0.2}),
    (
        {"temperature": 0.1, "model_kwargs": {"temperature": 0.2}, "extra_body": {"temperature": None}},
        {"temperature": None},
    ),
    ({"tools": [FIND]}, {"tools": [FIND]}),
    ({"tools": [FIND], "tool_choice": "auto"}, {"tools": [FIND]}),
    ({"tools": [FIND], "tool_choice": "none"}, {}),
    ({"tools": [], "tool_choice": "any"}, {}),
    ({"tools": [FIND], "tool_stream": True}, {"tools": [FIND]}),
    ({"stream": True}, {"stream": True}),
    ({"stream": True, "stream_usage": True}, {"stream": True, "stream_options": {"include_usage": True}}),
    ({"stream": True, "stream_usage": False}, {"stream": True}),
    ({"stream_usage": True}, {}),
    ({"stream": True, "tools": [FIND]}, {"stream": True, "tools": [FIND], "tool_stream": True}),
    ({"stream": True, "tools": [FIND], "tool_stream": False}, {"stream": True, "tools": [FIND]}),
    ({"stream": True, "tool_stream": True}, {"stream": True}),
    ({"stream": True, "tools": [FIND], "tool_choice": "none", "tool_stream": True}, {"stream": True}),
    ({"web_search": True}, {"tools": [SEARCH]}),
    ({"web_search": WebSearch()}, {"tools": [SEARCH]}),
    (
        {"web_search": {"enable": True, "count": 2}},
        {"tools": [{"type": "web_search", "web_search": {"enable": True, "count": 2}}]},
    ),
    ({"web_search": STD}, {"tools": [STD]}),
    ({"web_search": False}, {}),
    ({"web_search": True, "tools": [STD]}, {"tools": [STD]}),
    ({"web_search": True, "stream": True}, {"stream": True, "tools": [SEARCH]}),
    ({"thinking": False}, {"thinking": {"type": "disabled"}}),
]


@pytest.mark.parametrize(("settings", "expected"), PLAIN)
def test_settings_become(settings: dict[str, Any], expected: dict[str, Any]) -> None:
    before = copy.deepcopy(settings)
    assert body(**copy.deepcopy(settings)) == {**KEEP, **expected}
    assert settings == before


@pytest.mark.parametrize("host", [*HOSTS, "gateway"])
def test_the_output_limit_has_the_hosts_name(host: str) -> None:
    name = "max_completion_tokens" if host.startswith("kimi") else "max_tokens"
    assert body(host, "some-model", max_tokens=5) == {name: 5}


@pytest.mark.parametrize("host", [*HOSTS, "gateway"])
def test_usage_in_streams_is_asked_for_where_it_must_be(host: str) -> None:
    asking = host in ("phanedge", "anyfast", "kimi", "kimi-cn", "gateway")
    assert body(host, "some-model", stream=True) == {"stream": True} | (
        {"stream_options": {"include_usage": True}} if asking else {}
    )
    assert body(host, "some-model", stream=True, stream_usage=False) == {"stream": True}


@pytest.mark.parametrize(
    ("host", "model", "expected"),
    [
        ("zai", "glm-4.6", True),
        ("bigmodel-coding", "glm-5.3", True),
        ("zai", "glm-4.5", False),
        ("zai", "glm-4.6v", False),
        ("zai", "some-model", False),
        ("phanedge", "glm-4.6", False),
        ("gateway", "glm-4.6", False),
    ],
)
def test_arguments_are_streamed_where_the_model_can(host: str, model: str, expected: bool) -> None:
    assert ("tool_stream" in body(host, model, stream=True, tools=[FIND])) is expected
    assert body(host, model, stream=True, tools=[FIND], tool_stream=True)["tool_stream"] is True
    assert "tool_stream" not in body(host, model, stream=True, tools=[FIND], tool_stream=False)


@pytest.mark.parametrize("given", [{"web_search": True}, {"tools": [SEARCH]}], ids=["setting", "tool"])
def test_glms_own_tools_are_left_out_where_the_host_has_none(given: dict[str, Any]) -> None:
    sent, notices = built("kimi", "some-model", **given)
    assert "tools" not in sent
    assert notices == ["kimi does not have GLM's tool web_search; it is not sent."]


@pytest.mark.parametrize("host", [*(name for name, host in HOSTS.items() if host.glm_tools), "gateway"])
def test_a_search_names_the_engine_that_the_host_wants(host: str) -> None:
    engines = {"bigmodel": "search_std", "bigmodel-coding": "search_std", "phanedge": "search_pro_jina"}
    named = {"search_engine": engines[host]} if host in engines else {}
    expected = [{"type": "web_search", "web_search": {**SEARCH["web_search"], **named}}]
    assert body(host, "some-model", web_search=True)["tools"] == expected
    assert body(host, "some-model", tools=[SEARCH])["tools"] == expected
    pro = {"type": "web_search", "web_search": {"search_engine": "search_pro"}}
    assert body(host, "some-model", tools=[pro])["tools"] == [pro]


def test_a_search_whose_engine_is_null_gets_one() -> None:
    asked = {"type": "web_search", "web_search": {"enable": True, "search_engine": None}}
    assert body("bigmodel", "some-model", tools=[asked])["tools"][0]["web_search"]["search_engine"] == "search_std"


@pytest.mark.parametrize(
    ("host", "noticed"), [("zai", True), ("bigmodel", True), ("phanedge", False), ("gateway", False)]
)
def test_a_search_beside_functions_is_noticed_on_zhipus_hosts(host: str, noticed: bool) -> None:
    sent, notices = built(host, tools=[FIND], web_search=True)
    assert [tool["type"] for tool in sent["tools"]] == ["function", "web_search"]
    assert bool(notices) is noticed


SCHEMA = {"type": "object", "properties": {"p": {"$ref": "#/$defs/P"}}, "$defs": {"P": {"type": "object"}}}
FORMAT = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}}
PLAIN_SCHEMA = '{"type":"object","properties":{"p":{"type":"object"}}}'


@pytest.mark.parametrize("host", ["kimi", "kimi-cn"])
def test_a_schema_goes_as_it_is_where_it_is_enforced(host: str) -> None:
    assert body(host, "some-model", response_format=FORMAT) == {"response_format": FORMAT}


@pytest.mark.parametrize("host", ["zai", "bigmodel", "phanedge", "anyfast", "gateway"])
@pytest.mark.parametrize(
    ("model", "sent_format"),
    [("glm-4.7", {"type": "json_object"}), ("some-model", {"type": "json_object"}), ("glm-4.6v", None)],
)
def test_a_schema_goes_into_the_prompt_where_it_is_not(host: str, model: str, sent_format: Any) -> None:
    sent, notices = built(host, model, response_format=FORMAT)
    assert notices == []
    assert sent.get("response_format") == sent_format
    system, user = sent["messages"]
    assert (system["role"], user) == ("system", ASKED)
    assert system["content"].endswith(PLAIN_SCHEMA)


@pytest.mark.parametrize(
    "bad",
    [
        {"type": "json_schema"},
        {"type": "json_schema", "json_schema": {}},
        {"type": "json_schema", "json_schema": {"schema": 1}},
    ],
)
def test_a_schema_that_is_none_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^response_format: "):
        built(response_format=bad)


def test_sentences_join_the_leading_system_message() -> None:
    messages = [SystemMessage("be brief"), *ASK]
    sent, _ = built(messages=messages, tools=[FIND], tool_choice="find", response_format=FORMAT)
    first, second, third = sent["messages"][0]["content"].split("\n\n")
    assert (first, second) == ("be brief", "Answer by calling the tool find, not in text.")
    assert third.endswith(PLAIN_SCHEMA)
    assert sent["messages"][1:] == [ASKED]
    assert messages[0].content == "be brief"


def test_sentences_do_not_move_the_index_in_an_error() -> None:
    messages = [HumanMessage([{"type": "hologram"}])]
    for more in ({}, {"tools": [FIND], "tool_choice": "any"}, {"response_format": FORMAT}):
        with pytest.raises(ValueError, match=r"^messages\[0\]\.content\[0\]: "):
            built(messages=messages, **more)


def test_a_conversation_of_one_system_message_keeps_it_as_the_users() -> None:
    sent, notices = built(messages=[SystemMessage("say hi")], tools=[FIND], tool_choice="any")
    assert [message["role"] for message in sent["messages"]] == ["system", "user"]
    assert sent["messages"][1]["content"] == "say hi"
    assert len(notices) == 1


# the choice, and what is sent of tools and tool_choice: GLM's hosts; Kimi that does not think; Kimi that does
CHOICES: list[tuple[Any, list[Any], tuple[list[Any], Any], list[Any]]] = [
    ("auto", [FIND, GET], ([FIND, GET], None), [FIND, GET]),
    ("any", [FIND, GET], ([FIND, GET], "required"), [FIND, GET]),
    ("find", [FIND], ([FIND, GET], {"type": "function", "function": {"name": "find"}}), [FIND]),
]


@pytest.mark.parametrize(("choice", "glm", "kimi", "thinking"), CHOICES)
def test_a_tool_choice_becomes(choice: Any, glm: Any, kimi: Any, thinking: Any) -> None:
    offered = {"tools": [FIND, GET], "tool_choice": choice}
    for host in ("zai", "bigmodel", "phanedge", "gateway"):
        sent, _ = built(host, **offered)
        assert (sent["tools"], sent.get("tool_choice")) == (glm, None)
    for model, setting in (("kimi-k2.6", False), ("kimi-k2-0905-preview", None), ("some-model", None)):
        sent, _ = built("kimi", model, thinking=setting, **offered)
        assert (sent["tools"], sent.get("tool_choice")) == kimi
        assert [message["role"] for message in sent["messages"]] == ["user"]
    for model, setting in (("kimi-k2.6", None), ("kimi-k2.5", True), ("kimi-k3", None), ("kimi-k2-thinking", None)):
        sent, _ = built("kimi", model, thinking=setting, **offered)
        assert (sent["tools"], sent.get("tool_choice")) == (thinking, None)


def test_a_choice_of_a_tool_that_is_not_offered_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^tool_choice='set'"):
        built(tools=[FIND], tool_choice="set")


@pytest.mark.parametrize("model", ["kimi-k2.5", "kimi-k2.6", "kimi-k2.7-code"])
@pytest.mark.parametrize("settings", [{"temperature": 0.5}, {"top_p": 0.5}, {"temperature": 0.0, "top_p": 1.0}])
def test_fixed_sampling_is_left_alone_with_a_notice(model: str, settings: dict[str, Any]) -> None:
    sent, notices = built("kimi", model, **settings)
    assert not sent.keys() & {"temperature", "top_p"}
    assert notices == [f"{model} accepts only its default temperature and top_p; yours are not sent."]


def test_messages_are_translated_for_the_model_and_the_host() -> None:
    kept = AIMessage("t", additional_kwargs={"reasoning_content": "r"})
    assert built(messages=[*ASK, kept])[0]["messages"][1]["reasoning_content"] == "r"
    assert "reasoning_content" not in built(model="glm-4-plus", messages=[*ASK, kept])[0]["messages"][1]
    image = HumanMessage([{"type": "image", "base64": "QUJD"}])
    assert built("bigmodel", "glm-4.6v", messages=[image])[0]["messages"][0]["content"][0]["image_url"] == {
        "url": "QUJD"
    }


def test_notices_of_messages_and_settings_come_together() -> None:
    _, notices = built(model="glm-5.3", messages=[SystemMessage("s")], thinking=False)
    assert len(notices) == 2


def test_model_kwargs_and_extra_body_are_not_changed() -> None:
    kwargs: dict[str, Any] = {"seed": 1}
    extra: dict[str, Any] = {"meta": {}}
    built(model_kwargs=kwargs, extra_body=extra, temperature=0.5)
    assert (kwargs, extra) == ({"seed": 1}, {"meta": {}})


PLANS = ["zai-coding", "bigmodel-coding"]


@pytest.mark.parametrize("host", PLANS)
def test_the_rules_are_those_of_the_model_that_answers(host: str) -> None:
    settings: dict[str, Any] = {"thinking": False, "response_format": {"type": "json_object"}}
    sent, notices = built(host, "glm-4.7", **settings)
    assert sent["model"] == "glm-4.7"
    assert (sent["thinking"], sent["reasoning_effort"]) == ({"clear_thinking": False}, "low")
    assert "response_format" not in sent  # glm-5.3-flash refuses it with 1210
    assert "JSON" in sent["messages"][0]["content"]
    assert notices == [
        f"{host} answers glm-4.7 with glm-5.3-flash; the request follows the rules of glm-5.3-flash.",
        "glm-5.3-flash cannot stop thinking; reasoning_effort='low' is sent instead.",
    ]
    assert built("zai", "glm-4.7", **settings)[0]["response_format"] == {"type": "json_object"}


@pytest.mark.parametrize("host", PLANS)
def test_efforts_are_those_of_the_model_that_answers(host: str) -> None:
    sent, notices = built(host, "glm-5-turbo", reasoning_effort="max")
    assert sent["reasoning_effort"] == "max"
    assert notices == [
        f"{host} answers glm-5-turbo with glm-5.3-flash; the request follows the rules of glm-5.3-flash."
    ]
    assert built(host, "glm-4.6")[1] == []


def test_an_unlisted_model_is_asked_as_its_family_is() -> None:
    sent, notices = built("zai", "glm-5.4", thinking=False, stream=True, tools=[FIND])
    assert (sent["model"], sent["reasoning_effort"], sent["tool_stream"]) == ("glm-5.4", "low", True)
    assert len(notices) == 1
    picture = HumanMessage([{"type": "image", "base64": "QUJD"}])
    assert built("zai", "glm-5.4-flash", messages=[picture])[0]["messages"][0]["content"][0]["type"] == "image_url"


def test_ranges_hold_for_every_request() -> None:
    with pytest.raises(ValueError, match=r"^temperature=1\.2 is outside"):
        built("zai", "some-model", temperature=1.2)
    assert built("gateway", "some-model", temperature=1.2)[0]["temperature"] == 1.2
