"""Many requests at once against a server that fails in every way: `make soak`.

The server runs in a process of its own and fails a share of the requests by plan. It notes what it did with each;
at the end its notes are held against what the callers got.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import multiprocessing
import os
import random
import re
import threading
import time
from array import array
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from langchain_glm import ChatGLM, GLMError, close_clients
from langchain_glm.testing import Fault, GLMServer, Reply, app
from langchain_glm.testing.ledger import Ledger, RecordedRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.connection import Connection

KEY: Final = "soak.key"
IDLE: Final = 15.0
"""Seconds of silence to bear: more than the machine needs at full load."""

FAULTS: Final = (
    Fault.code("1302"), Fault.code("1303"), Fault.code("1305", retry_after=1), Fault.code("1312"), Fault.code("1234"),
    Fault.code("500"), Fault.code("1113"), Fault.code("1308"), Fault.code("1301"), Fault.code("1261"),
    Fault.http(502), Fault.bare_string(), Fault.error_in_200("1305"),
    Fault.in_stream("1302", after=0), Fault.in_stream("1305", after=2, event=True), Fault.raw_line("500", after=1),
    Fault.cut(after=0), Fault.cut(after=2), Fault.truncated_frame(after=1), Fault.silence(IDLE * 2, after=1),
    Fault.reset(after=0), Fault.reset(after=2), Fault.half_reply(),
    Fault.finish("network_error"), Fault.finish("sensitive"), Fault.finish("model_context_window_exceeded"),
)  # fmt: skip

_NUMBER: Final = re.compile(r"request (\d+)\.")


@dataclass(slots=True)
class Notes:
    """What the server did with each request: `whole`, or the fault's name."""

    served: dict[int, list[str]] = field(default_factory=dict)
    peak_in_flight: int = 0


class _Book(Ledger):
    """A ledger that plans faults and keeps a word for each request instead of its body."""

    def __init__(self, share: float, seed: int) -> None:
        super().__init__(None)
        self._share = share
        self._random = random.Random(seed)
        self._now = "whole"
        self.notes = Notes()

    def next_reply(self, path: str) -> Reply | Fault | None:
        if self._random.random() >= self._share:
            self._now = "whole"
            return None
        fault = self._random.choice(FAULTS)
        self._now = f"finish {fault.reason}" if fault.kind == "finish" else fault.kind
        return fault

    def record(self, request: RecordedRequest) -> None:
        # The server's loop calls this right after `next_reply`, for the same request.
        found = _NUMBER.search(request.body["messages"][-1]["content"])
        assert found
        self.notes.served.setdefault(int(found[1]), []).append(self._now)


def _serve(pipe: Connection, share: float, seed: int, delay: float) -> None:
    parrot: Any = vars(app)["parrot_reply"]
    vars(app)["parrot_reply"] = lambda body, host: replace(parrot(body, host), delay=delay)  # many are in flight so
    server = GLMServer(api_key=KEY)
    book = server._ledger = _Book(share, seed)
    with server:
        pipe.send(server.base_url)
        pipe.recv()
        book.notes.peak_in_flight = book.peak_in_flight
        pipe.send(book.notes)


