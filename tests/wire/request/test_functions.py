"""LangChain tools → the `tools` array; `tool_choice` → what a host honours; arguments read back."""

from __future__ import annotations

import copy
import gc
import json
import pickle
import re
import sys
from typing import TYPE_CHECKING, Annotated, Any

import pydantic.v1
import pytest
from langchain_core.tools import BaseTool, StructuredTool, tool
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from langchain_glm.catalog.hosts import HOSTS
from langchain_glm.errors import GLMValueError
from langchain_glm.json import dump_json
from langchain_glm.kimi_search import KimiWebSearch
from langchain_glm.tools import MCPServer, Retrieval, WebSearch
from langchain_glm.wire.request import functions
from langchain_glm.wire.request.functions import (
    choose_tools,
    demands_call,
    legal_name,
    original_names,
    parallel_calls,
    parameters_of,
    to_wire_tool,
    with_legal_names,
)
from langchain_glm.wire.types import WireTool

if TYPE_CHECKING:
    from langchain_glm.catalog.hosts import Host

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"type": "function", "function": {"name": "weather", "description": "Say it.", "parameters": CITY}}


@tool
def weather(city: str) -> str:
    """Say it."""
    return city


def weather_function(city: str) -> str:
    """Say it."""
    return city


class WeatherModel(BaseModel):
    """Say it."""

    city: str


class WeatherModelV1(pydantic.v1.BaseModel):
    """Say it."""

    city: str


class WeatherDict(TypedDict):
    """Say it."""

    city: Annotated[str, ..., "Which."]


def named(name: str, **city: Any) -> dict[str, Any]:
    parameters = {"type": "object", "properties": {"city": {"type": "string", **city}}, "required": ["city"]}
    return {"type": "function", "function": {"name": name, "description": "Say it.", "parameters": parameters}}


SCHEMA = {"title": "weather", "description": "Say it.", **CITY}

TOOLS: dict[str, tuple[Any, dict[str, Any]]] = {
    "a LangChain tool": (weather, WEATHER),
    "a function": (weather_function, named("weather_function")),
    "a pydantic class": (WeatherModel, named("WeatherModel")),
    "a TypedDict": (WeatherDict, named("WeatherDict", description="Which.")),
    "a JSON schema": (SCHEMA, WEATHER),
    "OpenAI's function": ({"name": "weather", "description": "Say it.", "parameters": CITY}, WEATHER),
    "OpenAI's tool": (WEATHER, WEATHER),
    "OpenAI's tool, strict": ({"type": "function", "function": {**WEATHER["function"], "strict": True}}, WEATHER),  # type: ignore[dict-item]
    "Anthropic's tool": ({"name": "weather", "description": "Say it.", "input_schema": CITY}, WEATHER),
    "no arguments and no description": (
        {"type": "function", "function": {"name": "now"}},
        {"type": "function", "function": {"name": "now", "description": "now"}},
    ),
    "references": (
        {
            "type": "function",
            "function": {
                "name": "f",
                "description": "d",
                "parameters": {"type": "object", "properties": {"c": {"$ref": "#/$defs/C"}}, "$defs": {"C": CITY}},
            },
        },
        {
            "type": "function",
            "function": {"name": "f", "description": "d", "parameters": {"type": "object", "properties": {"c": CITY}}},
        },
    ),
    "WebSearch": (
        WebSearch(count=3),
        {"type": "web_search", "web_search": {"enable": True, "count": 3, "search_result": True}},
    ),
    "Retrieval": (Retrieval(knowledge_id="k"), {"type": "retrieval", "retrieval": {"knowledge_id": "k"}}),
    "MCPServer": (MCPServer(server_label="s"), {"type": "mcp", "mcp": {"server_label": "s"}}),
    "web_search as a dict": (
        {"type": "web_search", "web_search": {"enable": "True"}},
        {"type": "web_search", "web_search": {"enable": "True"}},
    ),
    "web_search alone": (
        {"type": "web_search"},
        {"type": "web_search", "web_search": {"enable": True, "search_result": True}},
    ),
    "retrieval as a dict": (
        {"type": "retrieval", "retrieval": {"knowledge_id": "k"}},
        {"type": "retrieval", "retrieval": {"knowledge_id": "k"}},
    ),
    "mcp as a dict": ({"type": "mcp", "mcp": {"server_label": "s"}}, {"type": "mcp", "mcp": {"server_label": "s"}}),
    "Kimi's own, as a dict": (
        {"type": "builtin_function", "function": {"name": "$web_search"}},
        {"type": "builtin_function", "function": {"name": "$web_search"}},
    ),
    "Kimi's own": (KimiWebSearch(), {"type": "builtin_function", "function": {"name": "$web_search"}}),
    "what GLM may add, in its own shape": (
        {"type": "drawing", "drawing": {"size": 1}},
        {"type": "drawing", "drawing": {"size": 1}},
    ),
    "a tool that brings its definition": (
        StructuredTool.from_function(
            weather_function, extras={"provider_tool_definition": {"type": "drawing", "drawing": {}}}
        ),
        {"type": "drawing", "drawing": {}},
    ),
}


