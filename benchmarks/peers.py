"""The models that are measured, one entry each."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

from benchmarks.works import MODEL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.loopback import Loopback
    from benchmarks.works import Work

__all__ = ["FLOOR", "OURS", "PEERS", "QUICK", "REFERENCE", "Peer"]


@dataclass(frozen=True, slots=True)
class Peer:
    """A model class, and what its constructor needs besides model, base_url and api_key.

    Args:
        name: its name in tables.
        module: imported when the peer is first used.
        settings: more arguments for the constructor.
        dialect: the form in which the server answers it.
        unable: row → why it cannot be measured.
    """

    name: str
    module: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    dialect: str = "glm"
    unable: Mapping[str, str] = field(default_factory=dict)

    def make(self, server: Loopback, work: Work) -> Any:
        """Construct the model for a work."""
        made = getattr(import_module(self.module), self.name)
        return made(model=MODEL, base_url=server.url(work, self.dialect), api_key="id.secret", **self.settings)


_NO_MODEL = dict.fromkeys(
    ("tools-each-turn", "langgraph", "v3", "v3-async", "abatch", "construct"), "is no LangChain model"
)
_NO_NETWORK = {"first-chunk": "has no network"}

OURS = Peer("ChatGLM", "langchain_glm")
REFERENCE = Peer("ChatOpenAI", "langchain_openai")
FLOOR = Peer("Floor", "benchmarks.floor", unable=_NO_NETWORK)
RAW = Peer("RawHttpx", "benchmarks.raw", unable=_NO_MODEL)
PEERS = (
    REFERENCE,
    OURS,
    Peer("ChatDeepSeek", "langchain_deepseek"),
    Peer("ChatMistralAI", "langchain_mistralai"),
    Peer("ChatOpenRouter", "langchain_openrouter", dialect="strict"),
    RAW,
    FLOOR,
)
QUICK = (REFERENCE, OURS, RAW, FLOOR)
