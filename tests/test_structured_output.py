"""`with_structured_output` where nothing is forced: every method, every kind of schema, every way to be let down."""

from __future__ import annotations

import functools
import json
import operator
import os
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Optional, TypedDict, assert_type

import cloudpickle  # type: ignore[import-untyped]
import pydantic
import pydantic.v1
import pytest
from langchain_core import exceptions
from langchain_core.exceptions import ModelError, OutputParserException
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.prompt_values import ChatPromptValue
from langchain_core.runnables import Runnable
from pydantic import BaseModel, Field

from langchain_glm import HOSTS, GLMContentFilterError, GLMValueError
from langchain_glm.testing import GLMServer, Reply, ToolCall

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_glm import ChatGLM

    Make = Callable[..., ChatGLM]


class Part(BaseModel):
    """A part of a joke."""

    text: str


class Joke(BaseModel):
    """A joke."""

    setup: str
    punchline: str = Field(description="its end")
    parts: list[Part] = []


class OldJoke(pydantic.v1.BaseModel):
    """A joke."""

    setup: str
    punchline: str


class JokeDict(TypedDict):
    """A joke."""

    setup: str
    punchline: str


SCHEMA = {
    "title": "JokeSchema",
    "description": "A joke.",
    "type": "object",
    "properties": {"setup": {"type": "string"}, "punchline": {"type": "string"}},
    "required": ["setup", "punchline"],
}
JOKE = {"setup": "Why?", "punchline": "So."}
SCHEMAS: dict[str, Any] = {"pydantic": Joke, "pydantic v1": OldJoke, "TypedDict": JokeDict, "JSON schema": SCHEMA}
NAMES = {"pydantic": "Joke", "pydantic v1": "OldJoke", "TypedDict": "JokeDict", "JSON schema": "JokeSchema"}
METHODS = ("function_calling", "json_mode", "json_schema")


def right(kind: str, method: str, arguments: Any = JOKE, **more: Any) -> Reply:
    """The reply that a model gives which does as it is asked."""
    if method == "function_calling":
        return Reply(tool_calls=(ToolCall(NAMES[kind], arguments),), **more)
    return Reply(arguments if isinstance(arguments, str) else str(arguments).replace("'", '"'), **more)


def as_dict(answer: Any) -> Any:
    return answer if isinstance(answer, dict) else {"setup": answer.setup, "punchline": answer.punchline}


@pytest.mark.parametrize("kind", SCHEMAS)
@pytest.mark.parametrize("method", METHODS)
async def test_a_right_answer(method: Any, kind: str, glm_server: GLMServer, make_model: Make) -> None:
    chain = make_model().with_structured_output(SCHEMAS[kind], method=method)
    glm_server.queue(*[right(kind, method)] * 4)
    answers = [chain.invoke("A joke"), await chain.ainvoke("A joke")]
    answers += [list(chain.stream("A joke"))[-1], [part async for part in chain.astream("A joke")][-1]]
    assert [as_dict(answer) for answer in answers] == [JOKE] * 4
    if kind.startswith("pydantic"):
        assert all(isinstance(answer, SCHEMAS[kind]) for answer in answers)


@pytest.mark.parametrize("method", METHODS)
def test_dicts_come_in_part(method: Any, glm_server: GLMServer, make_model: Make) -> None:
    glm_server.queue(right("JSON schema", method, chunk_size=3))
    parts = list(make_model().with_structured_output(SCHEMA, method=method).stream("A joke"))
    assert len(parts) > 3
    assert parts[-1] == JOKE
    assert all(part.keys() <= JOKE.keys() for part in parts)


def test_what_is_sent(glm_server: GLMServer, make_model: Make) -> None:
    glm_server.queue(*[right("pydantic", "function_calling"), right("pydantic", "json_schema"), right("pydantic", "x")])
    model = make_model()
    for method in ("function_calling", "json_schema", "json_mode"):
        model.with_structured_output(Joke, method=method, strict=True).invoke([("system", "Be funny."), ("user", "Go")])
    tool, schema, mode = (request.body for request in glm_server.requests)
    assert [entry["function"]["name"] for entry in tool["tools"]] == ["Joke"]
    assert "strict" not in tool["tools"][0]["function"]
    assert "$ref" not in str(tool["tools"])
    assert tool["messages"][0]["content"].startswith("Be funny.\n\nAnswer by calling the tool Joke")
    assert schema["response_format"] == mode["response_format"] == {"type": "json_object"}
    assert '"punchline"' in schema["messages"][0]["content"]
    assert mode["messages"][0]["content"] == "Be funny."


