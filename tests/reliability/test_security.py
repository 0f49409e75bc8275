"""Keys stay where they belong, prompts out of the log, and settings cannot add headers."""

from __future__ import annotations

import asyncio
import logging
import pickle
import traceback
import warnings
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import vcr
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.load import dumps
from langchain_tests.conftest import base_vcr_config
from pydantic import SecretStr

from langchain_glm import ChatGLM, GLMConnectionError, GLMError, GLMValueError, GLMWarning
from langchain_glm.testing import Fault, GLMServer, Reply
from langchain_glm.transport.retry import wait

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Make = Callable[..., ChatGLM]

KEY = "sk-0123456789abcdef.hush"
PROMPT = "the prompt that nobody may read in a log"


@pytest.fixture
def model() -> Any:
    with GLMServer(api_key=KEY) as server:
        yield ChatGLM(
            model="glm-4.7", host="zai", base_url=server.base_url, api_key=KEY, max_retries=1,
            default_headers={"x-proxy-key": "proxy-hush"},
        ), server  # fmt: skip


def shown(error: BaseException) -> str:
    """Everything that error reporters print of an exception."""
    texts = ["".join(traceback.format_exception(error)), repr(error), str(error)]
    seen: BaseException | None = error
    while seen is not None:
        texts.append(repr((seen.args, vars(seen))))
        seen = seen.__cause__ or seen.__context__
    return "\n".join(texts)


def hidden(text: str) -> None:
    assert "hush" not in text
    assert "0123456789abcdef" not in text


