"""with_fallbacks and with_retry: another host takes over, and what cannot pass is not tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.exceptions import ModelError
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from pydantic import BaseModel

from langchain_glm import GLMAuthenticationError, GLMBalanceError, GLMError, GLMRateLimitError
from langchain_glm.testing import Fault, GLMServer, Reply, ToolCall

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from langchain_glm import ChatGLM

    Make = Callable[..., ChatGLM]


class Place(BaseModel):
    """A place."""

    city: str


@tool
def get_weather(city: str) -> str:
    """Get the weather of a city."""
    return f"{city}: sunny"


@pytest.fixture
def kimi() -> Iterator[GLMServer]:
    with GLMServer("kimi", api_key="kimi.key") as server:
        yield server


@pytest.fixture
def other(kimi: GLMServer, make_model: Make) -> ChatGLM:
    return make_model(model="kimi-k3", host="kimi", base_url=kimi.base_url, api_key=kimi.api_key)


FAULTS = [Fault.code("1113"), Fault.code("1302"), Fault.http(502), Fault.cut(after=0), Fault.reset(after=0)]


@pytest.mark.parametrize("fault", FAULTS, ids=[f"{fault.kind} {fault.code_}" for fault in FAULTS])
async def test_another_host_takes_over(
    fault: Fault, glm_server: GLMServer, kimi: GLMServer, make_model: Make, other: ChatGLM
) -> None:
    model = make_model(max_tokens=50).with_fallbacks([other])
    glm_server.queue(fault, fault, fault, fault)
    answers: list[Any] = [model.invoke("hi"), await model.ainvoke("hi")]
    answers.append(list(model.stream("hi"))[-1])
    answers.append([chunk async for chunk in model.astream("hi")][-1])
    assert {answer.response_metadata["model_name"] for answer in answers} == {"kimi-k3"}
    assert (len(glm_server.requests), len(kimi.requests)) == (4, 4)
    # each host is asked with its own settings and its own key
    assert all("max_completion_tokens" not in request.body for request in kimi.requests)
    assert {request.headers["authorization"] for request in kimi.requests} == {"Bearer kimi.key"}


async def test_tools_reach_every_host(glm_server: GLMServer, kimi: GLMServer, make_model: Make, other: ChatGLM) -> None:
    called = Reply(tool_calls=(ToolCall("get_weather", {"city": "Paris"}),))
    model: Any = make_model().with_fallbacks([other])
    for sent in (1, 2):
        glm_server.queue(Fault.code("1113"))
        kimi.queue(called)
        bound = model.bind_tools([get_weather], tool_choice="any")
        answer = bound.invoke("hi") if sent == 1 else await bound.ainvoke("hi")
        assert answer.tool_calls[0]["args"] == {"city": "Paris"}
        for server in (glm_server, kimi):
            assert [entry["function"]["name"] for entry in server.requests[-1].body["tools"]] == ["get_weather"]


async def test_structured_output_reaches_every_host(
    glm_server: GLMServer, kimi: GLMServer, make_model: Make, other: ChatGLM
) -> None:
    called = Reply(tool_calls=(ToolCall("Place", {"city": "Paris"}),))
    model: Any = make_model().with_fallbacks([other]).with_structured_output(Place)
    glm_server.queue(Fault.code("1113"), Fault.code("1113"))
    kimi.queue(called, called)
    assert model.invoke("Where?") == Place(city="Paris")
    assert await model.ainvoke("Where?") == Place(city="Paris")


def test_a_conversation_moves_between_hosts(
    glm_server: GLMServer, kimi: GLMServer, make_model: Make, other: ChatGLM
) -> None:
    """In the middle of a tool loop: call ids and arguments go along, thinking stays within its family of models."""
    model: Any = make_model().with_fallbacks([other]).bind_tools([get_weather])
    glm_server.queue(
        Reply(reasoning="Look.", tool_calls=(ToolCall("get_weather", {"city": "Paris"}, id="call_1"),)),
        Fault.code("1302"),
    )
    history: list[BaseMessage] = [HumanMessage("Weather in Paris?")]
    history.append(model.invoke(history))
    history.append(ToolMessage("Sunny.", tool_call_id="call_1"))
    history.append(model.invoke(history))
    history.append(HumanMessage("Thanks"))
    model.invoke(history)
    assert [request.status for request in glm_server.requests] == [200, 429, 200]
    for server, thought in ((kimi, " "), (glm_server, "Look.")):
        _, call, result, *_ = server.requests[-1].body["messages"]
        assert call["reasoning_content"] == thought
        assert call["tool_calls"][0]["id"] == result["tool_call_id"] == "call_1"
        assert call["tool_calls"][0]["function"]["arguments"] == '{"city":"Paris"}'


FOREIGN: dict[str, AIMessage] = {
    "anthropic": AIMessage(
        [
            {"type": "thinking", "thinking": "theirs", "signature": "x"},
            {"type": "text", "text": "I look."},
            {"type": "tool_use", "id": "t1", "name": "get_weather", "input": {"city": "Rome"}},
        ],
        response_metadata={"model_provider": "anthropic"},
    ),
    "openai responses": AIMessage(
        [
            {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "theirs"}]},
            {"type": "text", "text": "I look.", "id": "msg_1", "annotations": []},
            {"type": "function_call", "id": "fc_1", "call_id": "t1", "name": "get_weather", "arguments": "{}"},
        ],
        response_metadata={"model_provider": "openai"},
    ),
    "v1 blocks": AIMessage(
        [
            {"type": "reasoning", "reasoning": "theirs"},
            {"type": "text", "text": "I look."},
            {"type": "tool_call", "id": "t1", "name": "get_weather", "args": {"city": "Rome"}},
        ],
        response_metadata={"model_provider": "google_genai", "output_version": "v1"},
    ),
}


@pytest.mark.parametrize("provider", FOREIGN)
async def test_glm_takes_over_from_another_provider(provider: str, glm_server: GLMServer, make_model: Make) -> None:
    """The other provider's model fails in the middle; its thinking is not passed off as ours."""

    class Failing(GenericFakeChatModel):
        def _generate(self, *_: Any, **__: Any) -> Any:
            raise ConnectionError("their service is down")

        _stream = GenericFakeChatModel._stream

    model = Failing(messages=iter(())).with_fallbacks([make_model()])
    theirs = FOREIGN[provider].model_copy(
        update={"tool_calls": [{"name": "get_weather", "args": {"city": "Rome"}, "id": "t1", "type": "tool_call"}]}
    )
    history = [HumanMessage("Weather?"), theirs, ToolMessage("Rain", tool_call_id="t1")]
    model.invoke(history)
    await model.ainvoke(history)
    for request in glm_server.requests:
        call = request.body["messages"][1]
        assert call["content"] == "I look."
        assert "reasoning_content" not in call
        assert [entry["id"] for entry in call["tool_calls"]] == ["t1"]


