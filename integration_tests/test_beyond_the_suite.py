"""What LangChain's suite does not ask: thinking over turns, sources, streamed tools, error codes, token counts.

ZAI_API_KEY=… python -m pytest integration_tests

`tests/test_integration_tests.py` runs the same tests against the embedded server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from langchain_core.tools import tool

from langchain_glm import (
    ChatGLM,
    GLMAuthenticationError,
    GLMInvalidRequestError,
    GLMNotFoundError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_core.messages import BaseMessage

    MakeModel = Callable[..., ChatGLM]

pytestmark = pytest.mark.filterwarnings("ignore::langchain_glm.GLMWarning")


@tool
def water_level(harbour: str) -> str:
    """Measure the water level of a harbour in centimetres."""
    return f"The water of {harbour} stands at 314 centimetres."


ASKED = HumanMessage("Call the tool water_level for the harbour 'Emden', then tell me the level.")


def conversation(model: ChatGLM) -> list[BaseMessage]:
    """A question, a call, its result and the answer."""
    with_tool = model.bind_tools([water_level])
    call = with_tool.invoke([ASKED])
    assert isinstance(call, AIMessage)
    assert [made["name"] for made in call.tool_calls] == ["water_level"]
    results = [ToolMessage(water_level.invoke(made["args"]), tool_call_id=made["id"]) for made in call.tool_calls]
    answer = with_tool.invoke([ASKED, call, *results])
    assert "314" in answer.text
    return [ASKED, call, *results, answer]


def reasoned(message: BaseMessage) -> bool:
    return any(block["type"] == "reasoning" for block in message.content_blocks)


def test_thinking_is_kept_over_turns(make_model: MakeModel) -> None:
    """The endpoint accepts its own reasoning, and where it keeps it, the prompt is longer with it than without."""
    model = make_model(thinking=True)
    first = conversation(model)
    assert any(map(reasoned, first))
    later = HumanMessage("Is that more than three metres?")
    kept = model.bind_tools([water_level]).invoke([*first, later])
    assert kept.usage_metadata
    if not (model.endpoint_host.keeps_reasoning and model.traits and model.traits.keep_reasoning):
        return
    call = first[1].model_copy(update={"additional_kwargs": {}, "response_metadata": {}})
    answer = first[-1].model_copy(update={"additional_kwargs": {}, "response_metadata": {}})
    without = model.bind_tools([water_level]).invoke([ASKED, call, *first[2:-1], answer, later])
    assert without.usage_metadata
    assert kept.usage_metadata["input_tokens"] > without.usage_metadata["input_tokens"]


def test_a_search_brings_sources(make_model: MakeModel) -> None:
    model = make_model(web_search=True)
    if not model.endpoint_host.glm_tools:
        pytest.skip("the host has none of GLM's tools")
    answer = model.invoke("Search the web: what is the newest model of GLM? Name your sources.")
    sources = answer.response_metadata.get("web_search")
    if not sources:
        pytest.skip("the model did not search, or the account has no balance for searches")
    assert all(source.get("title") or source.get("content") for source in sources)
    assert "server_tool_result" in {block["type"] for block in answer.content_blocks}


def test_tools_are_streamed(make_model: MakeModel) -> None:
    model = make_model()
    chunks = [chunk for chunk in model.bind_tools([water_level]).stream([ASKED]) if isinstance(chunk, AIMessageChunk)]
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    assert [(call["name"], call["args"]) for call in whole.tool_calls] == [("water_level", {"harbour": "Emden"})]
    assert not whole.invalid_tool_calls
    assert whole.usage_metadata
    assert whole.response_metadata["finish_reason"] == "tool_calls"
    pieces = [piece for chunk in chunks for piece in chunk.tool_call_chunks]
    if model.endpoint_host.native and model.traits and model.traits.tool_stream:
        assert len(pieces) > 1


async def test_tools_are_streamed_async(make_model: MakeModel) -> None:
    calls = [
        piece["name"]
        async for chunk in make_model().bind_tools([water_level]).astream([ASKED])
        if isinstance(chunk, AIMessageChunk)
        for piece in chunk.tool_call_chunks
        if piece["name"]
    ]
    assert calls == ["water_level"]


@pytest.mark.parametrize(
    ("settings", "error", "codes"),
    [
        ({"model": "glm-no-such-model"}, GLMNotFoundError, {"1211", "1214"}),
        ({"api_key": "0123456789abcdef.wrong"}, GLMAuthenticationError, {"1000"}),
        ({"extra_body": {"temperature": 7}}, GLMInvalidRequestError, {"1210"}),
        ({"extra_body": {"messages": [{"role": "narrator", "content": "Hi"}]}}, GLMInvalidRequestError, {"1214"}),
    ],
    ids=["model", "key", "parameter", "role"],
)
@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
def test_error_codes(
    make_model: MakeModel, settings: dict[str, Any], error: type[Exception], codes: set[str], streamed: bool
) -> None:
    model = make_model(**settings)
    with pytest.raises(error) as caught:
        list(model.stream("Hello")) if streamed else model.invoke("Hello")
    assert not caught.value.is_retryable  # type: ignore[attr-defined]
    if model.endpoint_host.native:
        assert caught.value.code in codes  # type: ignore[attr-defined]


def test_token_counts_agree(make_model: MakeModel) -> None:
    """A stream reports the tokens that a plain reply does, and a token counter and the estimate come near them."""
    model = make_model(max_tokens=16)
    prompt = "Describe the harbour of Emden to somebody who has never seen the sea. " * 8
    usage = model.invoke(prompt).usage_metadata
    assert usage
    whole, *rest = [chunk for chunk in model.stream(prompt) if isinstance(chunk, AIMessageChunk)]
    for chunk in rest:
        whole += chunk
    assert whole.usage_metadata
    assert whole.usage_metadata["input_tokens"] == usage["input_tokens"]
    assert usage["output_tokens"] <= 17
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert model.count_tokens(prompt) == pytest.approx(usage["input_tokens"], rel=0.3, abs=16)
    if model.endpoint_host.serves and "/tokenizer" in model.endpoint_host.serves:
        assert model.count_tokens(prompt, exact=True) == pytest.approx(usage["input_tokens"], abs=16)