@pytest.mark.parametrize(("given", "expected"), TOOLS.values(), ids=TOOLS)
def test_a_tool_is_sent_as(given: Any, expected: dict[str, Any]) -> None:
    before = copy.deepcopy(given)
    sent = to_wire_tool(given)
    assert sent == expected
    assert to_wire_tool(sent) == sent  # what is bound is translated again by each call
    assert not isinstance(given, dict) or given == before


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="pydantic.v1 does not run there")
def test_a_pydantic_class_of_version_1() -> None:
    assert to_wire_tool(WeatherModelV1) == named("WeatherModelV1")


class Deep(BaseModel):
    """Go deep."""

    point: tuple[int, int]
    city: WeatherModel = Field(description="Where.")


def test_a_nested_pydantic_class_is_inlined() -> None:
    parameters = to_wire_tool(Deep)["function"]["parameters"]
    assert parameters["properties"]["point"]["items"] == {"type": "integer"}
    assert parameters["properties"]["city"]["properties"] == {"city": {"type": "string"}}
    assert parameters["properties"]["city"]["description"] == "Where."
    assert "$defs" not in repr(parameters)


class Node(BaseModel):
    """A tree."""

    name: str = Field(title="How it is called", description="Its name.")
    children: list[Node] = Field(default_factory=list)


@tool
def plant(tree: Node) -> str:
    """Plant it."""
    return tree.name


class Planter(BaseTool):
    """Translated without its own schema of arguments."""

    name: str = "plant"
    description: str = "Plant it."

    def _run(self, tree: Node) -> str:
        return tree.name


NODE = {
    "description": "A tree.",
    "type": "object",
    "properties": {
        "name": {"description": "Its name.", "type": "string"},
        "children": {"items": {"type": "object"}, "type": "array"},
    },
    "required": ["name"],
}
PLANT: dict[str, Any] = {"type": "object", "properties": {"tree": NODE}, "required": ["tree"]}


def test_a_class_that_contains_itself_is_cut_to_its_type() -> None:
    parameters = {key: value for key, value in NODE.items() if key != "description"}
    assert to_wire_tool(Node)["function"] == {"name": "Node", "description": "A tree.", "parameters": parameters}


@pytest.mark.parametrize(
    "given",
    [
        plant,
        Planter(),
        StructuredTool(
            name="plant",
            description="Plant it.",
            func=print,
            args_schema={
                "title": "plantArguments",
                "type": "object",
                "properties": {"tree": {"$ref": "#/$defs/Node", "title": "Tree"}},
                "required": ["tree"],
                "$defs": Node.model_json_schema()["$defs"],
            },
        ),
    ],
    ids=["@tool", "a subclass", "a JSON schema, as MCP servers send it"],
)
def test_arguments_that_contain_themselves_are_cut_to_their_type(given: BaseTool) -> None:
    sent = {"name": "plant", "description": "Plant it.", "parameters": PLANT}
    assert to_wire_tool(given)["function"] == sent


def test_what_may_be_none_in_a_typed_dict_may_be_null() -> None:
    class Where(TypedDict):
        """Say it."""

        city: Annotated[str | None, ..., "Which."]

    city = to_wire_tool(Where)["function"]["parameters"]["properties"]["city"]
    assert city == {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "Which."}


@pytest.mark.parametrize(
    "given",
    [
        {"type": "web_search", "count": 5},
        {"type": "web_search", "web_search": True},
        {"type": "mcp", "server_label": "s"},
        {"type": "retrieval"},
        {"type": "builtin_function"},
        {"type": "file_search", "vector_store_ids": []},
        {"type": "code_interpreter", "container": {"type": "auto"}},
        {"type": "image_generation"},
        {"type": "hologram"},
        {},
    ],
    ids=repr,
)
def test_what_is_no_tool_is_refused(given: Any) -> None:
    with pytest.raises(GLMValueError, match=r"^tools: "):
        to_wire_tool(given)


SEARCH = WireTool({"type": "web_search", "web_search": {"enable": True}})
A, B = (WireTool({"type": "function", "function": {"name": name}}) for name in ("a", "b"))
ALL = [A, B, SEARCH]
ZAI, KIMI = HOSTS["zai"], HOSTS["kimi"]
ANY = "Answer by calling one of the tools, not in text."
ONLY_A = "Answer by calling the tool a, not in text."
FORCED_A = {"type": "function", "function": {"name": "a"}}

