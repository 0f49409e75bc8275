"""Measure, print, write JSON and a plot: `python -m benchmarks [--quick] [--only ROW …] [--peers NAME …]`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import time
import warnings
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import first_chunk, growth, imports, memory, report
from benchmarks.figures import measure
from benchmarks.loopback import Loopback
from benchmarks.measure import Budget
from benchmarks.peers import OURS, PEERS, QUICK
from benchmarks.plot import write_plot
from benchmarks.rows import Sizes, rows

if TYPE_CHECKING:
    from benchmarks.goals import Verdict
    from benchmarks.peers import Peer

EXTRAS = ("growth", "imports", "memory", "first-chunk")


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure."""

    sizes: Sizes
    budget: Budget
    growth_budget: Budget
    lengths: tuple[int, ...]
    import_rounds: int
    memory_calls: int
    import_peers: bool = True
    left_out: frozenset[str] = frozenset()  # measured only if `--only` names it


WHOLE = Plan(
    sizes=Sizes(),
    budget=Budget(15, 4.0),
    growth_budget=Budget(7, 8.0),
    lengths=(200, 600, 2_000, 6_000, 20_000),
    import_rounds=30,
    memory_calls=100_000,
)
BRIEF = Plan(
    sizes=Sizes(batch=100),
    budget=Budget(5, 0.2, patience=0.6, sample=0.01),
    growth_budget=Budget(3, 0.1, patience=0.3, sample=0.01),
    lengths=(200, 1_000),
    import_rounds=5,
    import_peers=False,
    memory_calls=1_000,
    left_out=frozenset({"concurrent-1024"}),
)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = [row.name for row in rows(Sizes())]
    parser.add_argument("--quick", action="store_true", help="measure less, with fewer peers; takes under a minute")
    parser.add_argument(
        "--only", nargs="+", metavar="ROW", choices=[*names, *EXTRAS], help=", ".join([*names, *EXTRAS])
    )
    known = [peer.name for peer in PEERS]
    parser.add_argument("--peers", nargs="+", metavar="NAME", choices=known, help=", ".join(known))
    parser.add_argument("--rounds", type=int, help="maximum number of rounds per row")
    parser.add_argument("--memory-calls", type=int, help="number of calls in the memory measurement")
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent / "results", help="folder for the files that are written"
    )
    given = parser.parse_args()

    _quieten()
    plan = BRIEF if given.quick else WHOLE
    peers = [peer for peer in PEERS if peer.name in given.peers] if given.peers else QUICK if given.quick else PEERS
    budget = replace(plan.budget, rounds=given.rounds, seconds=float("inf")) if given.rounds else plan.budget
    begin = time.perf_counter()
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(
        lambda *_: None
    )  # a peer's failed call is reported by its error, not by what it leaves behind
    with Loopback() as server, closing(loop):
        content, verdicts = _measure(
            plan,
            budget,
            tuple(peers),
            given.only or [name for name in (*names, *EXTRAS) if name not in plan.left_out],
            server,
            loop,
            given.memory_calls,
            given.out,
        )
        loop.run_until_complete(loop.shutdown_asyncgens())
    if verdicts:
        print("\ngoals", *report.verdict_lines(verdicts), sep="\n")
    path = given.out / ("quick.json" if given.quick else "results.json")
    report.write_json(path, {**content, "goals": verdicts, "quick": given.quick})
    print(f"\n{path}; {time.perf_counter() - begin:.0f} s in all")


def _measure(
    plan: Plan,
    budget: Budget,
    peers: tuple[Peer, ...],
    wanted: list[str],
    server: Loopback,
    loop: asyncio.AbstractEventLoop,
    memory_calls: int | None,
    out: Path,
) -> tuple[dict[str, Any], list[Verdict]]:
    content: dict[str, Any] = {"machine": report.machine()}
    chosen = [row for row in rows(plan.sizes) if row.name in wanted]
    results = []
    if chosen:
        print("CPU time: ChatOpenAI's in µs, the others' as a ratio to it; ± is the distance between the quartiles\n")
        print(report.heading(peers), flush=True)
    for row in chosen:
        figures = measure(row, peers, server, loop, budget)
        results.append((row, figures))
        print(report.line(row, figures), flush=True)
    print(*report.reasons(results), sep="\n")
    content["rows"] = {row.name: {"title": row.title, "figures": figures} for row, figures in results}
    verdicts = report.row_verdicts(results)

    if "growth" in wanted:
        curves = growth.measure_growth(peers, server, loop, plan.growth_budget, plan.lengths)
        content["growth"] = curves
        print("\nCPU of one chunk by the length of its stream, µs (in brackets: above the floor)")
        print(*_growth_lines(curves), sep="\n", flush=True)
        verdicts += growth.verdicts(curves)
        out.mkdir(parents=True, exist_ok=True)
        print(*write_plot(out, curves))
    if "imports" in wanted:
        modules = sorted({peer.module for peer in peers if peer.module.startswith("langchain_")} - {OURS.module})
        modules = modules if plan.import_peers else []
        found = imports.measure_imports(modules, plan.import_rounds)
        content["imports"] = found
        print(
            "\nimports, ms of CPU:",
            ", ".join(f"{what} {s.median * 1e3:.0f}" for what, s in found.items() if what != "added"),
        )
        verdicts.append(imports.verdict(found))
    if "memory" in wanted:
        content["memory"] = memory.measure_memory(OURS.name, server, memory_calls or plan.memory_calls)
        verdicts.append(memory.verdict(content["memory"]))
    if "first-chunk" in wanted:
        content["first_chunk"] = first_chunk.measure_first_chunk(peers, server, loop)
        print("\nseconds until the first chunk, while the server holds back the second:", content["first_chunk"])
        verdicts += first_chunk.verdicts(content["first_chunk"])
    return content, verdicts


def _growth_lines(curves: list[growth.Curve]) -> list[str]:
    lines = []
    for curve in curves:
        cells = [f"{n:,}: {spread.median * 1e6:.1f}" + _above(curve, n) for n, spread in sorted(curve.cpu.items())]
        cells += [f"{n:,}: – ({why})" for n, why in curve.unable.items()]
        lines.append(f"{curve.title:<32}{curve.peer:<16}" + "   ".join(cells))
    return lines


def _above(curve: growth.Curve, length: int) -> str:
    return f" ({curve.added[length].median * 1e6:.1f})" if length in curve.added else ""


def _quieten() -> None:
    """Switch off tracing, proxies, warnings and logs, which are not to be measured."""
    for name in list(os.environ):
        if name.startswith(("LANGSMITH_", "LANGCHAIN_")) or name.lower().endswith("_proxy"):
            del os.environ[name]
    warnings.simplefilter("ignore")
    logging.disable(logging.INFO)


if __name__ == "__main__":
    main()
