"""Keys: when they are read, and models that are pickled without them."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import cloudpickle  # type: ignore[import-untyped]
import pydantic
import pytest
from langchain_core.prompts import ChatPromptTemplate
from pydantic import BaseModel, SecretStr

from langchain_glm import ChatGLM, GLMAuthenticationError, GLMValueError, GLMWarning
from langchain_glm.testing import Fault, GLMServer, Reply, ToolCall

if TYPE_CHECKING:
    from collections.abc import Callable

    Make = Callable[..., ChatGLM]

SPAWN = get_context("spawn")
LEFT_OUT = "ignore:A key was left out:langchain_glm.GLMWarning"


class Joke(BaseModel):
    """A joke."""

    punchline: str


def pun_class() -> type[BaseModel]:
    """A class that cloudpickle has to take along."""

    class Pun(BaseModel):
        punchline: str

    return Pun


# When a key is read.


def test_a_key_function_is_asked_before_every_try(glm_server: GLMServer, make_model: Make, waits: list[float]) -> None:
    given = iter(["first.key", "second.key", "third.key"])
    used: list[str] = []

    def mint() -> str:
        used.append(next(given))
        return glm_server.api_key

    glm_server.queue(Fault.code("1302"), Fault.code("1302"), Reply("ok"))
    assert make_model(api_key=mint, max_retries=2).invoke("hi").text == "ok"
    assert (len(used), len(waits)) == (3, 2)


@pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream", "astream"])
async def test_a_key_function_is_asked_after_the_queue(way: str, glm_server: GLMServer, make_model: Make) -> None:
    """A key that is minted for a minute would be too old after ten minutes in the queue."""
    happened: list[str] = []

    class Limiter:
        def acquire(self, timeout: float | None) -> None:
            happened.append("slot")

        async def aacquire(self, timeout: float | None) -> None:
            happened.append("slot")

        def release(self, ticket: object, *, overloaded: bool) -> None:
            happened.append("released")

    def mint() -> str:
        happened.append("key")
        return glm_server.api_key

    model = make_model(api_key=mint, max_concurrency=Limiter())
    if way == "invoke":
        model.invoke("hi")
    elif way == "ainvoke":
        await model.ainvoke("hi")
    elif way == "stream":
        list(model.stream("hi"))
    else:
        assert [chunk async for chunk in model.astream("hi")]
    assert happened == ["slot", "key", "released"]


async def test_an_async_key_function_is_asked_before_every_try(
    glm_server: GLMServer, make_model: Make, waits: list[float]
) -> None:
    asked: list[int] = []

    async def mint() -> SecretStr:
        asked.append(len(waits))  # the wait comes first
        return SecretStr(glm_server.api_key)

    glm_server.queue(Fault.code("1302"), Reply("ok"))
    assert (await make_model(api_key=mint, max_retries=1).ainvoke("hi")).text == "ok"
    assert asked == [0, 1]


def test_the_environment_is_read_before_every_request(glm_server: GLMServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZAI_API_KEY", "old.key")
    model = ChatGLM(model="glm-4.7", base_url=glm_server.base_url, host="zai")
    monkeypatch.setenv("ZAI_API_KEY", glm_server.api_key)
    assert model.invoke("hi").text


def test_the_key_is_no_attribute_in_plain_text(make_model: Make) -> None:
    model = make_model(api_key="very.secret")
    for name in dir(model):
        if not name.startswith("__") and name not in ("model_computed_fields", "model_fields"):
            assert "very.secret" not in repr(getattr(model, name, None))


@pytest.mark.parametrize("key", ["", "  \n", "two\nlines", "ключ"])
@pytest.mark.parametrize("where", ["constructor", "call", "bind", "assignment", "function"])
def test_a_key_that_no_header_can_carry(where: str, key: str, glm_server: GLMServer, make_model: Make) -> None:
    with pytest.raises(ValueError, match=r"^api_key( is empty|: it contains a line end)") as caught:  # noqa: PT012
        if where == "constructor":
            make_model(api_key=key)
        elif where == "call":
            make_model().invoke("hi", api_key=key)
        elif where == "bind":
            make_model().bind(api_key=key)
        elif where == "assignment":
            make_model().api_key = key
        else:
            make_model(api_key=lambda: key).invoke("hi")
    assert not key.strip() or key not in str(caught.value)
    assert glm_server.requests == []


@pytest.mark.parametrize("key", [b"very.secret", bytearray(b"very.secret")])
@pytest.mark.parametrize("where", ["constructor", "call", "bind", "assignment"])
def test_bytes_are_no_key(where: str, key: Any, glm_server: GLMServer, make_model: Make) -> None:
    """pydantic would make text of them, which reprs and pickles show."""
    with pytest.raises(GLMValueError, match=r"^api_key: give text, not bytes\.$"):  # noqa: PT012
        if where == "constructor":
            make_model(api_key=key)
        elif where == "call":
            make_model().invoke("hi", api_key=key)
        elif where == "bind":
            make_model().bind(api_key=key)
        else:
            make_model().api_key = key
    assert glm_server.requests == []


def test_a_key_of_another_type_is_one_sentence(make_model: Make) -> None:
    with pytest.raises(GLMValueError, match=r"^api_key: Input should be .*\.$") as caught:
        make_model(api_key=5)
    assert "\n" not in str(caught.value)


# Pickles.


def punchline(chain: Any) -> str:
    """Run a chain in another process."""
    return str(chain.invoke("Tell me a joke.").punchline)


def ask(model: ChatGLM) -> str:
    """Call a model in another process; return its answer or the name of what went wrong."""
    try:
        return model.invoke("hi").text
    except GLMAuthenticationError as error:
        return f"{type(error).__name__}: {error}"


held: list[ChatGLM] = []


def hold(model: ChatGLM) -> None:
    """Keep a model that came with the start of a process."""
    held.append(model)


def ask_held(_: Any) -> str:
    return ask(held[0])


@pytest.fixture
def pickled_model(glm_server: GLMServer) -> ChatGLM:
    """A model whose key was given: no pickle of it holds the key."""
    return ChatGLM(model="glm-4.7", host="zai", base_url=glm_server.base_url, api_key=glm_server.api_key, max_retries=0)


@pytest.fixture(params=[True, False], ids=["key in the environment", "no key"])
def expected(request: pytest.FixtureRequest, glm_server: GLMServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """How an answer begins in another process."""
    monkeypatch.setenv("PYTHONWARNINGS", "default")
    if not request.param:
        return "GLMAuthenticationError: There is no key for host 'zai'.\nSet the environment variable ZAI_API_KEY"
    monkeypatch.setenv("ZAI_API_KEY", glm_server.api_key)
    glm_server.queue(*[Reply("Hello from there.")] * 2)
    return "Hello from there."


def test_pool_map(pickled_model: ChatGLM, expected: str) -> None:
    with SPAWN.Pool(1) as pool:
        answers = pool.map_async(ask, [pickled_model] * 2).get(timeout=60)
    assert [answer[: len(expected)] for answer in answers] == [expected] * 2


def test_pool_initializer(pickled_model: ChatGLM, expected: str) -> None:
    with SPAWN.Pool(1, initializer=hold, initargs=(pickled_model,)) as pool:
        answers = pool.map_async(ask_held, range(2)).get(timeout=60)
    assert [answer[: len(expected)] for answer in answers] == [expected] * 2


def test_process_pool_executor(pickled_model: ChatGLM, expected: str) -> None:
    with ProcessPoolExecutor(1, mp_context=SPAWN) as pool:
        answers = [pool.submit(ask, pickled_model).result(60) for _ in range(2)]
    assert [answer[: len(expected)] for answer in answers] == [expected] * 2


def test_joblib(pickled_model: ChatGLM, expected: str) -> None:
    joblib = pytest.importorskip("joblib")
    answers = joblib.Parallel(n_jobs=2)(joblib.delayed(ask)(model) for model in [pickled_model] * 2)
    joblib.externals.loky.get_reusable_executor().shutdown()  # its processes would keep this test's environment
    assert [answer[: len(expected)] for answer in answers] == [expected] * 2


def test_dask(pickled_model: ChatGLM, expected: str) -> None:
    distributed = pytest.importorskip("distributed")
    with distributed.Client(n_workers=1, threads_per_worker=1) as client:
        answers = client.gather(client.map(ask, [pickled_model, pickled_model], pure=False))
    assert [answer[: len(expected)] for answer in answers] == [expected] * 2


@pytest.mark.parametrize("method", ["function_calling", "json_schema", "json_mode"])
@pytest.mark.parametrize("include_raw", [False, True])
@pytest.mark.filterwarnings(LEFT_OUT)
def test_cloudpickled_chains(
    method: Any, include_raw: bool, glm_server: GLMServer, make_model: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompt: Any = ChatPromptTemplate.from_messages([("user", "{text} Answer as JSON.")])
    chain = prompt | make_model().with_structured_output(Joke, method=method, include_raw=include_raw)
    pickled = cloudpickle.dumps(chain)
    assert glm_server.api_key.encode() not in pickled
    monkeypatch.setenv("ZAI_API_KEY", glm_server.api_key)
    called = Reply(tool_calls=(ToolCall("Joke", {"punchline": "Meow."}),))
    glm_server.queue(called if method == "function_calling" else Reply('{"punchline": "Meow."}'))
    answer: Any = pickle.loads(pickled).invoke({"text": "A joke."})
    assert (answer["parsed"] if include_raw else answer).punchline == "Meow."


@pytest.mark.skipif(
    tuple(map(int, pydantic.VERSION.split(".")[:2])) < (2, 12), reason="cloudpickle loses the fields of such a class"
)
def test_a_cloudpickled_chain_in_another_process(
    glm_server: GLMServer, make_model: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other process knows neither the schema's class nor the model's key."""
    glm_server.queue(Reply(tool_calls=(ToolCall("Pun", {"punchline": "Meow."}),)))
    pickled = cloudpickle.dumps(make_model().with_structured_output(pun_class()) | (lambda pun: pun.punchline))
    monkeypatch.setenv("ZAI_API_KEY", glm_server.api_key)
    code = "import pickle, sys; print(pickle.load(sys.stdin.buffer).invoke('A pun.'))"
    done = subprocess.run([sys.executable, "-c", code], input=pickled, capture_output=True, check=True, env=os.environ)
    assert done.stdout.decode().strip() == "Meow."
    assert done.stderr.decode().count("was left out of a pickle") == 1


