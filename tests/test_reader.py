"""`GLMWebReader` and `GLMWebLoader`: what is sent, what comes back, and what fails before a byte is sent."""

from __future__ import annotations

import asyncio
import copy
import logging
import pickle
from typing import TYPE_CHECKING, Any

import pytest
from langchain.agents import create_agent
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import HumanMessage, ToolMessage

from langchain_glm import (
    ChatGLM,
    GLMAuthenticationError,
    GLMBalanceError,
    GLMConnectionError,
    GLMInvalidRequestError,
    GLMOverloadedError,
    GLMTimeoutError,
    GLMValueError,
    GLMWebLoader,
    GLMWebReader,
    Timeout,
)
from langchain_glm.testing import Fault, GLMServer, Reply
from langchain_glm.testing import ToolCall as ScriptedCall

if TYPE_CHECKING:
    from langchain_core.tools import ToolException

PAGE = """<html><head><title> The title </title><meta name="description" content="About cats"></head><body>
<h1>Cats</h1><p>Cats <a href="/sleep">sleep</a> a lot.</p><img src="cat.png" alt="A cat"><script>alert(1)</script>
<ul><li>one<li>two</ul></body></html>"""
CATS = "https://pets.example.com/cats"
DEAD = "https://pets.invalid/"


@pytest.fixture
def connection(glm_server: GLMServer) -> dict[str, Any]:
    return {"host": glm_server.host, "base_url": glm_server.base_url, "api_key": glm_server.api_key, "max_retries": 0}


def call(url: str) -> dict[str, Any]:
    return {"type": "tool_call", "id": "call_1", "name": "glm_web_reader", "args": {"url": url}}


# The tool.


class Retries(BaseCallbackHandler):
    def __init__(self) -> None:
        self.count = 0

    def on_retry(self, retry_state: Any, **_: Any) -> None:
        self.count += 1


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("way", ["sync", "async"])
def test_callbacks_learn_of_retries(way: str, glm_server: GLMServer, connection: dict[str, Any]) -> None:
    glm_server.queue(Fault.code("1302"), Fault.reset(), path="/reader")
    tool, retries = GLMWebReader(**{**connection, "max_retries": 2}), Retries()
    config: Any = {"callbacks": [retries]}
    assert tool.invoke(CATS, config) if way == "sync" else asyncio.run(tool.ainvoke(CATS, config))
    assert retries.count == 2


def test_the_model_may_choose_only_the_url(connection: dict[str, Any]) -> None:
    schema = GLMWebReader(**connection).tool_call_schema.model_json_schema()  # type: ignore[union-attr]
    assert list(schema["properties"]) == ["url"]
    assert schema["required"] == ["url"]


def test_the_content_goes_to_the_model_and_the_result_to_the_artifact() -> None:
    with GLMServer(web={CATS: PAGE}) as server:
        reader = GLMWebReader(
            host="zai", base_url=server.base_url, api_key=server.api_key, with_links_summary=True, page_timeout=30
        )
        for message in (reader.invoke(call(CATS)), asyncio.run(reader.ainvoke(call(CATS)))):
            assert isinstance(message, ToolMessage)
            assert message.text.startswith("# Cats\n\nCats [sleep](https://pets.example.com/sleep) a lot.")
            assert "alert" not in message.content
            assert message.artifact["title"] == "The title"
            assert message.artifact["links"] == {"sleep": "https://pets.example.com/sleep"}
            assert "images" not in message.artifact
        assert [request.path for request in server.requests] == ["/api/paas/v4/reader"] * 2
        assert server.requests[0].body == {"url": CATS, "timeout": 30, "with_links_summary": True}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("return_format", "text"),
        ("no_cache", True),
        ("retain_images", False),
        ("no_gfm", True),
        ("keep_img_data_url", False),
        ("with_images_summary", True),
        ("with_links_summary", True),
    ],
)
def test_each_field_is_sent(field: str, value: Any, glm_server: GLMServer, connection: dict[str, Any]) -> None:
    GLMWebReader(**connection, **{field: value}).invoke({"url": CATS})
    assert glm_server.requests[0].body == {"url": CATS, field: value}


@pytest.mark.parametrize(
    "url", ["", "docs", "docs.z.ai", "ftp://z.ai/", "https://", "https://a b.c/", "https://x:99999/"]
)
def test_a_wrong_url_reaches_the_model_and_not_the_endpoint(
    url: str, glm_server: GLMServer, connection: dict[str, Any]
) -> None:
    message = GLMWebReader(**connection).invoke(call(url))
    assert (message.status, message.artifact) == ("error", None)
    assert "must be a complete URL" in message.content
    with pytest.raises(GLMValueError, match="must be a complete URL"):
        GLMWebReader(**connection, handle_tool_error=False).invoke(call(url))
    assert glm_server.requests == []


