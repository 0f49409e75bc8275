"""CPU and wall time of some runs, taken in turns, so that what else the machine does falls on all alike."""

from __future__ import annotations

import asyncio
import gc
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

__all__ = ["Budget", "Run", "Samples", "Spread", "described", "interleaved", "repeat", "repeat_async", "spread"]

Run = Callable[[int], int]
"""Does a work so many times; returns what the last time gave: bytes or chunks, for checking."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How long to measure.

    Args:
        rounds: most rounds.
        seconds: of one runner in all its rounds; it sits out the rounds beyond.
        patience: seconds that a sample may take to be taken three times in any case; a longer one is taken once.
        sample: seconds that one sample shall take at least; a short work is repeated until it does.
        longest: seconds that one time may take; a runner that is slower is not measured.
    """

    rounds: int
    seconds: float
    patience: float = 5.0
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

    def enter(times: int) -> int:
        try:
            return loop.run_until_complete(run(times))
        except BaseException:
            rest = asyncio.all_tasks(loop)  # what else the failed call has begun must not run in the next one's time
            for task in rest:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*rest, return_exceptions=True))
            raise

    return enter


def interleaved(
    runs: Mapping[str, Run], estimates: Mapping[str, float], budget: Budget
) -> tuple[dict[str, Samples], dict[str, str]]:
    """Measure each run once a round; who begins changes from round to round.

    Args:
        runs: by name.
        estimates: seconds that one time takes, by name.
        budget: how long to measure.

    Returns:
        The samples by name, each as long as the number of rounds; and the errors of those that failed in some
        round, whose samples are left out.
    """
    times = {name: max(1, round(budget.sample / max(estimates[name], 1e-7))) for name in runs}
    samples = {name: Samples() for name in runs}
    failed: dict[str, str] = {}
    spent = dict.fromkeys(runs, 0.0)
    order = list(runs)
    _freeze()
    for round_ in range(budget.rounds):
        for name in order[round_ % len(order) :] + order[: round_ % len(order)]:
            expected = times[name] * estimates[name]
            sure = 1 if expected > budget.patience else 3
            if name in failed:
                continue
            if round_ >= sure and spent[name] + expected > budget.seconds:
                samples[name].cpu.append(None)
                samples[name].wall.append(None)
                continue
            try:
                if expected <= budget.patience:
                    runs[name](1)  # idle connections may have lapsed while others had their turns
                cpu, wall = _timed(runs[name], times[name])
            except Exception as error:  # noqa: BLE001 - whatever a peer raises is its result
                failed[name] = described(error)
                continue
            spent[name] += wall
            samples[name].cpu.append(cpu / times[name])
            samples[name].wall.append(wall / times[name])
    return {name: taken for name, taken in samples.items() if name not in failed}, failed


def _freeze() -> None:
    """Keep all that was made so far, by whomever, out of the garbage collections that will be measured."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def described(error: Exception) -> str:
    """An error in a line."""
    return f"{type(error).__name__}: {error}".replace("\n", " ")[:200]


def _timed(run: Run, times: int) -> tuple[float, float]:
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    run(times)
    return time.process_time() - cpu, time.perf_counter() - wall
