"""One limit on requests in flight for many processes, kept in an SQLite file that all of them can reach.

Every request is a row, whether it waits or runs, and the rows stand in line: the first `limit` of them may run.
A process that dies leaves its rows behind; they lapse. A row that lapsed while its process slept stands in line anew.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sqlite3
import threading
import time

from langchain_glm import GLMTimeoutError


class SQLiteLimiter:
    """Shares a limit among the processes that open the same file.

    Args:
        path: the file; on a disk of this machine, not on a network share.
        limit: requests in flight at most.
        longest: seconds after which a running request's place lapses; more than the longest reply takes.
    """

    waiting = 10.0  # seconds after which a waiting row lapses if nobody renews it
    pause = 0.02  # seconds between two looks at the line

    def __init__(self, path: str, limit: int, longest: float = 1800.0) -> None:
        self.path, self.limit, self.longest = path, limit, longest
        self._lock = threading.Lock()
        self._process = 0
        columns = "place INTEGER PRIMARY KEY AUTOINCREMENT, ticket TEXT UNIQUE, lapses REAL"
        self._run(f"CREATE TABLE IF NOT EXISTS line ({columns})")

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.path, self.limit, self.longest)  # another process opens the file itself

    def acquire(self, timeout: float | None) -> str:
        ticket, until = self._queue(timeout)
        try:
            while not self._may_run(ticket, until):
                time.sleep(self.pause)
        except BaseException:
            self.release(ticket, overloaded=False)
            raise
        return ticket

    async def aacquire(self, timeout: float | None) -> str:
        ticket, until = self._queue(timeout)
        try:
            while not self._may_run(ticket, until):  # noqa: ASYNC110 - other processes set no event
                await asyncio.sleep(self.pause)
        except BaseException:
            self.release(ticket, overloaded=False)
            raise
        return ticket

    def release(self, ticket: object, *, overloaded: bool) -> None:
        del overloaded  # the limit is fixed; one that adapts would store it beside the line
        self._run("DELETE FROM line WHERE ticket = ?", ticket)

    def _queue(self, timeout: float | None) -> tuple[str, float]:
        ticket, now = secrets.token_hex(8), time.time()
        self._stand_last(ticket, now)
        return ticket, now + (float("inf") if timeout is None else timeout)

    def _stand_last(self, ticket: str, now: float) -> None:
        self._run("REPLACE INTO line (ticket, lapses) VALUES (?, ?)", ticket, now + self.waiting)

    def _may_run(self, ticket: str, until: float) -> bool:
        now = time.time()
        found = self._run(
            "SELECT lapses, (SELECT count(*) FROM line WHERE place < own.place AND lapses > ?2)"
            " FROM line AS own WHERE ticket = ?1 AND lapses > ?2",
            ticket,
            now,
        )
        if not found:  # this process slept, and others may have run past
            self._stand_last(ticket, now)
            return False
        [(lapses, before)] = found
        if before < self.limit:
            self._run("UPDATE line SET lapses = ? WHERE ticket = ?", now + self.longest, ticket)
            return True
        if now > until:
            raise GLMTimeoutError(f"no place among the {self.limit} requests in flight became free in time")
        if lapses < now + self.waiting / 2:
            self._run("UPDATE line SET lapses = ? WHERE ticket = ?", now + self.waiting, ticket)
            self._run("DELETE FROM line WHERE lapses < ?", now - self.waiting)
        return False

    def _run(self, statement: str, *values: object) -> list[tuple[float, ...]]:
        with self._lock:
            if self._process != os.getpid():  # SQLite's connections must not be carried over a fork
                self._process = os.getpid()
                self._database = sqlite3.connect(self.path, 30, isolation_level=None, check_same_thread=False)
                self._database.execute("PRAGMA journal_mode = WAL")
                self._database.execute("PRAGMA synchronous = OFF")  # after a crash nothing is in flight
            return self._database.execute(statement, values).fetchall()
