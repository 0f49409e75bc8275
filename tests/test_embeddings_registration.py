"""`register()`: GLMEmbeddings by its name in `init_embeddings`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langchain.chat_models import base as chat_models
from langchain.embeddings import base, init_embeddings

import langchain_glm
from langchain_glm import GLMAuthenticationError, GLMEmbeddings
from langchain_glm.testing import GLMServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _unregistered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """LangChain as it was installed; other tests of the process may have called `register()` before."""
    for module in (base, chat_models):
        installed = {name: entry for name, entry in module._BUILTIN_PROVIDERS.items() if entry[0] != "langchain_glm"}
        monkeypatch.setattr(module, "_BUILTIN_PROVIDERS", installed)
    base._get_embeddings_class_creator.cache_clear()
    chat_models._get_chat_model_creator.cache_clear()
    yield
    base._get_embeddings_class_creator.cache_clear()
    chat_models._get_chat_model_creator.cache_clear()


def test_without_it_the_name_is_unknown() -> None:
    with pytest.raises(ValueError, match="'glm' is not supported"):
        init_embeddings("glm:embedding-3")


@pytest.mark.parametrize("named", [("glm:embedding-3", None), ("embedding-3", "glm"), ("GLM: embedding-3", None)])
async def test_init_embeddings(named: tuple[str, str | None], monkeypatch: pytest.MonkeyPatch) -> None:
    langchain_glm.register()
    langchain_glm.register()
    with GLMServer("bigmodel") as server:
        monkeypatch.setenv("ZHIPUAI_API_KEY", server.api_key)
        monkeypatch.setenv("ZHIPUAI_BASE_URL", server.base_url)
        embeddings = init_embeddings(named[0], provider=named[1], dimensions=16)
        assert isinstance(embeddings, GLMEmbeddings)
        assert embeddings.endpoint_host.name == "bigmodel"
        assert len(embeddings.embed_query("hello")) == 16
        assert await embeddings.aembed_documents(["hello"]) == [embeddings.embed_query("hello")]
        assert server.requests[0].body["model"] == "embedding-3"


@pytest.mark.parametrize("host", ["bigmodel", None])
def test_the_vendor_that_serves_embeddings(host: str | None) -> None:
    langchain_glm.register()
    embeddings = init_embeddings("zhipuai:embedding-3", api_key="k", host=host)
    assert isinstance(embeddings, GLMEmbeddings)
    assert embeddings.endpoint_host.name == "bigmodel"


@pytest.mark.parametrize("provider", ["zai", "moonshotai"])
def test_vendors_without_embeddings_are_not_added(provider: str) -> None:
    langchain_glm.register()
    with pytest.raises(ValueError, match=f"'{provider}' is not supported"):
        init_embeddings(f"{provider}:embedding-3")


def test_without_a_key_the_error_says_what_to_do() -> None:
    langchain_glm.register()
    with pytest.raises(GLMAuthenticationError, match="ZHIPUAI_API_KEY"):
        init_embeddings("glm:embedding-3")


@pytest.mark.parametrize("table", [None, (("openai", "x"),), {"openai": ("langchain_openai", "OpenAIEmbeddings")}])
def test_another_table_is_an_error_that_says_what_to_do(table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "_BUILTIN_PROVIDERS", table)
    with pytest.raises(RuntimeError, match=r"langchain\.embeddings\.base\._BUILTIN_PROVIDERS is not a table"):
        langchain_glm.register()


def test_a_table_that_nobody_reads_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "init_embeddings", lambda *_, **__: "something else")
    with pytest.raises(RuntimeError, match="init_embeddings gave str"):
        langchain_glm.register()
    assert "glm" not in base._BUILTIN_PROVIDERS
