"""`register()`: ChatGLM by its name, wherever LangChain takes a model as a string."""

from __future__ import annotations

import importlib
import importlib.util
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import ModelFallbackMiddleware, SummarizationMiddleware
from langchain.chat_models import base, init_chat_model
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool

import langchain_glm
from langchain_glm import ChatGLM
from langchain_glm.testing import Fault, GLMServer, Reply, ToolCall

if TYPE_CHECKING:
    from collections.abc import Iterator

PATCH: Final = Path(__file__).parent.parent / "docs" / "langchain-init-chat-model.patch"
PATCHED: Final = "libs/langchain_v1/langchain/chat_models/base.py"
MADE_FOR: Final = ("1.4.7", "1.5.0")


@tool
def get_weather(city: str) -> str:
    """Get the weather of a city."""
    return f"{city}: sunny"


@pytest.fixture(autouse=True)
def _unregistered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """LangChain as it was installed, before and after."""
    monkeypatch.delitem(base._BUILTIN_PROVIDERS, "glm", raising=False)
    base._get_chat_model_creator.cache_clear()
    yield
    base._BUILTIN_PROVIDERS.pop("glm", None)
    base._get_chat_model_creator.cache_clear()


@pytest.fixture
def server(glm_server: GLMServer, monkeypatch: pytest.MonkeyPatch) -> GLMServer:
    """The server as the environment's host: a name alone must find it."""
    monkeypatch.setenv("ZAI_API_KEY", glm_server.api_key)
    monkeypatch.setenv("ZAI_BASE_URL", glm_server.base_url)
    return glm_server


def test_without_it_the_name_is_unknown() -> None:
    with pytest.raises(ValueError, match=r"glm:glm-5\.2"):
        init_chat_model("glm:glm-5.2")


def test_importing_the_package_imports_no_langchain() -> None:
    code = "import sys, langchain_glm; langchain_glm.register; print('langchain' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"


@pytest.mark.parametrize("named", [("glm:glm-5.2", None), ("glm-5.2", "glm"), ("glm-4.7", "GLM")])
def test_init_chat_model(named: tuple[str, str | None], server: GLMServer) -> None:
    langchain_glm.register()
    langchain_glm.register()
    model = init_chat_model(named[0], model_provider=named[1], temperature=0.3, thinking=False)
    assert isinstance(model, ChatGLM)
    assert model.invoke("hi").text
    sent = server.requests[-1].body
    assert (sent["model"], sent["temperature"], sent["thinking"]["type"]) == (
        named[0].removeprefix("glm:"),
        0.3,
        "disabled",
    )


async def test_configurable_fields_of_init_chat_model(server: GLMServer) -> None:
    langchain_glm.register()
    anything = init_chat_model(configurable_fields="any", config_prefix="llm").bind_tools([get_weather])
    config: Any = {"configurable": {"llm_model": "glm:glm-5.2", "llm_max_tokens": 77}}
    await anything.ainvoke("hi", config)
    assert (server.requests[-1].body["model"], server.requests[-1].body["max_tokens"]) == ("glm-5.2", 77)
    assert [entry["function"]["name"] for entry in server.requests[-1].body["tools"]] == ["get_weather"]

    some = init_chat_model("glm:glm-4.7", configurable_fields=("model", "temperature"), max_tokens=9)
    some.invoke("hi")
    list(some.stream("hi", {"configurable": {"model": "glm:glm-4.6", "temperature": 0.1, "max_tokens": 5}}))
    first, second = (request.body for request in server.requests[-2:])
    assert (first["model"], first["max_tokens"], first.get("temperature")) == ("glm-4.7", 9, None)
    assert (second["model"], second["max_tokens"], second.get("temperature")) == ("glm-4.6", 9, 0.1)


async def test_agents_take_the_name(server: GLMServer) -> None:
    langchain_glm.register()
    script = (Reply(reasoning="Look.", tool_calls=(ToolCall("get_weather", {"city": "Paris"}),)), Reply("Sunny."))
    server.queue(*script, *script)
    agent: Any = create_agent("glm:glm-5.2", [get_weather])
    question: Any = {"messages": [HumanMessage("Weather in Paris?")]}
    for state in (agent.invoke(question), await agent.ainvoke(question)):
        assert state["messages"][-1].text == "Sunny."
    assert server.requests[-1].body["messages"][1]["reasoning_content"] == "Look."


