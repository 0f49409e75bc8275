"""LangChain's cache of answers: asked once, found again by the same settings only, and without secrets."""

from __future__ import annotations

import copy
import pickle
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.caches import RETURN_VAL_TYPE, BaseCache, InMemoryCache
from langchain_core.globals import set_llm_cache
from langchain_core.load import dumps, loads
from langchain_core.runnables import ConfigurableField
from langchain_core.tools import tool

from langchain_glm import ChatGLM, MCPServer, WebSearch
from langchain_glm.testing import GLMServer, Reply, ToolCall

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Make = Callable[..., ChatGLM]


class SQLite(BaseCache):
    """Answers in a file, by `dumps` and `loads`, as langchain-community's `SQLiteCache` keeps them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._run("CREATE TABLE answers (prompt TEXT, llm TEXT, answer TEXT, PRIMARY KEY (prompt, llm))")

    def _run(self, statement: str, *values: str) -> list[Any]:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            return connection.execute(statement, values).fetchall()

    def lookup(self, prompt: str, llm_string: str) -> RETURN_VAL_TYPE | None:
        rows = self._run("SELECT answer FROM answers WHERE prompt = ? AND llm = ?", prompt, llm_string)
        return loads(rows[0][0], allowed_objects="core") if rows else None

    def update(self, prompt: str, llm_string: str, return_val: RETURN_VAL_TYPE) -> None:
        self._run("INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", prompt, llm_string, dumps(list(return_val)))

    def clear(self, **_: Any) -> None:
        self._run("DELETE FROM answers")

    def content(self) -> str:
        return "".join("".join(row) for row in self._run("SELECT prompt, llm, answer FROM answers"))


class Memory(InMemoryCache):
    def content(self) -> str:
        return repr(self._cache)


@tool
def get_weather(city: str) -> str:
    """Get the weather of a city."""
    return f"{city}: sunny"


@tool
def get_time(city: str) -> str:
    """Get the local time of a city."""
    return f"{city}: 09:30"


@pytest.fixture(params=["memory", "sqlite"])
def cache(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    return Memory() if request.param == "memory" else SQLite(tmp_path / "answers.db")


@pytest.fixture
def in_use(cache: Any) -> Iterator[Any]:
    """The cache as the process's own."""
    set_llm_cache(cache)
    yield cache
    set_llm_cache(None)


ANSWER = Reply(
    "Let me look.",
    reasoning="Weather? A tool.",
    tool_calls=(ToolCall("get_weather", {"city": "北京"}, id="call_1"),),
    usage={
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "total_tokens": 15,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 3},
    },
)


@pytest.mark.parametrize("version", ["v0", "v1"])
@pytest.mark.parametrize("streaming", [False, True])
async def test_an_answer_is_found_whole(
    streaming: bool, version: str, cache: Any, glm_server: GLMServer, make_model: Make
) -> None:
    settings = {"streaming": True} if streaming else {}
    model = make_model(cache=cache, output_version=version, **settings).bind_tools([get_weather])
    glm_server.queue(ANSWER)
    first = model.invoke("hi")
    for again in (model.invoke("hi"), await model.ainvoke("hi")):
        assert again.content_blocks == first.content_blocks
        assert (again.tool_calls, again.response_metadata) == (first.tool_calls, first.response_metadata)
        assert again.usage_metadata == {**(first.usage_metadata or {}), "total_cost": 0}
    assert [block["type"] for block in first.content_blocks] == ["reasoning", "text", "tool_call"]
    assert len(glm_server.requests) == 1


async def test_the_process_has_one_cache(in_use: Any, glm_server: GLMServer, make_model: Make) -> None:
    await make_model().ainvoke("hi")
    make_model().invoke("hi")  # another model with the same settings
    assert len(glm_server.requests) == 1
    make_model(cache=False).invoke("hi")
    list(make_model().stream("hi"))  # LangChain's streams know no cache
    assert len(glm_server.requests) == 3


# The same question with other settings is another question.


def keyed(model: Any, glm_server: GLMServer, **config: Any) -> bool:
    """Whether a model finds what an equal one has been answered."""
    before = len(glm_server.requests)
    model.invoke("hi", {"configurable": config})
    return len(glm_server.requests) == before


def assign(model: ChatGLM, **values: Any) -> ChatGLM:
    for name, value in values.items():
        setattr(model, name, value)
    return model


