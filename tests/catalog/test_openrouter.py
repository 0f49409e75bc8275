"""Our profiles beside those that langchain-openrouter holds of the same models: each difference has its reason."""

from __future__ import annotations

import runpy
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import pytest

from langchain_glm.catalog.models import MODELS
from langchain_glm.catalog.profiles import model_profile

EMULATED: Final = (
    "OpenRouter says which of its hosts enforce schemas; ChatGLM asks in the prompt and checks, on any model"
)
IN_ROUND_NUMBERS: Final = "Z.ai documents 200K; 204,800 and 202,752 are hosts' settings, and the smaller number is safe"
A_MILLION: Final = "Z.ai documents 1M; more was measured on some hosts, and the smaller number is safe"
A_HOSTS_LIMIT: Final = "a limit of one of OpenRouter's hosts; Z.ai documents 131,072 for each model since GLM-4.6"

# key, models, ours, theirs, reason
DIFFERENCES: Final[list[tuple[str, tuple[str, ...], Any, Any, str]]] = [
    ("max_input_tokens", ("glm-4.6", "glm-4.7", "glm-5", "glm-5.1"), 200_000, 204_800, IN_ROUND_NUMBERS),
    ("max_input_tokens", ("glm-5-turbo", "glm-5v-turbo"), 200_000, 202_752, IN_ROUND_NUMBERS),
    ("max_input_tokens", ("glm-5.2", "glm-5.3-flashx"), 1_000_000, 1_048_576, A_MILLION),
    ("max_input_tokens", ("glm-5.3", "glm-5.3-flash"), 1_000_000, 1_310_720, A_MILLION),
    ("max_output_tokens", ("glm-4.6",), 131_072, 16_384, A_HOSTS_LIMIT),
    ("max_output_tokens", ("glm-4.7-flash",), 131_072, 117_964, A_HOSTS_LIMIT),
    ("max_output_tokens", ("glm-5", "glm-5.1"), 131_072, 128_000, A_HOSTS_LIMIT),
    (
        "max_output_tokens",
        ("glm-4.5",),
        131_072,
        98_304,
        "the endpoints name 131,072 when they refuse more, 2026-10-09",
    ),
    ("structured_output", ("glm-4.5", "glm-4.5-air", "glm-4.5v", "glm-4.6v"), True, False, EMULATED),
    ("structured_output", ("glm-5-turbo", "glm-5v-turbo", "glm-5.3-flashx"), True, False, EMULATED),
    ("video_inputs", ("glm-4.5v",), True, False, "Z.ai's own API takes video_url for it; OpenRouter's hosts do not"),
    ("name", ("glm-5.3-flashx",), "GLM-5.3-FlashX", "GLM 5.3 FlashX", "spelt as its siblings"),
]

# Keys that are known to us and that they leave out.
OURS_ALONE: Final = {
    "tool_choice": "GLM obeys only auto, and the key is there to say so",
    "mid_conversation_tools": "no endpoint has a message that offers tools",
    "reasoning_effort_levels": "documented by Z.ai",
    "reasoning_effort_default": "documented by Z.ai",
    "image_url_inputs": "documented by Z.ai",
    "image_tool_message": "ChatGLM puts them into a user message after the tool's",
    "pdf_inputs": "documented by Z.ai, by URL",
    "pdf_tool_message": "as images",
}


def theirs() -> dict[str, dict[str, Any]]:
    """Their table, without importing the package: it loads an SDK."""
    spec = find_spec("langchain_openrouter")
    assert spec is not None
    assert spec.submodule_search_locations
    table = runpy.run_path(str(Path(spec.submodule_search_locations[0]) / "data" / "_profiles.py"))["_PROFILES"]
    return {name.removeprefix("z-ai/"): profile for name, profile in table.items() if name.startswith("z-ai/")}


THEIRS: Final = theirs()
SHARED: Final = sorted(MODELS.keys() & THEIRS.keys())


def test_they_know_no_model_that_we_do_not() -> None:
    assert len(SHARED) >= 15
    assert {model_id.partition(":")[0] for model_id in THEIRS} <= MODELS.keys()  # a decorated id is the same model


@pytest.mark.parametrize("model_id", SHARED)
def test_each_difference_has_its_reason(model_id: str) -> None:
    ours: dict[str, Any] = dict(model_profile(model_id))
    expected = {key: (our, their) for key, models, our, their, _ in DIFFERENCES if model_id in models}
    found = {key: (ours[key], value) for key, value in THEIRS[model_id].items() if key in ours and ours[key] != value}
    assert found == expected
    assert THEIRS[model_id].keys() <= ours.keys()
    assert ours.keys() - THEIRS[model_id].keys() <= OURS_ALONE.keys()
