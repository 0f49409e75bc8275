"""Whether a chunk is passed on as soon as its bytes have arrived: the server holds back the second frame until told."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from benchmarks.goals import FIRST_CHUNK, Verdict
from benchmarks.inputs import MESSAGE
from benchmarks.peers import OURS
from benchmarks.works import Work

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from benchmarks.loopback import Loopback
    from benchmarks.peers import Peer

__all__ = ["measure_first_chunk", "verdicts"]

_WORK = Work("held")


def measure_first_chunk(
    peers: Sequence[Peer], server: Loopback, loop: asyncio.AbstractEventLoop
) -> dict[str, dict[str, float | str]]:
    """Return peer → `stream` and `astream` → wall seconds until the first chunk, or why there are none."""
    found: dict[str, dict[str, float | str]] = {}
    for peer in peers:
        if "first-chunk" in peer.unable:
            found[peer.name] = {"unable": peer.unable["first-chunk"]}
            continue
        try:
            _sync(peer, server)  # opens connections, which later calls share
            found[peer.name] = {
                "stream": _sync(peer, server),
                "astream": loop.run_until_complete(_async(peer, server)),
            }
        except Exception as error:  # noqa: BLE001 - whatever a peer raises is its result
            found[peer.name] = {"unable": f"{type(error).__name__}: {error}"[:200]}
    return found


def _sync(peer: Peer, server: Loopback) -> float:
    model = peer.make(server, _WORK)
    begin = time.perf_counter()
    chunks = model.stream(MESSAGE)
    next(chunk for chunk in chunks if _says(chunk))
    seconds = time.perf_counter() - begin
    server.release()
    list(chunks)
    return seconds


async def _async(peer: Peer, server: Loopback) -> float:
    model = peer.make(server, _WORK)
    begin = time.perf_counter()
    chunks = model.astream(MESSAGE)
    async for chunk in chunks:
        if _says(chunk):
            break
    seconds = time.perf_counter() - begin
    server.release()
    async for _ in chunks:
        pass
    return seconds


def _says(chunk: object) -> bool:
    """Whether a chunk holds text; some peers begin with an empty one."""
    return bool(chunk if isinstance(chunk, bytes) else getattr(chunk, "content", None))


def verdicts(found: dict[str, dict[str, float | str]]) -> list[Verdict]:
    """Whether ChatGLM passes the first chunk on at once."""
    return [
        Verdict(
            f"first chunk comes while the second is held back, {way}",
            f"≤ {FIRST_CHUNK * 1e3:.0f} ms",
            f"{seconds * 1e3:.1f} ms" if isinstance(seconds, float) else seconds,
            isinstance(seconds, float) and seconds <= FIRST_CHUNK,
        )
        for way, seconds in found.get(OURS.name, {}).items()
    ]