@dataclass(slots=True)
class Result:
    """The figures of one run."""

    requests: int
    seconds: float = 0.0
    answered: int = 0
    raised: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    sent_twice: list[int] = field(default_factory=list)
    mismatched: list[str] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    peak_in_flight: int = 0
    latencies: list[float] = field(default_factory=list)
    clean_latencies: list[float] = field(default_factory=list)
    memory: tuple[float, float] = (0.0, 0.0)
    files: tuple[int, int] = (0, 0)

    def show(self) -> str:
        """The figures as lines."""
        both = self.latencies, self.clean_latencies
        middle, late = ([_percentile(times, share) for times in both] for share in (0.5, 0.99))
        raised = ", ".join(f"{name} {count}" for name, count in sorted(self.raised.items()))
        return "\n".join(
            (
                f"requests            {self.requests}, {self.peak_in_flight} in flight at most",
                f"took                {self.seconds:.0f} s, {self.requests / self.seconds:.0f} requests a second",
                f"faults              {sum(self.faults.values())} of {len(self.faults)} kinds",
                f"answered            {self.answered}",
                f"raised, as planned  {sum(self.raised.values())}: {raised}",
                f"lost                {len(self.lost)} {self.lost[:3] or ''}",
                f"sent twice          {len(self.sent_twice)} {self.sent_twice[:3] or ''}",
                f"mismatched          {len(self.mismatched)} {self.mismatched[:3] or ''}",
                f"seconds, all        p50 {middle[0]:.2f}, p99 {late[0]:.2f}",
                f"seconds, no fault   p50 {middle[1]:.2f}, p99 {late[1]:.2f}",
                f"memory              {self.memory[0]:.1f} MiB after a tenth, {self.memory[1]:.1f} MiB at the end",
                f"file descriptors    {self.files[0]} before, {self.files[1]} after",
            )
        )


def _percentile(times: Sequence[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * share))] if times else 0.0


def _memory() -> float:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


class _Run:
    """The callers: a quarter are threads, the others tasks of one event loop; every other request is streamed."""

    def __init__(self, base_url: str, requests: int, in_flight: int) -> None:
        self.model = ChatGLM(
            model="glm-4.7", host="zai", base_url=base_url, api_key=KEY, max_concurrency=in_flight, max_retries=4,
            thinking=False, timeout={"idle": IDLE, "connect": 60},
        )  # fmt: skip
        self.in_flight = in_flight
        self.result = Result(requests)
        # of full length from the start: what is measured at the end is the model's memory, not these lists
        self.outcomes: list[str | None] = [None] * requests
        self.took = array("d", bytes(8 * requests))
        self._next = 0
        self._lock = threading.Lock()

    def take(self) -> int | None:
        with self._lock:
            number = self._next
            self._next += 1
            if number == self.result.requests // 10:
                self.result.memory = (_memory(), 0.0)
            return number if number < self.result.requests else None

    def note(self, number: int, begun: float, text: str, finish: str | None) -> None:
        self.took[number] = time.monotonic() - begun
        if finish != "stop":
            self.outcomes[number] = f"finish {finish}"
            return
        self.outcomes[number] = "whole"
        if _numbers(text) != {number}:
            self.result.mismatched.append(f"{number}: {text[:60]}")

    def failed(self, number: int, begun: float, error: Exception) -> None:
        self.took[number] = time.monotonic() - begun
        self.outcomes[number] = type(error).__name__
        if not isinstance(error, GLMError):
            self.result.lost.append(f"{number}: {error!r}")
        elif error.partial is not None and not _numbers(error.partial.text) <= {number}:
            self.result.mismatched.append(f"{number}: partial")

    def thread(self) -> None:
        while (number := self.take()) is not None:
            begun = time.monotonic()
            try:
                if number % 2:
                    answer: Any = self.model.invoke(_prompt(number))
                else:
                    answer = _sum(list(self.model.stream(_prompt(number))))
                self.note(number, begun, answer.text, answer.response_metadata.get("finish_reason"))
            except Exception as error:  # noqa: BLE001 - whatever it is, it is counted
                self.failed(number, begun, error)

    async def task(self) -> None:
        while (number := self.take()) is not None:
            begun = time.monotonic()
            try:
                if number % 2:
                    answer: Any = await self.model.ainvoke(_prompt(number))
                else:
                    answer = _sum([chunk async for chunk in self.model.astream(_prompt(number))])
                self.note(number, begun, answer.text, answer.response_metadata.get("finish_reason"))
            except Exception as error:  # noqa: BLE001 - whatever it is, it is counted
                self.failed(number, begun, error)

    def tasks(self, count: int) -> None:
        async def together() -> None:
            async with asyncio.TaskGroup() as group:
                for _ in range(count):
                    group.create_task(self.task())

        asyncio.run(together())


