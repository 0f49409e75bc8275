"""LangChain's own unit suite."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.load import dumpd, load
from langchain_tests.unit_tests import ChatModelUnitTests

from langchain_glm import HOSTS, ChatGLM

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


class TestChatGLM(ChatModelUnitTests):
    @pytest.fixture(autouse=True)
    def _loadable_by_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # `load` finds only the classes of packages that LangChain lists; the list is put right for the suite.
        module = importlib.import_module("langchain_core.load.load")
        path = ("langchain_glm", "chat_models", "ChatGLM")
        monkeypatch.setitem(module.ALL_SERIALIZABLE_MAPPINGS, path, path)
        module._default_class_paths_cache.clear()

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatGLM

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": "glm-4.7", "host": "zai", "api_key": "test"}

    @property
    def has_tool_choice(self) -> bool:
        return False  # GLM obeys only "auto"

    @property
    def init_from_env_params(self) -> tuple[dict[str, str], dict[str, Any], dict[str, Any]]:
        # the field holds what was given; the key of the environment is read for each request
        return {"ZAI_API_KEY": "k"}, {"model": "glm-4.7"}, {"api_key": None, "endpoint_host": HOSTS["zai"]}

    @property
    def model_override_value(self) -> str:
        return "glm-4.5-air"


def test_load_needs_no_list_of_langchain(monkeypatch: pytest.MonkeyPatch) -> None:
    model = ChatGLM(model="glm-5.2", host="zai", api_key="secret.key", web_search=True, timeout=30)
    written = dumpd(model)
    assert "secret.key" not in str(written)
    monkeypatch.setenv("ZAI_API_KEY", "other.key")
    read = load(written, allowed_objects=[ChatGLM], valid_namespaces=["langchain_glm"], secrets_from_env=True)
    assert isinstance(read, ChatGLM)
    assert (read.model, read.web_search, read.timeout) == ("glm-5.2", True, 30)
    assert read._endpoint().read_key() == "other.key"
