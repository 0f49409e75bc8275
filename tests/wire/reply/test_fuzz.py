"""JSON of the right shape with wrong values everywhere: nothing but a `GLMError` may come out."""

from __future__ import annotations

import contextlib
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AIMessageChunk

from langchain_glm.catalog.hosts import GATEWAY, HOSTS
from langchain_glm.errors import GLMError
from langchain_glm.transport.error_body import error_from_body
from langchain_glm.wire.reply.chunks import ChunkReader
from langchain_glm.wire.reply.completion import to_result
from langchain_glm.wire.reply.usage import to_usage_metadata
from tests.wire.reply.reading import DONE, WAYS, chunks_of

scalars: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**30, -1, 0, 2**63])
    | st.floats(allow_nan=True)
    | st.text(max_size=6)
    | st.sampled_from(
        ["stop", "text", "mcp", "function", "[ref_1]", "ref_1", "{}", "null", '{"q": "x"}', '{"q', "\ud83d", "v1"]
    )
)
wrong: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def like(right: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly the right shape."""
    return st.one_of(right, right, right, wrong)


def record(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return like(st.fixed_dictionaries({}, optional={name: like(field) for name, field in fields.items()}))


texts = st.text(max_size=6)
functions = record(name=texts, arguments=st.sampled_from(["{}", '{"q": "x"}', '{"q', "", "null"]))
mcps = record(
    id=texts,
    type=st.sampled_from(["mcp_call", "mcp_list_tools"]),
    name=texts,
    arguments=texts,
    output=wrong,
    tools=wrong,
    error=texts,
    server_label=texts,
)
entries = record(
    id=texts, index=st.integers(-1, 2), type=st.sampled_from(["function", "mcp"]), function=functions, mcp=mcps
)
contents = texts | st.lists(record(type=st.just("text"), text=texts), max_size=2) | st.just("so [ref_1]")
messages = record(
    role=texts,
    content=contents,
    reasoning_content=texts,
    reasoning=texts,
    tool_calls=st.lists(entries, max_size=3),
    audio=record(id=texts, data=texts),
    refusal=texts,
    note=wrong,
)
details = record(
    cached_tokens=st.integers(),
    cached_write_tokens=st.integers(),
    reasoning_tokens=st.integers(),
    audio_tokens=st.integers(),
)
usages = record(
    prompt_tokens=st.integers(),
    completion_tokens=st.integers(),
    total_tokens=st.integers(),
    cached_tokens=st.integers(),
    prompt_tokens_details=details,
    completion_tokens_details=details,
)
logprobs = record(content=st.lists(wrong, max_size=2))
choices = record(
    index=st.integers(),
    finish_reason=texts,
    delta=messages,
    message=messages,
    usage=usages,
    logprobs=logprobs,
    own=wrong,
)
searches = st.lists(record(refer=st.just("ref_1"), link=texts, title=texts), max_size=2)
replies = st.fixed_dictionaries(
    {"choices": like(st.lists(choices, min_size=1, max_size=2))},
    optional={
        "id": like(texts),
        "model": like(texts),
        "created": wrong,
        "request_id": like(texts),
        "usage": usages,
        "web_search": like(searches),
        "content_filter": wrong,
        "mcp": wrong,
        "model_provider": wrong,
        "host": wrong,
        "model_name": wrong,
        "output_version": wrong,
        "finish_reason": wrong,
        "token_usage": wrong,
        "reasoning_content": wrong,
        "own": wrong,
    },
)
schemas = st.dictionaries(texts, wrong, max_size=2)


def check(message: AIMessage) -> None:
    assert isinstance(message.content_blocks, list)
    assert message.response_metadata["model_provider"] == "glm"
    assert isinstance(message.content, str)


@settings(max_examples=300)
@given(events=st.lists(replies, max_size=4), schemas=schemas)
def test_a_stream(events: list[dict[str, Any]], schemas: dict[str, Any]) -> None:
    reader = ChunkReader(schemas)
    chunks = [chunk for event in [*events, {}] if (chunk := reader.read(event)) is not None]
    with contextlib.suppress(GLMError):
        chunks += reader.finish(marked_end=True)
    for chunk in chunks:
        assert isinstance(chunk.message, AIMessageChunk)
        check(chunk.message)
    check(reader.partial())


@settings(max_examples=200)
@given(events=st.lists(replies, max_size=4), schemas=schemas)
def test_a_stream_in_every_way(events: list[dict[str, Any]], schemas: dict[str, Any]) -> None:
    for way in WAYS.values():
        try:
            message = way(chunks_of([*events, DONE], schemas))
        except GLMError:
            return
        assert isinstance(message.content_blocks, list)
        assert message.response_metadata["model_provider"] == "glm"


@given(events=st.lists(replies, max_size=3))
def test_a_stream_that_breaks_off(events: list[dict[str, Any]]) -> None:
    reader = ChunkReader({})
    for event in events:
        reader.read(event)
    with contextlib.suppress(GLMError):
        reader.finish(marked_end=False)
    check(reader.partial())


@settings(max_examples=300)
@given(reply=replies, schemas=schemas)
def test_a_whole_reply(reply: dict[str, Any], schemas: dict[str, Any]) -> None:
    try:
        result = to_result(reply, schemas)
    except GLMError:
        return
    for generation in result.generations:
        assert isinstance(generation.message, AIMessage)
        check(generation.message)


@given(usage=st.dictionaries(texts, wrong) | usages.filter(lambda value: isinstance(value, dict)))
def test_usage(usage: dict[str, Any]) -> None:
    counts = to_usage_metadata(usage)
    assert all(isinstance(counts[name], int) for name in ("input_tokens", "output_tokens", "total_tokens"))


errors = record(
    code=st.sampled_from(["1302", 1113, "1301"]),
    message=texts | st.just("until 2026-07-31 18:31:06"),
    type=texts,
    request_id=texts,
)
bodies = st.fixed_dictionaries(
    {},
    optional={
        "error": errors,
        "message": wrong,
        "msg": wrong,
        "code": wrong,
        "request_id": wrong,
        "contentFilter": wrong,
        "content_filter": wrong,
    },
)


@given(
    body=bodies | st.binary(max_size=20),
    status=st.sampled_from([200, 400, 401, 404, 429, 500, 529, 0, 999]),
    host=st.sampled_from([*HOSTS.values(), GATEWAY]),
    header=texts
    | st.sampled_from(
        [
            "nan",
            "inf",
            "-1",
            "1e999",
            "Fri, 31 Dec 2027 23:59:59 GMT",
            "Fri, 31 Dec 2027 23:59:59 +99999999999",
            "Fri, 31 Dec 99999 23:59:59 GMT",
        ]
    ),
)
def test_an_error_body(body: Any, status: int, host: Any, header: str) -> None:
    error = error_from_body(body, host=host, status=status, headers={"retry-after": header})
    assert str(error)
    assert isinstance(error.is_retryable, bool)
    assert error.retry_after is None or error.retry_after >= 0
    assert error.code is None or isinstance(error.code, str)


blocks = record(
    type=st.sampled_from(["text", "reasoning", "tool_call", "image", "non_standard"]), text=texts, reasoning=texts
)


@given(
    content=texts | st.lists(texts | blocks.filter(lambda value: isinstance(value, dict)), max_size=3),
    metadata=st.dictionaries(
        st.sampled_from(["web_search", "mcp", "finish_reason", "id", "output_version", "block_order"]),
        wrong | st.lists(entries, max_size=2),
    ),
    additional=st.dictionaries(st.sampled_from(["reasoning_content", "annotations", "audio", "refusal"]), wrong),
    last=st.booleans(),
)
def test_content_blocks_never_raise(
    content: Any, metadata: dict[str, Any], additional: dict[str, Any], last: bool
) -> None:
    ours = {**metadata, "model_provider": "glm"}
    for message in (
        AIMessage(content, response_metadata=ours, additional_kwargs=additional),
        AIMessageChunk(
            content=content,
            response_metadata=ours,
            additional_kwargs=additional,
            chunk_position="last" if last else None,
        ),
    ):
        assert isinstance(message.content_blocks, list)
