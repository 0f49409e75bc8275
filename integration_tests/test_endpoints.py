"""LangChain's integration suite against real endpoints. Each host runs if its key is in the environment.

ZAI_API_KEY=… python -m pytest integration_tests
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from langchain_tests.integration_tests import ChatModelIntegrationTests

from langchain_glm import HOSTS, ChatGLM

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

pytestmark = pytest.mark.filterwarnings("ignore::langchain_glm.GLMWarning")


class EndpointSuite(ChatModelIntegrationTests):
    """One host and one of its models."""

    host = ""
    model_name = "glm-4.7"
    other_model = "glm-4.5-air"

    @pytest.fixture(autouse=True)
    def _needs_key(self) -> None:
        if not HOSTS[self.host].key_from(os.environ):
            pytest.skip(f"{HOSTS[self.host].key_variable} is not set")

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatGLM

    @property
    def chat_model_params(self) -> dict[str, Any]:
        key = HOSTS[self.host].key_from(os.environ) or "none"
        return {"model": self.model_name, "host": self.host, "api_key": key}

    @property
    def has_tool_choice(self) -> bool:
        return False

    @property
    def supports_json_mode(self) -> bool:
        return True

    @property
    def supports_anthropic_inputs(self) -> bool:
        return True

    @property
    def model_override_value(self) -> str:
        return self.other_model


class TestZai(EndpointSuite):
    host = "zai"


class TestZaiCoding(EndpointSuite):
    host = "zai-coding"


class TestBigModel(EndpointSuite):
    host = "bigmodel"


class TestBigModelCoding(EndpointSuite):
    host = "bigmodel-coding"


class TestPhanEdge(EndpointSuite):
    host = "phanedge"


class TestAnyFast(EndpointSuite):
    host = "anyfast"
    model_name = "glm-5.2"
    other_model = "glm-5.2"


class TestKimi(EndpointSuite):
    host = "kimi"
    model_name = "kimi-k2-0905-preview"
    other_model = "kimi-k2-turbo-preview"
