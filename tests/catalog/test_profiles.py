"""What each model can do."""

from __future__ import annotations

import dataclasses

import pytest
from langchain_core.language_models import ModelProfile

from langchain_glm.catalog.hosts import GATEWAY, HOSTS
from langchain_glm.catalog.models import EFFORTS, FAMILIES, MODELS, Model, find_model
from langchain_glm.catalog.profiles import model_profile


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
        ("glm", None),
        ("glm-6", None),
        ("glm-52", None),
        ("kimi-latest", None),
        ("my-glm-5.2", None),
        ("", None),
        ("/", None),
        (":free", None),
    ],
)
def test_an_id_is_found_however_decorated(given: str, found: str | None) -> None:
    model = find_model(given)
    assert (model.id if model else None) == found


# an unlisted id, and the listed model whose traits it takes
GUESSED = [
    ("glm-5.4", "glm-5.3"),
    ("z-ai/GLM-5.4-Flash:free", "glm-5.3"),
    ("glm-5.3-2026-12", "glm-5.3"),
    ("glm-5.3-flash-2026-12", "glm-5.3-flash"),
    ("glm-5.3-prime", "glm-5.3"),
    ("glm-5-code", "glm-5"),
    ("glm-4.7-something", "glm-4.7"),
    ("glm-4.6-fp8", "glm-4.6"),
    ("glm-4.6v-fp8", "glm-4.6v"),
    ("glm-4.8", "glm-4.7"),
    ("glm-4.1v-9b-thinking", "glm-4.1v-thinking-flash"),
    ("glm-4-9b-chat", "glm-4-air"),
    ("kimi-k2.8", "kimi-k2.6"),
    ("moonshotai/Kimi-K2-Instruct", "kimi-k2-0905-preview"),
    ("kimi-k3.1", "kimi-k3"),
]


@pytest.mark.parametrize(("given", "family"), GUESSED)
def test_an_unlisted_model_takes_the_traits_of_its_family(given: str, family: str) -> None:
    model, listed = find_model(given), MODELS[family]
    assert model is not None
    assert model.guessed_from == family
    assert dataclasses.replace(model, id=family, guessed_from=None, inputs=listed.inputs) == listed
    assert set(model.inputs) >= set(listed.inputs)  # a wrong guess must not refuse a picture


@pytest.mark.parametrize(("given", "family"), GUESSED)
def test_the_profile_says_that_it_was_guessed(given: str, family: str) -> None:
    profile = model_profile(given)
    assert profile["name"].endswith(f" (guessed from {family})")
    assert profile["max_input_tokens"] == MODELS[family].context
    assert not profile.keys() & {"image_inputs", "video_inputs", "attachment", "release_date", "open_weights"}


def test_families_lead_to_listed_models() -> None:
    assert set(FAMILIES.values()) <= MODELS.keys()
    assert all(prefix[-1] in "-." for prefix in FAMILIES)  # a family ends where a word ends: not glm-52 in glm-5


@pytest.mark.parametrize("host", ["zai-coding", "bigmodel-coding"])
@pytest.mark.parametrize(
    ("asked", "answers"),
    [("glm-4.7", "glm-5.3-flash"), ("GLM-5-Turbo", "glm-5.3-flash"), ("glm-5.2", "glm-5.3"), ("glm-4.6", "glm-4.6")],
)
def test_a_coding_plan_answers_with_another_model(host: str, asked: str, answers: str) -> None:
    assert find_model(asked, HOSTS[host]) is MODELS[answers]
    assert model_profile(asked, HOSTS[host]) == model_profile(answers)
    for other in (HOSTS["zai"], HOSTS["bigmodel"], GATEWAY, None):
        assert find_model(asked, other) is MODELS[asked.lower()]


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
    ("glm-4.5", 131_072, 131_072, "toggle", 0, False, False),
    ("glm-4.5-air", 131_072, 98_304, "toggle", 0, False, False),
    ("glm-4-long", 1_000_000, 4_095, "none", 0, False, False),
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
