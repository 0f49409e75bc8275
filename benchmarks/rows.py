"""The rows of the table: each makes a run of a model."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from benchmarks.inputs import HISTORY, MESSAGE, edit_file, tools, write_file
from benchmarks.measure import Run, repeat, repeat_async
from benchmarks.works import REPLY, Work

__all__ = [
    "Prepare",
    "Row",
    "Sizes",
    "astream",
    "astream_arguments",
    "langgraph",
    "rows",
    "stream",
    "stream_arguments",
    "v3",
    "v3_async",
]

Make = Callable[[], Any]
Prepare = Callable[[Make, asyncio.AbstractEventLoop], Run]


@dataclass(frozen=True, slots=True)
class Row:
    """One work.

    Args:
        name: for `--only` and in JSON.
        title: for the table.
        work: what the server answers.
        prepare: makes the run of a model; this preparation is not measured.
        units: how many calls or chunks the work has; the figures are for one of them.
        least: the minimum that a run must return (bytes or chunks) if it has done the work.
    """

    name: str
    title: str
    work: Work
    prepare: Prepare
    units: int = 1
    least: int = len(REPLY)


@dataclass(frozen=True, slots=True)
class Sizes:
    """The size of each work."""

    chunks: int = 2_000
    fragments: int = 200
    batch: int = 1_000
    reply: int = 400_000


def rows(sizes: Sizes) -> tuple[Row, ...]:
    """All rows, in the order of the table."""
    reply, text, arguments = Work("reply"), Work("text", sizes.chunks), Work("tools", sizes.fragments)
    big = Work("reply", sizes.reply)
    n, m = sizes.chunks, sizes.fragments
    return (
        Row("invoke", "invoke, 1 message", reply, _invoke(MESSAGE)),
        Row("history", "invoke, 200-message history", reply, _invoke(HISTORY)),
        Row("tools-once", "invoke, 100 tools bound once", reply, _tools_once),
        Row("tools-each-turn", "bind_tools(100) + invoke, each turn", reply, _tools_each_turn),
        Row("big-reply", f"invoke, {sizes.reply // 1000} KB reply", big, _invoke(MESSAGE), least=sizes.reply // 2),
        Row("ainvoke", "ainvoke, 1 message", reply, _ainvoke),
        Row("stream", f"stream, each of {n:,} chunks", text, stream, n, n),
        Row("astream", f"astream, each of {n:,} chunks", text, astream, n, n),
        Row("tool-stream", f"streamed tool arguments, {m:,} fragments", arguments, stream_arguments, m, m),
        Row("langgraph", 'LangGraph stream_mode="messages"', text, langgraph, n, n),
        Row("v3", "v3 events, sync", text, v3, n, n),
        Row("v3-async", "v3 events, async", text, v3_async, n, n),
        Row("concurrent-16", "16 concurrent ainvoke, per request", reply, _concurrent(16), 16),
        Row("concurrent-128", "128 concurrent ainvoke, per request", reply, _concurrent(128), 128),
        Row("concurrent-1024", "1,024 concurrent ainvoke, per request", reply, _concurrent(1024), 1024),
        Row("abatch", f"abatch of {sizes.batch:,}, per request", reply, _abatch(sizes.batch), sizes.batch),
        Row("construct", "construct a model", reply, _construct, least=1),
    )


def _count(pieces: Iterable[Any]) -> int:
    return sum(1 for _ in pieces)


def _invoke(messages: list[Any]) -> Prepare:
    def prepare(make: Make, _: asyncio.AbstractEventLoop) -> Run:
        model = make()
        return repeat(lambda: len(model.invoke(messages).content))

    return prepare


def _tools_once(make: Make, _: asyncio.AbstractEventLoop) -> Run:
    offered = tools()  # kept as in an agent; else freeing 100 classes would be measured with the calls
    model = make().bind_tools(offered)
    return repeat(lambda: len(model.invoke(MESSAGE).content) + 0 * len(offered))


def _tools_each_turn(make: Make, _: asyncio.AbstractEventLoop) -> Run:
    model, offered = make(), tools()
    return repeat(lambda: len(model.bind_tools(offered).invoke(MESSAGE).content))


def _ainvoke(make: Make, loop: asyncio.AbstractEventLoop) -> Run:
    model = make()

    async def call() -> int:
        return len((await model.ainvoke(MESSAGE)).content)

    return repeat_async(loop, call)


def stream(make: Make, _: asyncio.AbstractEventLoop) -> Run:
    """Read a stream with `stream`."""
    model = make()
    return repeat(lambda: _count(model.stream(MESSAGE)))


def stream_arguments(make: Make, _: asyncio.AbstractEventLoop) -> Run:
    """Read a stream of tool arguments with `stream`, with the tool bound."""
    model = make().bind_tools([write_file, edit_file])
    return repeat(lambda: _count(model.stream(MESSAGE)))


def astream_arguments(make: Make, loop: asyncio.AbstractEventLoop) -> Run:
    """Read a stream of tool arguments with `astream`, with the tool bound."""
    return astream(lambda: make().bind_tools([write_file, edit_file]), loop)


def astream(make: Make, loop: asyncio.AbstractEventLoop) -> Run:
    """Read a stream with `astream`."""
    model = make()

    async def call() -> int:
        return sum([1 async for _ in model.astream(MESSAGE)])

    return repeat_async(loop, call)


def langgraph(make: Make, _: asyncio.AbstractEventLoop) -> Run:
    """Read a stream through a graph of one node."""
    from langgraph.graph import MessagesState, StateGraph

    model = make()
    graph = StateGraph(MessagesState)
    graph.add_node("model", lambda state: {"messages": [model.invoke(state["messages"])]})
    graph.set_entry_point("model")
    compiled: Any = graph.compile()
    return repeat(lambda: _count(compiled.stream({"messages": MESSAGE}, stream_mode="messages")))


def v3(make: Make, _: asyncio.AbstractEventLoop) -> Run:
    """Read a stream with `stream_events(version="v3")`."""
    model = make()
    return repeat(lambda: _count(model.stream_events(MESSAGE, version="v3")))


def v3_async(make: Make, loop: asyncio.AbstractEventLoop) -> Run:
    """Read a stream with `astream_events(version="v3")`."""
    model = make()

    async def call() -> int:
        return sum([1 async for _ in await model.astream_events(MESSAGE, version="v3")])

    return repeat_async(loop, call)


def _concurrent(number: int) -> Prepare:
    def prepare(make: Make, loop: asyncio.AbstractEventLoop) -> Run:
        model = make()

        async def call() -> int:
            answers = await asyncio.gather(*(model.ainvoke(MESSAGE) for _ in range(number)))
            return min(len(answer.content) for answer in answers)

        return repeat_async(loop, call)

    return prepare


def _abatch(number: int) -> Prepare:
    def prepare(make: Make, loop: asyncio.AbstractEventLoop) -> Run:
        model, inputs = make(), [MESSAGE] * number

        async def call() -> int:
            return min(len(answer.content) for answer in await model.abatch(inputs))

        return repeat_async(loop, call)

    return prepare


def _construct(make: Make, _: asyncio.AbstractEventLoop) -> Run:
    return repeat(lambda: 1 if make() else 0)
