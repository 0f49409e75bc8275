"""Check the API key, or the token that BigModel's older clients sign with the key.

Source of the token's form: the official SDK, and two clients by other authors.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from typing import TYPE_CHECKING

import orjson

from langchain_glm.testing.refusals import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_glm.catalog.hosts import Host

__all__ = ["check_access"]


def check_access(headers: Mapping[str, str], api_key: str, host: Host) -> Problem | None:
    """Refuse a request without a key (1001), with a wrong one (1000), or with a bad token (1002 to 1004).

    Args:
        headers: the request's headers, with names in lower case.
        api_key: the only key that is accepted.
        host: GLM's own hosts also accept a JSON web token that is signed with the key's second half, with or without
            `Bearer` before it: langchain-community's ChatZhipuAI sends it without.
    """
    given = headers.get("authorization", "")
    if not given:
        return Problem("1001")
    if given == f"Bearer {api_key}":
        return None
    token = given.removeprefix("Bearer ")
    if host.native and "." in api_key and token.count(".") == 2:
        return _check_token(token, *api_key.split(".", 1))
    return Problem("1000")


def _check_token(token: str, key_id: str, secret: str) -> Problem | None:
    signed, _, signature = token.rpartition(".")
    try:
        header, claims = (orjson.loads(_decoded(part)) for part in signed.split("."))
        given_signature = _decoded(signature)
        kind = (header["alg"], header["sign_type"])
        given_id, expires, made = claims["api_key"], claims["exp"], claims["timestamp"]
    except (ValueError, TypeError, KeyError):
        return Problem("1002")
    if kind != ("HS256", "SIGN") or type(expires) is not int or type(made) is not int:
        return Problem("1002", "HS256, sign_type SIGN, exp and timestamp in milliseconds")
    expected = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    if given_id != key_id or not hmac.compare_digest(given_signature, expected):
        return Problem("1004")
    return None if expires > time.time() * 1000 else Problem("1003")


def _decoded(part: str) -> bytes:
    if "=" in part:
        raise ValueError("the parts of a token have no padding")
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