def test_a_page_that_cannot_be_read_is_for_the_model_to_solve(connection: dict[str, Any]) -> None:
    message = GLMWebReader(**connection).invoke(call(DEAD))
    assert message.status == "error"
    assert DEAD in message.content
    assert "1214" in asyncio.run(GLMWebReader(**connection).ainvoke(call(DEAD))).content
    strict = GLMWebReader(**connection, handle_tool_error=False)
    with pytest.raises(GLMInvalidRequestError) as caught:
        strict.invoke(call(DEAD))
    assert caught.value.code == "1214"
    with pytest.raises(GLMInvalidRequestError):
        asyncio.run(strict.ainvoke(call(DEAD)))


def test_a_handler_of_the_users_own_gets_the_error(connection: dict[str, Any]) -> None:
    def shorten(error: ToolException) -> str:
        assert isinstance(error.__cause__, GLMInvalidRequestError)
        return "not readable"

    assert GLMWebReader(**connection, handle_tool_error=shorten).invoke(call(DEAD)).content == "not readable"


def test_what_the_model_cannot_solve_is_raised(glm_server: GLMServer, connection: dict[str, Any]) -> None:
    with pytest.raises(GLMAuthenticationError, match="ZAI_API_KEY"):
        GLMWebReader(**{**connection, "api_key": "wrong.key"}).invoke(call(CATS))
    glm_server.queue(Fault.code("1113"), path="/reader")
    with pytest.raises(GLMBalanceError):
        GLMWebReader(**connection).invoke(call(CATS))


def test_an_agent_reads_pages() -> None:
    with GLMServer(web={CATS: PAGE}) as server:
        settings: dict[str, Any] = {"host": "zai", "base_url": server.base_url, "api_key": server.api_key}
        server.queue(
            Reply(tool_calls=[ScriptedCall("glm_web_reader", {"url": DEAD})]),
            Reply(tool_calls=[ScriptedCall("glm_web_reader", {"url": CATS})]),
            Reply("They sleep a lot."),
        )
        agent = create_agent(ChatGLM(model="glm-4.7", **settings), [GLMWebReader(**settings)])
        messages = agent.invoke({"messages": [HumanMessage(f"Read {CATS}")]})["messages"]
        failed, read = [message for message in messages if isinstance(message, ToolMessage)]
        assert (failed.status, read.status) == ("error", "success")
        assert read.artifact["description"] == "About cats"
        assert messages[-1].text == "They sleep a lot."
        assert len(server.requests) == 5


# Time limits.


@pytest.mark.parametrize("timeout", [20, Timeout(idle=20), Timeout(total=5), (5, 10)])
def test_our_patience_must_be_longer_than_the_readers(timeout: Any, connection: dict[str, Any]) -> None:
    with pytest.raises(GLMValueError, match=r"timeout: \d+ s must be longer than the 20 s .* lower page_timeout"):
        GLMWebReader(**connection, timeout=timeout)
    GLMWebReader(**connection, timeout=timeout, page_timeout=4)
    GLMWebLoader(CATS, **connection, timeout=timeout, page_timeout=4)


def test_a_limit_that_is_assigned_later_is_checked_too(glm_server: GLMServer, connection: dict[str, Any]) -> None:
    reader = GLMWebReader(**connection, timeout=60)
    reader.page_timeout = 60
    with pytest.raises(GLMValueError, match="must be longer than the 60 s"):
        reader.invoke({"url": CATS})
    assert glm_server.requests == []


@pytest.mark.parametrize("page_timeout", [0, -1, 1.5, "soon"])
def test_the_readers_limit_is_whole_seconds(page_timeout: Any, connection: dict[str, Any]) -> None:
    with pytest.raises(GLMValueError, match="page_timeout"):
        GLMWebReader(**connection, page_timeout=page_timeout)


# Hosts.


@pytest.mark.parametrize("host", ["zai-coding", "bigmodel-coding", "kimi"])
def test_hosts_that_have_no_reader_are_refused_at_once(host: str) -> None:
    for make in (GLMWebReader, lambda **settings: GLMWebLoader(CATS, **settings)):
        with pytest.raises(GLMValueError, match=r"does not serve /reader.*ZAI_API_KEY \(zai\)"):
            make(host=host, api_key="k")


def test_a_key_of_kimi_alone_is_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOONSHOT_API_KEY", "k")
    with pytest.raises(GLMAuthenticationError, match="no key for a host that serves /reader") as caught:
        GLMWebReader()
    assert "ZAI_API_KEY (zai)" in str(caught.value)


# The loader.


