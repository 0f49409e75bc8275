"""What other packages call our settings, and what looks like a secret: taken, refused, shown nowhere."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import cloudpickle  # type: ignore[import-untyped]
import pytest
from langchain_core.caches import RETURN_VAL_TYPE, BaseCache
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.load import dumps

from langchain_glm import HOSTS, ChatGLM, GLMError, GLMValueError
from langchain_glm.keywords import ALIASES, is_refused, sort_keywords

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_glm.testing import GLMServer

    Make = Callable[..., ChatGLM]

SECRET = "very.secret"
WAYS = ("constructor", "bind", "bind after bind_tools", "call")

KEY_NAMES = ["api_key", "zhipuai_api_key", "zai_api_key", "glm_api_key", "openai_api_key", "moonshot_api_key"]
HEADER_NAMES = ["default_headers", "headers", "extra_headers"]
URL_NAMES = ["base_url", "zhipuai_api_base", "openai_api_base", "zai_base_url", "api_base", "endpoint_url"]
REFUSED = [
    "openai_proxy", "zhipuai_proxy", "proxies", "proxy", "http_proxy", "verify", "verify_ssl", "cert", "ssl_context",
    "client", "async_client", "root_client", "http_client_proxies", "n",
    "apikey", "anthropic_api_key", "API_KEY", "authorization", "Authorization", "access_token", "auth_token",
    "secret_key", "client_secret", "password", "credentials", "bearer", "cookies", "aws_session_id_token",
    "token", "hf_token", "azure_ad_token", "auth", "http_auth",
]  # fmt: skip


class Everything(BaseCallbackHandler, BaseCache):
    """A tracer and a cache that keep all that they are shown."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def on_chat_model_start(self, serialized: Any, messages: Any, **kwargs: Any) -> None:
        self.seen.extend((serialized, kwargs))

    def lookup(self, prompt: str, llm_string: str) -> RETURN_VAL_TYPE | None:
        self.seen.extend((prompt, llm_string))
        return None

    def update(self, prompt: str, llm_string: str, return_val: RETURN_VAL_TYPE) -> None:
        self.seen.extend((prompt, llm_string, return_val))

    def clear(self, **_: Any) -> None:
        self.seen.clear()


def given(way: str, make_model: Make, settings: dict[str, Any], **others: Any) -> tuple[Any, dict[str, Any]]:
    """A model with settings that are given in one of the ways, and the keywords for its calls."""
    if way == "constructor":
        return make_model(**others, **settings), {}
    model: Any = make_model(**others)
    if way == "bind":
        return model.bind(**settings), {}
    if way == "bind after bind_tools":
        return model.bind_tools([]).bind(**settings), {}
    return model, settings


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", KEY_NAMES)
def test_a_key_by_any_name_is_the_key(way: str, name: str, glm_server: GLMServer) -> None:
    def make(**settings: Any) -> ChatGLM:
        url = {} if "base_url" in settings else {"base_url": glm_server.base_url}
        return ChatGLM(**{"model": "glm-4.7", "max_retries": 0, **url, **settings})

    model, keywords = given(way, make, {name: glm_server.api_key})
    assert model.invoke("hi", **keywords).text
    sent = glm_server.requests[-1]
    assert sent.headers["authorization"] == f"Bearer {glm_server.api_key}"
    assert not {name, "api_key"} & sent.body.keys()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", HEADER_NAMES)
def test_headers_by_any_name_are_sent_as_headers(way: str, name: str, glm_server: GLMServer, make_model: Make) -> None:
    model, keywords = given(way, make_model, {name: {"X-Team": "blue"}})
    model.invoke("hi", **keywords)
    sent = glm_server.requests[-1]
    assert sent.headers["x-team"] == "blue"
    assert not {name, "default_headers"} & sent.body.keys()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", URL_NAMES)
