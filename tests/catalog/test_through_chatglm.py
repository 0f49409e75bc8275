"""What a profile promises, as LangChain's users meet it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langchain.agents import create_agent
from langchain_core.language_models import ModelProfile
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from pydantic import BaseModel

from langchain_glm import MODELS, ChatGLM
from langchain_glm.catalog.models_dev import MODELS_DEV
from langchain_glm.catalog.profiles import model_profile
from langchain_glm.testing import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_glm.testing import GLMServer

# Every model that the endpoints' documents name.
# fmt: off
NAMED = [
    "glm-5.3", "glm-5.3-flash", "glm-5.3-flashx", "glm-5.3-flashx-legal", "glm-5.2", "glm-5.2-fast-preview",
    "glm-5.1", "glm-5-turbo", "glm-5", "glm-5v-turbo", "glm-4.7", "glm-4.7-flashx", "glm-4.7-flash",
    "glm-4.6", "glm-4.6v", "glm-4.6v-flashx", "glm-4.6v-flash",
    "glm-4.5", "glm-4.5-air", "glm-4.5-x", "glm-4.5-airx", "glm-4.5-flash", "glm-4.5v",
    "glm-4.1v-thinking-flash", "glm-4.1v-thinking-flashx", "glm-4-32b-0414-128k", "glm-4-flash-250414",
    "glm-4-flashx-250414", "glm-4-long", "glm-4-air-250414", "glm-4-airx", "glm-4-plus", "glm-4v-flash",
    "glm-4-voice", "charglm-4", "emohaa", "autoglm-phone", "autoglm-phone-multilingual", "codegeex-4", "glm-4-flash",
    "kimi-k3", "kimi-k2.7-code", "kimi-k2.7-code-highspeed", "kimi-k2.6", "kimi-k2.5", "kimi-k2-thinking",
    "kimi-k2-thinking-turbo", "kimi-k2-0905-preview", "kimi-k2-0711-preview", "kimi-k2-turbo-preview",
    "moonshot-v1-8k", "moonshot-v1-32k", "moonshot-v1-128k",
]
# fmt: on

PICTURE: dict[str, Any] = {"type": "image", "base64": "aGk=", "mime_type": "image/png"}


@pytest.mark.parametrize("model_id", NAMED)
def test_the_model_has_a_profile_of_its_own(model_id: str) -> None:
    assert model_profile(model_id).get("max_input_tokens")
    assert "guessed" not in model_profile(model_id)["name"]


def test_the_generated_file_holds_what_profiles_and_prices_read() -> None:
    read = {"name", "release_date", "last_updated", "open_weights", "status", "price"}
    assert {key for facts in MODELS_DEV.values() for key in facts} <= read
    assert MODELS_DEV.keys() <= MODELS.keys()


def test_a_profile_has_every_key_that_is_known() -> None:
    unknown = {"status", "mid_conversation_system_messages"}
    assert model_profile("glm-5.2").keys() == ModelProfile.__annotations__.keys() - unknown


def test_an_unknown_model_is_promised_what_chatglm_sees_to(make_model: Callable[..., ChatGLM]) -> None:
    profile = make_model(model="glm-99").profile
    assert profile is not None
    assert profile["structured_output"] is True
    assert profile["tool_choice"] is False
    assert "max_input_tokens" not in profile


def test_the_users_own_profile_wins(make_model: Callable[..., ChatGLM]) -> None:
    assert make_model(profile={"max_input_tokens": 9}).profile == {"max_input_tokens": 9}


class Weather(BaseModel):
    city: str
    degrees: int


@pytest.mark.parametrize("model_id", ["glm-4.7", "glm-4.6v"])  # with a JSON mode, and without
def test_structured_output_is_kept(model_id: str, make_model: Callable[..., ChatGLM], glm_server: GLMServer) -> None:
    glm_server.queue(Reply(text='{"city": "Paris", "degrees": 4}'))
    agent: Any = create_agent(make_model(model=model_id), [], response_format=Weather)
    state = agent.invoke({"messages": [HumanMessage("How is the weather in Paris?")]})
    assert state["structured_response"] == Weather(city="Paris", degrees=4)


@pytest.mark.glm_host("zai-coding")
@pytest.mark.filterwarnings("ignore::langchain_glm.GLMWarning")
@pytest.mark.parametrize("model_id", ["glm-4.7", "glm-5-turbo"])  # the plan answers both with glm-5.3-flash
def test_structured_output_is_kept_on_a_coding_plan(
    model_id: str, make_model: Callable[..., ChatGLM], glm_server: GLMServer
) -> None:
    glm_server.queue(Reply(text='{"city": "Paris", "degrees": 4}'))
    model = make_model(model=model_id, thinking=False)
    answer = model.invoke("How is the weather in Paris?", response_format={"type": "json_object"})
    assert Weather.model_validate_json(answer.text) == Weather(city="Paris", degrees=4)
    body = glm_server.requests[0].body
    assert (body["reasoning_effort"], "response_format" in body) == ("low", False)


def test_images_in_a_tools_answer_reach_the_model(make_model: Callable[..., ChatGLM], glm_server: GLMServer) -> None:
    model = make_model(model="glm-4.6v")
    assert (model.profile or {})["image_tool_message"] is True
    model.invoke([
        HumanMessage("Look."),
        AIMessage("", tool_calls=[{"name": "look", "args": {}, "id": "1"}]),
        ToolMessage([PICTURE], tool_call_id="1"),
    ])  # fmt: skip
    last = glm_server.requests[0].body["messages"][-1]
    assert (last["role"], last["content"][-1]["type"]) == ("user", "image_url")


def test_glm_4_5_streams_its_tool_calls(make_model: Callable[..., ChatGLM]) -> None:
    model = make_model(model="glm-4.5")
    assert (model.profile or {})["tool_call_streaming"] is True
    tool = {"name": "get_weather", "description": "The weather.", "parameters": {
        "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}  # fmt: skip
    chunks = list(model.bind_tools([tool]).stream("How is the weather in Paris?"))
    calls = [call for chunk in chunks if isinstance(chunk, AIMessageChunk) for call in chunk.tool_call_chunks]
    assert [call["name"] for call in calls] == ["get_weather"]