def test_another_accounts_key_is_not_taken_in_silence(
    glm_server: GLMServer, pickled_model: ChatGLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    twins = [pickle.loads(pickle.dumps(pickled_model)) for _ in range(2)]
    monkeypatch.setenv("Z_AI_API_KEY", glm_server.api_key)
    with pytest.warns(GLMWarning, match=r"A key was left out .* Z_AI_API_KEY is used"):
        twins[0].invoke("hi")
    twins[0].invoke("hi", temperature=0.5)  # a second notice would be an error here
    twins[1].invoke("hi")


@pytest.mark.parametrize("how", ["assignment", "call", "copy"])
def test_an_unpickled_model_can_be_given_its_key(how: str, glm_server: GLMServer, pickled_model: ChatGLM) -> None:
    twin = pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(pickled_model))))
    if how == "assignment":
        twin.api_key = glm_server.api_key
    elif how == "copy":
        twin = twin.model_copy(update={"api_key": glm_server.api_key})
    assert twin.invoke("hi", **({"api_key": glm_server.api_key} if how == "call" else {})).text


@pytest.mark.filterwarnings(LEFT_OUT)
def test_an_unpickled_model_shares_the_limit_of_its_account(
    glm_server: GLMServer, make_model: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make_model(max_concurrency=1)
    monkeypatch.setenv("ZAI_API_KEY", glm_server.api_key)
    twin = pickle.loads(pickle.dumps(model))
    assert twin._endpoint().limiter == model._endpoint().limiter is not None


@pytest.mark.filterwarnings("ignore:default_headers:langchain_glm.GLMWarning")
def test_headers_stay_out_of_pickles(make_model: Make) -> None:
    model = make_model(default_headers={"x-token": "very.secret"})
    for pickled in (pickle.dumps(model), cloudpickle.dumps(model | str), pickle.dumps(model.bind(max_tokens=5))):
        assert b"very.secret" not in pickled
    assert pickle.loads(pickle.dumps(model)).default_headers == {}


def test_headers_that_are_left_out_are_not_left_out_in_silence(make_model: Make) -> None:
    with pytest.warns(GLMWarning, match="default_headers: a pickle of a ChatGLM leaves them out"):
        pickle.dumps(make_model(default_headers={"x-token": "very.secret"}))
    pickle.dumps(make_model())  # a warning would be an error here
