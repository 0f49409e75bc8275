"""A limit on requests in flight that many processes share, kept in an SQLite file.

Each request, waiting or running, is a row of the table `line`. The oldest `limit` rows may run. If a process dies, its
rows expire after a while. If a row expires although its process is alive, because the machine slept for example, the
request goes back to the end of the line.
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
    """Shares a limit among all processes that open the same file.

    Args:
        path: the file, on a disk of this machine; network shares do not lock files reliably.
        limit: the maximum number of requests in flight.
        longest: seconds after which the row of a running request expires; more than the longest reply takes.
    """

    waiting = 10.0  # seconds after which the row of a waiting request expires if it is not renewed
    pause = 0.02  # seconds between two looks at the table
    _process = 0  # which opened the connection

    def __init__(self, path: str, limit: int, longest: float = 1800.0) -> None:
        self.path, self.limit, self.longest = path, limit, longest
        self._lock = threading.RLock()  # the garbage collector may release a slot in the middle of `_run`
        columns = "place INTEGER PRIMARY KEY AUTOINCREMENT, ticket TEXT UNIQUE, lapses REAL"
        self._run(f"CREATE TABLE IF NOT EXISTS line ({columns})")

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.path, self.limit, self.longest)  # in a pickle; the other process opens the file

    def __del__(self) -> None:
        if self._process == os.getpid():
            self._database.close()

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
        del overloaded  # a limiter that adapts its limit would use this
        self._run("DELETE FROM line WHERE ticket = :ticket", ticket=ticket)

    def _queue(self, timeout: float | None) -> tuple[str, float]:
        ticket, now = secrets.token_hex(8), time.time()
        self._append(ticket, now)
        return ticket, now + (float("inf") if timeout is None else timeout)

    def _append(self, ticket: str, now: float) -> None:
        lapses = now + self.waiting
        self._run("REPLACE INTO line (ticket, lapses) VALUES (:ticket, :lapses)", ticket=ticket, lapses=lapses)

    def _may_run(self, ticket: str, until: float) -> bool:
        now = time.time()
        found = self._run(
            "SELECT lapses, (SELECT count(*) FROM line WHERE place < own.place AND lapses > :now)"
            " FROM line AS own WHERE ticket = :ticket AND lapses > :now",
            ticket=ticket,
            now=now,
        )
        if not found:  # the row has expired, and later requests may be running
            self._append(ticket, now)
            return False
        [(lapses, before)] = found
        if before < self.limit:
            self._renew(ticket, now + self.longest)
            return True
        if now > until:
            raise GLMTimeoutError(f"no slot among the {self.limit} requests in flight became free in time")
        if lapses < now + self.waiting / 2:
            self._renew(ticket, now + self.waiting)
            self._run("DELETE FROM line WHERE lapses < :long_ago", long_ago=now - self.waiting)
        return False

    def _renew(self, ticket: str, lapses: float) -> None:
        self._run("UPDATE line SET lapses = :lapses WHERE ticket = :ticket", ticket=ticket, lapses=lapses)

    def _run(self, statement: str, **values: object) -> list[tuple[float, ...]]:
        with self._lock:
            if self._process != os.getpid():  # an SQLite connection must not be used in a forked child
                database = sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)
                database.execute("PRAGMA journal_mode = WAL")
                database.execute("PRAGMA synchronous = OFF")  # nothing is in flight after a crash
                self._database, self._process = database, os.getpid()
            return self._database.execute(statement, values).fetchall()