def test_a_page_becomes_a_document() -> None:
    with GLMServer(web={CATS: PAGE}) as server:
        loader = GLMWebLoader(
            CATS,
            host="zai",
            base_url=server.base_url,
            api_key=server.api_key,
            return_format="text",
            with_images_summary=True,
        )
        [document] = loader.load()
        assert document.page_content == "Cats\n\nCats sleep a lot.\n\none\n\ntwo"
        assert document.metadata == {
            "source": CATS,
            "title": "The title",
            "description": "About cats",
            "images": {"A cat": "https://pets.example.com/cat.png"},
        }


def test_pages_are_read_one_by_one(glm_server: GLMServer, connection: dict[str, Any]) -> None:
    urls = [f"https://docs.z.ai/{number}" for number in range(3)]
    documents = GLMWebLoader(urls, **connection).lazy_load()
    assert glm_server.requests == []
    for count, url in enumerate(urls, start=1):
        assert next(documents).metadata["source"] == url
        assert len(glm_server.requests) == count

    async def first() -> str:
        async for document in GLMWebLoader(urls, **connection).alazy_load():
            return str(document.metadata["source"])
        raise AssertionError

    assert asyncio.run(first()) == urls[0]
    assert len(glm_server.requests) == 4


@pytest.mark.parametrize(
    ("urls", "message"),
    [
        ([CATS, "docs"], r"^urls\[1\]='docs' must be a complete URL"),
        ("docs", r"^urls\[0\]='docs'"),
        ([CATS, CATS, None], r"^urls\[2\]=None"),
        (5, "^urls: give a URL, or a list"),
    ],
)
def test_a_wrong_url_is_named_before_anything_is_sent(urls: Any, message: str, connection: dict[str, Any]) -> None:
    with pytest.raises(GLMValueError, match=message):
        GLMWebLoader(urls, **connection)
    loader = GLMWebLoader([CATS], **connection)
    with pytest.raises(GLMValueError, match=message):
        loader.urls = urls
    assert loader.urls == [CATS]


def test_a_page_that_fails_is_raised_with_its_place(connection: dict[str, Any]) -> None:
    loader = GLMWebLoader([CATS, DEAD, CATS], **connection)
    for load in (loader.load, lambda: asyncio.run(loader.aload())):
        with pytest.raises(GLMInvalidRequestError) as caught:
            load()
        assert caught.value.__notes__ == [f"urls[1]: {DEAD}"]


def test_a_page_that_fails_can_be_left_out(
    glm_server: GLMServer, connection: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    loader = GLMWebLoader([CATS, DEAD, CATS], **connection, continue_on_failure=True)
    with caplog.at_level(logging.WARNING, logger="langchain_glm"):
        for documents in (loader.load(), asyncio.run(loader.aload())):
            assert [document.metadata["source"] for document in documents] == [CATS, CATS]
    assert len(caplog.records) == 2
    assert f"urls[1]: {DEAD} was left out" in caplog.text
    glm_server.queue(Fault.http(502), path="/reader")
    assert len(GLMWebLoader([CATS, CATS], **connection, continue_on_failure=True).load()) == 1
    glm_server.queue(Fault.code("1305"), path="/reader")
    with pytest.raises(GLMOverloadedError):
        loader.load()
    with pytest.raises(GLMAuthenticationError):
        GLMWebLoader([CATS], **{**connection, "api_key": "wrong.key"}, continue_on_failure=True).load()


# Errors of the endpoint; `tests/reliability/test_endpoint_faults.py` has all of them.


def test_a_request_that_failed_for_a_moment_is_sent_again(
    waits: list[float], glm_server: GLMServer, connection: dict[str, Any]
) -> None:
    glm_server.queue(Fault.code("1302", retry_after=3), Fault.reset(), path="/reader")
    assert len(GLMWebLoader(CATS, **{**connection, "max_retries": 2}).load()) == 1
    assert len(waits) == 2
    assert waits[0] >= 3


def test_nobody_answers() -> None:
    with pytest.raises(GLMConnectionError):
        GLMWebReader(host="zai", base_url="http://127.0.0.1:1", api_key="k", max_retries=0).invoke({"url": CATS})
    assert not issubclass(GLMConnectionError, GLMTimeoutError)


# Copies.


def test_the_key_is_not_shown_and_not_pickled(connection: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for made in (GLMWebReader(**connection), GLMWebLoader([CATS], **connection)):
        for shown in (repr(made), str(made), str(made.model_dump()), made.model_dump_json(exclude={"args_schema"})):
            assert "test.key" not in shown
        pickled = pickle.dumps(made)
        assert b"test.key" not in pickled
        monkeypatch.setenv("ZAI_API_KEY", "test.key")
        unpickled = pickle.loads(pickled)
        unpickled.api_key = "test.key"
        for other in (unpickled, copy.copy(made), copy.deepcopy(made), made.model_copy()):
            assert type(other) is type(made)
            assert other.base_url == made.base_url
            loaded = other.load() if isinstance(other, GLMWebLoader) else other.invoke({"url": CATS})
            assert loaded
