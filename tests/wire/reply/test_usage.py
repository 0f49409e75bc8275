"""`usage` as endpoints send it → `UsageMetadata`."""

from __future__ import annotations

from typing import Any

import pytest

from langchain_glm.wire.reply.usage import sum_usage, to_usage_metadata


def counts(read: int, written: int, total: int, **details: dict[str, int]) -> dict[str, Any]:
    return {"input_tokens": read, "output_tokens": written, "total_tokens": total, **details}


BASE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}

TABLE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain": (BASE, counts(10, 5, 15)),
    "GLM": (
        {**BASE, "prompt_tokens_details": {"cached_tokens": 4}, "completion_tokens_details": {"reasoning_tokens": 3}},
        counts(10, 5, 15, input_token_details={"cache_read": 4}, output_token_details={"reasoning": 3}),
    ),
    "what was sent as 0 stays 0": (
        {**BASE, "prompt_tokens_details": {"cached_tokens": 0}, "completion_tokens_details": {"reasoning_tokens": 0}},
        counts(10, 5, 15, input_token_details={"cache_read": 0}, output_token_details={"reasoning": 0}),
    ),
    "Kimi": ({**BASE, "cached_tokens": 4}, counts(10, 5, 15, input_token_details={"cache_read": 4})),
    "cached tokens in both places": (
        {**BASE, "cached_tokens": 9, "prompt_tokens_details": {"cached_tokens": 0}},
        counts(10, 5, 15, input_token_details={"cache_read": 0}),
    ),
    "PhanEdge": (
        {
            **BASE,
            "prompt_tokens_details": {
                "cached_tokens": 1,
                "cached_write_tokens": 5,
                "cached_write_5m_tokens": 2,
                "cached_write_1h_tokens": 3,
            },
        },
        counts(
            10,
            5,
            15,
            input_token_details={
                "cache_read": 1,
                "cache_creation": 5,
                "ephemeral_5m_input_tokens": 2,
                "ephemeral_1h_input_tokens": 3,
            },
        ),
    ),
    "audio": (
        {**BASE, "prompt_tokens_details": {"audio_tokens": 6}, "completion_tokens_details": {"audio_tokens": 2}},
        counts(10, 5, 15, input_token_details={"audio": 6}, output_token_details={"audio": 2}),
    ),
    "a total that is not the sum": ({**BASE, "total_tokens": 99}, counts(10, 5, 99)),
    "no total": ({"prompt_tokens": 10, "completion_tokens": 5}, counts(10, 5, 15)),
    "a total of null": ({**BASE, "total_tokens": None}, counts(10, 5, 15)),
    "nothing": ({}, counts(0, 0, 0)),
    "null everywhere": (
        {
            "prompt_tokens": None,
            "completion_tokens": None,
            "total_tokens": None,
            "prompt_tokens_details": None,
            "completion_tokens_details": None,
            "cached_tokens": None,
        },
        counts(0, 0, 0),
    ),
    "details of null": ({**BASE, "prompt_tokens_details": {"cached_tokens": None}}, counts(10, 5, 15)),
    "details that are none": (
        {**BASE, "prompt_tokens_details": [1], "completion_tokens_details": "x"},
        counts(10, 5, 15),
    ),
    "counts that are none": (
        {
            "prompt_tokens": "10",
            "completion_tokens": True,
            "total_tokens": -1,
            "prompt_tokens_details": {"cached_tokens": 0.5},
        },
        counts(0, 0, 0),
    ),
    "counts in floats": (
        {
            "prompt_tokens": 10.0,
            "completion_tokens": 5.0,
            "total_tokens": 15.0,
            "prompt_tokens_details": {"cached_tokens": 4.0},
        },
        counts(10, 5, 15, input_token_details={"cache_read": 4}),
    ),
    "floats that are no counts": (
        {"prompt_tokens": float("nan"), "completion_tokens": float("inf"), "total_tokens": -1.0},
        counts(0, 0, 0),
    ),
    "huge counts": ({"prompt_tokens": 10**30, "completion_tokens": 1}, counts(10**30, 1, 10**30 + 1)),
}


@pytest.mark.parametrize(("usage", "expected"), TABLE.values(), ids=TABLE)
def test_usage_becomes(usage: dict[str, Any], expected: dict[str, Any]) -> None:
    assert to_usage_metadata(usage) == expected


SUMS: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "none": ([], {}),
    "one": ([BASE], BASE),
    "two, with details": (
        [
            {
                **BASE,
                "prompt_tokens_details": {"cached_tokens": 4},
                "completion_tokens_details": {"reasoning_tokens": 3},
            },
            {**BASE, "prompt_tokens_details": {"cached_tokens": 1, "cached_write_tokens": 2}},
        ],
        {
            "prompt_tokens": 20,
            "completion_tokens": 10,
            "total_tokens": 30,
            "prompt_tokens_details": {"cached_tokens": 5, "cached_write_tokens": 2},
            "completion_tokens_details": {"reasoning_tokens": 3},
        },
    ),
    "floats": ([{"prompt_tokens": 1.0}, {"prompt_tokens": 2}], {"prompt_tokens": 3}),
    "what is no count": ([{"prompt_tokens": None, "cost": 0.5, "tier": "x", "ok": True}, {}], {}),
    "a field of two kinds": ([{"x": 1}, {"x": {"y": 2}}, {"x": 3}, {"z": {"y": 2}}, {"z": 1}], {"x": 4, "z": {"y": 2}}),
}


@pytest.mark.parametrize(("usages", "total"), SUMS.values(), ids=SUMS)
def test_usage_of_several_replies_is_added_up(usages: list[dict[str, Any]], total: dict[str, Any]) -> None:
    before = repr(usages)
    assert sum_usage(usages) == total
    assert repr(usages) == before
