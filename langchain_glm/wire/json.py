"""JSON in strings: what tool arguments are made of."""

from __future__ import annotations

import json
from typing import Any

import orjson

__all__ = ["dump_json", "load_json", "load_object", "read_json"]


def dump_json(value: Any) -> str:
    """Write compact JSON with non-ASCII text as it is (escapes would inflate Chinese), whatever the value holds."""
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS, default=_plain).decode()
    except TypeError:  # orjson refuses integers over 64 bits and lone surrogates
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> Any:
    """What is written for a value that JSON has no form for."""
    return json.loads(orjson.dumps(value)) if isinstance(value, orjson.Fragment) else str(value)


def read_json(data: bytes) -> Any:
    """Read the JSON that an endpoint sent; it may hold NaN, lone surrogates and broken UTF-8.

    Raises:
        ValueError: if it is no JSON, or nested too deep to be read.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        pass
    try:  # Python's reader is slower and takes more
        return json.loads(data.decode("utf-8", "replace"))
    except RecursionError:
        raise ValueError("the JSON is nested too deep") from None


def load_object(text: str) -> dict[str, Any] | None:
    """Read strict JSON; return `None` for anything but an object."""
    value = load_json(text)
    return value if isinstance(value, dict) else None


def load_json(text: str) -> Any:
    """Read strict JSON; return `None` for what is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
