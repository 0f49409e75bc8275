"""The goals that ChatGLM must reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["CACHES", "CONCURRENT", "CONSTRUCT", "FIRST_CHUNK", "GROWTH", "IMPORT", "LEAK", "RATIOS", "RSS", "Verdict"]

RATIOS: Final = {
    "invoke": 0.45,
    "history": 0.04,
    "tools-once": 0.10,
    "tools-each-turn": 0.10,
    "ainvoke": 0.50,
    "stream": 0.18,
    "astream": 0.15,
    "tool-stream": 0.25,
    "langgraph": 0.20,
    "v3": 0.17,
    "v3-async": 0.17,
    "concurrent-16": 0.50,
    "concurrent-128": 0.40,
    "abatch": 0.40,
}
"""Row → the maximum of its CPU time as a ratio to ChatOpenAI's."""

CONSTRUCT: Final = 0.2e-3
"""Seconds for constructing a model."""

GROWTH: Final = 1.1
"""The maximum of the time that we add to the floor for a chunk of the longest stream, as a ratio to the shortest."""

IMPORT: Final = 30e-3
"""Seconds that importing `ChatGLM` adds to importing what every chat model needs."""

CONCURRENT: Final = 1.5
"""1,024 concurrent requests as a ratio to 128, for one request."""

LEAK: Final = 0.02
"""Blocks of memory that a call may leave behind, apart from caches."""

CACHES: Final = 250
"""Blocks of memory that caches may take after the first fifth of the calls."""

RSS: Final = 4 << 20
"""Bytes by which the process may have grown after all calls."""

FIRST_CHUNK: Final = 0.5
"""Seconds within which a chunk must be passed on although the next one has not come."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a goal is met."""

    what: str
    wanted: str
    measured: str
    met: bool