@pytest.mark.glm_host("kimi")
def test_a_host_that_enforces_a_schema_gets_it(glm_server: GLMServer, make_model: Make) -> None:
    model = make_model(model="kimi-k2-0905-preview")
    answer = model.with_structured_output(Joke, method="json_schema", strict=True).invoke("A joke")
    assert isinstance(answer, Joke)
    sent = glm_server.requests[-1].body["response_format"]
    assert (sent["type"], sent["json_schema"]["name"], sent["json_schema"]["strict"]) == ("json_schema", "Joke", True)


@pytest.mark.parametrize(
    "text",
    [
        '```json\n{"setup": "Why?", "punchline": "So."}\n```',
        '<think>Hm, ```</think>\n\n{"setup": "Why?", "punchline": "So."}',
        '<|begin_of_box|>{"setup": "Why?", "punchline": "So."}<|end_of_box|>',
        '\n{"setup": "Why?", "punchline": "So."}\n\n',
    ],
)
@pytest.mark.parametrize("method", ["json_mode", "json_schema"])
def test_wrappings_are_taken_off(method: Any, text: str, glm_server: GLMServer, make_model: Make) -> None:
    glm_server.queue(Reply(text), Reply(text, chunk_size=2))
    chain = make_model().with_structured_output(Joke, method=method)
    assert as_dict(chain.invoke("A joke")) == as_dict(list(chain.stream("A joke"))[-1]) == JOKE


BAD = [
    ("function_calling", Reply("I would rather talk."), "did not call the tool JokeSchema", "I would rather talk."),
    (
        "function_calling",
        Reply(tool_calls=(ToolCall("JokeSchema", '{"setup": "Wh'),), finish_reason="length"),
        r"The arguments \(finish_reason length\) are not a JSON object",
        '{"setup": "Wh',
    ),
    (
        "function_calling",
        right("JSON schema", "function_calling", {"setup": "a"}),
        "lacks 'punchline'",
        '{"setup":"a"}',
    ),
    ("json_schema", Reply("No joke."), "is not JSON", "No joke."),
    ("json_schema", Reply(""), "is not JSON", ""),
    ("json_schema", Reply("[]"), "the answer is not of type object", "[]"),
    ("json_schema", Reply('{"setup": 1, "punchline": "x"}'), r"the answer\['setup'\] is not of type string", None),
    ("json_mode", Reply('{"setup": "Wh', finish_reason="length"), "finish_reason length", '{"setup": "Wh'),
]


@pytest.mark.parametrize(("method", "reply", "message", "raw"), BAD, ids=[f"{bad[0]}-{bad[2][:20]}" for bad in BAD])
@pytest.mark.parametrize("schema", [SCHEMA, Joke], ids=["dict", "class"])
async def test_a_wrong_answer_is_an_error_with_the_raw_text(
    schema: Any, method: Any, reply: Reply, message: str, raw: str | None, glm_server: GLMServer, make_model: Make
) -> None:
    if schema is Joke:  # the same lapses with a class; pydantic words them
        calls = tuple(ToolCall("Joke", call.arguments) for call in reply.tool_calls)
        reply = Reply(reply.text, tool_calls=calls, finish_reason=reply.finish_reason)
        worded_by_pydantic = "lacks" in message or "the answer" in message
        message = "does not fit the schema" if worded_by_pydantic else message.replace("JokeSchema", "Joke")
    chain = make_model().with_structured_output(schema, method=method)
    for run in (chain.invoke, lambda prompt: list(chain.stream(prompt))):
        glm_server.queue(reply)
        with pytest.raises(OutputParserException, match=message) as caught:
            run("A joke")
        if raw is not None:
            assert str(caught.value.llm_output).startswith(raw)
    glm_server.queue(reply)
    with pytest.raises(OutputParserException):
        [part async for part in chain.astream("A joke")]


