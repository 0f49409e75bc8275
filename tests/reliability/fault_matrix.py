"""What every fault of the test server leads to, as data: `python -m tests.reliability.fault_matrix` prints it.

Each fault is queued twice and `max_retries` is 1: two requests mean that it was tried again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from langchain_glm.testing import Fault, Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

REPLY: Final = Reply("one two three four", reasoning="so it is", chunk_size=4)
"""Two events of reasoning, five of text, and the final one."""

PLACES: Final = {"first byte": 0, "middle": 4, "end": 99}
"""Where a reply breaks: after how many of its events. The final one never gets through."""

CAME: Final = {"first byte": "", "middle": "one two ", "end": "one two three four"}
"""The text that has arrived by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a caller gets.

    Args:
        error: the exception's class; `None` for an ordinary reply.
        code: its business code.
        requests: how many were sent.
        partial: the text that the exception brings along; `None` where nothing is streamed.
        finish_reason: of an ordinary reply.
    """

    error: str | None = None
    code: str | None = None
    requests: int = 1
    partial: str | None = None
    finish_reason: str | None = None

    def __str__(self) -> str:
        if self.error is None:
            return f'a reply with `finish_reason` `"{self.finish_reason}"`'
        code = f" {self.code}" if self.code else ""
        again = "tried again" if self.requests == 2 else "sent once"
        return f"`{self.error}`{code}, {again}{', partial' if self.partial else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One fault at one place.

    Args:
        name: how it is made, as in a test.
        fault: the fault.
        place: where it happens.
        whole: what `invoke` and `ainvoke` lead to.
        streamed: what `stream`, `astream` and v3 events lead to.
    """

    name: str
    fault: Fault
    place: str
    whole: Outcome
    streamed: Outcome


def refused(name: str, fault: Fault, error: str, code: str | None, requests: int) -> Row:
    """A fault that comes in place of a reply, streamed or not."""
    return Row(
        name=name,
        fault=fault,
        place="instead",
        whole=Outcome(error=error, code=code, requests=requests),
        streamed=Outcome(error=error, code=code, requests=requests, partial=""),
    )


def finished(reason: str, fault: Fault) -> Row:
    """A finish reason that says that the reply was cut short; it is passed on as it is."""
    outcome = Outcome(finish_reason=reason)
    return Row(name=f'finish("{reason}")', fault=fault, place="end", whole=outcome, streamed=outcome)


def broken(name: str, error: str, code: str | None = None, *, retried: bool = True) -> Iterator[Row]:
    """A fault in the course of a reply: tried again only as long as nothing of it has been given out."""
    for place, after in PLACES.items():
        first = place == "first byte"
        yield Row(
            name=name,
            fault=_at(name, code or "", after),
            place=place,
            whole=Outcome(error=error, code=code, requests=1 + retried),
            streamed=Outcome(error=error, code=code, requests=1 + (retried and first), partial=CAME[place]),
        )


def _at(name: str, code: str, after: int) -> Fault:
    match name.partition("(")[0]:
        case "in_stream":
            return Fault.in_stream(code, after=after, event="event" in name, reply=REPLY)
        case "raw_line":
            return Fault.raw_line(code, after=after, reply=REPLY)
        case "cut":
            return Fault.cut(after=after, reply=REPLY)
        case "truncated_frame":
            return Fault.truncated_frame(after=after, reply=REPLY)
        case "silence":
            return Fault.silence(60, after=after, reply=REPLY)
        case _:
            return Fault.reset(after=after, reply=REPLY)


_CODES: Final = {
    "GLMRateLimitError": (2, ("1302", "1303")),
    "GLMOverloadedError": (2, ("1305", "1312")),
    "GLMServerError": (2, ("500", "1120", "1200", "1230", "1234")),
    "GLMAuthenticationError": (1, ("1000", "1001", "1002", "1003", "1004")),
    "GLMBalanceError": (1, ("1113", "1309")),
    "GLMQuotaError": (1, ("1304", "1308", "1310", "1316", "1317")),
    "GLMPermissionError": (1, ("1110", "1220", "1311", "1313")),
    "GLMNotFoundError": (1, ("1211",)),
    "GLMInvalidRequestError": (1, ("1210", "1214", "1231", "9999")),
    "GLMContextOverflowError": (1, ("1261",)),
    "GLMContentFilterError": (1, ("1300", "1301")),
}

