"""The parrot's rules, one by one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from langchain_glm.catalog.hosts import HOSTS
from langchain_glm.testing.parrot import parrot_reply
from langchain_glm.testing.parrot.filling import fill
from langchain_glm.testing.parrot.reading import json_objects, numbers, quotes, without_json
from langchain_glm.testing.tokens import completion_tokens, cut_text, tokens

from .asking import body_for, function

if TYPE_CHECKING:
    from langchain_glm.testing import Reply

STRING = {"type": "string"}
NUMBER = {"type": "number"}
INTEGER = {"type": "integer"}
WEATHER = function("get_weather", "Look up the weather of a city.", city=STRING)
ADD = function("add", "Add two numbers", a=NUMBER, b=NUMBER)
MULTIPLY = function("multiply", "Multiply two numbers", a=NUMBER, b=NUMBER)
CUSTOMER = function("create_customer", "", name=STRING)


def reply(text: str = "Hello", *tools: Any, host: str = "zai", **rest: Any) -> Reply:
    if tools:
        rest["tools"] = list(tools)
    return parrot_reply(body_for(text, host=host, **rest), HOSTS[host])


def called(text: str, *tools: Any, **rest: Any) -> tuple[str, Any] | None:
    calls = reply(text, *tools, **rest).tool_calls
    return (calls[0].name, calls[0].arguments) if calls else None


@pytest.mark.parametrize(
    ("text", "tools", "wanted"),
    [
        # named
        ("What is add(3, 4.5)?", [WEATHER, ADD], ("add", {"a": 3, "b": 4.5})),
        ('Call create_customer with name "你好啊集团"', [CUSTOMER], ("create_customer", {"name": "你好啊集团"})),
        (
            "Please create customer 'こんにちは株式会社'",
            [CUSTOMER],
            ("create_customer", {"name": "こんにちは株式会社"}),
        ),
        ("Add 3 and 4, then multiply 5 and 6", [MULTIPLY, ADD], ("add", {"a": 3, "b": 4})),
        ("add with b=2 and a=-1", [ADD], ("add", {"a": -1, "b": 2})),
        ('add this: {"a": 1, "b": 2.5}', [ADD], ("add", {"a": 1, "b": 2.5})),
        # alike
        ("What is the weather in San Francisco, CA?", [ADD, WEATHER], ("get_weather", {"city": "San Francisco, CA"})),
        ("How is the weather in Oslo and who asks?", [WEATHER], ("get_weather", {"city": "Oslo"})),
        ("查询天气", [function("look", "查询城市的天气", city=STRING)], ("look", {"city": "查询天气"})),
        # told to use one
        ("Use the tool.", [ADD], ("add", {"a": 1, "b": 1})),
        ("请调用工具", [function("look")], ("look", {})),
        # none
        ("Hello", [WEATHER, ADD], None),
        ("Do not use any tool: what is the weather?", [WEATHER], None),
        ("不要使用工具，get_weather 是什么？", [WEATHER], None),
        ("What is the weather?", [], None),
    ],
)
def test_which_tool_is_called_and_with_what(text: str, tools: list[Any], wanted: Any) -> None:
    assert called(text, *tools) == wanted


def with_system(system: str) -> dict[str, Any]:
    return {"messages": [{"role": "system", "content": system}, {"role": "user", "content": "Hello"}]}


@pytest.mark.parametrize(
    ("system", "wanted"),
    [
        ("Always answer with add.", "add"),
        ("You have add and get_weather.", None),  # a list of what there is asks for nothing
        ("You must call one of the tools.", "get_weather"),
        ("Be brief.", None),
    ],
)
def test_a_system_text_may_ask_for_a_tool(system: str, wanted: str | None) -> None:
    got = called("", WEATHER, ADD, **with_system(system))
    assert (got and got[0]) == wanted


@pytest.mark.parametrize("choice", ["none", "required", {"type": "function", "function": {"name": "add"}}])
def test_glm_ignores_tool_choice(choice: Any) -> None:
    assert called("Hello", WEATHER, ADD, tool_choice=choice) is None
    assert called("How is the weather?", WEATHER, ADD, tool_choice=choice)


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [
        ("none", None),
        ("required", "get_weather"),
        ("auto", "get_weather"),
        ({"type": "function", "function": {"name": "add"}}, "add"),
    ],
)
def test_kimi_obeys_tool_choice(choice: Any, wanted: str | None) -> None:
    got = called("How is the weather?", WEATHER, ADD, tool_choice=choice, host="kimi")
    assert (got and got[0]) == wanted


def after(text: str, *results: tuple[str, str]) -> dict[str, Any]:
    messages: list[dict[str, Any]] = [{"role": "user", "content": text}]
    for number, (name, result) in enumerate(results):
        call = {"id": f"c{number}", "type": "function", "function": {"name": name, "arguments": "{}"}}
        messages.append({"role": "assistant", "content": "", "tool_calls": [call]})
        messages.append({"role": "tool", "tool_call_id": f"c{number}", "content": result})
    return {"messages": messages}


def test_results_are_quoted() -> None:
    assert reply("", WEATHER, **after("Weather in Oslo?", ("get_weather", "It is 3°C"))).text == (
        "get_weather says: It is 3°C"
    )


def test_tools_that_the_user_named_are_called_one_after_the_other() -> None:
    text = "add 3 and 4, then multiply 5 and 6"
    assert called("", ADD, MULTIPLY, **after(text, ("add", "7"))) == ("multiply", {"a": 5, "b": 6})
    last = reply("", ADD, MULTIPLY, **after(text, ("add", "7"), ("multiply", "30")))
    assert (last.tool_calls, last.text) == ((), "add says: 7\nmultiply says: 30")


def test_list_results_are_not_seen_on_glm() -> None:
    body = after("Weather?", ("get_weather", ""))
    body["messages"][-1]["content"] = [{"type": "text", "text": "3°C"}]
    assert "3°C" not in reply("", WEATHER, **body).text


class Size(BaseModel):
    width: int
    unit: str | None


class Order(BaseModel):
    """An order."""

    item: str
    count: int
    price: float
    gift: bool
    colour: str | None
    sizes: list[Size]
    tags: list[str]
    note: str = "-"
    amounts: list[int]


def test_nested_schemas_are_filled_so_that_their_model_takes_them() -> None:
    prompt = 'Order: item "red bike", count 2, price 9.5, gift yes, tags "a" and "b", amounts [1, 2]'
    order = Order.model_validate(fill(Order.model_json_schema(), prompt), strict=True)
    assert (order.item, order.count, order.price, order.gift) == ("red bike", 2, 9.5, True)
    assert order.amounts == [1, 2]
    assert order.note == "-"


@pytest.mark.parametrize(
    ("schema", "prompt", "wanted"),
    [
        ({"enum": ["celsius", "fahrenheit"]}, "in Fahrenheit please", "fahrenheit"),
        ({"enum": ["celsius", "fahrenheit"]}, "in kelvin", "celsius"),
        ({"enum": ["红", "蓝"]}, "我要蓝色", "蓝"),
        ({"enum": [1, 2]}, "take 2", 2),
        ({"const": 7}, "", 7),
        (INTEGER, "1.5 or 2", 2),
        (INTEGER, "glm-4.7 in 2026-style, x2", 1),
        (INTEGER | {"minimum": 10}, "3", 10),
        (INTEGER | {"exclusiveMinimum": 5, "maximum": 9}, "20", 9),
        (NUMBER, "-2.5 degrees", -2.5),
        ({"type": "null"}, "x", None),
        ({"type": ["null", "integer"]}, "4", 4),
        ({"anyOf": [{"type": "null"}, INTEGER]}, "4", 4),
        ({"oneOf": [{"type": "null"}]}, "4", None),
        ({"$ref": "#/$defs/N", "$defs": {"N": INTEGER}}, "5", 5),
        ({"allOf": [{"properties": {"a": INTEGER}, "required": ["a"]}]}, "5", {"a": 5}),
        (STRING | {"format": "date"}, "on 2024-05-06", "2024-05-06"),
        (STRING | {"format": "email"}, "to me", "someone@post.example"),
        (STRING | {"maxLength": 3}, "abcdef", "abc"),
        (STRING | {"minLength": 9}, "abcdef", "abcdef..."),
        (STRING, "", "text"),
        ({"type": "array", "items": {"enum": ["a", "b", "c"]}}, "c and a", ["a", "c"]),
        ({"type": "array", "items": INTEGER}, "1, 2, 3", [1, 2, 3]),
        ({"type": "array", "items": INTEGER, "maxItems": 2}, "1, 2, 3", [1, 2]),
        ({"type": "array", "items": STRING, "minItems": 2}, "x", ["x", "x"]),
        (
            {"type": "object", "properties": {"on": {"type": "boolean"}}, "required": ["on"]},
            "without on",
            {"on": False},
        ),
        ({"type": "object", "properties": {"on": {"type": "boolean"}}, "required": ["on"]}, "on: false", {"on": False}),
        ({"type": "object", "properties": {"on": {"type": "boolean"}}}, "hello", {}),
        ({"type": "object", "properties": {"city": STRING}, "required": ["city"]}, "city is 上海", {"city": "上海"}),
    ],
)
def test_filling(schema: dict[str, Any], prompt: str, wanted: Any) -> None:
    assert fill(schema, prompt) == wanted


def test_a_schema_that_contains_itself_ends() -> None:
    node = {
        "type": "object",
        "properties": {"name": STRING, "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}}},
        "required": ["name", "children"],
    }
    made = fill({"$ref": "#/$defs/Node", "$defs": {"Node": node}}, "a tree")
    assert made["name"]
    assert fill({"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}}, "x") == "x"


@given(st.text(max_size=60))
def test_filling_takes_any_prompt(prompt: str) -> None:
    Order.model_validate(fill(Order.model_json_schema(), prompt), strict=True)


SCHEMA = {"properties": {"setup": STRING, "rating": INTEGER}, "required": ["setup", "rating"]}


def test_json_of_the_schema_in_the_prompt() -> None:
    body = with_system(f"Answer in JSON of this schema: {json.dumps(SCHEMA)}. Example: {json.dumps({'a': 1})}")
    made = json.loads(reply("", response_format={"type": "json_object"}, **body).text)
    assert made.keys() == {"setup", "rating"}
    assert isinstance(made["rating"], int)


def test_json_is_made_of_what_the_tools_found() -> None:
    body = after(f"Rate it, as JSON of {json.dumps(SCHEMA)}", ("look", '{"setup": "cats", "rating": 4}'))
    made = reply("", response_format={"type": "json_object"}, **body).text
    assert json.loads(made) == {"setup": "cats", "rating": 4}


def test_json_of_the_keys_in_the_prompt() -> None:
    text = "A joke, as JSON with 'setup' and \"punchline\" keys"
    assert json.loads(reply(text, response_format={"type": "json_object"}).text).keys() == {"setup", "punchline"}
    assert json.loads(reply("Hi", response_format={"type": "json_object"}).text) == {"answer": "You said: Hi"}


def test_json_schema_is_not_enforced_by_glm_but_by_kimi() -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "joke", "schema": SCHEMA}}
    loose = reply("Rate it 3", response_format=wanted).text
    assert loose.startswith("```json\n")
    assert "rating" not in loose
    assert json.loads(reply("Rate it 3", response_format=wanted, host="kimi").text)["rating"] == 3


def test_a_schema_in_the_prompt_alone_is_followed_in_a_fence() -> None:
    text = reply(f"Rate it 3, as JSON of {json.dumps(SCHEMA)}").text
    assert json.loads(text.removeprefix("```json\n").removesuffix("\n```"))["rating"] == 3


@pytest.mark.parametrize(
    ("model", "rest", "thinks"),
    [
        ("glm-4.7", {}, True),
        ("glm-4.7", {"thinking": {"type": "disabled"}}, False),
        ("glm-4.7", {"reasoning_effort": "none"}, True),
        ("glm-5.2", {"reasoning_effort": "minimal"}, False),
        ("glm-5.3", {}, True),
        ("glm-4-plus", {}, False),
    ],
)
def test_reasoning(model: str, rest: dict[str, Any], thinks: bool) -> None:
    assert bool(parrot_reply({**body_for("Hi"), "model": model, **rest}, HOSTS["zai"]).reasoning) is thinks


def test_plans_think_whatever_they_are_told() -> None:
    body = {**body_for("Hi"), "model": "glm-5.2", "thinking": {"type": "disabled"}}
    assert parrot_reply(body, HOSTS["zai-coding"]).reasoning
    assert not parrot_reply(body, HOSTS["zai"]).reasoning


def test_pictures_are_counted() -> None:
    image = {"type": "image_url", "image_url": {"url": "https://a.example/1.png"}}
    video = {"type": "video_url", "video_url": {"url": "https://a.example/1.mp4"}}
    content = [image, video, image, {"type": "text", "text": "What is it?"}]
    body = {"model": "glm-4.6v", "messages": [{"role": "user", "content": content}]}
    assert parrot_reply(body, HOSTS["zai"]).text == "I see 2 images and 1 video. You said: What is it?"


def test_stop_cuts_the_text() -> None:
    assert reply("one two three", stop=["three", "two"]).text == "You said: one "
    assert reply("one two three", stop="two", host="anyfast").text == "You said: one "
    assert reply("one", stop=["none"]).finish == "stop"


@pytest.mark.parametrize("limit", [1, 5, 20, 60])
def test_max_tokens_counts_reasoning_first(limit: int) -> None:
    cut = reply("word " * 50, max_tokens=limit)
    assert cut.finish == "length"
    assert completion_tokens(cut)[0] <= limit
    assert bool(cut.text) is (limit == 60)
    assert reply("Hi", max_tokens=1000).finish == "stop"


def test_calls_that_do_not_fit_are_not_made() -> None:
    cut = reply("What is the weather in Oslo?", WEATHER, max_tokens=3)
    assert (cut.tool_calls, cut.finish) == ((), "length")


def test_kimi_has_its_own_name_for_the_limit() -> None:
    assert reply("word " * 50, max_completion_tokens=5, host="kimi").finish == "length"
    assert reply("word " * 50, max_completion_tokens=5).finish == "stop"


def search(**settings: Any) -> dict[str, Any]:
    return {"type": "web_search", "web_search": {"enable": True, **settings}}


@pytest.mark.parametrize(
    ("text", "tools", "results"),
    [
        ("What is new?", [search(search_result=True)], 3),
        ("今天有什么新闻", [search(search_result="True", count="5")], 5),
        ("What is new?", [search(enable="True", search_result=True, count=2)], 2),
        ("Hello", [search(search_result=True, search_query="pandas")], 3),
        ("What is new?", [search()], None),
        ("What is new?", [search(enable=False, search_result=True)], None),
        ("What is new?", [search(search_result=True), ADD], None),
        ("Hello", [search(search_result=True)], None),
    ],
)
def test_searching(text: str, tools: list[Any], results: int | None) -> None:
    made = reply(text, *tools)
    assert (made.web_search and len(made.web_search)) == results
    if made.web_search:
        assert "[ref_1]" in made.text
        assert made.web_search[0].keys() == {"icon", "title", "link", "media", "publish_date", "content", "refer"}


def test_kimi_searches_in_two_steps() -> None:
    tool = {"type": "builtin_function", "function": {"name": "$web_search"}}
    call = reply("What is new?", tool, host="kimi").tool_calls[0]
    assert (call.name, call.type) == ("$web_search", "builtin_function")
    assert json.loads(call.arguments_text)["usage"]["total_tokens"] > 0
    answer = reply("", tool, host="kimi", **after("What is new?", ("$web_search", call.arguments_text)))
    assert (answer.tool_calls, "$web_search" in answer.text) == ((), True)


def test_nothing_said() -> None:
    assert reply("").text == "You said nothing."


def test_reading() -> None:
    assert quotes("“一” 「二」 'three' \"four\" `five` don't won't") == ["一", "二", "three", "four", "five"]
    assert numbers("3 and -4.5, glm-4.7, x2, 2x, 2024-05-06, 4.5x, 计算6加7.") == [3, -4.5, 6, 7]
    assert json_objects('a {"b": {"c": 1}} {d} {"e": 2}') == [{"b": {"c": 1}}, {"e": 2}]
    assert without_json('a {"b": {"c": 1}} c') == "a  c"


@given(st.text(), st.integers(0, 50))
def test_cut_text_is_the_longest_beginning_that_fits(text: str, limit: int) -> None:
    cut = cut_text(text, limit)
    assert text.startswith(cut)
    assert tokens(cut) <= limit
    assert cut == text or tokens(text[: len(cut) + 1]) > limit