@pytest.mark.parametrize("method", METHODS)
def test_include_raw(method: Any, glm_server: GLMServer, make_model: Make) -> None:
    chain = make_model().with_structured_output(Joke, method=method, include_raw=True)
    glm_server.queue(right("pydantic", method), Reply("No."))
    good, bad = chain.invoke("A joke"), chain.invoke("A joke")
    assert (as_dict(good["parsed"]), good["parsing_error"]) == (JOKE, None)
    assert isinstance(good["raw"], AIMessage)
    assert bad["parsed"] is None
    assert isinstance(bad["parsing_error"], OutputParserException)
    assert bad["raw"].text == "No."


@pytest.mark.parametrize("method", METHODS)
async def test_an_answer_can_be_repaired_once(method: Any, glm_server: GLMServer, make_model: Make) -> None:
    wrong = right("pydantic", method, {"setup": "Why?"})
    chain = make_model().with_structured_output(Joke, method=method, repair=1)
    glm_server.queue(wrong, right("pydantic", method))
    assert as_dict(chain.invoke("A joke")) == JOKE
    answer, complaint = glm_server.requests[-1].body["messages"][-2:]
    assert answer["role"] == "assistant"
    assert complaint["role"] == ("tool" if method == "function_calling" else "user")
    assert "punchline" in complaint["content"]
    glm_server.queue(wrong, wrong)
    with pytest.raises(OutputParserException):
        await chain.ainvoke("A joke")
    assert len(glm_server.requests) == 4


def test_a_schema_is_needed(make_model: Make) -> None:
    with pytest.raises(ValueError, match="needs a schema"):
        make_model().with_structured_output(None)
    with pytest.raises(ValueError, match="give function_calling"):
        make_model().with_structured_output(Joke, method="magic")  # type: ignore[call-overload]


def test_bound_response_format_does_the_same(glm_server: GLMServer, make_model: Make) -> None:
    """What `create_agent` binds for its ProviderStrategy."""
    wanted = {"type": "json_schema", "json_schema": {"name": "JokeSchema", "schema": SCHEMA}}
    glm_server.queue(Reply('```json\n{"setup": "Why?"}\n```'))
    assert make_model().bind(response_format=wanted).invoke("A joke").text == '{"setup": "Why?"}'
    with pytest.raises(ValueError, match="response_format"):
        make_model().bind(response_format={"type": "json_schema"}).invoke("A joke")


class Tree(BaseModel):
    """A tree."""

    size: int
    branches: list[Tree] = []
    left: Tree | None = None


class Mood(TypedDict):
    """A mood."""

    word: str | None
    because: Optional[str]  # noqa: UP045 - both spellings are read


TREE = {"size": 1, "branches": [{"size": 2, "branches": [{"size": 3, "left": {"size": 4}}]}], "left": None}
JSON_TYPE = {
    "title": "Json",
    "type": "object",
    "properties": {"value": {"$ref": "#/$defs/Json"}},
    "$defs": {
        "Json": {"anyOf": [{"type": "array", "items": {"$ref": "#/$defs/Json"}}, {"type": "string"}]},
    },
}


def called(name: str, arguments: Any, **more: Any) -> Reply:
    return Reply(tool_calls=(ToolCall(name, arguments),), **more)


@pytest.mark.parametrize("method", METHODS)
def test_null_where_a_typed_dict_allows_it(method: Any, glm_server: GLMServer, make_model: Make) -> None:
    mood = {"word": None, "because": None}
    glm_server.queue(called("Mood", mood) if method == "function_calling" else Reply(json.dumps(mood)))
    assert make_model().with_structured_output(Mood, method=method).invoke("How are you?") == mood


def test_null_where_openapi_says_nullable(glm_server: GLMServer, make_model: Make) -> None:
    schema = {"title": "M", "type": "object", "properties": {"word": {"type": "string", "nullable": True}}}
    glm_server.queue(called("M", {"word": None}))
    assert make_model().with_structured_output(schema).invoke("How are you?") == {"word": None}


