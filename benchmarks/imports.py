"""How long imports take, each in a new process."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from benchmarks.goals import IMPORT, Verdict
from benchmarks.measure import Spread, spread

__all__ = ["measure_imports", "verdict"]

_BASE = "langchain_core.language_models.chat_models, httpx"
_OURS = "langchain_glm"
_TIMED = "import time; begin = time.process_time(); import {}; print(time.process_time() - begin)"


def measure_imports(modules: list[str], rounds: int) -> dict[str, Spread]:
    """Measure imports in turns.

    Args:
        modules: of the peers; ours and what every chat model needs are measured in any case.
        rounds: how often; the peers' a third as often.

    Returns:
        What was imported → seconds of CPU. Under `ratio`: ours as a ratio to the base, paired by rounds.
    """
    taken: dict[str, list[float]] = {_BASE: [], _OURS: []}
    taken |= {module: [] for module in modules}
    with tempfile.TemporaryDirectory() as cache:
        for what in taken:
            _seconds(what, cache)  # writes the .pyc files
        for round_ in range(rounds):
            for what, seconds in taken.items():
                if what in (_BASE, _OURS) or round_ % 3 == 0:
                    seconds.append(_seconds(what, cache))
    pairs = zip(taken[_OURS], taken[_BASE], strict=True)
    ratios = [ours / base for ours, base in pairs]
    return {what: spread(seconds) for what, seconds in taken.items()} | {"ratio": spread(ratios)}


def _seconds(what: str, cache: str) -> float:
    """Import in a new process, with compiled modules from a cache of ours, whatever the environment says."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": cache, "PYTHONDONTWRITEBYTECODE": ""}
    command = [sys.executable, "-c", _TIMED.format(what)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return float(done.stdout)


def verdict(found: dict[str, Spread]) -> Verdict:
    """Whether our import is cheap."""
    ratio = found["ratio"]
    return Verdict(
        f"import langchain_glm, ratio to import {_BASE}",
        f"≤ {IMPORT:.2f}",
        f"{ratio.median:.2f} ± {ratio.iqr:.2f}  ({found[_BASE].median * 1e3:.0f} → {found[_OURS].median * 1e3:.0f} ms)",
        ratio.median <= IMPORT,
    )