def test_a_stream_that_has_begun_is_not_begun_again(
    glm_server: GLMServer, kimi: GLMServer, make_model: Make, other: ChatGLM
) -> None:
    glm_server.queue(Fault.cut(after=3, reply=Reply("One two three four five six seven.")))
    chunks = make_model(thinking=False).with_fallbacks([other]).stream("hi")
    assert next(chunks).text.startswith("One")
    with pytest.raises(GLMError):
        list(chunks)
    assert kimi.requests == []


def test_what_is_not_to_be_handled_is_raised(glm_server: GLMServer, kimi: GLMServer, make_model: Make) -> None:
    glm_server.queue(Fault.code("1113"))
    model = make_model().with_fallbacks([make_model()], exceptions_to_handle=(GLMRateLimitError,))
    with pytest.raises(GLMBalanceError):
        model.invoke("hi")
    assert len(glm_server.requests) == 1


# with_retry.


async def test_retries_by_langchain(glm_server: GLMServer, make_model: Make) -> None:
    busy = Fault.code("1302")
    retrying = make_model(max_retries=0).with_retry(
        retry_if_exception_type=(GLMRateLimitError,), wait_exponential_jitter=False, stop_after_attempt=3
    )
    glm_server.queue(busy, busy, Reply("At last."), busy, Reply("At last."))
    assert retrying.invoke("hi").text == "At last."
    assert (await retrying.ainvoke("hi")).text == "At last."
    assert len(glm_server.requests) == 5
    glm_server.queue(busy, busy, busy)
    with pytest.raises(GLMRateLimitError):
        retrying.invoke("hi")


async def test_what_cannot_pass_is_not_retried(glm_server: GLMServer, make_model: Make) -> None:
    def retryable(error: BaseException) -> bool:
        return isinstance(error, ModelError) and error.is_retryable

    kinds = tuple(kind for kind in _kinds(ModelError) if kind.is_retryable)
    retrying = make_model(max_retries=0).with_retry(
        retry_if_exception_type=kinds, wait_exponential_jitter=False, stop_after_attempt=3
    )
    glm_server.queue(Fault.code("1113"), Fault.code("1000"))
    with pytest.raises(GLMBalanceError) as caught:
        retrying.invoke("hi")
    assert not retryable(caught.value)
    with pytest.raises(GLMAuthenticationError):
        await retrying.ainvoke("hi")
    assert len(glm_server.requests) == 2


def _kinds(kind: type[ModelError]) -> Iterator[type[ModelError]]:
    yield kind
    for under in kind.__subclasses__():
        yield from _kinds(under)


def test_a_batch_retries_only_what_failed(glm_server: GLMServer, make_model: Make) -> None:
    glm_server.queue(Fault.code("1302"))
    retrying = make_model(max_retries=0).with_retry(wait_exponential_jitter=False)
    assert [answer.text for answer in retrying.batch(["one", "two", "three"])] == [
        "You said: one",
        "You said: two",
        "You said: three",
    ]
    assert len(glm_server.requests) == 4


def test_a_models_own_methods_are_there_with_fallbacks(make_model: Make) -> None:
    """LangChain reads the annotations of a method before it hands it out."""
    with_fallbacks: Any = make_model().with_fallbacks([make_model()])
    assert with_fallbacks.get_num_tokens("Hello") == make_model().get_num_tokens("Hello")
    assert with_fallbacks.count_tokens("Hello") > 0
