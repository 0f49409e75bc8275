"""The table of models: one line a model, plain values only. `profiles.py` and `prices.py` read it.

`GLM` and `KIMI` are written by hand. Their keys are the arguments of `profiles.Model`; a key that is not given has the
family's default. To add a model, add a line. A key of `REFRESHED` may stand there too, and wins then.

`REFRESHED` is written by a command, which also shows where models.dev disagrees with the lines by hand:

```sh
python scripts/refresh_models.py api.json   # the file that https://models.dev/api.json serves
```

A price is US dollars for a million tokens of input, cached input and output, and the day on which it was read;
`None` for a cached price means that none is listed.
"""

# ruff: noqa: E501  # a line is a model, however long

from __future__ import annotations

from typing import Any, Final

__all__ = ["EFFORTS", "GLM", "GLM_DEFAULTS", "KIMI", "KIMI_DEFAULTS", "REFRESHED", "described"]

EFFORTS: Final = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""Every `reasoning_effort` word, from least to most."""

_THREE: Final = ("low", "high", "max")
_SEEING: Final = ("image", "video", "file")

# By hand. Context, output and modalities: docs.z.ai and docs.bigmodel.cn, 2026-10, checked against models.dev.
# Thinking and effort: the same documents' parameter tables and measured refusals (1210).
GLM_DEFAULTS: Final[dict[str, Any]] = {
    "context": 200_000,
    "max_output": 131_072,
    "thinking": "toggle",
    "tool_preamble": 75,
}
# fmt: off
GLM: Final[dict[str, dict[str, Any]]] = {
    "glm-5.3": {"context": 1_000_000, "thinking": "always", "efforts": _THREE, "tool_stream": True},
    "glm-5.3-flash": {"context": 1_000_000, "thinking": "always", "efforts": _THREE, "tool_stream": True, "inputs": _SEEING, "json_mode": False},
    "glm-5.3-flashx": {"context": 1_000_000, "thinking": "always", "efforts": _THREE, "tool_stream": True, "inputs": _SEEING, "json_mode": False},
    "glm-5.2": {"context": 1_000_000, "efforts": EFFORTS, "tool_stream": True},
    "glm-5.2-fast-preview": {"context": 1_000_000, "efforts": EFFORTS, "tool_stream": True},
    "glm-5.1": {"tool_stream": True},
    "glm-5-turbo": {"tool_stream": True},
    "glm-5": {"tool_stream": True},
    # Z.ai's text says that these two vision models call no functions; models.dev and recorded calls say they do.
    "glm-5v-turbo": {"inputs": _SEEING, "json_mode": False},
    "glm-4.5v": {"context": 65_536, "max_output": 16_384, "inputs": _SEEING, "json_mode": False},
    "glm-4.7": {"tool_stream": True},
    "glm-4.7-flash": {"tool_stream": True},
    "glm-4.7-flashx": {"tool_stream": True},
    "glm-4.6": {"tool_stream": True},
    "glm-4.6v": {"context": 131_072, "max_output": 32_768, "inputs": _SEEING, "json_mode": False},
    "glm-4.6v-flash": {"context": 131_072, "max_output": 32_768, "inputs": _SEEING, "json_mode": False},
    "glm-4.6v-flashx": {"context": 131_072, "max_output": 32_768, "inputs": _SEEING, "json_mode": False},
    "glm-4.5": {"context": 131_072, "max_output": 98_304},
    "glm-4.5-air": {"context": 131_072, "max_output": 98_304},
    "glm-4.5-x": {"context": 131_072, "max_output": 98_304},
    "glm-4.5-airx": {"context": 131_072, "max_output": 98_304},
    "glm-4.5-flash": {"context": 131_072, "max_output": 98_304},
    "glm-4.1v-thinking-flash": {"context": 65_536, "max_output": 16_384, "thinking": "always", "inputs": _SEEING, "tools": False, "json_mode": False},
    "glm-4.1v-thinking-flashx": {"context": 65_536, "max_output": 16_384, "thinking": "always", "inputs": _SEEING, "tools": False, "json_mode": False},
    # Before GLM-4.5. Where a document gives no window, the smallest that any gives stands here.
    "glm-4-32b-0414-128k": {"context": 131_072, "max_output": 16_384, "thinking": "none"},
    "glm-4-plus": {"context": 131_072, "max_output": 4_096, "thinking": "none"},
    "glm-4-air": {"context": 131_072, "max_output": 4_096, "thinking": "none"},
    "glm-4-air-250414": {"context": 131_072, "max_output": 16_384, "thinking": "none"},
    "glm-4-airx": {"context": 8_192, "max_output": 4_096, "thinking": "none"},
    "glm-4-long": {"context": 1_000_000, "max_output": 4_096, "thinking": "none"},
    "glm-4-flash": {"context": 131_072, "max_output": 16_384, "thinking": "none"},
    "glm-4-flash-250414": {"context": 131_072, "max_output": 16_384, "thinking": "none"},
    "glm-4-flashx-250414": {"context": 131_072, "max_output": 16_384, "thinking": "none"},
    "glm-4v-flash": {"context": 16_384, "max_output": 1_024, "thinking": "none", "inputs": ("image",), "tools": False, "json_mode": False},
    "glm-4v-plus-0111": {"context": 16_384, "max_output": 8_192, "thinking": "none", "inputs": ("image", "video"), "tools": False, "json_mode": False},
    "glm-4-voice": {"context": 4_096, "max_output": 4_096, "thinking": "none", "inputs": ("audio",), "tools": False, "json_mode": False},
    "charglm-4": {"context": 4_096, "max_output": 4_096, "thinking": "none", "tools": False, "json_mode": False},
    "emohaa": {"context": 4_096, "max_output": 4_096, "thinking": "none", "tools": False, "json_mode": False},
    "autoglm-phone": {"context": 4_096, "max_output": 4_096, "thinking": "none", "inputs": ("image",), "json_mode": False},
    "autoglm-phone-multilingual": {"context": 4_096, "max_output": 4_096, "thinking": "none", "inputs": ("image",), "json_mode": False},
    "codegeex-4": {"context": 131_072, "max_output": 32_768, "thinking": "none", "tools": False, "json_mode": False},
}

# By hand. Moonshot's API documents and models.dev, 2026-10. No output limit but the window is documented for K2.
KIMI_DEFAULTS: Final[dict[str, Any]] = {
    "context": 262_144,
    "inputs": ("image", "video"),
    "image_urls": False,
}
KIMI: Final[dict[str, dict[str, Any]]] = {
    # Measured 2026-08: temperature 1 and top_p 0.95 only, though a document says 0 to 1.
    "kimi-k3": {
        "context": 1_048_576,
        "thinking": "always",
        "efforts": _THREE,
        "thinking_object": False,
        "fixed_sampling": True,
    },
    "kimi-k2.7-code": {"thinking": "always", "fixed_sampling": True},
    "kimi-k2.7-code-highspeed": {"thinking": "always", "fixed_sampling": True},
    "kimi-k2.6": {"thinking": "toggle", "fixed_sampling": True, "keep_reasoning": {"type": "enabled", "keep": "all"}},
    "kimi-k2.5": {"thinking": "toggle", "fixed_sampling": True},
    "kimi-k2-thinking": {"thinking": "always", "thinking_object": False, "inputs": ()},
    "kimi-k2-thinking-turbo": {"thinking": "always", "thinking_object": False, "inputs": ()},
    "kimi-k2-0905-preview": {"inputs": ()},
    "kimi-k2-0711-preview": {"context": 131_072, "inputs": ()},
    "kimi-k2-turbo-preview": {"inputs": ()},
    "moonshot-v1-8k": {"context": 8_192, "inputs": ()},
    "moonshot-v1-32k": {"context": 32_768, "inputs": ()},
    "moonshot-v1-128k": {"context": 131_072, "inputs": ()},
}
# fmt: on


def described(model_id: str) -> dict[str, Any]:
    """Return what the table says of a model beside its family's defaults; what was written by hand wins.

    Args:
        model_id: a key of `GLM` or `KIMI`; of any other id nothing is said.
    """
    return {**REFRESHED.get(model_id, {}), **GLM.get(model_id, {}), **KIMI.get(model_id, {})}


# Everything below this line is written by scripts/refresh_models.py.
# First filled from Z.ai's price page (2026-10-06) and from models.dev's data as langchain-openrouter 0.2.9 holds it.
REFRESHED: Final[dict[str, dict[str, Any]]] = {
    "glm-5.3": {
        "name": "GLM-5.3",
        "release_date": "2026-08-14",
        "last_updated": "2026-08-14",
        "open_weights": True,
        "price": (1.4, 0.26, 4.4, "2026-10-06"),
    },
    "glm-5.3-flash": {
        "name": "GLM-5.3-Flash",
        "release_date": "2026-08-26",
        "last_updated": "2026-08-26",
        "open_weights": True,
        "price": (0.15, 0.03, 0.5, "2026-10-06"),
    },
    "glm-5.3-flashx": {
        "name": "GLM-5.3-FlashX",
        "release_date": "2026-09-18",
        "last_updated": "2026-09-18",
        "open_weights": False,
        "price": (0.37, 0.075, 1.25, "2026-10-06"),
    },
    "glm-5.2": {
        "name": "GLM-5.2",
        "release_date": "2026-06-13",
        "last_updated": "2026-06-13",
        "open_weights": True,
        "price": (1.4, 0.26, 4.4, "2026-10-06"),
    },
    "glm-5.1": {
        "name": "GLM-5.1",
        "release_date": "2026-04-07",
        "last_updated": "2026-04-07",
        "open_weights": True,
        "price": (1.4, 0.26, 4.4, "2026-10-06"),
    },
    "glm-5-turbo": {
        "name": "GLM-5-Turbo",
        "release_date": "2026-03-16",
        "last_updated": "2026-03-16",
        "open_weights": False,
        "price": (1.2, 0.24, 4.0, "2026-10-06"),
    },
    "glm-5": {
        "name": "GLM-5",
        "release_date": "2026-02-12",
        "last_updated": "2026-02-12",
        "open_weights": True,
        "price": (1.0, 0.2, 3.2, "2026-10-06"),
    },
    "glm-5v-turbo": {
        "name": "GLM-5V-Turbo",
        "release_date": "2026-04-01",
        "last_updated": "2026-04-01",
        "open_weights": False,
        "price": (1.2, 0.24, 4.0, "2026-10-06"),
    },
    "glm-4.5v": {
        "name": "GLM-4.5V",
        "release_date": "2025-08-11",
        "last_updated": "2025-08-11",
        "open_weights": True,
        "price": (0.6, 0.11, 1.8, "2026-10-06"),
    },
    "glm-4.7": {
        "name": "GLM-4.7",
        "release_date": "2025-12-22",
        "last_updated": "2025-12-22",
        "open_weights": True,
        "price": (0.6, 0.11, 2.2, "2026-10-06"),
    },
    "glm-4.7-flash": {
        "name": "GLM-4.7-Flash",
        "release_date": "2026-01-19",
        "last_updated": "2026-01-19",
        "open_weights": True,
        "price": (0.0, 0.0, 0.0, "2026-10-06"),
    },
    "glm-4.7-flashx": {
        "price": (0.07, 0.01, 0.4, "2026-10-06"),
    },
    "glm-4.6": {
        "name": "GLM-4.6",
        "release_date": "2025-09-30",
        "last_updated": "2025-09-30",
        "open_weights": True,
        "price": (0.6, 0.11, 2.2, "2026-10-06"),
    },
    "glm-4.6v": {
        "name": "GLM-4.6V",
        "release_date": "2025-12-08",
        "last_updated": "2025-12-08",
        "open_weights": True,
        "price": (0.3, 0.05, 0.9, "2026-10-06"),
    },
    "glm-4.6v-flash": {
        "price": (0.0, 0.0, 0.0, "2026-10-06"),
    },
    "glm-4.6v-flashx": {
        "price": (0.04, 0.004, 0.4, "2026-10-06"),
    },
    "glm-4.5": {
        "name": "GLM-4.5",
        "release_date": "2025-07-28",
        "last_updated": "2025-07-28",
        "open_weights": True,
        "price": (0.6, 0.11, 2.2, "2026-10-06"),
    },
    "glm-4.5-air": {
        "name": "GLM-4.5-Air",
        "release_date": "2025-07-28",
        "last_updated": "2025-07-28",
        "open_weights": True,
        "price": (0.2, 0.03, 1.1, "2026-10-06"),
    },
    "glm-4.5-x": {
        "price": (2.2, 0.45, 8.9, "2026-10-06"),
    },
    "glm-4.5-airx": {
        "price": (1.1, 0.22, 4.5, "2026-10-06"),
    },
    "glm-4.5-flash": {
        "price": (0.0, 0.0, 0.0, "2026-10-06"),
    },
    "glm-4-32b-0414-128k": {
        "price": (0.1, None, 0.1, "2026-10-06"),
    },
    "kimi-k3": {
        "name": "Kimi K3",
        "release_date": "2026-07-16",
        "last_updated": "2026-07-16",
        "open_weights": True,
    },
    "kimi-k2.7-code": {
        "name": "Kimi K2.7 Code",
        "release_date": "2026-06-12",
        "last_updated": "2026-06-12",
        "open_weights": True,
    },
    "kimi-k2.6": {
        "name": "Kimi K2.6",
        "release_date": "2026-04-21",
        "last_updated": "2026-04-21",
        "open_weights": True,
    },
    "kimi-k2.5": {
        "name": "Kimi K2.5",
        "release_date": "2026-01",
        "last_updated": "2026-01",
        "open_weights": True,
    },
    "kimi-k2-thinking": {
        "name": "Kimi K2 Thinking",
        "release_date": "2025-11-06",
        "last_updated": "2025-11-06",
        "open_weights": True,
    },
    "kimi-k2-0905-preview": {
        "name": "Kimi K2 0905",
        "release_date": "2025-09-04",
        "last_updated": "2025-09-04",
        "open_weights": True,
    },
    "kimi-k2-0711-preview": {
        "name": "Kimi K2 0711",
        "release_date": "2025-07-11",
        "last_updated": "2025-07-11",
        "open_weights": True,
    },
}
