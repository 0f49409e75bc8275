"""The documents that endpoints can find: pages and files at URLs, and knowledge bases."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Library"]


@dataclass(frozen=True, slots=True)
class Library:
    """The documents of a server.

    Args:
        web: URL → the HTML of a page, or the bytes of a file.
        knowledge: id of a knowledge base → name of a document → its text; an empty line begins another passage.
    """

    web: Mapping[str, str | bytes] = field(default_factory=dict)
    knowledge: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
