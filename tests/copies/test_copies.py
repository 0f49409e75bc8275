"""Copies of a model: pickled, deep, shallow, changed. Each answers, and each is itself."""

from __future__ import annotations

import copy
import pickle
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import cloudpickle  # type: ignore[import-untyped]
import httpx
import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.rate_limiters import InMemoryRateLimiter
from langchain_core.tools import tool

from langchain_glm import ChatGLM, GLMAuthenticationError, GLMWarning
from langchain_glm.transport.limits import SharedLimit

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_glm.testing import GLMServer

    Make = Callable[..., ChatGLM]

WAYS: dict[str, Callable[[Any], Any]] = {
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "cloudpickle": lambda model: pickle.loads(cloudpickle.dumps(model)),
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
    "model_copy": lambda model: model.model_copy(),
    "model_copy deep": lambda model: model.model_copy(deep=True),
    "model_copy update": lambda model: model.model_copy(update={"max_tokens": 50}),
    "model_copy deep update": lambda model: model.model_copy(deep=True, update={"max_tokens": 50}),
}
SETTINGS: dict[str, Any] = {
    "model": "glm-5.2",
    "temperature": 0.2,
    "max_tokens": 50,
    "thinking": {"clear_thinking": True},
    "timeout": {"idle": 30.0, "total": 60.0},
    "model_kwargs": {"seed": 7},
    "default_headers": {"x-team": "blue"},
    "tags": ["tagged"],
}

LEFT_OUT = pytest.mark.filterwarnings("ignore:(A key was left out|default_headers):langchain_glm.GLMWarning")


@tool
def get_weather(city: str) -> str:
    """Get the weather of a city."""
    return f"{city}: sunny"


