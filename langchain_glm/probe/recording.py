"""A recorded exchange as a file that people can read and edit: what it shows, the request, the reply byte for byte.

The file begins with lines such as `# host: zai`. Then come the request, as its path and its JSON body, and the reply:
a status line, the headers that matter, an empty line, and the bytes of the body.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlsplit

from langchain_glm.catalog.hosts import CHAT
from langchain_glm.transport.redaction import redacted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.probe.exchanges import Exchange

__all__ = ["Recording", "redacted_recording"]

_HEADERS: Final = ("content-type", "retry-after")
"""The headers of a reply that decide how it is read; all others are left out, because they may name an account."""

_ACCOUNT: Final = re.compile(rb"\b(org|ak|sk|uid|user|acct|proj|cust)[-_](?=[\w-]*\d)[\w-]{8,}")
"""Patterns of the ids of accounts, organizations and keys that endpoints quote in messages."""

_PARTS: Final = re.compile(
    rb"(?P<notes>(?:#[^\n]*\n)+)\n"
    rb"POST (?P<path>[^\n]+)\n(?P<request>\{.*?\n\}|\{\})\n\n"
    rb"HTTP/1\.1 (?P<status>\d{3})[^\n]*\n(?P<headers>(?:[^\n]+\n)*)\n(?P<content>.*)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A recorded exchange.

    Args:
        notes: `shows` (what is special about it), `host` (a name from `HOSTS`, or `gateway`), `source` and `date`.
        path: the path of the request's URL.
        request: the body of the request.
        status: the HTTP status of the reply.
        headers: its headers, with names in lower case.
        content: the bytes of its body.

    Example:
        ```python
        recording = Recording.loads(Path("tests/recordings/native_usage.http").read_bytes())
        recording.notes["shows"]
        ```
    """

    notes: Mapping[str, str]
    path: str
    request: Mapping[str, Any]
    status: int
    headers: Mapping[str, str]
    content: bytes

    @classmethod
    def of(cls, exchange: Exchange, host: Host, rule: str) -> Self:
        """Return the recording of an exchange that belongs to the question about a rule."""
        notes = {
            "shows": f"The answer to the question about {rule}.",
            "host": host.name,
            "source": f"recorded by the probe from {urlsplit(host.base_url).netloc}",
            "date": f"{datetime.now(UTC):%Y-%m-%d}",
        }
        path = urlsplit(exchange.ask.base_url or host.base_url).path + CHAT
        headers = {name: value for name, value in exchange.headers.items() if name in _HEADERS}
        return cls(
            notes=notes,
            path=path,
            request=exchange.ask.body,
            status=exchange.status,
            headers=headers,
            content=exchange.content,
        )

    @classmethod
    def loads(cls, data: bytes) -> Self:
        """Read a file.

        Raises:
            ValueError: if it does not have the form of a recording.
        """
        parts = _PARTS.fullmatch(data)
        if parts is None:
            raise ValueError("a recording has notes, a request and a reply, with an empty line between them")
        notes = [line[1:].partition(b":") for line in parts["notes"].splitlines()]
        headers = [line.partition(b":") for line in parts["headers"].splitlines()]
        return cls(
            notes={name.decode().strip(): value.decode().strip() for name, _, value in notes},
            path=parts["path"].decode(),
            request=json.loads(parts["request"]),
            status=int(parts["status"]),
            headers={name.decode().lower(): value.decode().strip() for name, _, value in headers},
            content=parts["content"],
        )

    def dumps(self) -> bytes:
        """Return the content of a file."""
        notes = "".join(f"# {name}: {value}\n" for name, value in self.notes.items())
        headers = "".join(f"{name}: {value}\n" for name, value in self.headers.items())
        request = json.dumps(self.request, indent=2, ensure_ascii=False)
        head = f"{notes}\nPOST {self.path}\n{request}\n\nHTTP/1.1 {self.status}\n{headers}\n"
        return head.encode("utf-8", "surrogatepass") + self.content


def redacted_recording(recording: Recording, key: str) -> Recording:
    """Return a recording from which the key, either half of it, and ids of accounts are removed.

    Args:
        recording: the recording; its headers were chosen when it was made.
        key: the key that was sent.
    """
    secrets = [key, *key.split(".")]

    def clean(text: bytes) -> bytes:
        return _ACCOUNT.sub(rb"\1-**********", redacted(text, secrets))

    path, headers = clean(recording.path.encode()).decode(), redacted(dict(recording.headers), secrets)
    return replace(recording, path=path, headers=headers, content=clean(recording.content))