# the choice; where choices are not obeyed: tools, tool_choice, sentence; where they are: the same
CHOICES: list[tuple[Any, tuple[Any, Any, Any], tuple[Any, Any, Any]]] = [
    (None, (ALL, None, None), (ALL, None, None)),
    (False, (ALL, None, None), (ALL, None, None)),
    ("", (ALL, None, None), (ALL, None, None)),
    ("auto", (ALL, None, None), (ALL, None, None)),
    ({"type": "auto"}, (ALL, None, None), (ALL, None, None)),
    ("none", ([], None, None), ([], None, None)),
    ({"type": "none"}, ([], None, None), ([], None, None)),
    ("any", (ALL, None, ANY), (ALL, "required", None)),
    ("required", (ALL, None, ANY), (ALL, "required", None)),
    (True, (ALL, None, ANY), (ALL, "required", None)),
    ({"type": "any"}, (ALL, None, ANY), (ALL, "required", None)),
    ("a", ([A], None, ONLY_A), (ALL, FORCED_A, None)),
    (FORCED_A, ([A], None, ONLY_A), (ALL, FORCED_A, None)),
    ({"type": "tool", "name": "a"}, ([A], None, ONLY_A), (ALL, FORCED_A, None)),
    ({"name": "a"}, ([A], None, ONLY_A), (ALL, FORCED_A, None)),
    (
        "web_search",
        ([SEARCH], None, "Answer by calling the tool web_search, not in text."),
        ([SEARCH], None, "Answer by calling the tool web_search, not in text."),
    ),
    (
        {"type": "web_search"},
        ([SEARCH], None, "Answer by calling the tool web_search, not in text."),
        ([SEARCH], None, "Answer by calling the tool web_search, not in text."),
    ),
]


@pytest.mark.parametrize(("choice", "free", "forced"), CHOICES)
def test_a_choice_becomes(choice: Any, free: Any, forced: Any) -> None:
    assert choose_tools(ALL, choice, ZAI, can_force=False) == free
    assert choose_tools(ALL, choice, ZAI, can_force=True) == forced
    of_a_function = choice not in ("web_search", {"type": "web_search"})
    assert demands_call(ALL, choice) is (forced not in ((ALL, None, None), ([], None, None)) and of_a_function)


@pytest.mark.parametrize("choice", [None, "auto", "none", "any", "a"])
def test_a_choice_among_no_tools_is_none(choice: Any) -> None:
    assert choose_tools([], choice, ZAI, can_force=True) == ([], None, None)


def test_nothing_is_asked_of_a_search_that_the_endpoint_runs() -> None:
    assert choose_tools([SEARCH], "any", ZAI, can_force=False) == ([SEARCH], None, None)


@pytest.mark.parametrize(
    "choice", ["c", {"type": "function", "function": {"name": "c"}}, {"type": "tool", "name": "c"}, {"type": "tool"}]
)
@pytest.mark.parametrize("can_force", [True, False])
def test_a_choice_of_a_tool_that_is_not_offered_is_refused(choice: Any, can_force: bool) -> None:
    with pytest.raises(ValueError, match=r"^tool_choice=.* is not one of the offered tools: a, b, web_search\.$"):
        choose_tools(ALL, choice, ZAI, can_force=can_force)


def test_names_and_parameters() -> None:
    assert [tool.name for tool in (*ALL, WireTool({"type": "function", "function": 1}))] == ["a", "b", None, None]
    tools = [WireTool(WEATHER), A, SEARCH]
    assert parameters_of(tools, {}) == {"weather": CITY, "a": None}
    assert parameters_of(tools, {"w_1": "weather"}) == {"w_1": CITY, "a": None}


def test_a_tool_is_translated_once_and_anew_when_it_changes() -> None:
    @tool
    def get_weather(city: str) -> str:
        """Get the weather."""
        return city

    first = to_wire_tool(get_weather)
    assert to_wire_tool(get_weather) is first
    assert to_wire_tool(get_weather.model_copy()) == first
    assert to_wire_tool(first) is first
    get_weather.description = "Get the weather of tomorrow."
    assert to_wire_tool(get_weather)["function"]["description"] == "Get the weather of tomorrow."
    assert to_wire_tool(get_weather) is not first


def test_tools_that_share_a_schema_keep_their_names() -> None:
    class Shared(BaseTool):
        def _run(self, city: str) -> str:
            return city

        @property
        def tool_call_schema(self) -> Any:
            return WeatherModel

    first, second = (to_wire_tool(Shared(name=name, description=name, args_schema=WeatherModel)) for name in "ab")
    assert (first.name, second.name) == ("a", "b")


