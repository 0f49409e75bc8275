"""CPU and wall time of some runs, taken in turns, so that what else the machine does falls on all alike."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

__all__ = ["Budget", "Run", "Samples", "Spread", "interleaved", "repeat", "repeat_async", "spread"]

Run = Callable[[int], int]
"""Does a work so many times; returns what the last time gave: bytes or chunks, for checking."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How long to measure.

    Args:
        rounds: most rounds.
        seconds: of one runner in all its rounds; it sits out the rounds beyond, but for the first.
        sample: seconds that one sample shall take at least; a short work is repeated until it does.
        longest: seconds that one time may take; a runner that is slower is not measured.
    """

    rounds: int
    seconds: float
    sample: float = 0.05
    longest: float = 60.0


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of some numbers, and their quartiles."""

    median: float
    low: float
    high: float

    @property
    def iqr(self) -> float:
        """The distance of the quartiles."""
        return self.high - self.low


def spread(numbers: list[float]) -> Spread:
    """Median and quartiles; of a single number, that number."""
    if len(numbers) < 2:
        return Spread(numbers[0], numbers[0], numbers[0])
    low, median, high = statistics.quantiles(numbers, n=4, method="inclusive")
    return Spread(median, low, high)


@dataclass(slots=True)
class Samples:
    """Seconds for one time, by round; `None` for a round that was sat out."""

    cpu: list[float | None] = field(default_factory=list)
    wall: list[float | None] = field(default_factory=list)

    def cpu_spread(self) -> Spread:
        """CPU of one time."""
        return spread([value for value in self.cpu if value is not None])

    def wall_spread(self) -> Spread:
        """Wall time of one time."""
        return spread([value for value in self.wall if value is not None])

    def ratio_to(self, other: Samples) -> Spread:
        """CPU as a ratio to another's, round by round."""
        pairs = zip(self.cpu, other.cpu, strict=True)
        return spread([mine / theirs for mine, theirs in pairs if mine is not None and theirs is not None])


def repeat(call: Callable[[], int]) -> Run:
    """Make a run of a call."""

    def run(times: int) -> int:
        result = 0
        for _ in range(times):
            result = call()
        return result

    return run


def repeat_async(loop: asyncio.AbstractEventLoop, call: Callable[[], Awaitable[int]]) -> Run:
    """Make a run of an async call; the loop is entered once for all times."""

    async def run(times: int) -> int:
        result = 0
        for _ in range(times):
            result = await call()
        return result

    return lambda times: loop.run_until_complete(run(times))


def interleaved(runs: Mapping[str, Run], estimates: Mapping[str, float], budget: Budget) -> dict[str, Samples]:
    """Measure each run once a round; who begins changes from round to round.

    Args:
        runs: by name.
        estimates: seconds that one time takes, by name.
        budget: how long to measure.

    Returns:
        The samples by name, each as long as the number of rounds.
    """
    times = {name: max(1, round(budget.sample / max(estimates[name], 1e-7))) for name in runs}
    samples = {name: Samples() for name in runs}
    spent = dict.fromkeys(runs, 0.0)
    order = list(runs)
    for round_ in range(budget.rounds):
        for name in order[round_ % len(order) :] + order[: round_ % len(order)]:
            if round_ and spent[name] + times[name] * estimates[name] > budget.seconds:
                samples[name].cpu.append(None)
                samples[name].wall.append(None)
                continue
            cpu, wall = _timed(runs[name], times[name])
            spent[name] += wall
            samples[name].cpu.append(cpu / times[name])
            samples[name].wall.append(wall / times[name])
    return samples


def _timed(run: Run, times: int) -> tuple[float, float]:
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    run(times)
    return time.process_time() - cpu, time.perf_counter() - wall
