"""`GET /models`: the ids of the models that the host lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from langchain_glm.catalog.profiles import MODELS
from langchain_glm.testing.refusals import json_answer
from langchain_glm.testing.turn import is_kimi, serving_model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.testing.steps import Answer

__all__ = ["models"]

_LISTED_BY_BIGMODEL: Final = frozenset(
    f"glm-{name}"
    for name in ("4.5", "4.5-air", "4.6", "4.7", "5", "5-turbo", "5.1", "5.2", "5.3", "5.3-flash", "5.3-flashx")
)
"""The only ids in BigModel's list (recorded 2026-10-09), although others answer too, such as free ones."""


def models(_: Mapping[str, Any], host: Host) -> Answer:
    """Answer `GET /models` with the ids that the host lists; it may serve more."""
    owner = "moonshot" if is_kimi(host) else "z-ai"
    served = [
        {"id": name, "object": "model", "created": 1_700_000_000, "owned_by": owner}
        for name in MODELS
        if serving_model(name, host) and (host.name != "bigmodel" or name in _LISTED_BY_BIGMODEL)
    ]
    return json_answer({"object": "list", "data": served})
