"""Many prompts through Ray Data: several worker processes share one limit on requests in flight.

The script runs against the embedded server, which waits before each answer and refuses requests beyond the limit:

    pip install "langchain-zai-glm[testing]" "ray[data]"
    python examples/ray_data.py --prompts 10000
"""

from __future__ import annotations

import argparse
import asyncio
import faulthandler
import os
import tempfile
import time
from typing import Any

from on_ray import map_on_ray
from shared_limit import SQLiteLimiter

from langchain_glm import ChatGLM
from langchain_glm.testing import Fault, GLMServer


class Ask:
    """A worker that answers batches of prompts; Ray makes one per process."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.model = ChatGLM(**settings)
        self.loop = asyncio.new_event_loop()

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        answers = self.loop.run_until_complete(self.model.abatch([str(prompt) for prompt in batch["item"]]))
        return {
            "prompt": batch["item"],
            "answer": [answer.text for answer in answers],
            "process": [os.getpid()] * len(answers),
        }


def main() -> None:
    """Send the prompts; print and check the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--limit", type=int, default=8)
    parser.add_argument(
        "--delay", type=float, default=0.1, help="seconds that the server waits before it answers (default: 0.1)"
    )
    parser.add_argument(
        "--longest", type=float, default=900, help="seconds after which the script gives up (default: 900)"
    )
    options = parser.parse_args()
    faulthandler.dump_traceback_later(options.longest, exit=True)  # Ray's processes end with this one
    prompts = [f"This is prompt {number}." for number in range(options.prompts)]
    slow = [Fault.silence(options.delay, after=0)] * len(prompts)  # then the usual answer, which repeats the prompt
    with (
        GLMServer(max_in_flight=options.limit, replies=slow) as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        settings = {
            "model": "glm-4.7",
            "host": "zai",
            "base_url": server.base_url,
            "api_key": server.api_key,
            "thinking": False,
            "max_concurrency": SQLiteLimiter(f"{folder}/limit.db", options.limit, longest=60),
        }
        begun = time.monotonic()
        rows = map_on_ray(Ask, prompts, settings, options.processes, batch_size=options.limit * 2)
        seconds = time.monotonic() - begun
    requests = server.requests
    refused = sum(request.status == 429 for request in requests)
    matched = len({row["prompt"] for row in rows if row["prompt"] in row["answer"]})
    workers = len({row["process"] for row in rows})
    print(f"{len(rows)} prompts, {matched} matching answers, {workers} processes, {seconds:.0f} s")
    print(f"{server.peak_in_flight} in flight at most, {refused} refused, {len(requests)} requests")
    checks = {
        "each prompt has its own answer": matched == len(rows) == len(prompts),
        "all processes took part": workers == options.processes,
        "each prompt was sent once": len(requests) == len(prompts),
        "the limit was reached": server.peak_in_flight == options.limit,
        "no request was refused": refused == 0,
    }
    untrue = [check for check, holds in checks.items() if not holds]
    if untrue:
        raise SystemExit(f"Not true: {'; '.join(untrue)}.")


if __name__ == "__main__":
    main()
