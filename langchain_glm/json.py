"""JSON in strings: what tool arguments are made of."""

from __future__ import annotations

import json
import math
from functools import partial
from typing import Any

import orjson

__all__ = ["dump_json", "load_json", "load_object", "read_json"]


def dump_json(value: Any) -> str:
    """Write compact JSON with non-ASCII text as it is (escapes would inflate Chinese), whatever the value holds.

    Raises:
        ValueError: if it is nested too deep to be written.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS, default=_plain).decode()
    except TypeError:  # orjson refuses integers over 64 bits, lone surrogates, and more than 254 levels
        pass
    write = partial(json.dumps, ensure_ascii=False, separators=(",", ":"), default=_plain, allow_nan=False)
    try:
        try:
            return write(value)
        except ValueError:
            return write(_finite(value))
    except RecursionError:
        raise ValueError("the value is nested too deep to be written as JSON") from None


def _finite(value: Any) -> Any:
    """The value with `None` for what is no number, as orjson writes it; Python would write a bare NaN."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(child) for key, child in value.items()}
    return [_finite(child) for child in value] if isinstance(value, list | tuple) else value


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
