"""Write the figures as a table, as verdicts, and as JSON."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from benchmarks.goals import CONCURRENT, CONSTRUCT, RATIOS, Verdict
from benchmarks.peers import OURS, REFERENCE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.figures import Figure
    from benchmarks.peers import Peer
    from benchmarks.rows import Row

__all__ = ["heading", "line", "machine", "reasons", "row_verdicts", "verdict_lines", "write_json"]

_WIDTH = 40
_COLUMN = 16
_PACKAGES = (
    "langchain-zai-glm", "langchain-core", "langchain-openai", "langchain-deepseek", "langchain-mistralai",
    "langchain-openrouter", "langgraph", "openai", "httpx", "httpcore", "h11", "pydantic", "orjson",
)  # fmt: skip


def heading(peers: Sequence[Peer]) -> str:
    """The table's first line."""
    return "".join([f"{'work':<{_WIDTH}}", *(f"{peer.name:>{_COLUMN}}" for peer in peers), f"{'goal':>10}"])


def line(row: Row, figures: Sequence[Figure]) -> str:
    """A row: the reference's CPU time, the others' ratios to it with the distance of their quartiles, the goal."""
    cells = [f"{row.title:<{_WIDTH}}", *(f"{_cell(figure):>{_COLUMN}}" for figure in figures)]
    goal = RATIOS.get(row.name)
    if row.name == "construct":
        return "".join([*cells, f"{_time(CONSTRUCT):>10}"])
    return "".join([*cells, f"{goal:>10.2f}" if goal else ""])


def _cell(figure: Figure) -> str:
    if figure.cpu is None:
        return "–"
    once = figure.rounds < 2
    if figure.ratio is None or figure.peer == REFERENCE.name:
        return f"{_time(figure.cpu.median)} " + ("once" if once else f"±{figure.cpu.iqr / figure.cpu.median:.0%}")
    return f"{figure.ratio.median:.3f} " + ("  once" if once else f"±{figure.ratio.iqr:.3f}")


def _time(seconds: float) -> str:
    return f"{seconds * 1e3:.2f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.1f} µs"


def reasons(results: Sequence[tuple[Row, Sequence[Figure]]]) -> list[str]:
    """Why cells are empty."""
    return [
        f"– {row.title}: {figure.peer} {figure.unable}"
        for row, figures in results
        for figure in figures
        if figure.unable
    ]


def row_verdicts(results: Sequence[tuple[Row, Sequence[Figure]]]) -> list[Verdict]:
    """Compare ChatGLM's figures with the goals."""
    ours = {row.name: (row, figure) for row, figures in results for figure in figures if figure.peer == OURS.name}
    verdicts = []
    for name, goal in RATIOS.items():
        row, figure = ours.get(name, (None, None))
        if row and figure and figure.ratio:
            measured = f"{figure.ratio.median:.3f} ± {figure.ratio.iqr:.3f}"
            verdicts.append(Verdict(row.title, f"≤ {goal:.2f}", measured, figure.ratio.median <= goal))
    if "construct" in ours and (cpu := ours["construct"][1].cpu):
        verdicts.append(
            Verdict("construct a model", f"≤ {_time(CONSTRUCT)}", _time(cpu.median), cpu.median <= CONSTRUCT)
        )
    many, some = (ours[name][1].cpu if name in ours else None for name in ("concurrent-1024", "concurrent-128"))
    if many and some:
        ratio = many.median / some.median
        what = "1,024 concurrent ainvoke against 128, per request"
        measured = f"{ratio:.2f}  ({_time(some.median)} → {_time(many.median)})"
        verdicts.append(Verdict(what, f"≤ {CONCURRENT:.2f}", measured, ratio <= CONCURRENT))
    return verdicts


def verdict_lines(verdicts: Sequence[Verdict]) -> list[str]:
    """One line for each goal."""
    width = max(len(verdict.what) for verdict in verdicts)
    return [
        f"{'met   ' if verdict.met else 'MISSED'}  {verdict.what:<{width}}  {verdict.wanted:<14}  {verdict.measured}"
        for verdict in verdicts
    ]


def machine() -> dict[str, Any]:
    """The machine and the versions that were measured."""
    versions = {}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "versions": versions,
    }


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write everything that was found."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, default=_plain, ensure_ascii=False) + "\n")


def _plain(value: Any) -> Any:
    fields: dict[str, Any] = dataclasses.asdict(value)
    return fields
