"""`GET /models`: the ids of the models that the host serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_glm.catalog.profiles import MODELS
from langchain_glm.testing.refusals import json_answer
from langchain_glm.testing.turn import is_kimi, serving_model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.testing.steps import Answer

__all__ = ["models"]


def models(_: Mapping[str, Any], host: Host) -> Answer:
    """Answer `GET /models` with the ids that the host serves."""
    owner = "moonshot" if is_kimi(host) else "z-ai"
    served = [
        {"id": name, "object": "model", "created": 1_700_000_000, "owned_by": owner}
        for name in MODELS
        if serving_model(name, host)
    ]
    return json_answer({"object": "list", "data": served})