@pytest.fixture(params=list(WAYS))
def twin_of(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    return WAYS[request.param]


@LEFT_OUT
@pytest.mark.usefixtures("key_in_environment")
@pytest.mark.parametrize("used", [False, True], ids=["new", "used"])
async def test_a_twin_sends_the_same(
    used: bool, twin_of: Callable[[Any], Any], glm_server: GLMServer, make_model: Make
) -> None:
    model = make_model(**SETTINGS)
    if used:  # clients and caches must not be in the way
        model.invoke("hi")
        await model.ainvoke("hi")
    twin = twin_of(model)
    assert type(twin) is ChatGLM
    assert (twin._endpoint().timeout, twin.profile, twin.tags) == (model._endpoint().timeout, model.profile, ["tagged"])
    model.invoke("hi")
    for answer in (twin.invoke("hi"), await twin.ainvoke("hi"), *twin.stream("hi")):
        assert answer.response_metadata["model_provider"] == "zai"
    of_model, *of_twin = (
        (dict(request.body, stream=None), request.headers.get("x-team")) for request in glm_server.requests[-4:]
    )
    if twin.default_headers:
        assert of_twin == [of_model] * 3
    else:  # a pickle
        assert of_twin == [(of_model[0], None)] * 3


@LEFT_OUT
@pytest.mark.usefixtures("key_in_environment")
@pytest.mark.parametrize("way", [way for way in WAYS if "update" not in way])
def test_a_twin_of_a_binding(way: str, glm_server: GLMServer, make_model: Make) -> None:
    bound = make_model().bind_tools([get_weather], tool_choice="auto").bind(max_tokens=50)
    bound.invoke("hi")
    WAYS[way](bound).invoke("hi")
    assert glm_server.requests[0].body == glm_server.requests[1].body


@LEFT_OUT
@pytest.mark.usefixtures("key_in_environment")
def test_injected_clients_are_shared_or_left_behind(make_model: Make) -> None:
    with httpx.Client() as client:
        model = make_model(http_client=client)
        for name, way in WAYS.items():
            twin = way(model)
            assert twin.http_client is (None if "pickle" in name else client)
            assert twin.invoke("hi").text


def test_what_is_held_on_purpose_is_shared(make_model: Make) -> None:
    """A limiter that was copied limits nothing; locks cannot be copied at all."""
    limiter, watcher, gate = (
        InMemoryRateLimiter(requests_per_second=1000),
        BaseCallbackHandler(),
        SharedLimit("https://gateway.example", "key", 2),
    )
    model = make_model(
        rate_limiter=limiter,
        max_concurrency=gate,
        callbacks=[watcher],
        api_key=lambda: "test.key",
        cache=InMemoryCache(),
    )
    for name, way in WAYS.items():
        if "pickle" not in name:
            twin = way(model)
            assert twin.rate_limiter is limiter
            assert twin.max_concurrency is gate
            assert twin.cache is model.cache
            assert twin.callbacks == [watcher]
            assert twin.api_key is model.api_key
            assert twin.invoke("hi").text


def test_a_change_is_checked_and_stays_in_the_copy(glm_server: GLMServer, make_model: Make) -> None:
    model = make_model()
    changed = model.model_copy(update={"model_name": "glm-5.2", "stop_sequences": "END"})
    assert (changed.model, changed.stop, model.model) == ("glm-5.2", "END", "glm-4.7")
    changed.invoke("hi")
    assert (glm_server.requests[-1].body["model"], glm_server.requests[-1].body["stop"]) == ("glm-5.2", ["END"])
    with pytest.raises(ValueError, match="temperature"):
        model.model_copy(update={"temperature": 3})


def test_another_model_has_another_profile(make_model: Make) -> None:
    model = make_model(model="glm-4.7")
    given = {"max_input_tokens": 5}
    profile = model.model_copy(update={"model": "glm-5.2"}).profile
    assert profile == make_model(model="glm-5.2").profile != model.profile
    assert make_model(profile=given).model_copy(update={"model": "glm-5.2"}).profile == given
    # another model's profile, given on purpose, stays
    assert make_model(model="my-glm", profile=profile).profile == profile
    assert make_model(model="my-glm", profile=profile).model_copy(update={"max_tokens": 5}).profile == profile


# Keys.


@pytest.mark.parametrize("dumps", [pickle.dumps, cloudpickle.dumps])
@pytest.mark.parametrize("given", [{}, {"api_key": "first.secret"}], ids=["of the environment", "given"])
@pytest.mark.parametrize("host", ["zai", None])
def test_no_pickle_holds_a_key(
    host: str | None, given: dict[str, Any], dumps: Any, monkeypatch: pytest.MonkeyPatch, glm_server: GLMServer
) -> None:
    variable = "ZAI_API_KEY" if host else "GLM_API_KEY"  # any gateway's
    monkeypatch.setenv(variable, "first.secret")
    model = ChatGLM(model="glm-4.7", host=host, base_url=glm_server.base_url, **given)
    for pickled in (dumps(model), dumps(model.bind(max_tokens=5) | str)):
        assert b"first.secret" not in pickled
    pickled = dumps(model)
    assert model._endpoint().read_key() == "first.secret"
    monkeypatch.setenv(variable, glm_server.api_key)
    with pytest.warns(GLMWarning, match="key was left out") if given else nullcontext():
        assert pickle.loads(pickled).invoke("hi").text
    monkeypatch.delenv(variable)
    unpickled = pickle.loads(pickled)  # works everywhere; the first call says what is missing
    if given or host:
        with pytest.raises(GLMAuthenticationError, match=f"Set the environment variable {variable}"):
            unpickled.invoke("hi")


def test_a_model_without_a_key_is_pickled_without_one(glm_server: GLMServer) -> None:
    """A gateway may want none."""
    model = ChatGLM(model="glm-4.7", base_url=glm_server.base_url)
    assert pickle.loads(pickle.dumps(model))._endpoint().read_key() is None


def test_functions_travel_with_cloudpickle(glm_server: GLMServer, make_model: Make) -> None:
    key = glm_server.api_key
    twin = pickle.loads(cloudpickle.dumps(make_model(api_key=lambda: key)))
    assert twin.invoke("hi").text


@LEFT_OUT
def test_no_copy_shows_a_key(twin_of: Callable[[Any], Any], make_model: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZAI_API_KEY", "very.secret")  # where pickled ones find it
    twin = twin_of(make_model(api_key="very.secret"))
    assert twin._endpoint().read_key() == "very.secret"
    assert "very.secret" not in repr((twin, twin.asdict(), str(twin)))
