"""What embeddings cost, by client: `python -m benchmarks.embeddings [--texts 10000] [--memory 100000]`.

A request is answered after 100 ms (`--latency`), so that the number of requests in flight matters. All clients send 64
texts of 500 characters in a request, and get 2,048 numbers for each.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx
import orjson

from benchmarks.loopback import Loopback
from benchmarks.measure import Samples, spread
from langchain_glm import GLMEmbeddings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Embed = Callable[[str, list[str], int], list[list[float]]]

_SIZE: Final = 64
_SENTENCE: Final = "An invoice is sent by e-mail at the end of each month to the address in the account. "
_RESULTS: Final = Path(__file__).parent / "results" / "embeddings.json"


def make_text(number: int) -> str:
    """A text of 500 characters."""
    return f"{number:08d} {_SENTENCE * 6}"[:500]


def glm(url: str, texts: list[str], in_flight: int) -> list[list[float]]:
    """GLMEmbeddings."""
    return _glm(url, in_flight).embed_documents(texts)


def glm_async(url: str, texts: list[str], in_flight: int) -> list[list[float]]:
    """GLMEmbeddings, async."""
    return asyncio.run(_glm(url, in_flight).aembed_documents(texts))


def _glm(url: str, in_flight: int) -> GLMEmbeddings:
    return GLMEmbeddings(base_url=url, api_key="key", max_concurrency=in_flight)


def openai(url: str, texts: list[str], in_flight: int) -> list[list[float]]:
    """OpenAIEmbeddings; it sends one request after the other, so several calls are made in threads."""
    with ThreadPoolExecutor(in_flight) as pool:
        return _joined(pool.map(_openai(url).embed_documents, _slices(texts, in_flight)))


def openai_async(url: str, texts: list[str], in_flight: int) -> list[list[float]]:
    """OpenAIEmbeddings, async."""

    async def run() -> list[list[float]]:
        model = _openai(url)
        return _joined(await asyncio.gather(*map(model.aembed_documents, _slices(texts, in_flight))))

    return asyncio.run(run())


def _openai(url: str) -> Any:
    peer = import_module("langchain_openai").OpenAIEmbeddings  # not where the memory of GLMEmbeddings is measured
    return peer(model="embedding-3", base_url=url, api_key="key", chunk_size=_SIZE, check_embedding_ctx_length=False)


def by_hand(url: str, texts: list[str], in_flight: int) -> list[list[float]]:
    """The loop over httpx that people write by hand, in threads."""
    batches = [texts[start : start + _SIZE] for start in range(0, len(texts), _SIZE)]
    with (
        httpx.Client(headers={"Authorization": "Bearer key"}, timeout=60) as client,
        ThreadPoolExecutor(in_flight) as pool,
    ):

        def embed(batch: list[str]) -> list[list[float]]:
            response = client.post(f"{url}/embeddings", json={"model": "embedding-3", "input": batch})
            response.raise_for_status()
            return [item["embedding"] for item in sorted(response.json()["data"], key=lambda item: item["index"])]

        return _joined(pool.map(embed, batches))


def _slices(texts: list[str], count: int) -> list[list[str]]:
    size = -(-len(texts) // count)
    return [texts[start : start + size] for start in range(0, len(texts), size)]


def _joined(parts: Any) -> list[list[float]]:
    return [vector for part in parts for vector in part]


PEERS: Final[dict[str, Embed]] = {
    "OpenAIEmbeddings": openai,
    "GLMEmbeddings": glm,
    "httpx by hand": by_hand,
    "OpenAIEmbeddings async": openai_async,
    "GLMEmbeddings async": glm_async,
}


def compare(
    root: str, texts: list[str], peers: Sequence[str], flights: Sequence[int], rounds: int
) -> list[dict[str, Any]]:
    """CPU and wall seconds for each peer and number of requests in flight, medians over the rounds."""
    samples = {(name, in_flight): Samples() for in_flight in flights for name in peers}
    for name in peers:
        PEERS[name](root, texts[:_SIZE], 1)  # imports and first connections
    for _ in range(rounds):
        for (name, in_flight), taken in samples.items():
            gc.collect()
            wall, cpu = time.perf_counter(), time.process_time()
            count = len(PEERS[name](root, texts, in_flight))
            taken.cpu.append(time.process_time() - cpu)
            taken.wall.append(time.perf_counter() - wall)
            assert count == len(texts)
    return [
        {
            "peer": name,
            "in_flight": in_flight,
            "cpu_us_per_text": taken.cpu_spread().median / len(texts) * 1e6,
            "wall_s": taken.wall_spread().median,
        }
        for (name, in_flight), taken in samples.items()
    ]


def reading(root: str) -> dict[str, float]:
    """Milliseconds to transfer and to parse the reply to 64 texts, which no client can avoid."""
    body = json.dumps({"model": "embedding-3", "input": [make_text(number) for number in range(_SIZE)]}).encode()
    with httpx.Client() as client:
        url = f"{root}/embeddings"
        reply = client.post(url, content=body).content
        found = {"reply_bytes": float(len(reply))}
        works: dict[str, Callable[[], object]] = {
            "httpx_ms": lambda: client.post(url, content=body).content,
            "orjson_ms": lambda: orjson.loads(reply),
            "json_ms": lambda: json.loads(reply),
        }
        for name, work in works.items():
            seconds = []
            for _ in range(9):
                began = time.process_time()
                work()
                seconds.append(time.process_time() - began)
            found[name] = spread(seconds).median * 1e3
    return found


def memory(root: str, count: int) -> list[float]:
    """Peak MiB of a new process after each tenth of many texts, read from an iterator; vectors have 256 numbers."""
    command = [sys.executable, "-m", "benchmarks.embeddings", "--child", root, "--memory", str(count)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [float(value) for value in done.stdout.split()]


def _child(root: str, count: int) -> None:
    embeddings = GLMEmbeddings(base_url=root, api_key="key", dimensions=256)
    texts: Iterator[str] = map(make_text, range(count))
    with closing(embeddings.lazy_embed_documents(texts)) as vectors:  # type: ignore[type-var]
        for _ in range(10):
            taken = sum(1 for _ in islice(vectors, count // 10))
            assert taken == count // 10
            sys.stdout.write(f"{_peak():.1f}\n")


def _peak() -> float:
    """The peak memory of this process in MiB; `ru_maxrss` would count that of its parent too."""
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def main() -> None:
    """Measure and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=10_000)
    parser.add_argument("--peers", nargs="+", default=list(PEERS), choices=PEERS, metavar="NAME")
    parser.add_argument("--in-flight", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--latency", type=int, default=100, help="milliseconds until the server answers a request")
    parser.add_argument(
        "--memory", type=int, default=100_000, help="number of texts for the memory measurement; 0 skips it"
    )
    parser.add_argument("--child", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        _child(given.child, given.memory)
        return
    texts = [make_text(number) for number in range(given.texts)]
    with Loopback() as server:
        root = f"{server.root}/embed/{given.latency}"
        read = reading(f"{server.root}/embed/0")
        rows = compare(root, texts, given.peers, given.in_flight, given.rounds)
        peaks = memory(f"{server.root}/embed/0", given.memory) if given.memory else []
    _RESULTS.parent.mkdir(exist_ok=True)
    _RESULTS.write_text(json.dumps({"given": vars(given), "reading": read, "rows": rows, "peaks": peaks}, indent=1))
    sys.stdout.write(f"one reply: {read}\n\n| in flight | | CPU a text | wall |\n|---|---|---|---|\n")
    for row in rows:
        sys.stdout.write(
            f"| {row['in_flight']} | {row['peer']} | {row['cpu_us_per_text']:.0f} µs | {row['wall_s']:.1f} s |\n"
        )
    sys.stdout.write(f"\npeak memory in MiB after each tenth of {given.memory:,} texts: {peaks}\n")


if __name__ == "__main__":
    main()