def test_middleware_takes_the_name(server: GLMServer) -> None:
    langchain_glm.register()
    server.queue(Fault.code("1113"), Reply("From the other."))
    middleware = [ModelFallbackMiddleware("glm:glm-4.5-air"), SummarizationMiddleware("glm:glm-4.5-flash")]
    agent: Any = create_agent("glm:glm-5.2", middleware=middleware)
    state = agent.invoke({"messages": [HumanMessage("Hello")]})
    assert state["messages"][-1].text == "From the other."
    assert [request.body["model"] for request in server.requests] == ["glm-5.2", "glm-4.5-air"]


# What LangChain may become.


@pytest.mark.parametrize(
    "table",
    [
        None,
        (("openai", "langchain_openai"),),
        {"openai": "langchain_openai:ChatOpenAI"},
        {"openai": ("langchain_openai", "ChatOpenAI")},
        {"openai": ("langchain_openai", "ChatOpenAI", "_call")},
    ],
)
def test_another_table_is_an_error_that_says_what_to_do(table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "_BUILTIN_PROVIDERS", table)
    if table is None:
        monkeypatch.delattr(base, "_BUILTIN_PROVIDERS")
    with pytest.raises(RuntimeError, match=r"langchain [\d.]+ .*create_agent\(ChatGLM\(") as caught:
        langchain_glm.register()
    assert "_BUILTIN_PROVIDERS" in str(caught.value)
    monkeypatch.undo()  # the fixture takes the name out of the real table


def test_a_table_that_nobody_reads_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "_BUILTIN_PROVIDERS", copied := dict(base._BUILTIN_PROVIDERS))
    monkeypatch.setattr(base, "_init_chat_model_helper", lambda *_, **__: "something else")
    with pytest.raises(RuntimeError, match=r"init_chat_model gave str.*create_agent"):
        langchain_glm.register()
    assert "glm" not in copied
    monkeypatch.undo()


def test_a_moved_module_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "langchain.chat_models.base", None)
    with pytest.raises(RuntimeError, match=r"langchain\.chat_models\.base.*create_agent"):
        langchain_glm.register()


def test_langchain_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> None:
        raise ModuleNotFoundError("No module named 'langchain'", name="langchain")

    monkeypatch.setattr("langchain_glm.registration.import_module", missing)
    with pytest.raises(ImportError, match="pip install langchain"):
        langchain_glm.register()


def test_a_name_that_is_taken(server: GLMServer) -> None:
    own = ("langchain_glm.chat_models", "ChatGLM", base._call)
    base._BUILTIN_PROVIDERS["glm"] = own  # as a later LangChain may ship it
    langchain_glm.register()
    assert base._BUILTIN_PROVIDERS["glm"] is own
    base._BUILTIN_PROVIDERS["glm"] = ("langchain_other", "ChatOther", base._call)
    with pytest.raises(RuntimeError, match=r"'glm' for langchain_other.*create_agent"):
        langchain_glm.register()


# The patch for LangChain.


@pytest.mark.skipif(version("langchain") not in MADE_FOR, reason="the patch is for other versions of langchain")
def test_the_patch_does_the_same(tmp_path: Path, server: GLMServer, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / PATCHED
    target.parent.mkdir(parents=True)
    shutil.copy(str(base.__file__), target)
    if shutil.which("patch"):
        command = ["patch", "-p1", "--fuzz=0", "-i", str(PATCH)]
    elif shutil.which("git"):
        command = ["git", "apply", str(PATCH)]
    else:
        pytest.skip("neither patch nor git is here")
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

    spec = importlib.util.spec_from_file_location("patched_base", target)
    assert spec is not None
    assert spec.loader is not None
    patched = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "patched_base", patched)
    spec.loader.exec_module(patched)
    for name in ("glm:glm-5.2", "glm-5.2", "GLM-5.2"):
        assert isinstance(patched.init_chat_model(name), ChatGLM)
    monkeypatch.setitem(sys.modules, "langchain_glm", None)
    patched._get_chat_model_creator.cache_clear()
    with pytest.raises(ImportError, match="pip install langchain-zai-glm"):
        patched.init_chat_model("glm-5.2")
