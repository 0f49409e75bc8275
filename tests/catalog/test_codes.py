"""The table of error codes, and the hints that users read."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from langchain_glm.catalog.codes import CODES, STATUSES, ErrorCode, hint_for
from langchain_glm.catalog.hosts import GATEWAY, HOSTS, Host
from langchain_glm.errors import (
    GLMAuthenticationError,
    GLMBalanceError,
    GLMContentFilterError,
    GLMContextOverflowError,
    GLMError,
    GLMInvalidRequestError,
    GLMNotFoundError,
    GLMOverloadedError,
    GLMPermissionError,
    GLMQuotaError,
    GLMRateLimitError,
    GLMServerError,
)

ZAI = HOSTS["zai"]
ENTRIES = {**CODES, **{str(status): entry for status, entry in STATUSES.items()}}

AUTH, ACCOUNT, MONEY, ARGUMENT, OVERFLOW, SAFETY, MODEL, RATE, QUOTA, BUSY, SERVER = (
    GLMAuthenticationError,
    GLMPermissionError,
    GLMBalanceError,
    GLMInvalidRequestError,
    GLMContextOverflowError,
    GLMContentFilterError,
    GLMNotFoundError,
    GLMRateLimitError,
    GLMQuotaError,
    GLMOverloadedError,
    GLMServerError,
)
CLASSES: dict[str, type[GLMError]] = {
    "500": SERVER,
    **dict.fromkeys(["1000", "1001", "1002", "1003", "1004", "1005"], AUTH),
    **dict.fromkeys(["1100", "1110", "1111", "1112", "1121"], ACCOUNT),
    "1113": MONEY,
    "1120": SERVER,
    **dict.fromkeys(["1200", "1230", "1234"], SERVER),
    **dict.fromkeys(["1210", "1212", "1213", "1214", "1215", "1231"], ARGUMENT),
    "1211": MODEL,
    "1233": MODEL,
    **dict.fromkeys(["1220", "1221", "1222"], ACCOUNT),
    "1261": OVERFLOW,
    "1300": SAFETY,
    "1301": SAFETY,
    "1302": RATE,
    "1303": RATE,
    "1304": QUOTA,
    "1305": BUSY,
    "1308": QUOTA,
    "1309": MONEY,
    "1310": QUOTA,
    "1311": ACCOUNT,
    "1312": BUSY,
    **dict.fromkeys(["1313", "1314", "1315"], ACCOUNT),
    **dict.fromkeys(["1316", "1317", "1318", "1319", "1320", "1321"], QUOTA),
    "insufficient_user_quota": MONEY,
    "insufficient_quota": MONEY,
    "exceeded_current_quota_error": MONEY,
    "invalid_api_key": AUTH,
    "invalid_authentication_error": AUTH,
    "permission_denied_error": ACCOUNT,
    "model_not_found": MODEL,
    "resource_not_found_error": MODEL,
    "context_length_exceeded": OVERFLOW,
    "sensitive_words_detected": SAFETY,
    "content_filter": SAFETY,
    "rate_limit_reached_error": RATE,
    "engine_overloaded_error": BUSY,
    "channel:no_available_key": BUSY,
    "server_error": SERVER,
}


def test_every_code_is_in_the_table() -> None:
    assert CODES.keys() == CLASSES.keys()


@pytest.mark.parametrize(("code", "kind"), CLASSES.items())
def test_a_code_has_its_class(code: str, kind: type[GLMError]) -> None:
    assert CODES[code].error is kind


@pytest.mark.parametrize("host", [*HOSTS.values(), GATEWAY], ids=lambda host: host.name)
@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_every_code_has_a_hint_without_gaps(entry: ErrorCode, host: Host) -> None:
    hint = hint_for(entry, host) or entry.error.hint
    assert hint is not None
    assert hint.endswith(".")
    assert not set("{}") & set(hint)
    assert "''" not in hint
    assert "()" not in hint


# code and host, and what the hint says
HINTS: list[tuple[str, Host, tuple[str, ...]]] = [
    ("1002", ZAI, ("'zai'", "ZAI_API_KEY")),
    ("1005", ZAI, ("'zai'", "ZAI_API_KEY")),
    ("1000", HOSTS["bigmodel"], ("'bigmodel'", "ZHIPUAI_API_KEY")),
    ("invalid_api_key", GATEWAY, ("GLM_API_KEY",)),
    ("401", ZAI, ("'zai'", "ZAI_API_KEY")),
    ("1113", ZAI, ("Recharge", "2026-10-16", "host='zai-coding'", "https://api.z.ai/api/coding/paas/v4")),
    ("1113", HOSTS["zai-coding"], ("host='zai'", "https://api.z.ai/api/paas/v4")),
    ("1309", HOSTS["bigmodel-coding"], ("expired", "2026-10-16", "host='bigmodel'")),
    ("1311", HOSTS["bigmodel"], ("does not include", "2026-10-16", "host='bigmodel-coding'")),
    ("1313", HOSTS["zai-coding"], ("https://docs.z.ai/devpack/overview", "2026-10-16", "host='zai'")),
    ("1211", ZAI, ("Check model=",)),
    ("1233", ZAI, ("id of the task",)),
    ("1302", ZAI, ("at the same time",)),
    ("1308", ZAI, ("reset_at",)),
    ("1261", ZAI, ("Shorten the conversation",)),
    ("1231", ZAI, ("request_id",)),
]


@pytest.mark.parametrize(("code", "host", "parts"), HINTS)
def test_a_hint_says_what_to_do(code: str, host: Host, parts: tuple[str, ...]) -> None:
    hint = hint_for(ENTRIES[code], host) or ENTRIES[code].error.hint or ""
    assert [part for part in parts if part not in hint] == []


@pytest.mark.parametrize("host", [GATEWAY, HOSTS["kimi"], HOSTS["phanedge"]], ids=lambda host: host.name)
@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_a_host_with_one_plan_is_told_of_no_other(entry: ErrorCode, host: Host) -> None:
    assert "other plan" not in (hint_for(entry, host) or "")


def test_a_wrong_path_is_told_the_documented_url() -> None:
    hint = hint_for(STATUSES[404], replace(ZAI, base_url="https://api.z.ai/api/paas/v4/v1"))
    assert hint is not None
    assert hint.endswith(
        " The base URL of host 'zai' is https://api.z.ai/api/paas/v4; you used https://api.z.ai/api/paas/v4/v1."
    )


@pytest.mark.parametrize("host", [*HOSTS.values(), replace(GATEWAY, base_url="https://gw.example/v1")])
def test_the_documented_url_is_not_said_to_be_wrong(host: Host) -> None:
    hint = hint_for(STATUSES[404], host)
    assert hint is not None
    assert not re.search("https?://", hint)
    assert "base_url" in hint
