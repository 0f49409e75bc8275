"""Measure what a row costs each peer."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.measure import Budget, Run, Samples, Spread, described, interleaved
from benchmarks.peers import REFERENCE

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping, Sequence

    from benchmarks.loopback import Loopback
    from benchmarks.peers import Peer
    from benchmarks.rows import Row

__all__ = ["Figure", "measure", "warm"]


@dataclass(frozen=True, slots=True)
class Figure:
    """What one unit of a row costs a peer, in seconds.

    Args:
        peer: the peer's name.
        cpu: CPU time of the client's process; `None` if the peer cannot do the row.
        wall: wall time.
        ratio: CPU time as a ratio to the reference's, compared round by round; `None` without a reference.
        rounds: the number of rounds in which both were measured; without a reference, the number of all rounds.
        unable: why there are no figures.
    """

    peer: str
    cpu: Spread | None = None
    wall: Spread | None = None
    ratio: Spread | None = None
    rounds: int = 0
    unable: str | None = None


def measure(
    row: Row, peers: Sequence[Peer], server: Loopback, loop: asyncio.AbstractEventLoop, budget: Budget
) -> list[Figure]:
    """Measure a row for all peers in turns; for a peer that fails, the figure holds its error."""
    runs: dict[str, Run] = {}
    estimates: dict[str, float] = {}
    unable: dict[str, str] = {}
    for peer in peers:
        if row.name in peer.unable:
            unable[peer.name] = peer.unable[row.name]
            continue
        try:
            run = row.prepare(lambda peer=peer: peer.make(server, row.work), loop)  # type: ignore[misc]
            estimates[peer.name] = warm(run, row.least, budget)
            runs[peer.name] = run
        except Exception as error:  # noqa: BLE001 - whatever a peer raises is its result
            unable[peer.name] = described(error)
    samples, failed = interleaved(runs, estimates, budget)
    unable |= failed
    return [
        Figure(peer.name, unable=unable[peer.name]) if peer.name in unable else _figure(peer.name, samples, row.units)
        for peer in peers
    ]


def warm(run: Run, least: int, budget: Budget) -> float:
    """Run until connections are open and caches are filled; return the seconds that one run takes.

    Raises:
        ValueError: if the run does less than it should.
    """
    begin = time.perf_counter()
    given = run(1)
    fastest = time.perf_counter() - begin
    if given < least:
        raise ValueError(f"gave {given}, not {least}")
    spent = 0.0
    while fastest <= budget.patience and spent < budget.sample:
        begin = time.perf_counter()
        run(1)
        last = time.perf_counter() - begin
        spent += last
        fastest = min(fastest, last)
    return fastest


def _figure(name: str, samples: Mapping[str, Samples], units: int) -> Figure:
    mine, reference = samples[name], samples.get(REFERENCE.name)
    compared = zip(mine.cpu, reference.cpu if reference else mine.cpu, strict=True)
    return Figure(
        name,
        cpu=_scaled(mine.cpu_spread(), units),
        wall=_scaled(mine.wall_spread(), units),
        ratio=mine.ratio_to(reference) if reference else None,
        rounds=sum(None not in pair for pair in compared),
    )


def _scaled(spread: Spread, units: int) -> Spread:
    return Spread(spread.median / units, spread.low / units, spread.high / units)
