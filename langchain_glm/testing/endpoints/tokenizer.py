"""`POST /tokenizer`: the count of a request's tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_glm.testing.refusals import Problem, json_answer, refuse
from langchain_glm.testing.tokens import prompt_tokens
from langchain_glm.testing.turn import serving_model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.testing.steps import Answer

__all__ = ["tokenizer"]


def tokenizer(body: Mapping[str, Any], host: Host) -> Answer:
    """Answer `POST /tokenizer` with the count of a request's tokens (API description of both hosts)."""
    if serving_model(body.get("model"), host) is None:
        return refuse(Problem("1211", str(body.get("model"))), host)
    if not isinstance(body.get("messages"), list) or not body["messages"]:
        return refuse(Problem("1214", "messages"), host)
    count = prompt_tokens(body)
    return json_answer({"usage": {"prompt_tokens": count, "total_tokens": count}})
