"""Many prompts through Ray Data: several worker processes, one limit on requests in flight.

Without a key it runs against the embedded server, which refuses every request beyond the limit:

    pip install "langchain-zai-glm[testing]" "ray[data]"
    python examples/ray_data.py --prompts 10000
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from shared_limit import SQLiteLimiter

from langchain_glm import ChatGLM
from langchain_glm.testing import GLMServer


class Ask:
    """One worker: answers batches of prompts. Ray makes one in each process."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.model = ChatGLM(**settings)
        self.loop = asyncio.new_event_loop()

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        answers = self.loop.run_until_complete(self.model.abatch([str(prompt) for prompt in batch["prompt"]]))
        return {
            "prompt": batch["prompt"],
            "answer": [answer.text for answer in answers],
            "process": [os.getpid()] * len(answers),
        }


def ask_all(prompts: list[str], settings: dict[str, Any], processes: int) -> list[dict[str, Any]]:
    """Return prompt, answer and process of each prompt."""
    import ray

    here = str(Path(__file__).parent)
    ray.init(
        num_cpus=processes,
        include_dashboard=False,
        logging_level=logging.ERROR,
        log_to_driver=False,
        runtime_env={"env_vars": {"PYTHONPATH": os.pathsep.join([here, os.environ.get("PYTHONPATH", "")])}},
    )
    try:
        ray.data.DataContext.get_current().enable_progress_bars = False
        rows = ray.data.from_items([{"prompt": prompt} for prompt in prompts], override_num_blocks=processes * 4)
        answers = rows.map_batches(
            Ask,
            fn_constructor_args=[settings],
            batch_size=16,
            compute=ray.data.ActorPoolStrategy(size=processes),
        )
        return list(answers.take_all())
    finally:
        ray.shutdown()


def main() -> None:
    """Send the prompts; print and check the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--limit", type=int, default=8)
    options = parser.parse_args()
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    prompts = [f"This is prompt {number}." for number in range(options.prompts)]
    with GLMServer(max_in_flight=options.limit) as server, tempfile.TemporaryDirectory() as folder:
        settings = {
            "model": "glm-4.7",
            "host": "zai",
            "base_url": server.base_url,
            "api_key": server.api_key,
            "thinking": False,
            "max_concurrency": SQLiteLimiter(f"{folder}/limit.db", options.limit),
        }
        begun = time.monotonic()
        rows = ask_all(prompts, settings, options.processes)
        seconds = time.monotonic() - begun
        refused = sum(request.status == 429 for request in server.requests)
        matched = sum(row["prompt"] in row["answer"] for row in rows)
        workers = len({row["process"] for row in rows})
        print(f"{len(rows)} prompts, {matched} matching answers, {workers} processes, {seconds:.0f} s")
        print(f"{server.peak_in_flight} in flight at most, {refused} refused, {len(server.requests)} requests")
        if not (matched == len(rows) == options.prompts == len(server.requests) and refused == 0):
            raise SystemExit(1)


if __name__ == "__main__":
    main()
