"""The models, one entry each: what they accept and what they can do.

To add a model, add one line to `_LISTED`. Names, dates and prices come from models.dev and are in `models_dev.py`.

Sources, unless an entry names another: the model pages and parameter tables of docs.z.ai and docs.bigmodel.cn,
2026-10, for GLM; platform.moonshot.ai, 2026-10, for Kimi. Both were checked against models.dev.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_glm.catalog.hosts import Host

__all__ = ["EFFORTS", "FAMILIES", "MODELS", "Model", "find_model", "plain_id"]

EFFORTS: Final = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""Every value of `reasoning_effort`, from the least to the most (API description of docs.z.ai, 2026-10-06)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model.

    Args:
        id: the id that endpoints use.
        context: the maximum number of tokens of prompt and reply together.
        max_output: the maximum number of tokens of a reply, including its thinking.
        thinking: `none` (has no such setting), `toggle` (can be switched off) or `always`.
        efforts: the values of `EFFORTS` that the model obeys; empty if it has no such setting.
        thinking_object: whether it accepts `thinking: {"type": …}`; Kimi K3 has only the effort.
        keep_reasoning: the fields of `thinking` that keep reasoning of earlier turns in the context.
        inputs: what a user message may hold besides text.
        image_urls: whether images may be given by URL; Kimi accepts only inline and uploaded images.
        tools: whether it can call functions.
        tool_stream: whether tool arguments can be streamed in fragments (GLM's `tool_stream`).
        json_mode: whether `response_format` of type `json_object` is documented for it.
        fixed_sampling: whether it refuses every `temperature` and `top_p` except the default.
        reasoning_required: whether it refuses an earlier tool call that is sent back without its reasoning.
        think_tags: whether it writes its thinking between `<think>` and `</think>` at the beginning of its text.
        tool_preamble: how many tokens the model's prompt template adds before the tools.
        guessed_from: for an unlisted model, the id of the listed model whose facts are assumed.
    """

    id: str
    context: int
    max_output: int
    thinking: Literal["none", "toggle", "always"] = "none"
    efforts: tuple[str, ...] = ()
    thinking_object: bool = True
    keep_reasoning: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    inputs: tuple[str, ...] = ()
    image_urls: bool = True
    tools: bool = True
    tool_stream: bool = False
    json_mode: bool = True
    fixed_sampling: bool = False
    reasoning_required: bool = False
    think_tags: bool = False
    tool_preamble: int = 0
    guessed_from: str | None = None


_EFFORTS: Final = ("low", "high", "max")
_VISION: Final = ("image", "video", "file")
_MEDIA: Final = ("image", "video", "file", "audio")