def test_a_translation_goes_with_its_tool() -> None:
    gc.collect()
    before = len(functions._translations)
    tools = [StructuredTool.from_function(weather_function, name=f"weather_{number}") for number in range(20)]
    for made in tools:
        to_wire_tool(made)
    assert len(functions._translations) == before + 20
    del made, tools
    gc.collect()
    assert len(functions._translations) == before


def test_a_wire_tool_is_copied_without_what_is_made_of_it() -> None:
    wire = WireTool(WEATHER)
    for twin in (copy.copy(wire), copy.deepcopy(wire), pickle.loads(pickle.dumps(wire))):
        assert isinstance(twin, WireTool)
        assert (twin, twin.name, twin.parameters) == (wire, wire.name, wire.parameters)


def test_an_mcp_servers_headers_are_not_shown() -> None:
    wire = to_wire_tool(MCPServer(server_label="s", headers={"authorization": "secret"}))
    assert wire["mcp"]["headers"] == {"authorization": "secret"}
    assert "secret" not in repr([wire])


def test_what_orjson_refuses_is_written_all_the_same() -> None:
    odd = WireTool({"type": "function", "function": {"name": "f", "parameters": {"maximum": 2**70}}})
    assert json.loads(dump_json({"tools": [odd], "more": 2**70})) == {"tools": [odd], "more": 2**70}


LEGAL = ["a", "ls", "1st", "-", "get_weather", "get-weather", "_", "x" * 64]
ILLEGAL = [
    "",
    "files.read",
    "files/read",
    "files read",
    "查天气",
    "x" * 65,
    "查",
    "a.b",
    "a/b",
    ".",
    "1.2",
    "$web_search",
]


@pytest.mark.parametrize("name", LEGAL)
def test_a_legal_name_stays(name: str) -> None:
    assert legal_name(name, ZAI) == name


@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS)
@pytest.mark.parametrize("name", [*LEGAL, *ILLEGAL])
def test_a_name_becomes_legal_and_stays_so(name: str, host: Host) -> None:
    legal = legal_name(name, host)
    assert re.fullmatch(host.tool_names, legal)
    assert legal_name(legal, host) == legal == legal_name(name, host)


def test_names_do_not_clash() -> None:
    names = [*ILLEGAL, *("x" * 65 + end for end in "abc"), "A.b", "a b", "a-b", "a_b"]
    assert len({legal_name(name, ZAI) for name in names}) == len(names)


def test_what_can_be_read_of_a_name_stays() -> None:
    assert legal_name("mcp.files/read file", ZAI).startswith("mcp_files_read_file_")
    assert legal_name("server" * 20, ZAI).startswith("serverserver")


def test_kimi_wants_three_characters_and_keeps_its_own_names() -> None:
    assert legal_name("ls", KIMI) != "ls"
    assert legal_name("1st", KIMI) != "1st"
    assert legal_name("$web_search", KIMI) == "$web_search"


def test_tools_are_renamed_and_the_names_are_known() -> None:
    tools = [to_wire_tool(named(name)) for name in ("files.read", "weather")]
    tools += [to_wire_tool(KimiWebSearch()), to_wire_tool(WebSearch())]
    renamed = with_legal_names(tools, ZAI)
    assert renamed[0] == named(legal_name("files.read", ZAI))
    assert renamed[1:] == tools[1:]
    assert original_names(tools, ZAI) == {legal_name("files.read", ZAI): "files.read"}


@pytest.mark.parametrize("choice", ["files.read", {"type": "function", "function": {"name": "files.read"}}])
def test_a_choice_names_the_tool_as_it_is_sent(choice: Any) -> None:
    (sent,) = with_legal_names([to_wire_tool(named("files.read"))], ZAI)
    assert choose_tools([sent], choice, ZAI, can_force=True)[1] == {
        "type": "function",
        "function": {"name": sent.name},
    }
    assert str(sent.name) in str(choose_tools([sent], choice, ZAI, can_force=False)[2])


@pytest.mark.parametrize("wanted", [True, False])
def test_parallel_calls_are_a_setting_of_other_hosts(wanted: bool) -> None:
    assert parallel_calls(None, ZAI) == parallel_calls(None, KIMI) == ({}, [])
    assert parallel_calls(wanted, KIMI) == ({"parallel_tool_calls": wanted}, [])
    assert parallel_calls(wanted, ZAI) == ({}, ["GLM has no parallel_tool_calls; it is not sent."])


@pytest.mark.parametrize(
    "tool", [5, None, "find", list[int], {}, {"type": "function"}, {"type": "function", "function": {}}]
)
def test_what_is_no_tool_is_refused_in_one_sentence(tool: Any) -> None:
    with pytest.raises(GLMValueError, match=r"^tools: (.* is not a tool; give|a function tool needs a name)") as caught:
        to_wire_tool(tool)
    assert "\n" not in str(caught.value)
