"""`--fault` of `glm serve`: the names of faults, and how often each one comes."""

from __future__ import annotations

import argparse
import random
from typing import TYPE_CHECKING, Final, NamedTuple

from langchain_glm.catalog.codes import CODES
from langchain_glm.testing.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["HELP", "PlannedFault", "drawn_fault", "planned_fault"]

_NAMED: Final[Mapping[str, tuple[Callable[[], Fault], str]]] = {
    "bare-string": (Fault.bare_string, 'HTTP 429 with {"error": "…"}, without a code'),
    "cut": (Fault.cut, "the connection closes in the middle of the answer"),
    "empty": (Fault.empty, "HTTP 200 without a body"),
    "error-in-200": (lambda: Fault.error_in_200("1305"), "HTTP 200 with the error 1305 instead of an answer"),
    "extra-bytes": (Fault.extra_bytes, "more bytes on the connection after the answer"),
    "half-reply": (Fault.half_reply, "half of the announced bytes, then the connection closes"),
    "in-stream": (lambda: Fault.in_stream("1305"), "the error 1305 after the first part of a stream"),
    "left-open": (Fault.left_open, "a whole stream that stays open for a minute"),
    "network-error": (lambda: Fault.finish("network_error"), "an answer that ends with network_error"),
    "raw-line": (lambda: Fault.raw_line("1305"), "the error 1305 in a stream, not marked as an event"),
    "redirect": (lambda: Fault.redirect("https://localhost/"), "a redirect to https, as some proxies send it"),
    "reset": (Fault.reset, "the connection is reset in the middle of the answer"),
    "sensitive": (lambda: Fault.finish("sensitive"), "an answer that content safety stopped"),
    "silence": (lambda: Fault.silence(60), "a minute without a byte after the first part"),
    "too-long": (lambda: Fault.finish("model_context_window_exceeded"), "an answer that no longer fits the model"),
    "truncated-frame": (Fault.truncated_frame, "a part of the stream is cut off and runs into the next"),
    "wrong-mode": (Fault.wrong_mode, "a stream where none was asked for, or none where one was"),
}

HELP: Final = "\n".join(
    [
        "faults:",
        "  --fault NAME         the next chat request fails so; can be repeated",
        "  --fault NAME:SHARE   this share of all chat requests fails so, as in 1302:0.1",
        "",
        "  a business code      1302 (too many requests), 1113 (no balance), …",
        "  an HTTP status       502: the page of a proxy instead of an answer",
        *(f"  {name:<20} {what}" for name, (_, what) in _NAMED.items()),
    ]
)


class PlannedFault(NamedTuple):
    """A fault, and the share of the requests that fail so; without a share, one request does."""

    fault: Fault
    share: float | None


def planned_fault(text: str) -> PlannedFault:
    """Read `NAME` or `NAME:SHARE`.

    Raises:
        ArgumentTypeError: if there is no such fault, or the share is not above 0 and at most 1.
    """
    name, colon, share = text.partition(":")
    return PlannedFault(_fault(name), _share(share) if colon else None)


def drawn_fault(planned: Iterable[PlannedFault]) -> Fault | None:
    """Draw whether a request fails; of several faults, the first one that is drawn."""
    return next((fault for fault, share in planned if share and random.random() < share), None)  # noqa: S311 - no secret


def _fault(name: str) -> Fault:
    if name in CODES:
        return Fault.code(name)
    if name.isascii() and name.isdigit() and 400 <= int(name) < 600:
        return Fault.http(int(name))
    if name not in _NAMED:
        raise argparse.ArgumentTypeError(f"{name!r} is no fault; `glm serve --help` lists them")
    make, _ = _NAMED[name]
    return make()


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no share: give a number above 0 and at most 1, such as 0.1")
    return share
