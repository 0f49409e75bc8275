"""The state of the server: the scripts, the recorded requests, the requests in flight, and earlier prompts."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from langchain_glm.testing.library import Library
from langchain_glm.testing.refusals import Problem
from langchain_glm.testing.tokens import shared_tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from langchain_glm.testing.faults import Fault
    from langchain_glm.testing.replies import Reply

__all__ = ["Ledger", "RecordedRequest"]

_PROMPTS_KEPT: Final = 64


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """A request that the server received.

    Args:
        path: the URL's path.
        headers: the headers, with names in lower case.
        body: the parsed JSON, or the text if it is not JSON.
        status: the HTTP status of the answer; 0 if the connection ended before it.
        peer: the client's address and port; requests on one connection have the same.
    """

    path: str
    headers: Mapping[str, str]
    body: Any
    status: int
    peer: tuple[str, int] = ("", 0)


class Ledger:
    """The server's state. Every method may be called from any thread.

    Args:
        max_in_flight: the maximum number of requests in flight; further ones are refused with 1302. Default: no limit.
        has_balance: whether the account has money left.
        library: the documents that the endpoints for documents can find; the server never changes them.
        answer: gives the reply to a chat request, or a fault, if the script is empty.
    """

    def __init__(
        self,
        max_in_flight: int | None,
        *,
        has_balance: bool = True,
        library: Library | None = None,
        answer: Callable[[Mapping[str, Any]], Reply | Fault | None] | None = None,
    ) -> None:
        self.has_balance = has_balance
        self.library = library or Library()
        self._answer = answer
        self._lock = threading.Lock()
        self._max_in_flight = max_in_flight
        self._scripts: defaultdict[str, deque[Reply | Fault]] = defaultdict(deque)
        self._requests: list[RecordedRequest] = []
        self._ids: set[str] = set()
        self._prompts: deque[tuple[str, Sequence[Mapping[str, Any]]]] = deque(maxlen=_PROMPTS_KEPT)
        self.in_flight = 0
        self.peak_in_flight = 0

    @property
    def requests(self) -> list[RecordedRequest]:
        """A list of the requests so far, the oldest first."""
        with self._lock:
            return list(self._requests)

    def record(self, request: RecordedRequest) -> None:
        """Record a request."""
        with self._lock:
            self._requests.append(request)

    def queue(self, replies: Sequence[Reply | Fault], path: str) -> None:
        """Add replies to the script of a path."""
        with self._lock:
            self._scripts[path].extend(replies)

    def clear_queue(self) -> list[Reply | Fault]:
        """Empty the scripts of all paths and return what they held."""
        with self._lock:
            remaining = [reply for script in self._scripts.values() for reply in script]
            self._scripts.clear()
            return remaining

    def next_reply(self, path: str) -> Reply | Fault | None:
        """Take the next reply of a path's script; `None` if the script is empty."""
        with self._lock:
            script = self._scripts[path]
            return script.popleft() if script else None

    def answer(self, body: Mapping[str, Any], path: str) -> Reply | Fault | None:
        """Take the next reply of a chat's script, or ask the function that the server was given."""
        scripted = self.next_reply(path)
        return self._answer(body) if scripted is None and self._answer else scripted

    def enter(self, request_id: str | None) -> Problem | None:
        """Begin to answer a request; return a problem if there are too many or its id is in flight."""
        with self._lock:
            if self._max_in_flight is not None and self.in_flight >= self._max_in_flight:
                return Problem("1302")
            if request_id is not None:
                if request_id in self._ids:
                    return Problem("1231", request_id)
                self._ids.add(request_id)
            self.in_flight += 1
            self.peak_in_flight = max(self.peak_in_flight, self.in_flight)
            return None

    def leave(self, request_id: str | None) -> None:
        """Note that the answer to a request that `enter` accepted has ended."""
        with self._lock:
            self.in_flight -= 1
            if request_id is not None:
                self._ids.discard(request_id)

    def cached_tokens(self, scope: str, messages: Sequence[Mapping[str, Any]]) -> int:
        """Count the tokens of the beginning that an earlier prompt shares, and remember this prompt.

        Args:
            scope: the model and the tools, which must be the same, because they come first in a prompt.
            messages: the prompt.
        """
        with self._lock:
            shared = shared_tokens(messages, (prompt for other, prompt in self._prompts if other == scope))
            self._prompts.append((scope, messages))
            return shared