# `clear_thinking` is documented since GLM-4.5; the tool preamble was measured on recorded usages, 2026-10.
_GLM_5: Final = Model(
    id="glm-5",
    context=200_000,
    max_output=131_072,
    thinking="toggle",
    keep_reasoning=MappingProxyType({"clear_thinking": False}),
    tool_stream=True,
    tool_preamble=75,
)
_GLM_5_2: Final = replace(_GLM_5, id="glm-5.2", context=1_000_000, efforts=EFFORTS)
# `disabled` and other efforts are refused with 1210 (measured 2026-09-14).
_GLM_5_3: Final = replace(_GLM_5_2, id="glm-5.3", thinking="always", efforts=_EFFORTS)
_GLM_5_3_FLASH: Final = replace(_GLM_5_3, id="glm-5.3-flash", inputs=_VISION, json_mode=False)
_GLM_4_6V: Final = replace(
    _GLM_5, id="glm-4.6v", context=131_072, max_output=32_768, tool_stream=False, inputs=_VISION, json_mode=False
)
# Output limits of GLM-4.5 and GLM-4-Long: from the endpoints' errors for larger values, 2026-10-09.
_GLM_4_5: Final = replace(_GLM_5, id="glm-4.5", context=131_072, max_output=131_072, tool_stream=False)
_GLM_4_5_AIR: Final = replace(_GLM_4_5, id="glm-4.5-air", max_output=98_304)
# Its thinking comes within the text, whatever is sent (measured on BigModel, 2026-10-09).
_GLM_4_1V: Final = replace(
    _GLM_4_6V,
    id="glm-4.1v-thinking-flash",
    context=65_536,
    max_output=16_384,
    thinking="always",
    think_tags=True,
    tools=False,
)
# Before GLM-4.5. If no document gives a context window, the smallest documented one is assumed.
_GLM_4: Final = Model(id="glm-4-plus", context=131_072, max_output=4_096, tool_preamble=75)
_GLM_4_FLASH: Final = replace(_GLM_4, id="glm-4-flash", max_output=16_384)
_GLM_4V: Final = replace(
    _GLM_4, id="glm-4v-flash", context=16_384, max_output=1_024, inputs=("image",), tools=False, json_mode=False
)
_CHARGLM: Final = replace(_GLM_4, id="charglm-4", context=4_096, tools=False, json_mode=False)
_AUTOGLM: Final = replace(_CHARGLM, id="autoglm-phone", inputs=("image",), tools=True)
# No output limit except the context window is documented. An earlier call without its reasoning is refused (recorded,
# 2026). Any temperature except 1 and any top_p except 0.95 is refused (measured 2026-08-27); a document says 0 to 1.
_KIMI_K2_5: Final = Model(
    id="kimi-k2.5",
    context=262_144,
    max_output=262_144,
    thinking="toggle",
    inputs=("image", "video"),
    image_urls=False,
    fixed_sampling=True,
    reasoning_required=True,
)
_KIMI_K2_7: Final = replace(_KIMI_K2_5, id="kimi-k2.7-code", thinking="always")
_KIMI_K2_THINKING: Final = replace(
    _KIMI_K2_7, id="kimi-k2-thinking", inputs=(), thinking_object=False, fixed_sampling=False
)
_KIMI_K2: Final = Model(id="kimi-k2-0905-preview", context=262_144, max_output=262_144, image_urls=False)

_LISTED: Final = (
    _GLM_5_3,
    _GLM_5_3_FLASH,
    replace(_GLM_5_3_FLASH, id="glm-5.3-flashx"),
    replace(_GLM_5_3_FLASH, id="glm-5.3-flashx-legal"),  # Vercel's and OpenRouter's lists, 2026-11
    _GLM_5_2,
    replace(_GLM_5_2, id="glm-5.2-fast-preview"),
    replace(_GLM_5, id="glm-5.1"),
    replace(_GLM_5, id="glm-5-turbo"),
    _GLM_5,
    # Z.ai's page says that these two vision models cannot call functions; models.dev and recorded calls of 2026-10
    # disagree.
    replace(_GLM_5, id="glm-5v-turbo", tool_stream=False, inputs=_VISION, json_mode=False),
    replace(_GLM_4_6V, id="glm-4.5v", context=65_536, max_output=16_384),
    replace(_GLM_5, id="glm-4.7"),
    replace(_GLM_5, id="glm-4.7-flash"),
    replace(_GLM_5, id="glm-4.7-flashx"),
    replace(_GLM_5, id="glm-4.6"),
    _GLM_4_6V,
    replace(_GLM_4_6V, id="glm-4.6v-flash"),
    replace(_GLM_4_6V, id="glm-4.6v-flashx"),
    _GLM_4_5,
    _GLM_4_5_AIR,
    replace(_GLM_4_5_AIR, id="glm-4.5-x"),
    replace(_GLM_4_5_AIR, id="glm-4.5-airx"),
    replace(_GLM_4_5_AIR, id="glm-4.5-flash"),
    _GLM_4_1V,
    replace(_GLM_4_1V, id="glm-4.1v-thinking-flashx"),
    replace(_GLM_4_FLASH, id="glm-4-32b-0414-128k"),
    _GLM_4,
    replace(_GLM_4, id="glm-4-air"),
    replace(_GLM_4_FLASH, id="glm-4-air-250414"),
    replace(_GLM_4, id="glm-4-airx", context=8_192),
    replace(_GLM_4, id="glm-4-long", context=1_000_000, max_output=4_095),
    _GLM_4_FLASH,
    replace(_GLM_4_FLASH, id="glm-4-flash-250414"),
    replace(_GLM_4_FLASH, id="glm-4-flashx-250414"),
    _GLM_4V,
    replace(_GLM_4V, id="glm-4v-plus-0111", max_output=8_192, inputs=("image", "video")),
    replace(_CHARGLM, id="glm-4-voice", inputs=("audio",)),
    _CHARGLM,
    replace(_CHARGLM, id="emohaa"),
    _AUTOGLM,
    replace(_AUTOGLM, id="autoglm-phone-multilingual"),
    replace(_CHARGLM, id="codegeex-4", context=131_072, max_output=32_768),
    replace(_KIMI_K2_7, id="kimi-k3", context=1_048_576, max_output=1_048_576, efforts=_EFFORTS, thinking_object=False),
    _KIMI_K2_7,
    replace(_KIMI_K2_7, id="kimi-k2.7-code-highspeed"),
    replace(_KIMI_K2_5, id="kimi-k2.6", keep_reasoning=MappingProxyType({"type": "enabled", "keep": "all"})),
    _KIMI_K2_5,
    _KIMI_K2_THINKING,
    replace(_KIMI_K2_THINKING, id="kimi-k2-thinking-turbo"),
    _KIMI_K2,
    replace(_KIMI_K2, id="kimi-k2-0711-preview", context=131_072, max_output=131_072),
    replace(_KIMI_K2, id="kimi-k2-turbo-preview"),
    replace(_KIMI_K2, id="moonshot-v1-8k", context=8_192, max_output=8_192),
    replace(_KIMI_K2, id="moonshot-v1-32k", context=32_768, max_output=32_768),
    replace(_KIMI_K2, id="moonshot-v1-128k", context=131_072, max_output=131_072),
)