@pytest.mark.parametrize("method", METHODS)
def test_recursive_types(method: Any, glm_server: GLMServer, make_model: Make) -> None:
    tree, value = TREE, {"value": ["a", [["b"], []]]}
    if method == "function_calling":
        glm_server.queue(called("Tree", tree), called("Tree", tree), called("Json", value))
    else:
        glm_server.queue(Reply(json.dumps(tree)), Reply(json.dumps(tree)), Reply(json.dumps(value)))
    model = make_model()
    assert model.with_structured_output(Tree, method=method).invoke("A tree") == Tree.model_validate(tree)
    schema = Tree.model_json_schema()
    assert model.with_structured_output({"title": "Tree", **schema}, method=method).invoke("A tree") == tree
    assert model.with_structured_output(JSON_TYPE, method=method).invoke("Some JSON") == value


def test_a_wrong_part_of_a_recursive_type_is_found(glm_server: GLMServer, make_model: Make) -> None:
    glm_server.queue(called("Json", {"value": ["a", [["b"], [1]]]}))
    with pytest.raises(OutputParserException, match="is not of type array"):
        make_model().with_structured_output(JSON_TYPE).invoke("Some JSON")


def test_a_recursive_class_is_sent_with_its_type_at_the_cut(glm_server: GLMServer, make_model: Make) -> None:
    glm_server.queue(called("Tree", TREE))
    make_model().with_structured_output(Tree).invoke("A tree")
    parameters = glm_server.requests[-1].body["tools"][0]["function"]["parameters"]
    assert parameters["properties"]["branches"]["items"] == {"type": "object"}
    assert parameters["properties"]["left"]["anyOf"] == [{"type": "object"}, {"type": "null"}]


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ({"const": "c"}, "is not 'c'"),
        ({"pattern": "^b"}, "does not match"),
        ({"maxLength": 0}, "is more than 0"),
    ],
)
def test_details_of_a_dict_are_checked(rule: Any, text: str, glm_server: GLMServer, make_model: Make) -> None:
    schema = {"title": "S", "type": "object", "properties": {"a": rule}, "additionalProperties": False}
    glm_server.queue(called("S", {"a": "a"}), called("S", {"z": 1}))
    chain = make_model().with_structured_output(schema)
    with pytest.raises(OutputParserException, match=text):
        chain.invoke("Go")
    with pytest.raises(OutputParserException, match="'z'"):
        chain.invoke("Go")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("schema", [Joke, SCHEMA], ids=["class", "dict"])
async def test_include_raw_streams(schema: Any, method: Any, glm_server: GLMServer, make_model: Make) -> None:
    kind = "pydantic" if schema is Joke else "JSON schema"
    chain = make_model().with_structured_output(schema, method=method, include_raw=True)
    glm_server.queue(*[right(kind, method, chunk_size=3)] * 2, *[Reply("No.")] * 2)
    for parts in (
        list(chain.stream("A joke")),
        [part async for part in chain.astream("A joke")],
    ):
        whole = functools.reduce(operator.add, parts)
        assert len(parts) > 3
        assert (as_dict(whole["parsed"]), whole["parsing_error"]) == (JOKE, None)
        assert isinstance(whole["raw"], AIMessage)
        assert whole["raw"].usage_metadata is not None
    for parts in (
        list(chain.stream("A joke")),
        [part async for part in chain.astream("A joke")],
    ):
        whole = functools.reduce(operator.add, parts)
        assert whole["raw"].text == "No."
        assert whole["parsed"] is None
        assert isinstance(whole["parsing_error"], OutputParserException)


@pytest.mark.parametrize(
    "text",
    [
        'Here you are:\n{"setup": "Why?", "punchline": "So."}\nEnjoy!',
        'Here you are:\n```json\n{"setup": "Why?", "punchline": "So."}\n```\nEnjoy!',
        '{"setup": "Why?", "punchline": "So."} I hope that it is funny.',
    ],
)
def test_json_inside_prose_is_read(text: str, glm_server: GLMServer, make_model: Make) -> None:
    glm_server.queue(Reply(text), Reply(text, chunk_size=2))
    chain = make_model().with_structured_output(Joke, method="json_schema")
    assert as_dict(chain.invoke("A joke")) == as_dict(list(chain.stream("A joke"))[-1]) == JOKE


