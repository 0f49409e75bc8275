"""The hosts that are tested: those whose key is in the environment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from langchain_glm import HOSTS, ChatGLM

if TYPE_CHECKING:
    from collections.abc import Callable

MODELS = {"anyfast": "glm-5.2", "kimi": "kimi-k2.6", "kimi-cn": "kimi-k2.6"}
"""The model of each host; `glm-4.7` for the others."""


@pytest.fixture(params=HOSTS)
def make_model(request: pytest.FixtureRequest) -> Callable[..., ChatGLM]:
    """Make a `ChatGLM` for one host after another; skip those without a key."""
    host = HOSTS[request.param]
    if not host.key_from(os.environ):
        pytest.skip(f"{host.key_variable} is not set")

    def make(**settings: Any) -> ChatGLM:
        return ChatGLM(**{"model": MODELS.get(host.name, "glm-4.7"), "host": host.name, **settings})

    return make
