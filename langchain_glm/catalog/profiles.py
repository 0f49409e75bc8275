"""LangChain's profile of a model, made from the facts in `models.py` and `models_dev.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from langchain_core.language_models import ModelProfile

from langchain_glm.catalog.models import EFFORTS, MODELS, Model, find_model
from langchain_glm.catalog.models_dev import MODELS_DEV

if TYPE_CHECKING:
    from langchain_glm.catalog.hosts import Host

__all__ = ["EFFORTS", "MODELS", "Model", "find_model", "model_profile"]

_EVERY_MODEL: Final[dict[str, Any]] = {
    "text_inputs": True,
    "text_outputs": True,
    "image_outputs": False,
    "video_outputs": False,
    # GLM obeys only "auto"; Kimi obeys the other choices only if it does not think.
    "tool_choice": False,
    # If the endpoint does not enforce a schema, ChatGLM puts it into the prompt and checks the answer.
    "structured_output": True,
    # Tools can be offered only in the request's list. Whether a later system message has an effect is not documented.
    "mid_conversation_tools": False,
}
"""Facts that hold for every model: `ChatGLM` provides the feature itself, or no endpoint has it."""

_KNOWN_KEYS: Final = frozenset(ModelProfile.__annotations__)


def model_profile(model_id: str, host: Host | None = None) -> ModelProfile:
    """Return LangChain's profile of a model, with the keys that the installed langchain-core knows.

    A key is absent if the fact is not known. `tool_choice` is `False`, because no model always obeys a forced choice;
    `structured_output` is `True`, because `ChatGLM` provides it. Media in a tool's output reach the model in a user
    message that follows. Files (`pdf_inputs`) can be given only by URL. The profile of an unlisted model of a known
    family says in `name` which model it was guessed from, and says nothing about media.

    Args:
        model_id: the model's id, with or without a gateway's additions (see `find_model`).
        host: the host of the request; the profile describes the model that answers there.

    Returns:
        A new `ModelProfile`. For a model of no known family, it holds only the facts about every model.

    Example:
        ```python
        model_profile("glm-5.2")["max_input_tokens"]  # 1000000
        ```

    Sources: the documents that `models.py` names; the keys are those of langchain-core's `ModelProfile`.
    """
    model = find_model(model_id, host)
    profile = dict(_EVERY_MODEL)
    if model is not None:
        profile |= _facts(model)
        profile |= (
            {"name": f"{model.id} (guessed from {model.guessed_from})"} if model.guessed_from else _listed_facts(model)
        )
    return cast("ModelProfile", {key: value for key, value in profile.items() if key in _KNOWN_KEYS})


def _facts(model: Model) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "max_input_tokens": model.context,
        "max_output_tokens": model.max_output,
        "reasoning_output": model.thinking != "none",
        "tool_calling": model.tools,
        "tool_call_streaming": model.tools,  # complete calls come as chunks too; tool_stream is about fragments
        "temperature": not model.fixed_sampling,
    }
    if model.efforts:
        facts |= {"reasoning_effort_levels": list(model.efforts), "reasoning_effort_default": "max"}
    return facts


def _listed_facts(model: Model) -> dict[str, Any]:
    """Return the facts that only listed models have: media, and those from models.dev."""
    reads_images = "image" in model.inputs
    reads_files = "file" in model.inputs
    return {
        "name": model.id,
        "image_inputs": reads_images,
        "image_url_inputs": reads_images and model.image_urls,
        "image_tool_message": reads_images,
        "video_inputs": "video" in model.inputs,
        "audio_inputs": "audio" in model.inputs,
        "pdf_inputs": reads_files,
        "pdf_tool_message": reads_files,
        "attachment": bool(model.inputs),
        "audio_outputs": "audio" in model.inputs,
        **{key: value for key, value in MODELS_DEV.get(model.id, {}).items() if key != "price"},
    }
