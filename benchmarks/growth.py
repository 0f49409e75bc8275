"""What a chunk costs in short and in long streams, for each way of reading."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.figures import warm
from benchmarks.goals import GROWTH, Verdict
from benchmarks.measure import Budget, Run, Samples, Spread, described, interleaved, spread
from benchmarks.peers import FLOOR, OURS
from benchmarks.rows import Prepare, astream, astream_arguments, langgraph, stream, stream_arguments, v3, v3_async
from benchmarks.works import Kind, Work

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from benchmarks.loopback import Loopback
    from benchmarks.peers import Peer

__all__ = ["PLOTTED", "Curve", "measure_growth", "verdicts"]


@dataclass(frozen=True, slots=True)
class _Way:
    """A way of reading a stream."""

    name: str
    title: str
    kind: Kind
    prepare: Prepare


_WAYS = (
    _Way("stream", "stream, text", "text", stream),
    _Way("astream", "astream, text", "text", astream),
    _Way("reasoning", "stream, reasoning", "reasoning", stream),
    _Way("tool-stream", "stream, tool arguments", "tools", stream_arguments),
    _Way("tool-astream", "astream, tool arguments", "tools", astream_arguments),
    _Way("nested-stream", "stream, nested tool arguments", "nested", stream_arguments),
    _Way("langgraph", "LangGraph messages, text", "text", langgraph),
    _Way("v3", "v3 events, text", "text", v3),
    _Way("v3-async", "v3 events, text, async", "text", v3_async),
)
PLOTTED = ("stream", "tool-stream")
"""The ways in which all peers are measured, not only ChatGLM and the floor."""


@dataclass(slots=True)
class Curve:
    """What a chunk costs a peer in one way of reading, by the length of the stream, in seconds.

    Args:
        way: the way's name.
        title: the way's title.
        peer: the peer's name.
        cpu: length → CPU of one chunk.
        added: length → CPU of one chunk above the floor's, paired by rounds.
        unable: length → why it was not measured.
    """

    way: str
    title: str
    peer: str
    cpu: dict[int, Spread] = field(default_factory=dict)
    added: dict[int, Spread] = field(default_factory=dict)
    unable: dict[int, str] = field(default_factory=dict)


def measure_growth(
    peers: Sequence[Peer], server: Loopback, loop: asyncio.AbstractEventLoop, budget: Budget, lengths: Sequence[int]
) -> list[Curve]:
    """Measure streams of several lengths; in most ways only of ChatGLM and the floor, at the ends."""
    curves: list[Curve] = []
    for way in _WAYS:
        plotted = way.name in PLOTTED
        measured = [peer for peer in peers if plotted or peer in (OURS, FLOOR)]
        found = {peer.name: Curve(way.name, way.title, peer.name) for peer in measured}
        for length in lengths if plotted else (lengths[0], lengths[-1]):
            _measure_length(way, length, measured, found, server, loop, budget)
        curves += found.values()
    return curves


def _measure_length(
    way: _Way,
    length: int,
    peers: Sequence[Peer],
    curves: dict[str, Curve],
    server: Loopback,
    loop: asyncio.AbstractEventLoop,
    budget: Budget,
) -> None:
    work = Work(way.kind, length)
    runs: dict[str, Run] = {}
    estimates: dict[str, float] = {}
    for peer in peers:
        curve = curves[peer.name]
        feared = _feared(curve, length)
        if feared > budget.longest:
            curve.unable[length] = f"would take about {feared:.0f} s a stream"
            continue
        try:
            run = way.prepare(lambda peer=peer: peer.make(server, work), loop)  # type: ignore[misc]
            estimates[peer.name] = warm(run, length, budget)
            runs[peer.name] = run
        except Exception as error:  # noqa: BLE001 - whatever a peer raises is its result
            curve.unable[length] = described(error)
    samples, failed = interleaved(runs, estimates, budget)
    for name, why in failed.items():
        curves[name].unable[length] = why
    floor = samples.get(FLOOR.name)
    for name, taken in samples.items():
        whole = taken.cpu_spread()
        curves[name].cpu[length] = Spread(whole.median / length, whole.low / length, whole.high / length)
        if floor and name != FLOOR.name:
            curves[name].added[length] = _added(taken, floor, length)


def _feared(curve: Curve, length: int) -> float:
    """How long a peer's stream would take if its cost is quadratic; ours and the floor are always measured."""
    if curve.peer in (OURS.name, FLOOR.name):
        return 0.0
    if not curve.cpu:
        return float("inf") if curve.unable else 0.0
    known = max(curve.cpu)
    return curve.cpu[known].median * length * (length / known)


def _added(taken: Samples, floor: Samples, length: int) -> Spread:
    pairs = zip(taken.cpu, floor.cpu, strict=True)
    return spread([(mine - least) / length for mine, least in pairs if mine is not None and least is not None])


def verdicts(curves: Sequence[Curve]) -> list[Verdict]:
    """Whether what ChatGLM adds to a chunk stays the same in long streams, for each way of reading."""
    found = []
    for curve in curves:
        if curve.peer != OURS.name or len(curve.added) < 2:
            continue
        short, long = min(curve.added), max(curve.added)
        ratio = curve.added[long].median / curve.added[short].median
        found.append(
            Verdict(
                f"added to the floor by a chunk: {curve.title}, {long:,} against {short:,}",
                f"≤ {GROWTH:.2f}",
                f"{ratio:.2f}  ({curve.added[short].median * 1e6:.1f} → {curve.added[long].median * 1e6:.1f} µs)",
                ratio <= GROWTH,
            )
        )
    return found
