"""The endpoints other than chat: functions that make the answer to a request, or refuse it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from langchain_glm.testing.endpoints.embeddings import embeddings
from langchain_glm.testing.endpoints.knowledge import knowledge
from langchain_glm.testing.endpoints.layout import layout_parsing
from langchain_glm.testing.endpoints.models import models
from langchain_glm.testing.endpoints.reader import reader
from langchain_glm.testing.endpoints.rerank import rerank
from langchain_glm.testing.endpoints.tokenizer import tokenizer
from langchain_glm.testing.endpoints.web_search import web_search

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.testing.library import Library
    from langchain_glm.testing.steps import Answer

__all__ = ["ENDPOINTS", "FLAT_ERRORS", "LIBRARY_ENDPOINTS"]

ENDPOINTS: Final[Mapping[tuple[str, str], Callable[[Mapping[str, Any], Host], Answer]]] = {
    ("GET", "/models"): models,
    ("POST", "/tokenizer"): tokenizer,
    ("POST", "/embeddings"): embeddings,
    ("POST", "/rerank"): rerank,
    ("POST", "/web_search"): web_search,
}
"""The functions by method and path. Each gets the parsed body of a request whose key is right, and the host."""

LIBRARY_ENDPOINTS: Final[Mapping[tuple[str, str], Callable[[Mapping[str, Any], Host, Library], Answer]]] = {
    ("POST", "/reader"): reader,
    ("POST", "/layout_parsing"): layout_parsing,
    ("POST", "/knowledge/retrieve"): knowledge,
}
"""The functions that also need the documents of the server."""

FLAT_ERRORS: Final = frozenset({"/knowledge/retrieve"})
"""The paths whose errors have the form of BigModel's side services."""
