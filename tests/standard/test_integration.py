"""LangChain's own integration suite, against the test server in its stubborn defaults; as v0 and as v1."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from langchain_core.messages import AIMessage
from langchain_tests.integration_tests import ChatModelIntegrationTests

from langchain_glm import ChatGLM
from langchain_glm.testing import GLMServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from langchain_core.language_models import BaseChatModel

# What GLM cannot do is said by warnings; that it is said is tested elsewhere.
pytestmark = [
    pytest.mark.filterwarnings("ignore::langchain_glm.GLMWarning"),
    # The suite measures only what is on a cassette already; here each run makes its own.
    pytest.mark.filterwarnings("ignore::pytest_benchmark.logger.PytestBenchmarkWarning"),
]

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture(scope="module")
def vcr_cassette_dir(tmp_path_factory: pytest.TempPathFactory) -> str:
    # The server's port is another one in each run, so cassettes live no longer than the run.
    return str(tmp_path_factory.mktemp("cassettes"))


@pytest.fixture(scope="module")
def record_mode() -> str:
    return "once"


class GLMSuite(ChatModelIntegrationTests):
    """What every class below shares. `tool_choice` is not claimed: GLM obeys only "auto"."""

    model_name = "glm-4.7"

    @pytest.fixture(autouse=True, params=["v0", "v1"])
    def _server(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        if request.param == "v1":
            monkeypatch.setenv("LC_OUTPUT_VERSION", "v1")
        with GLMServer(host="zai") as server:
            self.server = server
            yield

    @property
    def enable_vcr_tests(self) -> bool:
        return True

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatGLM

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {
            "model": self.model_name,
            "host": "zai",
            "base_url": self.server.base_url,
            "api_key": self.server.api_key,
        }

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
        return "glm-4.5-air"

    @property
    def supported_usage_metadata_details(self) -> dict[str, list[str]]:  # type: ignore[override]
        details = ["reasoning_output", "cache_read_input"]
        return {"invoke": details, "stream": details}

    def invoke_with_reasoning_output(self, *, stream: bool = False) -> AIMessage:
        return self._ask("Why is the sky blue?", stream=stream)

    def invoke_with_cache_read_input(self, *, stream: bool = False) -> AIMessage:
        prompt = "A long text that is sent twice. " * 100
        self._ask(prompt, stream=stream)
        return self._ask(prompt, stream=stream)

    def _ask(self, prompt: str, *, stream: bool) -> AIMessage:
        model = ChatGLM(**self.chat_model_params)
        if not stream:
            return model.invoke(prompt)
        total = None
        for chunk in model.stream(prompt):
            total = chunk if total is None else total + chunk
        assert isinstance(total, AIMessage)
        return total


class TestChatGLM(GLMSuite):
    """A text model that thinks."""


class TestJsonSchema(GLMSuite):
    """The same, with structured output by a schema in the prompt."""

    @property
    def structured_output_kwargs(self) -> dict[str, Any]:
        return {"method": "json_schema"}


class TestVision(GLMSuite):
    """A model that sees images and videos; it has no JSON mode."""

    model_name = "glm-4.6v"

    @pytest.fixture(autouse=True)
    def _local_images(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # The suite downloads its images; here they are made.
        def get(url: str, **_: Any) -> httpx.Response:
            return httpx.Response(200, content=PIXEL, request=httpx.Request("GET", url))

        monkeypatch.setattr(httpx, "get", get)

    @property
    def model_override_value(self) -> str:
        return "glm-4.6v-flash"

    @property
    def supports_json_mode(self) -> bool:
        return False

    @property
    def supports_image_inputs(self) -> bool:
        return True

    @property
    def supports_image_urls(self) -> bool:
        return True

    @property
    def supports_video_inputs(self) -> bool:
        return True

    @property
    def supports_image_tool_message(self) -> bool:
        return True
