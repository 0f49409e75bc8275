"""`register()`: ChatGLM by its name, wherever LangChain takes a model as a string."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import ModelFallbackMiddleware, SummarizationMiddleware
from langchain.chat_models import base, init_chat_model
from langchain.embeddings import base as embeddings
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool

import langchain_glm
from langchain_glm import HOSTS, ChatGLM, GLMAuthenticationError, GLMValueError, Host
from langchain_glm.catalog.hosts import PROVIDERS
from langchain_glm.testing import Fault, GLMServer, Reply, ToolCall

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATCH: Final = Path(__file__).parent.parent / "docs" / "upstream" / "langchain-init-chat-model.patch"
PATCHED: Final = "libs/langchain_v1/langchain/chat_models/base.py"
MADE_FOR: Final = ("1.4.7", "1.5.0")


@tool
def get_weather(city: str) -> str:
    """Get the weather of a city."""
    return f"{city}: sunny"


@pytest.fixture(autouse=True)
def _unregistered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """LangChain as it was installed, before and after."""
    tables: list[Any] = [base._BUILTIN_PROVIDERS, embeddings._BUILTIN_PROVIDERS]
    for table in tables:
        for name in PROVIDERS:
            monkeypatch.delitem(table, name, raising=False)
    base._get_chat_model_creator.cache_clear()
    yield
    for table in tables:
        for name in PROVIDERS:
            table.pop(name, None)
    base._get_chat_model_creator.cache_clear()


@pytest.fixture
def server(glm_server: GLMServer, monkeypatch: pytest.MonkeyPatch) -> GLMServer:
    """The server as the environment's host: a name alone must find it."""
    monkeypatch.setenv("ZAI_API_KEY", glm_server.api_key)
    monkeypatch.setenv("ZAI_BASE_URL", glm_server.base_url)
    return glm_server


@pytest.mark.parametrize("provider", PROVIDERS)
def test_without_it_the_name_is_unknown(provider: str) -> None:
    with pytest.raises(ValueError, match=rf"{provider}:glm-5\.2"):
        init_chat_model(f"{provider}:glm-5.2")


def test_importing_the_package_imports_no_langchain() -> None:
    code = "import sys, langchain_glm; langchain_glm.register; print('langchain' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"


@pytest.mark.parametrize(
    "named", [("glm:glm-5.2", None), ("zai:glm-5.2", None), ("glm-5.2", "glm"), ("glm-4.7", "GLM"), ("glm-4.7", "zai")]
)
def test_init_chat_model(named: tuple[str, str | None], server: GLMServer) -> None:
    langchain_glm.register()
    langchain_glm.register()
    model = init_chat_model(named[0], model_provider=named[1], temperature=0.3, thinking=False)
    assert isinstance(model, ChatGLM)
    assert model.invoke("hi").text
    sent = server.requests[-1].body
    assert (sent["model"], sent["temperature"], sent["thinking"]["type"]) == (
        named[0].rpartition(":")[2],
        0.3,
        "disabled",
    )


# the name, the settings, and the host with its provider
HOST_OF: list[tuple[str, dict[str, Any], tuple[str, str]]] = [
    ("zai:glm-5.2", {}, ("zai", "zai")),
    ("zhipuai:glm-5.2", {}, ("bigmodel", "zhipuai")),
    ("moonshotai:kimi-k3", {}, ("kimi", "moonshotai")),
    ("zai:glm-5.2", {"host": "zai-coding"}, ("zai-coding", "zai")),
    ("zhipuai:glm-5.2", {"host": "bigmodel-coding"}, ("bigmodel-coding", "zhipuai")),
    ("moonshotai:kimi-k3", {"host": "kimi-cn"}, ("kimi-cn", "moonshotai")),
    ("zai:glm-5.2", {"host": HOSTS["zai-coding"]}, ("zai-coding", "zai")),
    # a gateway that serves the vendor's models, by its name or as a host of the user's own
    ("zai:glm-5.2", {"host": "phanedge"}, ("phanedge", "glm")),
    ("zai:glm-5.2", {"host": Host(name="own", base_url="https://llm.example", key_variables=())}, ("own", "glm")),
    # a URL: that of one of the vendor's hosts, or of a proxy, which follows the vendor's rules
    ("zai:glm-5.2", {"base_url": HOSTS["zai-coding"].base_url}, ("zai-coding", "zai")),
    ("zhipuai:glm-5.2", {"base_url": HOSTS["bigmodel-coding"].base_url + "/"}, ("bigmodel-coding", "zhipuai")),
    ("zai:glm-5.2", {"base_url": "https://proxy.example/v1"}, ("zai", "zai")),
    ("zhipuai:glm-5.2", {"api_base": "https://proxy.example/v1"}, ("bigmodel", "zhipuai")),
    # `glm` takes any host
    ("glm:glm-5.2", {"host": "bigmodel"}, ("bigmodel", "zhipuai")),
    ("glm:kimi-k3", {"host": "kimi"}, ("kimi", "moonshotai")),
    ("glm:glm-5.2", {"base_url": "https://proxy.example/v1"}, ("gateway", "glm")),
]


@pytest.mark.parametrize(("name", "settings", "expected"), HOST_OF)
def test_the_name_chooses_the_host(name: str, settings: dict[str, Any], expected: tuple[str, str]) -> None:
    langchain_glm.register()
    model: Any = init_chat_model(name, api_key="k", **settings)
    assert isinstance(model, ChatGLM)
    assert (model.endpoint_host.name, model._get_ls_params()["ls_provider"]) == expected


