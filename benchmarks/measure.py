"""CPU and wall time of several runs, measured in turns, so that other load on the machine affects all of them alike."""

from __future__ import annotations

import asyncio
import gc
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

__all__ = ["Budget", "Run", "Samples", "Spread", "described", "interleaved", "repeat", "repeat_async", "spread"]

Run = Callable[[int], int]
"""Does the work a number of times; returns the bytes or chunks of the last time, to be checked."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How long to measure.

    Args:
        rounds: the maximum number of rounds.
        seconds: the time for all rounds of one run; it skips the rounds after that.
        patience: up to this many seconds, a sample is taken at least three times; a longer one may be taken once.
        sample: the minimum duration of a sample in seconds; short work is repeated to reach it.
        longest: the maximum duration of the work in seconds; a slower run is not measured.
    """

    rounds: int
    seconds: float
    patience: float = 5.0
    sample: float = 0.05
    longest: float = 60.0


@dataclass(frozen=True, slots=True)
class Spread:
    """The median and the quartiles of some numbers."""

    median: float
    low: float
    high: float

    @property
    def iqr(self) -> float:
        """The distance between the quartiles."""
        return self.high - self.low


def spread(numbers: list[float]) -> Spread:
    """Return the median and the quartiles; a single number is all three."""
    if len(numbers) < 2:
        return Spread(numbers[0], numbers[0], numbers[0])
    low, median, high = statistics.quantiles(numbers, n=4, method="inclusive")
    return Spread(median, low, high)


@dataclass(slots=True)
class Samples:
    """Seconds for doing the work once, by round; `None` for a skipped round."""

    cpu: list[float | None] = field(default_factory=list)
    wall: list[float | None] = field(default_factory=list)

    def cpu_spread(self) -> Spread:
        """CPU time of doing the work once."""
        return spread([value for value in self.cpu if value is not None])

    def wall_spread(self) -> Spread:
        """Wall time of doing the work once."""
        return spread([value for value in self.wall if value is not None])

    def ratio_to(self, other: Samples) -> Spread:
        """CPU time as a ratio to that of another run, round by round."""
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
    """Make a run of an async call; the event loop is entered only once."""

    async def run(times: int) -> int:
        result = 0
        for _ in range(times):
            result = await call()
        return result

    def enter(times: int) -> int:
        try:
            return loop.run_until_complete(run(times))
        except BaseException:
            rest = asyncio.all_tasks(loop)  # what the failed call has started must not be measured with the next one
            for task in rest:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*rest, return_exceptions=True))
            raise

    return enter


def interleaved(
    runs: Mapping[str, Run], estimates: Mapping[str, float], budget: Budget
) -> tuple[dict[str, Samples], dict[str, str]]:
    """Measure each run once per round; each round begins with another run.

    Args:
        runs: by name.
        estimates: how many seconds doing the work once takes, by name.
        budget: how long to measure.

    Returns:
        The samples by name, each as long as the number of rounds; and the errors of those that failed in any round,
        whose samples are left out.
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
                    runs[name](1)  # idle connections may have closed while the others were measured
                cpu, wall = _timed(runs[name], times[name])
            except Exception as error:  # noqa: BLE001 - whatever a peer raises is its result
                failed[name] = described(error)
                continue
            spent[name] += wall
            samples[name].cpu.append(cpu / times[name])
            samples[name].wall.append(wall / times[name])
    return {name: taken for name, taken in samples.items() if name not in failed}, failed


def _freeze() -> None:
    """Exclude all objects that exist now from the garbage collections that will be measured."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def described(error: Exception) -> str:
    """Return an error as one line."""
    return f"{type(error).__name__}: {error}".replace("\n", " ")[:200]


def _timed(run: Run, times: int) -> tuple[float, float]:
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    run(times)
    return time.process_time() - cpu, time.perf_counter() - wall
