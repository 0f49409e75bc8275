"""How long imports take, each in a new process and from several depths of the stack.

Python keeps frames in blocks of 16 KiB. If calls cross the edge of a block back and forth, it is mapped and unmapped
each time, so the same import takes up to 50 ms more or less, depending on the depth at which it begins. No depth is
typical, so several are sampled.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from benchmarks.goals import IMPORT, Verdict
from benchmarks.measure import Spread, spread

__all__ = ["measure_imports", "verdict"]

_BASE = "langchain_core.language_models.chat_models"
_OURS = "langchain_glm.chat_models"
_DEPTHS = (0, 30, 12, 42, 24, 54, 6, 36, 18, 48)
_TIMED = """
import time

def begin(depth):
    if depth:
        return begin(depth - 1)
    started = time.process_time()
    import {what}
    return time.process_time() - started

print(begin({depth}))
"""


def measure_imports(modules: list[str], rounds: int) -> dict[str, Spread]:
    """Measure imports in turns.

    Args:
        modules: the modules of the peers; ours, and what every chat model needs, are always measured.
        rounds: the number of rounds; the peers' modules are measured in a third of them.

    Returns:
        What was imported → seconds of CPU. `added` is ours minus the base, round by round.
    """
    taken: dict[str, list[float]] = {_BASE: [], _OURS: []}
    taken |= {module: [] for module in modules}
    with tempfile.TemporaryDirectory() as cache:
        for what in taken:
            _seconds(what, cache, 0)  # writes the .pyc files
        for round_ in range(rounds):
            depth = _DEPTHS[round_ % len(_DEPTHS)]
            for what, seconds in taken.items():
                if what in (_BASE, _OURS) or round_ % 3 == 0:
                    seconds.append(_seconds(what, cache, depth))
    pairs = zip(taken[_OURS], taken[_BASE], strict=True)
    added = [ours - base for ours, base in pairs]
    return {what: spread(seconds) for what, seconds in taken.items()} | {"added": spread(added)}


def _seconds(what: str, cache: str, depth: int) -> float:
    """Import in a new process, with compiled modules from our own cache, whatever the environment says."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": cache, "PYTHONDONTWRITEBYTECODE": ""}
    command = [sys.executable, "-c", _TIMED.format(what=what, depth=depth)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return float(done.stdout)


def verdict(found: dict[str, Spread]) -> Verdict:
    """Whether our import reaches its goal."""
    added = found["added"]
    both = f"{found[_BASE].median * 1e3:.0f} → {found[_OURS].median * 1e3:.0f} ms"
    return Verdict(
        f"import {_OURS}, beyond {_BASE}",
        f"≤ {IMPORT * 1e3:.0f} ms",
        f"{added.median * 1e3:.0f} ± {added.iqr * 1e3:.0f} ms  ({both})",
        added.median <= IMPORT,
    )