class Watching(BaseCallbackHandler):
    """A trace that keeps all it is told."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("on_"):
            return lambda *args, **kwargs: self.seen.append(repr((name, args, kwargs)))
        return super().__getattribute__(name)


FAULTS = [
    Fault.code("1000"), Fault.code("1113"), Fault.code("1302"), Fault.http(502), Fault.cut(after=0), Fault.cut(after=2),
    Fault.reset(after=0), Fault.truncated_frame(after=1), Fault.in_stream("1305", after=2), Fault.error_in_200("1305"),
]  # fmt: skip


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("way", ["invoke", "stream", "ainvoke"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.kind)
def test_no_failure_shows_a_key_or_logs_the_prompt(
    fault: Fault, way: str, model: Any, caplog: pytest.LogCaptureFixture
) -> None:
    asked, server = model
    server.queue(fault, fault)
    watching = Watching()
    caplog.set_level(logging.DEBUG)
    config: Any = {"callbacks": [watching]}
    with pytest.raises(GLMError) as caught:
        asyncio.run(asked.ainvoke(PROMPT, config)) if way == "ainvoke" else list(getattr(asked, way)(PROMPT, config))
    hidden(shown(caught.value))
    hidden("".join(watching.seen))
    hidden(caplog.text)
    hidden(repr(pickle.dumps(caught.value)))
    assert PROMPT not in "".join(record.getMessage() for record in caplog.records if record.levelno > logging.DEBUG)


@pytest.mark.usefixtures("waits")
def test_what_an_endpoint_quotes_is_logged_at_debug_only(
    glm_server: GLMServer, make_model: Make, caplog: pytest.LogCaptureFixture
) -> None:
    glm_server.queue(Fault.code("1302", message=f"too many like {PROMPT!r}"), Reply("ok"))
    caplog.set_level(logging.DEBUG)
    make_model(max_retries=1).invoke(PROMPT)
    levels = {record.levelno for record in caplog.records if PROMPT in record.getMessage()}
    assert levels <= {logging.DEBUG}
    retries = [record.getMessage() for record in caplog.records if record.levelno == logging.INFO]
    assert any("attempt 1 failed" in text and "GLMRateLimitError (code 1302, HTTP 429)" in text for text in retries)


def test_no_copy_of_a_model_shows_its_key(model: Any) -> None:
    asked, _ = model
    for text in (repr(asked), str(asked), dumps(asked), asked.model_dump_json(), repr(asked._identifying_params)):
        hidden(text)
    hidden(repr(asked.bind_tools([{"type": "function", "function": {"name": "f"}}])))
    hidden(repr(asked._endpoint()))


@pytest.mark.filterwarnings("ignore:default_headers")
def test_no_pickle_holds_a_key(model: Any) -> None:
    asked, _ = model
    hidden(repr(pickle.dumps(asked)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": "nope"}, {"temperature": 7}, {"base_url": "ftp://x"}, {"max_tokens": 10**9}, {"timeout": "soon"},
        {"default_headers": {"authorization": ["proxy-hush"]}}, {"api_key": [KEY]}, {"request_id": "x"},
    ],
    ids=repr,
)  # fmt: skip
def test_a_wrong_setting_does_not_show_the_others(wrong: dict[str, Any]) -> None:
    with pytest.raises(GLMValueError) as caught:
        ChatGLM(**{"model": "glm-4.7", "host": "zai", "api_key": KEY, **wrong})
    hidden(str(caught.value) + repr(caught.value))


@pytest.mark.parametrize("way", ["invoke", "stream", "ainvoke"])
@pytest.mark.parametrize("key", [f"{KEY}\nx-admin: 1", f"{KEY}\r\n\r\nGET /", f"{KEY}\0", f"{KEY}…", f"Bearer\n{KEY}"])
@pytest.mark.parametrize("kind", ["text", "secret", "function"])
def test_a_key_cannot_add_a_header(kind: str, key: str, way: str, glm_server: GLMServer, make_model: Make) -> None:
    def ask() -> None:
        model = make_model(api_key={"text": key, "secret": SecretStr(key), "function": lambda: key}[kind])
        asyncio.run(model.ainvoke("hi")) if way == "ainvoke" else list(getattr(model, way)("hi"))

    with pytest.raises(ValueError, match="api_key: it contains a line end") as caught:
        ask()
    hidden(shown(caught.value))
    assert glm_server.requests == []


@pytest.mark.parametrize(
    "headers",
    [{"x-a": "hush\r\nx-b: 1"}, {"x-a": "hush\n"}, {"x-a\r\nx-b": "hush"}, {"": "hush"}, {"x a": "hush"},
     {"x:": "hush"}, {"x-a": "hush…"}, {"x-a": "\0hush"}],
)  # fmt: skip
def test_headers_cannot_add_a_header(headers: dict[str, str], make_model: Make) -> None:
    with pytest.raises(ValueError, match="default_headers") as caught:
        make_model(default_headers=headers)
    hidden(str(caught.value))
    with pytest.raises(ValueError, match="default_headers"):
        make_model().invoke("hi", default_headers=headers)


@pytest.mark.parametrize("setting", ["user_id", "model"])
def test_other_settings_reach_no_header(setting: str, glm_server: GLMServer, make_model: Make) -> None:
    value = "glm-4.7" if setting == "model" else "line\r\nx-b: 1"
    make_model(**{setting: value}).invoke("hi")
    assert glm_server.requests[0].body[setting] == value
    assert "x-b" not in glm_server.requests[0].headers


@pytest.mark.parametrize(
    "url",
    ["https://me:hush@gateway.example/v1", "http://hush@127.0.0.1/v1", "https://gateway.example/v1?key=1",
     "https://gateway.example/v1#x", "https://gateway.example/v1\r\nx: y", "https://gateway.example:99999/v1",
     "https://", "https:///v1", "https://a b/v1", "file:///etc/passwd"],
)  # fmt: skip
def test_a_url_that_is_more_than_a_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"base_url|Port|valid") as caught:
        ChatGLM(model="m", base_url=url, api_key="k")
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://gateway.example/v1", "http://10.0.0.7:8000/v1", "http://localhost.evil.example"]
)
def test_a_key_over_plain_http_is_warned_of_once(url: str) -> None:
    with pytest.warns(GLMWarning, match="not encrypted"):
        ChatGLM(model="m", base_url=url, api_key="k")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ChatGLM(model="m", base_url=url, api_key="k")


@pytest.mark.parametrize("name", ["127.0.0.1:8000", "localhost", "[::1]:80", "127.8.9.1", "api.localhost"])
def test_loopback_needs_no_encryption(name: str) -> None:
    ChatGLM(model="m", base_url=f"http://{name}/v1", api_key="k")


@pytest.mark.parametrize("way", ["invoke", "stream", "ainvoke", "astream"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed_by_no_client(way: str, status: int) -> None:
    """Not even by a client that follows redirects: httpx would carry a proxy's own key header along."""
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.host)
        return httpx.Response(status, headers={"location": "https://elsewhere.example/"})

    async def on_a_loop() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer), follow_redirects=True) as client:
            asked = ChatGLM(**plain, http_async_client=client)
            await asked.ainvoke("hi") if way == "ainvoke" else [chunk async for chunk in asked.astream("hi")]

    plain: dict[str, Any] = {"model": "m", "base_url": "https://gateway.example/v1", "api_key": "k", "max_retries": 0}
    with httpx.Client(transport=httpx.MockTransport(answer), follow_redirects=True) as client, pytest.raises(GLMError):
        asyncio.run(on_a_loop()) if way.startswith("a") else list(
            getattr(ChatGLM(**plain, http_client=client), way)("hi")
        )
    assert seen == ["gateway.example"]


def test_a_failed_connection_shows_no_key() -> None:
    asked = ChatGLM(model="m", base_url="http://127.0.0.1:9/v1", api_key=KEY, max_retries=0)
    with pytest.raises(GLMConnectionError) as caught:
        asked.invoke("hi")
    hidden(shown(caught.value))


def test_a_cassette_with_langchains_filter_holds_no_key(model: Any, tmp_path: Path) -> None:
    """The key travels in the header that every recorder's usual filter names, and nowhere else."""
    asked, server = model
    server.queue(Reply("recorded"), Reply("recorded"))
    path = tmp_path / "cassette.yaml"
    filters = [*base_vcr_config()["filter_headers"], ("x-proxy-key", "PLACEHOLDER")]
    with vcr.VCR(filter_headers=filters, record_mode="all").use_cassette(str(path)):
        asked.invoke("hi")
        list(asked.stream("hi"))
    recorded = path.read_text(encoding="utf-8")
    assert "recorded" in recorded
    hidden(recorded)


def test_waits_cannot_be_made_endless_by_an_endpoint(make_model: Make) -> None:
    from tenacity import RetryCallState, Retrying

    from langchain_glm import GLMRateLimitError

    state = RetryCallState(Retrying(), None, (), {})
    error = GLMRateLimitError("busy", retry_after=1e12)
    state.set_exception((type(error), error, None))
    assert 60 <= wait(state) <= 90
