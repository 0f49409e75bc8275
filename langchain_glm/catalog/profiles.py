"""What each model can do, as values, and as the profile that LangChain reads. The facts stand in `models.py`.

A model that is not listed still works: nothing is assumed of it, and what the user asks is sent as asked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from langchain_core.language_models import ModelProfile

from langchain_glm.catalog.models import EFFORTS, GLM, GLM_DEFAULTS, KIMI, KIMI_DEFAULTS, described

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EFFORTS", "MODELS", "Model", "find_model", "model_profile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model.

    Args:
        id: the name that endpoints know.
        context: tokens that prompt and reply may have together.
        max_output: the most tokens that a reply may have, thinking included.
        thinking: `none` (has no such setting), `toggle` (may be switched off) or `always`.
        efforts: the words of `EFFORTS` that the model obeys; empty where it has no such setting.
        thinking_object: whether the switch is `thinking: {"type": …}`; Kimi K3 has only the effort.
        keep_reasoning: what to add to `thinking` so that earlier turns' reasoning stays in the context.
        inputs: what a user message may hold besides text.
        image_urls: whether images may be given by URL; Kimi reads them inline or uploaded only.
        tools: whether it calls functions.
        tool_stream: whether tool arguments can be streamed in fragments (GLM's `tool_stream`).
        json_mode: whether `response_format` of type `json_object` is documented for it.
        fixed_sampling: whether any `temperature` or `top_p` but the default is refused.
        reasoning_required: whether an earlier tool call is refused when its reasoning is not sent back.
        tool_preamble: tokens of the text that the model's prompt template puts before offered tools.
    """

    id: str
    context: int
    max_output: int
    thinking: Literal["none", "toggle", "always"] = "none"
    efforts: tuple[str, ...] = ()
    thinking_object: bool = True
    keep_reasoning: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    image_urls: bool = True
    tools: bool = True
    tool_stream: bool = False
    json_mode: bool = True
    fixed_sampling: bool = False
    reasoning_required: bool = False
    tool_preamble: int = 0


_DESCRIBING: Final = ("name", "release_date", "last_updated", "open_weights", "status")
"""What the table says of a model for people only; no request depends on it."""

_GLM_KEEP: Final = {"clear_thinking": False}


def _model(model_id: str, defaults: Mapping[str, Any], by_hand: Mapping[str, Any]) -> Model:
    facts = {**defaults, **by_hand}
    for key in (*_DESCRIBING, "price"):
        facts.pop(key, None)
    facts.setdefault("max_output", facts["context"])
    facts["keep_reasoning"] = MappingProxyType(facts.get("keep_reasoning", {}))
    return Model(id=model_id, **facts)


def _glm(model_id: str, by_hand: Mapping[str, Any]) -> Model:
    keeps = _GLM_KEEP if by_hand.get("thinking") != "none" else {}
    return _model(model_id, {**GLM_DEFAULTS, "keep_reasoning": keeps}, by_hand)


def _kimi(model_id: str, by_hand: Mapping[str, Any]) -> Model:
    thinks = by_hand.get("thinking", "none") != "none"
    return _model(model_id, {**KIMI_DEFAULTS, "reasoning_required": thinks}, by_hand)


MODELS: Final[Mapping[str, Model]] = {
    **{model_id: _glm(model_id, facts) for model_id, facts in GLM.items()},
    **{model_id: _kimi(model_id, facts) for model_id, facts in KIMI.items()},
}
"""Every known model by id."""


def find_model(model_id: str) -> Model | None:
    """Return what is known of a model, or `None`.

    Gateways decorate ids (`z-ai/glm-4.6`, `zai-org/GLM-4.6`, `glm-4.5-air:free`); the decoration is ignored.

    Example:
        ```python
        find_model("z-ai/glm-4.6").context  # 200000
        ```
    """
    return MODELS.get(model_id) or MODELS.get(model_id.rsplit("/", 1)[-1].split(":", 1)[0].lower())


_ALWAYS: Final = {
    "text_inputs": True,
    "text_outputs": True,
    "image_outputs": False,
    "video_outputs": False,
    # GLM obeys only "auto"; Kimi obeys the others only while it does not think.
    "tool_choice": False,
    # ChatGLM puts a schema into the prompt where the endpoint does not enforce one, and checks the answer.
    "structured_output": True,
    # A tool can be offered in the request's list only. Whether late system messages count is documented nowhere.
    "mid_conversation_tools": False,
}
"""What holds for every model, because `ChatGLM` sees to it or no endpoint can do it."""

_KNOWN_KEYS: Final = frozenset(ModelProfile.__annotations__)


def model_profile(model_id: str) -> ModelProfile:
    """Return LangChain's profile of a model, with the keys that the installed langchain-core knows.

    A key is absent where the fact is not known. `tool_choice` is `False`, because no model obeys a forced choice
    at all times; `structured_output` is `True`, because `ChatGLM` makes it hold. Media in a tool's answer reach
    the model, in a user message after it. Files (`pdf_inputs`) are read by URL only.

    Args:
        model_id: the model's id, decorated or not (see `find_model`).

    Returns:
        A new `ModelProfile`. Of a model that is not listed it says only what holds for every model.

    Example:
        ```python
        model_profile("glm-5.2")["max_input_tokens"]  # 1000000
        ```

    Sources: the documents named in `models.py`; the meaning of each key is langchain-core's `ModelProfile`.
    """
    model = find_model(model_id)
    profile: dict[str, Any] = dict(_ALWAYS) if model is None else {**_ALWAYS, **_known(model)}
    return cast("ModelProfile", {key: value for key, value in profile.items() if key in _KNOWN_KEYS})


def _known(model: Model) -> dict[str, Any]:
    told = described(model.id)
    sees = "image" in model.inputs
    reads_files = "file" in model.inputs
    facts: dict[str, Any] = {
        "name": model.id,
        "max_input_tokens": model.context,
        "max_output_tokens": model.max_output,
        "image_inputs": sees,
        "image_url_inputs": sees and model.image_urls,
        "image_tool_message": sees,
        "video_inputs": "video" in model.inputs,
        "audio_inputs": "audio" in model.inputs,
        "pdf_inputs": reads_files,
        "pdf_tool_message": reads_files,
        "attachment": bool(model.inputs),
        "audio_outputs": "audio" in model.inputs,
        "reasoning_output": model.thinking != "none",
        "tool_calling": model.tools,
        "tool_call_streaming": model.tools,  # whole calls come as proper chunks too; tool_stream is about fragments
        "temperature": not model.fixed_sampling,
    }
    if model.efforts:
        facts |= {"reasoning_effort_levels": list(model.efforts), "reasoning_effort_default": "max"}
    return facts | {key: told[key] for key in _DESCRIBING if key in told}
