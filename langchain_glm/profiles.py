"""What each model can do: thinking, effort levels, limits, what it reads. One line a model.

To add a model, add one entry to `MODELS`. A model that is not listed still works: nothing is assumed of it,
and what the user asks is sent as asked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from langchain_core.language_models import ModelProfile

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EFFORTS", "MODELS", "Model", "find_model", "model_profile"]

EFFORTS: Final = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""Every `reasoning_effort` word, from least to most."""


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
        tools: whether it calls functions.
        tool_stream: whether tool arguments can be streamed in fragments (GLM's `tool_stream`).
        json_mode: whether `response_format` of type `json_object` is documented for it.
        fixed_sampling: whether any `temperature` or `top_p` but the default is refused.
        reasoning_required: whether an earlier tool call is refused when its reasoning is not sent back.
    """

    id: str
    context: int
    max_output: int
    thinking: Literal["none", "toggle", "always"] = "none"
    efforts: tuple[str, ...] = ()
    thinking_object: bool = True
    keep_reasoning: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    tools: bool = True
    tool_stream: bool = False
    json_mode: bool = True
    fixed_sampling: bool = False
    reasoning_required: bool = False


_GLM_KEEP: Final = MappingProxyType({"clear_thinking": False})
_SEEING: Final = ("image", "video", "file")


def _glm(
    model_id: str,
    context: int = 200_000,
    max_output: int = 131_072,
    thinking: Literal["none", "toggle", "always"] = "toggle",
    **rest: Any,
) -> Model:
    keep = _GLM_KEEP if thinking != "none" else {}
    return Model(
        id=model_id, context=context, max_output=max_output, thinking=thinking, **{"keep_reasoning": keep, **rest}
    )


def _kimi(model_id: str, context: int = 262_144, **rest: Any) -> Model:
    thinks = rest.get("thinking", "none") != "none"
    defaults = {"max_output": context, "inputs": ("image", "video"), "reasoning_required": thinks}
    return Model(id=model_id, context=context, **{**defaults, **rest})


# Context, output and modalities: docs.z.ai and docs.bigmodel.cn, 2026-10, checked against models.dev.
# Thinking and effort: the same documents' parameter tables and measured refusals (1210).
MODELS: Final[Mapping[str, Model]] = {
    model.id: model
    for model in (
        _glm("glm-5.3", 1_000_000, thinking="always", efforts=("low", "high", "max"), tool_stream=True),
        _glm(
            "glm-5.3-flash",
            1_000_000,
            thinking="always",
            efforts=("low", "high", "max"),
            tool_stream=True,
            inputs=_SEEING,
            json_mode=False,
        ),
        _glm(
            "glm-5.3-flashx",
            1_000_000,
            thinking="always",
            efforts=("low", "high", "max"),
            tool_stream=True,
            inputs=_SEEING,
            json_mode=False,
        ),
        _glm("glm-5.2", 1_000_000, efforts=EFFORTS, tool_stream=True),
        _glm("glm-5.2-fast-preview", 1_000_000, efforts=EFFORTS, tool_stream=True),
        _glm("glm-5.1", tool_stream=True),
        _glm("glm-5-turbo", tool_stream=True),
        _glm("glm-5", tool_stream=True),
        _glm("glm-5v-turbo", inputs=_SEEING, json_mode=False),
        _glm("glm-4.7", tool_stream=True),
        _glm("glm-4.7-flash", tool_stream=True),
        _glm("glm-4.7-flashx", tool_stream=True),
        _glm("glm-4.6", tool_stream=True),
        _glm("glm-4.6v", 131_072, 32_768, inputs=_SEEING, json_mode=False),
        _glm("glm-4.6v-flash", 131_072, 32_768, inputs=_SEEING, json_mode=False),
        _glm("glm-4.6v-flashx", 131_072, 32_768, inputs=_SEEING, json_mode=False),
        _glm("glm-4.5", 131_072, 98_304),
        _glm("glm-4.5-air", 131_072, 98_304),
        _glm("glm-4.5-x", 131_072, 98_304),
        _glm("glm-4.5-airx", 131_072, 98_304),
        _glm("glm-4.5-flash", 131_072, 98_304),
        _glm("glm-4.5v", 65_536, 16_384, inputs=_SEEING, json_mode=False),
        _glm("glm-4.1v-thinking-flash", 65_536, 16_384, "always", inputs=_SEEING, tools=False, json_mode=False),
        _glm("glm-4.1v-thinking-flashx", 65_536, 16_384, "always", inputs=_SEEING, tools=False, json_mode=False),
        _glm("glm-4-32b-0414-128k", 131_072, 16_384, "none"),
        _glm("glm-4-plus", 131_072, 4_096, "none"),
        _glm("glm-4-air", 131_072, 4_096, "none"),
        _glm("glm-4-air-250414", 131_072, 16_384, "none"),
        _glm("glm-4-airx", 8_192, 4_096, "none"),
        _glm("glm-4-long", 1_000_000, 4_096, "none"),
        _glm("glm-4-flash", 131_072, 16_384, "none"),
        _glm("glm-4-flash-250414", 131_072, 16_384, "none"),
        _glm("glm-4-flashx-250414", 131_072, 16_384, "none"),
        _glm("glm-4v-flash", 16_384, 1_024, "none", inputs=("image",), tools=False, json_mode=False),
        _glm("glm-4v-plus-0111", 16_384, 8_192, "none", inputs=("image", "video"), tools=False, json_mode=False),
        _glm("glm-4-voice", 4_096, 4_096, "none", inputs=("audio",), tools=False, json_mode=False),
        _kimi(
            "kimi-k3",
            1_048_576,
            thinking="always",
            efforts=("low", "high", "max"),
            thinking_object=False,
        ),
        _kimi("kimi-k2.7-code", thinking="always", fixed_sampling=True),
        _kimi("kimi-k2.7-code-highspeed", thinking="always", fixed_sampling=True),
        _kimi(
            "kimi-k2.6",
            thinking="toggle",
            fixed_sampling=True,
            keep_reasoning=MappingProxyType({"type": "enabled", "keep": "all"}),
        ),
        _kimi("kimi-k2.5", thinking="toggle", fixed_sampling=True),
        _kimi("kimi-k2-thinking", thinking="always", thinking_object=False, inputs=()),
        _kimi("kimi-k2-thinking-turbo", thinking="always", thinking_object=False, inputs=()),
        _kimi("kimi-k2-0905-preview", inputs=()),
        _kimi("kimi-k2-0711-preview", 131_072, inputs=()),
        _kimi("kimi-k2-turbo-preview", inputs=()),
    )
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


def model_profile(model_id: str) -> ModelProfile | None:
    """Return LangChain's profile of a model, with the keys that the installed langchain-core knows.

    Returns:
        A `ModelProfile`, or `None` for a model that is not listed. `tool_choice` is `False` because GLM obeys
        only `"auto"`. `structured_output` is true: `ChatGLM` puts a schema into the prompt where the endpoint
        does not enforce one, and checks the answer.
    """
    model = find_model(model_id)
    if model is None:
        return None
    profile: dict[str, Any] = {
        "name": model.id,
        "max_input_tokens": model.context,
        "max_output_tokens": model.max_output,
        "text_inputs": True,
        "image_inputs": "image" in model.inputs,
        "image_url_inputs": "image" in model.inputs,
        "video_inputs": "video" in model.inputs,
        "audio_inputs": "audio" in model.inputs,
        "pdf_inputs": "file" in model.inputs,
        "attachment": bool(model.inputs),
        "text_outputs": True,
        "image_outputs": False,
        "audio_outputs": "audio" in model.inputs,
        "video_outputs": False,
        "reasoning_output": model.thinking != "none",
        "tool_calling": model.tools,
        "tool_choice": False,
        "tool_call_streaming": model.tool_stream,
        "structured_output": True,
        "temperature": not model.fixed_sampling,
    }
    if model.efforts:
        profile |= {"reasoning_effort_levels": list(model.efforts), "reasoning_effort_default": "max"}
    known = ModelProfile.__annotations__.keys()
    return cast("ModelProfile", {key: value for key, value in profile.items() if key in known})