MODELS: Final[Mapping[str, Model]] = {model.id: model for model in _LISTED}
"""Every listed model by id."""

FAMILIES: Final[Mapping[str, str]] = {
    **{f"{model_id}-": model_id for model_id in MODELS},
    "glm-5.": "glm-5.3",
    "glm-5v-": "glm-5v-turbo",
    "glm-4.": "glm-4.7",
    "glm-4.1v-": "glm-4.1v-thinking-flash",
    "glm-4v-": "glm-4v-plus-0111",
    "glm-4-": "glm-4-air",
    "kimi-k3.": "kimi-k3",
    "kimi-k2.": "kimi-k2.6",
    "kimi-k2-": "kimi-k2-0905-preview",
}
"""Prefix of a family's ids → the listed model whose facts are assumed for unlisted models of the family.

A dated or quantized model has the facts of the model that its id begins with; a new version has those of the newest
general model of its generation. All of this is assumed.
"""


def plain_id(model_id: str) -> str:
    """Return a model's id in lower case, without what gateways add before and after it.

    Args:
        model_id: the id as users or endpoints write it.

    Example:
        ```python
        plain_id("zai-org/GLM-4.6:free")  # "glm-4.6"
        ```
    """
    return model_id.rsplit("/", 1)[-1].split(":", 1)[0].lower()


def find_model(model_id: str, host: Host | None = None) -> Model | None:
    """Return the facts about the model that answers, or `None` if its id belongs to no family.

    Prefixes and suffixes that gateways add to ids are ignored (`z-ai/glm-4.6`, `zai-org/GLM-4.6`, `glm-4.5-air:free`).
    An unlisted model of a known family gets the family's facts and names their source in `guessed_from`. It is assumed
    to read every kind of media, so that a wrong guess does not refuse what the endpoint would accept.

    Args:
        model_id: the requested id.
        host: the host of the request; coding plans replace some models by others (`Host.served_as`).

    Example:
        ```python
        find_model("z-ai/glm-4.6").context  # 200000
        find_model("glm-4.7", HOSTS["zai-coding"]).id  # "glm-5.3-flash"
        find_model("glm-5.4").guessed_from  # "glm-5.3"
        ```
    """
    answering = plain_id(model_id)
    if host is not None:
        answering = host.served_as.get(answering, answering)
    return MODELS.get(answering) or _guess(answering)


@lru_cache(maxsize=64)  # a guess takes as long as making a short request
def _guess(model_id: str) -> Model | None:
    prefix = max((prefix for prefix in FAMILIES if model_id.startswith(prefix)), key=len, default=None)
    if prefix is None:
        return None
    return replace(MODELS[FAMILIES[prefix]], id=model_id, inputs=_MEDIA, guessed_from=FAMILIES[prefix])
