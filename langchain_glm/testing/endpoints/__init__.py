"""The endpoints other than chat: functions that make the answer to a request, or refuse it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from langchain_glm.testing.endpoints.embeddings import embeddings
from langchain_glm.testing.endpoints.models import models
from langchain_glm.testing.endpoints.tokenizer import tokenizer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.testing.steps import Answer

__all__ = ["ENDPOINTS"]

ENDPOINTS: Final[Mapping[tuple[str, str], Callable[[Mapping[str, Any], Host], Answer]]] = {
    ("GET", "/models"): models,
    ("POST", "/tokenizer"): tokenizer,
    ("POST", "/embeddings"): embeddings,
}
"""The functions by method and path. Each gets the parsed body of a request whose key is right, and the host."""
