"""LangChain tools → the `tools` array; `tool_choice` → what a host honours; arguments read back."""

from __future__ import annotations

import copy
import gc
import json
import pickle
import sys
from typing import Annotated, Any

import orjson
import pydantic.v1
import pytest
from langchain_core.tools import StructuredTool, tool
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from langchain_glm.json import dump_json
from langchain_glm.kimi_search import KimiWebSearch
from langchain_glm.tools import MCPServer, Retrieval, WebSearch
from langchain_glm.wire.request import functions
from langchain_glm.wire.request.functions import (
    choose_tools,
    demands_call,
    function_name,
    parameters_of,
    read_arguments,
    to_wire_tool,
)
from langchain_glm.wire.types import WireTool

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


@pytest.mark.parametrize(
    "given",
    [
        {"type": "web_search"},
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
    with pytest.raises(ValueError, match=r"\S"):
        to_wire_tool(given)


SEARCH = {"type": "web_search", "web_search": {"enable": True}}
A, B = ({"type": "function", "function": {"name": name}} for name in ("a", "b"))
ALL = [A, B, SEARCH]
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


@pytest.mark.parametrize(("choice", "free", "obeyed"), CHOICES)
def test_a_choice_becomes(choice: Any, free: Any, obeyed: Any) -> None:
    assert choose_tools(ALL, choice, obeyed=False) == free
    assert choose_tools(ALL, choice, obeyed=True) == obeyed
    of_a_function = choice not in ("web_search", {"type": "web_search"})
    assert demands_call(ALL, choice) is (obeyed not in ((ALL, None, None), ([], None, None)) and of_a_function)


@pytest.mark.parametrize("choice", [None, "auto", "none", "any", "a"])
def test_a_choice_among_no_tools_is_none(choice: Any) -> None:
    assert choose_tools([], choice, obeyed=True) == ([], None, None)


def test_nothing_is_asked_of_a_search_that_the_endpoint_runs() -> None:
    assert choose_tools([SEARCH], "any", obeyed=False) == ([SEARCH], None, None)


@pytest.mark.parametrize(
    "choice", ["c", {"type": "function", "function": {"name": "c"}}, {"type": "tool", "name": "c"}, {"type": "tool"}]
)
@pytest.mark.parametrize("obeyed", [True, False])
def test_a_choice_of_a_tool_that_is_not_offered_is_refused(choice: Any, obeyed: bool) -> None:
    with pytest.raises(ValueError, match=r"^tool_choice=.* offered are: a, b, web_search\.$"):
        choose_tools(ALL, choice, obeyed=obeyed)


def test_names_and_parameters() -> None:
    entries: list[dict[str, Any]] = [*ALL, {"type": "function", "function": 1}]
    assert [function_name(entry) for entry in entries] == ["a", "b", None, None]
    assert parameters_of([WireTool(entry) for entry in (WEATHER, A, SEARCH)]) == {"weather": CITY, "a": None}


PLACE = {"type": "object", "properties": {"p": {"type": "object"}, "s": {"type": "string"}}}


@pytest.mark.parametrize(
    ("arguments", "schema", "expected"),
    [
        ('{"p": "{\\"城\\": 1}"}', PLACE, '{"p":{"城":1}}'),
        ('{"p": {"x": 1}}', PLACE, '{"p": {"x": 1}}'),
        ('{ "s" : "{}" }', PLACE, '{ "s" : "{}" }'),
        ('{"p": "{\\"x\\": 1}"}', None, '{"p": "{\\"x\\": 1}"}'),
        ('{"p": "{\\"x\\": 1}"}', {}, '{"p": "{\\"x\\": 1}"}'),
        ('{"p": "{', PLACE, '{"p": "{'),
        ("null", PLACE, "null"),
        ("", PLACE, ""),
        ('"{}"', PLACE, '"{}"'),
        (f'{{"n": {10**30}, "p": "{{}}"}}', PLACE, f'{{"n":{10**30},"p":{{}}}}'),
    ],
)
def test_arguments_are_read(arguments: str, schema: Any, expected: str) -> None:
    assert read_arguments(arguments, schema) == expected


def test_a_tool_is_translated_once_and_anew_when_it_changes() -> None:
    @tool
    def get_weather(city: str) -> str:
        """Get the weather."""
        return city

    first = to_wire_tool(get_weather)
    assert to_wire_tool(get_weather) is first
    assert to_wire_tool(first) is first
    get_weather.description = "Get the weather of tomorrow."
    assert to_wire_tool(get_weather)["function"]["description"] == "Get the weather of tomorrow."
    assert to_wire_tool(get_weather) is not first


def test_a_translation_goes_with_its_tool() -> None:
    gc.collect()
    before = set(functions._kept)

    def get_time(city: str) -> str:
        """Get the time."""
        return city

    to_wire_tool(get_time)
    kept = functions._kept.keys() - before
    assert len(kept) == 1
    del get_time
    gc.collect()
    assert not kept & functions._kept.keys()


def test_a_tool_is_written_once_and_copied_without_what_is_made_of_it() -> None:
    wire = WireTool(A)
    assert wire.json is wire.json
    assert orjson.loads(orjson.dumps(wire.json)) == A
    for twin in (copy.copy(wire), copy.deepcopy(wire), pickle.loads(pickle.dumps(wire))):
        assert isinstance(twin, WireTool)
        assert (twin, twin.name, twin.parameters) == (wire, wire.name, wire.parameters)


def test_what_orjson_refuses_is_written_all_the_same() -> None:
    odd = WireTool({"type": "function", "function": {"name": "f", "parameters": {"maximum": 2**70}}})
    assert json.loads(dump_json({"tools": [odd.json], "more": 2**70})) == {"tools": [odd], "more": 2**70}