def _prompt(number: int) -> str:
    return f"This is request {number}. {'word ' * (number % 40)}"


def _numbers(text: str) -> set[int]:
    return {int(found) for found in _NUMBER.findall(text)}


def _sum(chunks: list[Any]) -> Any:
    total = chunks[0]
    return total + chunks[1:] if len(chunks) > 1 else total


_EXPECTED: Final[dict[str, tuple[str, ...]]] = {
    "code": ("GLM",), "http": ("GLMServer",), "bare_string": ("GLMRate",), "error_in_200": ("GLMOverloaded",),
    "in_stream": ("GLMRate", "GLMOverloaded"), "raw_line": ("GLMServer",), "cut": ("GLMConnection",),
    "truncated_frame": ("GLMStream",), "silence": ("GLMTimeout",), "reset": ("GLMConnection",),
    "half_reply": ("GLMConnection",), "finish network_error": ("GLMServer",), "finish sensitive": ("finish ",),
    "finish model_context_window_exceeded": ("finish ", "GLMContext"), "whole": ("whole",),
}  # fmt: skip
"""What the last thing that the server did with a request may have led to."""

_FINAL: Final = ("whole", "finish sensitive", "finish model_context_window_exceeded")
"""What ends a request: nothing is asked again after it."""


def compare(result: Result, outcomes: Sequence[str | None], took: Sequence[float], notes: Notes) -> None:
    """Hold what the callers got against what the server did."""
    for number in range(result.requests):
        outcome, served = outcomes[number], notes.served.get(number, [])
        if outcome is None or not served or not outcome.startswith(_EXPECTED[served[-1]]):
            result.lost.append(f"{number}: {outcome} after {served}")
        elif outcome == "whole":
            result.answered += 1
        else:
            result.raised[outcome] += 1
        if any(word in _FINAL for word in served[:-1]):
            result.sent_twice.append(number)
        result.faults.update(word for word in served if word != "whole")
        result.latencies.append(took[number])
        if served == ["whole"]:
            result.clean_latencies.append(took[number])
    result.peak_in_flight = notes.peak_in_flight


def run(requests: int, in_flight: int, *, share: float = 0.05, seed: int = 1, delay: float = 0.0) -> Result:
    """Send the requests to a server that thinks for `delay` seconds each time; return the figures."""
    context = multiprocessing.get_context("spawn")
    pipe, other = context.Pipe()
    server = context.Process(target=_serve, args=(other, share, seed, delay), daemon=True)
    server.start()
    try:
        callers = _Run(pipe.recv(), requests, in_flight)
        result, files = callers.result, _files()
        threads = max(1, in_flight // 4)
        work: list[Callable[[], None]] = [callers.thread] * threads
        begun = time.monotonic()
        with ThreadPoolExecutor(threads + 1) as pool:
            ends = [pool.submit(callers.tasks, in_flight - threads), *(pool.submit(each) for each in work)]
            for end in ends:
                end.result()
        result.seconds = time.monotonic() - begun
        close_clients()
        result.memory = (result.memory[0], _memory())
        result.files = (files, _files())
        pipe.send("enough")
        compare(result, callers.outcomes, callers.took, pipe.recv())
    finally:
        server.join(10)
        if server.is_alive():
            server.terminate()
        pipe.close()
        other.close()
    return result


def main() -> None:
    """Print the figures; end with 1 if a request was lost, sent twice or answered with another's reply."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=50_000)
    parser.add_argument("--in-flight", type=int, default=256)
    parser.add_argument("--faults", type=float, default=0.05)
    parser.add_argument("--delay", type=float, default=0.8, help="seconds that the server thinks (default: 0.8)")
    options = parser.parse_args()
    result = run(options.requests, options.in_flight, share=options.faults, delay=options.delay)
    print(result.show())
    raise SystemExit(bool(result.lost or result.sent_twice or result.mismatched))


if __name__ == "__main__":
    main()