class RefusedError(ModelError):
    """As langchain-core has it since 1.7.5."""

    def __init__(self, message: str, *, raw_message: Any = None) -> None:
        super().__init__(message)
        self.raw_message = raw_message


@pytest.mark.parametrize("reason", ["sensitive", "content_filter"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("repair", [0, 2])
async def test_what_content_safety_stopped_is_a_refusal(
    repair: int,
    method: Any,
    reason: str,
    glm_server: GLMServer,
    make_model: Make,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reply = Reply('{"setup": "I', finish_reason=reason)
    for schema in (Joke, SCHEMA):
        chain = make_model().with_structured_output(schema, method=method, repair=repair)
        raw = make_model().with_structured_output(schema, method=method, repair=repair, include_raw=True)
        monkeypatch.delattr(exceptions, "ModelRefusalError", raising=False)
        glm_server.queue(*[reply] * 6)
        sent = len(glm_server.requests)
        for run in (chain.invoke, lambda prompt, chain=chain: list(chain.stream(prompt))):
            with pytest.raises(GLMContentFilterError, match=reason) as caught:
                run("A joke")
            assert caught.value.partial is not None
            assert caught.value.partial.text == '{"setup": "I'
            assert not caught.value.is_retryable
        monkeypatch.setattr(exceptions, "ModelRefusalError", RefusedError, raising=False)
        with pytest.raises(RefusedError, match=reason) as refused:
            await chain.ainvoke("A joke")
        assert refused.value.raw_message.text == '{"setup": "I'
        with pytest.raises(RefusedError):
            [part async for part in chain.astream("A joke")]
        outcome = raw.invoke("A joke")
        assert isinstance(outcome["parsing_error"], RefusedError)
        assert outcome["raw"].text == '{"setup": "I'
        assert len(glm_server.requests) == sent + 5
        raw.invoke("A joke")  # takes the last one that is queued


def test_a_chain_has_an_output_schema(make_model: Make) -> None:
    model = make_model()
    for method in METHODS:
        chain: Any = model.with_structured_output(Joke, method=method)  # type: ignore[call-overload]
        assert chain.get_output_jsonschema() == Joke.model_json_schema()
        for schema, name in ((SCHEMA, "punchline"), (JokeDict, "punchline"), (JSON_TYPE, "value"), (OldJoke, "setup")):
            chain = model.with_structured_output(schema, method=method)  # type: ignore[call-overload]
            assert name in chain.get_output_jsonschema()["properties"]
        chain = model.with_structured_output(SCHEMA, method=method, include_raw=True)  # type: ignore[call-overload]
        assert chain.get_output_jsonschema()
    assert model.with_structured_output(Joke, repair=1).get_output_jsonschema() == Joke.model_json_schema()
    assert model.with_structured_output(method="json_mode").get_output_jsonschema()["type"] == "object"


def test_keywords_are_settings_of_each_call(glm_server: GLMServer, make_model: Make) -> None:
    glm_server.queue(right("pydantic", "function_calling"))
    make_model().with_structured_output(Joke, temperature=0.25, user_id="user-7").invoke("A joke")
    body = glm_server.requests[-1].body
    assert (body["temperature"], body["user_id"]) == (0.25, "user-7")


def test_types_tell_what_comes_out(make_model: Make) -> None:
    model = make_model()
    assert_type(model.with_structured_output(Joke), Runnable[LanguageModelInput, Joke])
    assert_type(model.with_structured_output(JokeDict, repair=1), Runnable[LanguageModelInput, JokeDict])
    assert_type(model.with_structured_output(Joke, include_raw=True), Runnable[LanguageModelInput, Any])
    assert_type(model.with_structured_output(SCHEMA), Runnable[LanguageModelInput, Any])


@pytest.mark.filterwarnings("ignore:A key was left out")
@pytest.mark.parametrize("pickler", [pickle, cloudpickle], ids=["pickle", "cloudpickle"])
@pytest.mark.parametrize("options", [{}, {"repair": 1}, {"include_raw": True}], ids=["plain", "repair", "raw"])
@pytest.mark.parametrize("kind", SCHEMAS)
@pytest.mark.usefixtures("key_in_environment")
def test_a_chain_can_be_pickled(
    kind: str, options: dict[str, Any], pickler: Any, glm_server: GLMServer, make_model: Make
) -> None:
    glm_server.queue(*[right(kind, "function_calling")] * 2)
    chain = make_model(api_key=None).with_structured_output(SCHEMAS[kind], **options)
    chain.invoke("A joke")
    answer = pickler.loads(pickler.dumps(chain)).invoke("A joke")
    assert as_dict(answer["parsed"] if "include_raw" in options else answer) == JOKE


def local_class() -> type[BaseModel]:
    class Local(BaseModel):
        size: int

    return Local


@pytest.mark.skipif(
    tuple(map(int, pydantic.VERSION.split(".")[:2])) < (2, 12), reason="cloudpickle loses the fields of such a class"
)
def test_a_chain_with_classes_of_the_script_can_be_cloudpickled(make_model: Make, glm_server: GLMServer) -> None:
    """Another process gets classes that it cannot import, as from a notebook."""
    key = {HOSTS[glm_server.host].key_variable: glm_server.api_key}
    glm_server.queue(called("Local", {"size": 1}))
    pickled = cloudpickle.dumps(make_model().with_structured_output(local_class()))
    run = "import pickle, sys; print(pickle.loads(sys.stdin.buffer.read()).invoke('Go'))"
    ran = subprocess.run(
        [sys.executable, "-c", run], input=pickled, capture_output=True, check=True, env={**os.environ, **key}
    )
    assert ran.stdout.decode().strip() == "size=1"


@pytest.mark.parametrize("prompt", ["A joke", [("user", "A joke")], ChatPromptValue(messages=[HumanMessage("A joke")])])
def test_whatever_a_model_takes_can_be_repaired(prompt: Any, glm_server: GLMServer, make_model: Make) -> None:
    glm_server.queue(Reply("No."), right("pydantic", "function_calling"))
    assert as_dict(make_model().with_structured_output(Joke, repair=1).invoke(prompt)) == JOKE
    assert glm_server.requests[-1].body["messages"][-3]["content"] == "A joke"


@pytest.mark.parametrize(
    ("reply", "read"),
    [
        (called("JokeSchema", {"setup": 1}), {"setup": 1}),
        (called("JokeSchema", "[1"), "[1"),
        (Reply("No."), "No."),
        (Reply(""), ""),
    ],
)
async def test_langchains_own_middleware_judges_dicts_by_itself(
    reply: Reply, read: Any, glm_server: GLMServer, make_model: Make
) -> None:
    glm_server.queue(*[reply] * 4)
    config: Any = {"metadata": {"lc_source": "tool_selection"}}
    chain = make_model().with_structured_output(SCHEMA)
    assert chain.invoke("A joke", config) == read
    assert await chain.ainvoke("A joke", config) == read
    with pytest.raises(OutputParserException):
        chain.invoke("A joke")
    with pytest.raises(OutputParserException):
        make_model().with_structured_output(Joke).invoke("A joke", config)


@pytest.mark.parametrize("schema", [3, list[int]])
def test_what_is_no_schema_is_refused_in_one_sentence(schema: Any, make_model: Make) -> None:
    with pytest.raises(GLMValueError, match="is not a schema; give a pydantic class") as caught:
        make_model().with_structured_output(schema)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("answer", [Reply("No."), Reply(tool_calls=[ToolCall("Joke", {"setup": 1})])])
def test_a_repair_tells_the_model_nothing_of_langchains_pages(
    answer: Reply, glm_server: GLMServer, make_model: Make
) -> None:
    glm_server.queue(answer, Reply(tool_calls=[ToolCall("Joke", JOKE)]))
    make_model().with_structured_output(Joke, repair=1).invoke("A joke.")
    assert "troubleshooting" not in str(glm_server.requests[-1].body)