@pytest.mark.parametrize("key", ["ZAI_API_KEY", "MOONSHOT_API_KEY"])
def test_the_name_chooses_among_several_keys(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`glm` cannot, and says so; the other names take the key of their host."""
    langchain_glm.register()
    monkeypatch.setenv("ZHIPUAI_API_KEY", "k")
    monkeypatch.setenv(key, "l")
    model: Any = init_chat_model("zhipuai:glm-5.2")
    assert model.endpoint_host.name == "bigmodel"
    monkeypatch.delenv("ZHIPUAI_API_KEY")
    with pytest.raises(GLMAuthenticationError, match="ZHIPUAI_API_KEY"):
        init_chat_model("zhipuai:glm-5.2")


@pytest.mark.parametrize(
    ("name", "settings", "advice"),
    [
        ("zai:glm-5.2", {"host": "bigmodel"}, r'host \'bigmodel\' .* "zhipuai:<model>"'),
        ("moonshotai:kimi-k3", {"host": HOSTS["zai"]}, '"zai:<model>"'),
        ("zhipuai:glm-5.2", {"base_url": HOSTS["zai"].base_url}, '"zai:<model>"'),
        ("zai:glm-5.2", {"host": "nowhere"}, "'nowhere' is unknown"),
        ("zai:glm-5.2", {"base_url": "nowhere"}, "https://"),
    ],
)
def test_a_host_of_another_vendor_is_refused(name: str, settings: dict[str, Any], advice: str) -> None:
    langchain_glm.register()
    with pytest.raises(GLMValueError, match=advice):
        init_chat_model(name, api_key="k", **settings)


def test_a_coding_plan_chosen_by_its_url_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    langchain_glm.register()
    monkeypatch.setenv("ZAI_API_KEY", "k")
    monkeypatch.setenv("ZAI_BASE_URL", HOSTS["zai-coding"].base_url)
    model: Any = init_chat_model("zai:glm-5.3")
    assert model.endpoint_host.name == "zai-coding"


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


@pytest.mark.parametrize("name", ["glm:glm-5.2", "zai:glm-5.2"])
async def test_agents_take_the_name(name: str, server: GLMServer) -> None:
    langchain_glm.register()
    script = (Reply(reasoning="Look.", tool_calls=(ToolCall("get_weather", {"city": "Paris"}),)), Reply("Sunny."))
    server.queue(*script, *script)
    agent: Any = create_agent(name, [get_weather])
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
    assert not set(PROVIDERS) & copied.keys()
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


@pytest.mark.parametrize("taken", PROVIDERS[1:])
def test_a_vendor_that_langchain_knows_stays_its_own(taken: str) -> None:
    own = ("langchain_other", "ChatOther", base._call)
    base._BUILTIN_PROVIDERS[taken] = own
    langchain_glm.register()
    assert base._BUILTIN_PROVIDERS[taken] is own
    with pytest.raises(ImportError, match="langchain-other"):
        init_chat_model(f"{taken}:glm-5.2")
    assert isinstance(init_chat_model("glm:glm-5.2", host="zai", api_key="k"), ChatGLM)


class FourFields(NamedTuple):
    """An entry as langchain#38784 proposes."""

    module: str
    class_name: str
    creator: Callable[..., Any]
    package: str


class OtherNames(NamedTuple):
    """The same in another order, with a field that has a default."""

    package_name: str
    module_path: str
    class_name: str
    creator_func: Callable[..., Any]
    since: str = "1.0"


@pytest.mark.parametrize("kind", [FourFields, OtherNames])
def test_a_table_of_named_entries(kind: Any, server: GLMServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are read by their names, and ours is one of them."""

    def entry(module: str, class_name: str, creator: Any) -> Any:
        package = module.replace("_", "-")
        if kind is FourFields:
            return FourFields(module, class_name, creator, package)
        return OtherNames(package, module, class_name, creator)

    table = {name: entry(*fields) for name, fields in base._BUILTIN_PROVIDERS.items()}

    def creator_of(provider: str) -> Any:
        found = table[provider]._asdict()
        (module,) = (value for name, value in found.items() if "module" in name)
        (creator,) = (value for name, value in found.items() if "creator" in name)
        return functools.partial(creator, cls=getattr(importlib.import_module(module), found["class_name"]))

    monkeypatch.setattr(base, "_BUILTIN_PROVIDERS", table)
    monkeypatch.setattr(base, "_get_chat_model_creator", creator_of)
    langchain_glm.register()
    for name in PROVIDERS:
        assert type(table[name]) is kind
        assert "langchain-zai-glm" in table[name]
    assert init_chat_model("zai:glm-5.2").invoke("hi").text
    assert server.requests[-1].body["model"] == "glm-5.2"
    before = dict(table)
    langchain_glm.register()
    assert table == before
    monkeypatch.undo()  # the fixture takes the names out of the real table


def test_named_entries_that_say_something_else_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unknown(NamedTuple):
        module: str
        class_name: str
        creator: Callable[..., Any]
        licence: str

    class Lacking(NamedTuple):
        module: str
        package: str
        creator: Callable[..., Any]

    for entry in (Unknown("langchain_openai", "ChatOpenAI", base._call, "MIT"), Lacking("a", "b", base._call)):
        monkeypatch.setattr(base, "_BUILTIN_PROVIDERS", table := {"openai": entry})
        with pytest.raises(RuntimeError, match=r"langchain [\d.]+ .*create_agent\(ChatGLM\("):
            langchain_glm.register()
        assert table.keys() == {"openai"}
    monkeypatch.undo()


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