def test_a_url_by_any_name_moves_the_endpoint(way: str, name: str, glm_server: GLMServer) -> None:
    def make(**settings: Any) -> ChatGLM:
        return ChatGLM(**{"model": "glm-4.7", "host": "zai", "api_key": glm_server.api_key, **settings})

    model, keywords = given(way, make, {name: glm_server.base_url})
    assert model.invoke("hi", **keywords).text


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "settings",
    [{name: SECRET} for name in KEY_NAMES]
    + [{name: {"Authorization": f"Bearer {SECRET}"}} for name in HEADER_NAMES]
    + [{"model_kwargs": {"zhipuai_api_key": SECRET}}, {"model_kwargs": {"extra_headers": {"x-token": SECRET}}}],
    ids=str,
)
@pytest.mark.filterwarnings("ignore:default_headers:langchain_glm.GLMWarning")
def test_secrets_are_shown_nowhere(
    way: str, settings: dict[str, Any], glm_server: GLMServer, make_model: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZAI_API_KEY", glm_server.api_key)

    def make(**more: Any) -> ChatGLM:
        return ChatGLM(**{"model": "glm-4.7", "base_url": glm_server.base_url, "host": "zai", "max_retries": 0, **more})

    everything = Everything()
    model, keywords = given(way, make, settings, cache=everything)
    try:
        model.invoke("hi", {"callbacks": [everything]}, **keywords)
    except GLMError as error:
        everything.seen.extend((error, error.__dict__, error.__context__))
    chain = model | str
    plain = model.bound if hasattr(model, "bound") else model
    shown = repr((everything.seen, model, chain, str(model), plain.asdict(), plain.model_kwargs, dumps(model)))
    assert SECRET not in shown
    assert SECRET.encode() not in pickle.dumps(plain.model_copy(update={"cache": None}))
    if plain is not model:
        bare = model.model_copy(update={"bound": plain.model_copy(update={"cache": None})})
        for pickled in (pickle.dumps(bare), cloudpickle.dumps(bare | str)):
            assert SECRET.encode() not in pickled
    for request in glm_server.requests:
        assert SECRET not in repr(request.body)


@pytest.mark.parametrize("way", [*WAYS, "model_kwargs"])
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_ours_and_may_be_secret_is_refused(
    way: str, name: str, glm_server: GLMServer, make_model: Make
) -> None:
    everything = Everything()
    with pytest.raises(GLMValueError, match=f"^{name} is not a setting") as caught:  # noqa: PT012
        if way == "model_kwargs":
            make_model(model_kwargs={name: SECRET})
        model, keywords = given(way, make_model, {name: SECRET}, cache=everything)
        model.invoke("hi", {"callbacks": [everything]}, **keywords)
    assert SECRET not in repr((caught.value, everything.seen))
    assert glm_server.requests == []


def test_the_refusal_says_what_serves_instead(make_model: Make) -> None:
    with pytest.raises(GLMValueError, match=r"http_client=httpx2\.Client\(…\).*HTTPS_PROXY"):
        make_model(openai_proxy="http://proxy.example")
    with pytest.raises(GLMValueError, match=r"api_key=….*default_headers=….*extra_body=…"):
        make_model(anthropic_api_key="k")


def test_every_hosts_variable_may_be_a_keyword() -> None:
    """`ZHIPUAI_API_KEY` in the environment, `zhipuai_api_key=` in the constructor: nothing of the kind is sent."""
    for host in HOSTS.values():
        for variable in host.key_variables:
            assert ALIASES.get(variable.lower()) == "api_key" or is_refused(variable.lower())


def test_harmless_names_are_no_secrets() -> None:
    for name in (
        "seed",
        "top_k",
        "max_tokens",
        "presence_penalty",
        "sensitive_word_check",
        "watermark",
        "meta",
        "tools",
    ):
        assert sort_keywords({name: 1}, ()) == ({}, {name: 1})


@pytest.mark.parametrize(
    "names", [("model_name", "model"), ("zai_api_key", "zhipuai_api_key"), ("headers", "extra_headers")]
)
def test_two_names_of_one_setting_are_refused(names: tuple[str, str], make_model: Make) -> None:
    first, second = names
    with pytest.raises(GLMValueError, match=f"{first} and {second} are two names for the same setting"):
        sort_keywords({first: "a", second: "b"}, ("model", "api_key", "default_headers"))
    with pytest.raises(GLMValueError, match="two names for the same setting") as caught:
        make_model(**{first: "first.secret", second: "second.secret"})
    assert ".secret" not in str(caught.value)
    assert sort_keywords({first: None, second: "b"}, ("model", "api_key", "default_headers"))[0] == {
        ALIASES.get(second, second): "b"
    }


@pytest.mark.parametrize("way", WAYS)
def test_a_setting_in_model_kwargs_takes_effect_as_one(way: str, glm_server: GLMServer, make_model: Make) -> None:
    model, keywords = given(way, make_model, {"model_kwargs": {"max_completion_tokens": 9, "seed": 7}})
    model.invoke("hi", **keywords)
    body = glm_server.requests[-1].body
    assert (body["max_tokens"], body["seed"]) == (9, 7)
    assert "max_completion_tokens" not in body


def test_a_key_by_its_owners_name_selects_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHIPUAI_API_KEY", "another")

    def host(**settings: Any) -> str:
        return ChatGLM(**{"model": "glm-5.2", **settings}).endpoint_host.name

    assert host(zai_api_key="k") == "zai"
    assert host(zai_api_key="k", host="zai-coding") == "zai-coding"
    assert host(zai_api_key="k", base_url="https://gateway.example/v1") == "gateway"
    assert host(openai_api_key="k") == "bigmodel"
