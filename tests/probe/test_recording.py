"""Recordings as files: read and written without loss, and without secrets."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_glm.probe.recording import Recording, redacted_recording

KEY = "0f0f0f0f0f0f0f0f.s3cr3ts3cr3t"
NAMES = st.from_regex(r"[a-z][a-z_-]{0,9}", fullmatch=True)
LINES = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=30)
ASCII_LINES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=30)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


def recording(**changes: Any) -> Recording:
    fields: dict[str, Any] = {
        "notes": {"shows": "an example", "host": "zai"},
        "path": "/api/paas/v4/chat/completions",
        "request": {"model": "glm-5.2", "messages": []},
        "status": 200,
        "headers": {"content-type": "application/json"},
        "content": b"{}",
    }
    return Recording(**{**fields, **changes})


@given(
    notes=st.dictionaries(NAMES, LINES, min_size=1, max_size=5),
    request=st.dictionaries(st.text(), JSON, max_size=5),
    status=st.integers(100, 599),
    headers=st.dictionaries(NAMES, ASCII_LINES, max_size=5),
    content=st.binary(),
)
def test_what_is_written_is_read(**fields: Any) -> None:
    written = recording(**fields)
    assert Recording.loads(written.dumps()) == written


@pytest.mark.parametrize("data", [b"", b"# shows: x\n", b"POST /\n{}\n\nHTTP/1.1 200\n\n", b"# a: b\n\nPOST /\n{}\n"])
def test_what_is_no_recording(data: bytes) -> None:
    with pytest.raises(ValueError, match="a recording has notes, a request and a reply"):
        Recording.loads(data)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (KEY, "**********"),
        (f"the key {KEY.split('.', maxsplit=1)[0]} is wrong", "the key ********** is wrong"),
        ("account org-0a1b2c3d4e5f6a7b<ak-9z8y7x6w5v4u>", "account org-**********<ak-**********>"),
        ('"user_id":"user_2xY4abcdEFGH"', '"user_id":"user-**********"'),
        ("call_0123456789abcdef and user_preferences stay", "call_0123456789abcdef and user_preferences stay"),
    ],
)
def test_secrets(said: str, kept: str) -> None:
    clean = redacted_recording(recording(content=said.encode(), headers={"retry-after": KEY}), KEY)
    assert clean.content.decode() == kept
    assert clean.headers == {"retry-after": "**********"}


def test_a_key_in_the_path() -> None:
    """The URL of a proxy may hold the key, or the id of the account."""
    clean = redacted_recording(recording(path=f"/{KEY}/acct_0a1b2c3d4e5f/chat/completions"), KEY)
    assert clean.path == "/**********/acct-**********/chat/completions"
