"""What each model can do."""

from __future__ import annotations

import dataclasses

import pytest
from langchain_core.language_models import ModelProfile

from langchain_glm.catalog.profiles import EFFORTS, MODELS, Model, find_model, model_profile


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("glm-4.6", "glm-4.6"),
        ("GLM-4.6", "glm-4.6"),
        ("z-ai/glm-4.6", "glm-4.6"),
        ("zai-org/GLM-4.6", "glm-4.6"),
        ("glm-4.5-air:free", "glm-4.5-air"),
        ("accounts/x/models/GLM-5.2:thinking", "glm-5.2"),
        ("moonshotai/kimi-k2.6", "kimi-k2.6"),
        ("glm-4.6-fp8", None),
        ("glm", None),
        ("", None),
        ("/", None),
        (":free", None),
    ],
)
def test_an_id_is_found_however_decorated(given: str, found: str | None) -> None:
    model = find_model(given)
    assert (model.id if model else None) == found


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_a_model_is_consistent(model: Model) -> None:
    assert find_model(model.id) is model
    assert 0 < model.max_output <= model.context
    assert set(model.efforts) <= set(EFFORTS)
    assert list(model.efforts) == sorted(model.efforts, key=EFFORTS.index)
    assert set(model.inputs) <= {"image", "video", "file", "audio"}
    assert not model.efforts or model.thinking != "none"
    assert not model.keep_reasoning or model.thinking != "none"
    assert not model.reasoning_required or model.thinking != "none"
    assert not model.tool_stream or model.tools


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_a_profile_holds_langchains_keys_and_honest_values(model: Model) -> None:
    profile = model_profile(model.id)
    assert profile.keys() <= ModelProfile.__annotations__.keys()
    assert None not in profile.values()
    assert profile["max_input_tokens"] == model.context
    assert profile["max_output_tokens"] == model.max_output
    assert profile["tool_calling"] is model.tools
    assert profile["tool_choice"] is False
    assert profile["reasoning_output"] is (model.thinking != "none")
    assert profile["image_inputs"] is ("image" in model.inputs)
    assert profile["image_url_inputs"] is ("image" in model.inputs and model.image_urls)
    assert profile["video_inputs"] is ("video" in model.inputs)
    assert profile["audio_inputs"] is ("audio" in model.inputs)


def test_of_an_unknown_model_nothing_is_claimed_that_differs_between_models() -> None:
    profile = model_profile("some-model")
    assert {name: value for name, value in profile.items() if model_profile("glm-5.2").get(name) != value} == {}
    assert not profile.keys() & {
        "max_input_tokens",
        "max_output_tokens",
        "image_inputs",
        "reasoning_output",
        "tool_calling",
    }


def test_a_profile_is_the_callers_own() -> None:
    first = model_profile("glm-5.2")
    first["tool_calling"] = False
    assert model_profile("glm-5.2")["tool_calling"] is True


# id: context, longest reply, thinking, efforts, media, arguments in fragments
FACTS: list[tuple[str, int, int, str, int, bool, bool]] = [
    ("glm-5.3", 1_000_000, 131_072, "always", 3, False, True),
    ("glm-5.3-flash", 1_000_000, 131_072, "always", 3, True, True),
    ("glm-5.2", 1_000_000, 131_072, "toggle", 7, False, True),
    ("glm-4.7", 200_000, 131_072, "toggle", 0, False, True),
    ("glm-4.6v", 131_072, 32_768, "toggle", 0, True, False),
    ("glm-4.5", 131_072, 98_304, "toggle", 0, False, False),
    ("glm-4.5v", 65_536, 16_384, "toggle", 0, True, False),
    ("glm-4-flash-250414", 131_072, 16_384, "none", 0, False, False),
    ("kimi-k3", 1_048_576, 1_048_576, "always", 3, True, False),
    ("kimi-k2.6", 262_144, 262_144, "toggle", 0, True, False),
]


@pytest.mark.parametrize(("model_id", "context", "longest", "thinking", "efforts", "sees", "streams"), FACTS)
def test_facts(
    model_id: str, context: int, longest: int, thinking: str, efforts: int, sees: bool, streams: bool
) -> None:
    model = MODELS[model_id]
    assert (model.context, model.max_output, model.thinking, len(model.efforts)) == (
        context,
        longest,
        thinking,
        efforts,
    )
    assert (bool(model.inputs), model.tool_stream) == (sees, streams)


def test_models_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        MODELS["glm-5.2"].context = 1  # type: ignore[misc]
    with pytest.raises(TypeError):
        MODELS["glm-5.2"].keep_reasoning["x"] = 1  # type: ignore[index]