CHANGES: dict[str, Callable[[ChatGLM], Any]] = {
    "model_copy": lambda model: model.model_copy(update={"temperature": 0.9}),
    "deep model_copy": lambda model: model.model_copy(deep=True, update={"temperature": 0.9}),
    "copy, then set": lambda model: assign(copy.copy(model), temperature=0.9),
    "model_copy, then set": lambda model: assign(model.model_copy(), temperature=0.9),
    "deepcopy, then set": lambda model: assign(copy.deepcopy(model), temperature=0.9),
    "set": lambda model: assign(model, temperature=0.9),
    "bind": lambda model: model.bind(temperature=0.9),
    "bind stop": lambda model: model.bind(stop=["END"]),
    "bind model": lambda model: model.bind(model="glm-4.6"),
    "bind thinking": lambda model: model.bind(thinking=False),
    "bind_tools": lambda model: model.bind_tools([get_weather]),
    "search": lambda model: model.bind(web_search=WebSearch(count=5)),
    "configured": lambda model: model.configurable_fields(temperature=ConfigurableField(id="t")).with_config(
        configurable={"t": 0.9}
    ),
}
SAME: dict[str, Callable[[ChatGLM], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "model_copy": lambda model: model.model_copy(),
    "pickle": lambda model: assign(pickle.loads(pickle.dumps(assign(copy.copy(model), cache=None))), cache=model.cache),
    "another key": lambda model: model.bind(api_key="test.key"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_another_question(change: str, glm_server: GLMServer, make_model: Make) -> None:
    model = make_model(cache=InMemoryCache())
    model.invoke("hi")
    changed = CHANGES[change](model)
    assert not keyed(changed, glm_server)
    assert keyed(changed, glm_server)


@pytest.mark.usefixtures("key_in_environment")
@pytest.mark.parametrize("way", SAME)
def test_a_copy_finds_the_answer(way: str, glm_server: GLMServer, make_model: Make) -> None:
    model = make_model(cache=InMemoryCache())
    model.invoke("hi")
    assert keyed(SAME[way](model), glm_server)


def test_endpoints_have_answers_of_their_own(
    glm_server: GLMServer, make_model: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the environment moves the endpoint, which is no setting."""
    cache = InMemoryCache()
    with GLMServer() as elsewhere:
        for server in (glm_server, elsewhere):
            monkeypatch.setenv("ZAI_BASE_URL", server.base_url)
            ChatGLM(model="glm-4.7", host="zai", api_key=server.api_key, cache=cache).invoke("hi")
            assert len(server.requests) == 1
    with GLMServer("kimi") as kimi:
        make_model(model="kimi-k3", host="kimi", base_url=kimi.base_url, cache=cache).invoke("hi")
        assert len(kimi.requests) == 1


def test_tools_are_keyed_by_what_is_sent(cache: Any, glm_server: GLMServer, make_model: Make) -> None:
    """Not by the object, which another process has elsewhere."""
    model = make_model(cache=cache)
    model.invoke("hi", tools=[get_weather])
    model.invoke("hi", tools=[copy.deepcopy(get_weather)])
    assert len(glm_server.requests) == 1
    model.invoke("hi", tools=[get_time])
    model.invoke("hi", tools=[get_weather], tool_choice="none")
    assert len(glm_server.requests) == 3
    assert " at 0x" not in cache.content()


# Secrets.


@pytest.mark.filterwarnings("ignore::langchain_glm.GLMWarning")
def test_a_cache_holds_no_secrets(cache: Any, glm_server: GLMServer, make_model: Make) -> None:
    def server(token: str) -> MCPServer:
        return MCPServer(server_label="l", server_url="https://mcp.example", headers={"Authorization": token})

    with GLMServer(api_key="key.secret") as strict:
        model = make_model(
            base_url=strict.base_url, api_key="key.secret", default_headers={"x-token": "header-secret"}, cache=cache
        )
        model.invoke("hi", tools=[server("mcp-secret-1")])
        model.bind_tools([server("mcp-secret-1")]).invoke("hi")
        assert len(strict.requests) == 1
        model.bind_tools([server("mcp-secret-2")]).invoke("hi")  # the server may answer this user differently
        assert len(strict.requests) == 2
        model.invoke("hi", api_key="key.secret", default_headers={"x-token": "call-secret"})
    content = cache.content()
    assert "https://mcp.example" in content
    for secret in ("key.secret", "header-secret", "mcp-secret", "call-secret"):
        assert secret not in content
