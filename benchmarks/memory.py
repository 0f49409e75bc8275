"""Whether calls leave memory behind, measured in a separate process that `measure_memory` starts."""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.goals import CACHES, LEAK, RSS, Verdict
from benchmarks.inputs import MESSAGE, make_tool
from benchmarks.peers import PEERS
from benchmarks.works import Work

if TYPE_CHECKING:
    from benchmarks.loopback import Loopback

__all__ = ["measure_memory", "verdict"]

_CHECKPOINTS = 5
_PAGE = os.sysconf("SC_PAGE_SIZE")


def measure_memory(peer: str, server: Loopback, calls: int) -> dict[str, Any]:
    """Make many calls of every kind in a new process.

    Returns:
        `calls`; `blocks` and `rss` (bytes) after each fifth of them; the first fifth is the warm-up.
    """
    command = [sys.executable, "-m", "benchmarks.memory", "--peer", peer, "--root", server.root, "--calls", str(calls)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def verdict(found: dict[str, Any]) -> Verdict:
    """Whether memory stays the same."""
    counted = found["calls"] * (_CHECKPOINTS - 1) / _CHECKPOINTS
    blocks = found["blocks"][-1] - found["blocks"][0]
    allowed = CACHES + LEAK * counted
    grown = found["rss"][-1] - found["rss"][0]
    return Verdict(
        f"memory over {found['calls']:,} calls (invoke, stream, ainvoke, a new tool bound each time)",
        f"≤ {allowed:.0f} blocks",
        f"{blocks:+,} blocks, {grown / 2**20:+.2f} MiB (≤ {RSS / 2**20:.0f} MiB)",
        blocks <= allowed and grown <= RSS,
    )


class _Server:
    """A server that another process has started."""

    def __init__(self, root: str) -> None:
        self.root = root

    def url(self, work: Work, dialect: str = "glm") -> str:
        return f"{self.root}/{dialect}/{work}"


def _main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("--peer", "--root", "--calls"):
        parser.add_argument(name, required=True)
    given = parser.parse_args()
    calls = int(given.calls)
    peer = next(peer for peer in PEERS if peer.name == given.peer)
    server: Any = _Server(given.root)
    reply, text = peer.make(server, Work("reply")), peer.make(server, Work("text", 20))
    taken: dict[str, list[int]] = {"blocks": [], "rss": []}
    with asyncio.Runner() as runner:
        for _ in range(_CHECKPOINTS):
            for number in range(calls // _CHECKPOINTS // 4):
                reply.invoke(MESSAGE)
                list(text.stream(MESSAGE))
                runner.run(reply.ainvoke(MESSAGE))
                reply.bind_tools([make_tool(number)]).invoke(MESSAGE)
            gc.collect()
            taken["blocks"].append(sys.getallocatedblocks())
            taken["rss"].append(int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE)
    sys.stdout.write(json.dumps({"calls": calls, **taken}) + "\n")


if __name__ == "__main__":
    _main()
