"""Where the CPU time of a work goes: `python -m benchmarks.where stream`.

A timer samples the running frame at intervals of CPU time and counts it for its file. The time of a C function counts
for the file that called it.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.loopback import Loopback
from benchmarks.peers import OURS, PEERS
from benchmarks.rows import Sizes, rows

if TYPE_CHECKING:
    from types import FrameType

    from benchmarks.measure import Run

__all__ = ["sampled"]

_STEP = 0.001
_ALONE = 0.01  # the share of the total from which on one of our files gets its own line


def sampled(run: Run, seconds: float) -> tuple[Counter[str], float]:
    """Run for some seconds; return the samples by file, and the CPU seconds of doing the work once."""
    found: Counter[str] = Counter()

    def look(_: int, frame: FrameType | None) -> None:
        found[_place(frame.f_code.co_filename if frame else "")] += 1

    run(3)
    times, begin = 0, time.process_time()
    before = signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, _STEP, _STEP)
    try:
        while time.process_time() - begin < seconds:
            run(1)
            times += 1
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    return found, (time.process_time() - begin) / times


def _place(file: str) -> str:
    """The package that a file belongs to; for our own package, the file itself."""
    parts = Path(file).parts
    if "langchain_glm" in parts:
        return "/".join(parts[parts.index("langchain_glm") :])
    if "site-packages" in parts:
        return parts[parts.index("site-packages") + 1].removesuffix(".py")
    return "benchmarks" if "benchmarks" in parts else "standard library"


def main() -> None:
    """Print how much of a call or chunk each package takes."""
    sizes = Sizes()
    works = {row.name: row for row in rows(sizes)}
    parser = argparse.ArgumentParser(prog="python -m benchmarks.where", description=__doc__)
    parser.add_argument("row", choices=works)
    parser.add_argument("--peer", default=OURS.name, choices=[peer.name for peer in PEERS])
    parser.add_argument("--seconds", type=float, default=20, help="how many CPU seconds to sample (default: 20)")
    given = parser.parse_args()
    row, peer = works[given.row], next(peer for peer in PEERS if peer.name == given.peer)
    loop = asyncio.new_event_loop()
    with Loopback() as server, closing(loop):
        found, cpu = sampled(row.prepare(lambda: peer.make(server, row.work), loop), given.seconds)
        loop.run_until_complete(loop.shutdown_asyncgens())
    unit, samples = cpu / row.units * 1e6, found.total()
    print(f"{row.title}, {peer.name}: {unit:.1f} µs, {samples} samples")
    small = [place for place, count in found.items() if "/" in place and count < _ALONE * samples]
    found["langchain_glm, the rest"] = sum(found.pop(place) for place in small)
    for place, count in found.most_common():
        print(f"{count / samples * unit:8.2f} µs {count / samples:6.1%}  {place}")


if __name__ == "__main__":
    main()
