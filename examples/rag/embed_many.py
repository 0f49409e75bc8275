"""Many texts as vectors through Ray Data: several worker processes share one limit on requests in flight.

The script runs against the embedded server, which waits before each answer and refuses requests beyond the limit:

    pip install "langchain-zai-glm[testing]" "ray[data]"
    PYTHONPATH=examples python examples/rag/embed_many.py --texts 20000
"""

from __future__ import annotations

import argparse
import faulthandler
import os
import tempfile
import time
from typing import Any

from on_ray import map_on_ray
from shared_limit import SQLiteLimiter

from langchain_glm import GLMEmbeddings
from langchain_glm.testing import Fault, GLMServer

_DIMENSIONS = 64


class Embed:
    """A worker that embeds batches of texts; Ray makes one in each process."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.embeddings = GLMEmbeddings(**settings)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        texts = [str(text) for text in batch["item"]]
        vectors = self.embeddings.embed_documents(texts)
        return {"text": texts, "vector": vectors, "process": [os.getpid()] * len(texts)}


def main() -> None:
    """Embed the texts; print and check the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=20_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--limit", type=int, default=4)
    parser.add_argument("--delay", type=float, default=0.1, help="seconds before each answer (default: 0.1)")
    parser.add_argument("--longest", type=float, default=900, help="seconds until the script gives up (default: 900)")
    options = parser.parse_args()
    faulthandler.dump_traceback_later(options.longest, exit=True)  # Ray's processes end with this one
    texts = [f"Passage number {number} of the corpus." for number in range(options.texts)]
    with GLMServer("bigmodel", max_in_flight=options.limit) as server, tempfile.TemporaryDirectory() as folder:
        server.queue(*[Fault.silence(options.delay)] * len(texts), path="/embeddings")  # then the usual answer
        settings: dict[str, Any] = {
            "base_url": server.base_url,
            "api_key": server.api_key,
            "host": "bigmodel",
            "dimensions": _DIMENSIONS,
            "max_concurrency": SQLiteLimiter(f"{folder}/limit.db", options.limit, longest=60),
        }
        begun = time.monotonic()
        rows = map_on_ray(Embed, texts, settings, options.processes, batch_size=512)
        seconds = time.monotonic() - begun
        vectors = {row["text"]: list(row["vector"]) for row in rows}
        sample = texts[:: max(1, len(texts) // 50)]
        again = GLMEmbeddings(**{**settings, "max_concurrency": 1}).embed_documents(sample)
    requests = server.requests
    refused = sum(request.status == 429 for request in requests)
    matched = sum(vectors.get(text) == vector for text, vector in zip(sample, again, strict=True))
    workers = len({row["process"] for row in rows})
    print(f"{len(rows)} texts in {len(requests)} requests, {workers} processes, {seconds:.0f} s")
    print(
        f"{server.peak_in_flight} in flight at most, {refused} refused; {matched} of {len(sample)} samples are the same"
    )
    checks = {
        "each text has its own vector": len(vectors) == len(rows) == len(texts),
        "the vectors are in the order of the texts": matched == len(sample),
        "all processes took part": workers == options.processes,
        "the limit was reached": server.peak_in_flight == options.limit,
        "no request was refused": refused == 0,
    }
    untrue = [check for check, holds in checks.items() if not holds]
    if untrue:
        raise SystemExit(f"Not true: {'; '.join(untrue)}.")


if __name__ == "__main__":
    main()
