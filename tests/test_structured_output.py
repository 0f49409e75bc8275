"""`with_structured_output` where nothing is forced: every method, every kind of schema, every way to be let down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

import pydantic.v1
import pytest
from langchain_core.exceptions import OutputParserException
from langchain_core.messages import AIMessage
from pydantic import BaseModel, Field

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
        r"The arguments \(finish_reason length\) are no JSON object",
        '{"setup": "Wh',
    ),
    (
        "function_calling",
        right("JSON schema", "function_calling", {"setup": "a"}),
        "lacks 'punchline'",
        '{"setup":"a"}',
    ),
    ("json_schema", Reply("No joke."), "is no JSON", "No joke."),
    ("json_schema", Reply(""), "is no JSON", ""),
    ("json_schema", Reply("[]"), "the answer is no object", "[]"),
    ("json_schema", Reply('{"setup": 1, "punchline": "x"}'), r"the answer\['setup'\] is no string", None),
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
    with pytest.raises(ValueError, match="known are function_calling"):
        make_model().with_structured_output(Joke, method="magic")  # type: ignore[arg-type]


def test_bound_response_format_does_the_same(glm_server: GLMServer, make_model: Make) -> None:
    """What `create_agent` binds for its ProviderStrategy."""
    wanted = {"type": "json_schema", "json_schema": {"name": "JokeSchema", "schema": SCHEMA}}
    glm_server.queue(Reply('```json\n{"setup": "Why?"}\n```'))
    assert make_model().bind(response_format=wanted).invoke("A joke").text == '{"setup": "Why?"}'
    with pytest.raises(ValueError, match="response_format"):
        make_model().bind(response_format={"type": "json_schema"}).invoke("A joke")