ROWS: Final = (
    *(
        refused(f'code("{code}")', Fault.code(code), error, code, requests)
        for error, (requests, codes) in _CODES.items()
        for code in codes
    ),
    refused("http(502)", Fault.http(502), "GLMServerError", None, 2),
    refused("http(529)", Fault.http(529), "GLMOverloadedError", None, 2),
    refused("http(404)", Fault.http(404), "GLMNotFoundError", None, 1),
    refused("http(200)", Fault.http(200), "GLMServerError", None, 2),
    refused("bare_string()", Fault.bare_string(), "GLMRateLimitError", None, 2),
    refused('error_in_200("1305")', Fault.error_in_200("1305"), "GLMOverloadedError", "1305", 2),
    refused('error_in_200("1113")', Fault.error_in_200("1113"), "GLMBalanceError", "1113", 1),
    *broken('in_stream("1305")', "GLMOverloadedError", "1305"),
    *broken('in_stream("1113", event=True)', "GLMBalanceError", "1113", retried=False),
    *broken('raw_line("1302")', "GLMRateLimitError", "1302"),
    *broken("cut()", "GLMConnectionError"),
    *broken("truncated_frame()", "GLMStreamError"),
    *broken("reset()", "GLMConnectionError"),
    *broken("silence(60)", "GLMTimeoutError", retried=False),
    Row(
        name="half_reply()",
        fault=Fault.half_reply(reply=REPLY),
        place="middle",
        whole=Outcome(error="GLMConnectionError", requests=2),
        streamed=Outcome(error="GLMConnectionError", partial=CAME["middle"]),
    ),
    Row(
        name='finish("network_error")',
        fault=Fault.finish("network_error", reply=REPLY),
        place="end",
        whole=Outcome(error="GLMServerError", code="network_error", requests=2, partial=CAME["end"]),
        streamed=Outcome(error="GLMServerError", code="network_error", partial=CAME["end"]),
    ),
    finished("sensitive", Fault.finish("sensitive", reply=REPLY)),
    finished("model_context_window_exceeded", Fault.finish("model_context_window_exceeded", reply=REPLY)),
)


def table() -> str:
    """The matrix in Markdown; faults and places that lead to the same share a line."""
    places: dict[tuple[str, str, str], list[str]] = {}
    for row in ROWS:
        whole, streamed = str(row.whole), str(row.streamed)
        if row.name.startswith("code("):  # the code is the fault's own name
            whole, streamed = (text.replace(f" {row.whole.code}", "") for text in (whole, streamed))
        places.setdefault((row.name, whole, streamed), []).append(row.place)
    names: dict[tuple[str, str, str], list[str]] = {}
    for (name, whole, streamed), where in places.items():
        names.setdefault((", ".join(where), whole, streamed), []).append(f"`{name}`")
    head = "| `Fault.` | where | `invoke`, `ainvoke` | `stream`, `astream`, v3 events |\n|---|---|---|---|\n"
    return head + "".join(
        f"| {', '.join(faults)} | {where} | {whole} | {'the same' if streamed == whole else streamed} |\n"
        for (where, whole, streamed), faults in names.items()
    )


_IN_CHINESE: Final = {
    " where |": " 位置 |",
    "v3 events": "v3 事件",
    "| instead |": "| 代替回复 |",
    "first byte": "开头",
    "middle, end": "中间、结尾",
    "middle": "中间",
    " end |": " 结尾 |",
    ", tried again": "，重试一次",
    ", sent once": "，只发一次",
    ", partial": "，有 `partial`",
    "the same": "相同",
    "a reply with `finish_reason`": "正常返回，`finish_reason` 为",
}


def table_in_chinese() -> str:
    """The matrix as the Chinese page shows it."""
    chinese = table()
    for english, translated in _IN_CHINESE.items():
        chinese = chinese.replace(english, translated)
    return chinese


if __name__ == "__main__":
    print(table(), table_in_chinese(), sep="\n", end="")
