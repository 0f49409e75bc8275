"""What is asked of thinking and effort → what is sent, for every kind of model on every kind of host."""

from __future__ import annotations

from typing import Any

import pytest

from langchain_glm.catalog.hosts import GATEWAY, HOSTS, Host
from langchain_glm.catalog.models import EFFORTS, MODELS, find_model
from langchain_glm.wire.request.thinking import check_thinking, resolve_thinking

KEEP = {"clear_thinking": False}
ON = {"type": "enabled"}
OFF = {"type": "disabled"}


def asked(thinking: Any, effort: str | None, model: str, host: Host) -> tuple[dict[str, Any], list[str]]:
    return resolve_thinking(thinking, effort, find_model(model), model, host)


def sent(switch: dict[str, Any] | None = None, effort: str | None = None) -> dict[str, Any]:
    return ({"thinking": switch} if switch else {}) | ({"reasoning_effort": effort} if effort else {})


# model, thinking, effort: on hosts that keep reasoning, on other gateways, and whether there is a notice
GLM: list[tuple[str, Any, str | None, dict[str, Any], dict[str, Any], bool]] = [
    # may be switched off, no effort levels
    ("glm-4.7", None, None, sent(KEEP), sent(), False),
    ("glm-4.7", True, None, sent(ON | KEEP), sent(ON), False),
    ("glm-4.7", False, None, sent(OFF), sent(OFF), False),
    ("glm-4.7", {}, None, sent(KEEP), sent(), False),
    ("glm-4.7", {"clear_thinking": True}, None, sent({"clear_thinking": True}), sent({"clear_thinking": True}), False),
    (
        "glm-4.7",
        ON | {"clear_thinking": True},
        None,
        sent(ON | {"clear_thinking": True}),
        sent(ON | {"clear_thinking": True}),
        False,
    ),
    (
        "glm-4.7",
        OFF | {"clear_thinking": True},
        None,
        sent(OFF | {"clear_thinking": True}),
        sent(OFF | {"clear_thinking": True}),
        False,
    ),
    ("glm-4.7", None, "high", sent(KEEP), sent(), True),
    ("glm-4.7", True, "max", sent(ON | KEEP), sent(ON), True),
    ("glm-4.7", None, "none", sent(OFF), sent(OFF), False),
    ("glm-4.7", None, "minimal", sent(OFF), sent(OFF), False),
    ("glm-4.7", False, "high", sent(OFF), sent(OFF), True),
    ("glm-4.5-air", None, None, sent(KEEP), sent(), False),
    ("glm-4.5v", False, None, sent(OFF), sent(OFF), False),
    # may be switched off, every effort
    ("glm-5.2", None, None, sent(KEEP), sent(), False),
    ("glm-5.2", True, "medium", sent(ON | KEEP, "medium"), sent(ON, "medium"), False),
    ("glm-5.2", None, "xhigh", sent(KEEP, "xhigh"), sent(None, "xhigh"), False),
    ("glm-5.2", None, "none", sent(None, "none"), sent(None, "none"), False),
    ("glm-5.2", False, None, sent(OFF), sent(OFF), False),
    ("glm-5.2", False, "high", sent(OFF), sent(OFF), False),
    # cannot be switched off, three efforts
    ("glm-5.3", None, None, sent(KEEP), sent(), False),
    ("glm-5.3", True, None, sent(ON | KEEP), sent(ON), False),
    ("glm-5.3", False, None, sent(KEEP, "low"), sent(None, "low"), True),
    ("glm-5.3", False, "max", sent(KEEP, "low"), sent(None, "low"), True),
    (
        "glm-5.3",
        OFF | {"clear_thinking": True},
        None,
        sent({"clear_thinking": True}, "low"),
        sent({"clear_thinking": True}, "low"),
        True,
    ),
    ("glm-5.3", None, "none", sent(KEEP, "low"), sent(None, "low"), True),
    ("glm-5.3", None, "minimal", sent(KEEP, "low"), sent(None, "low"), True),
    ("glm-5.3", None, "low", sent(KEEP, "low"), sent(None, "low"), False),
    ("glm-5.3", None, "medium", sent(KEEP, "high"), sent(None, "high"), True),
    ("glm-5.3", None, "high", sent(KEEP, "high"), sent(None, "high"), False),
    ("glm-5.3", None, "xhigh", sent(KEEP, "max"), sent(None, "max"), True),
    ("glm-5.3", None, "max", sent(KEEP, "max"), sent(None, "max"), False),
    # cannot be switched off, no effort levels
    ("glm-4.1v-thinking-flash", None, None, sent(KEEP), sent(), False),
    ("glm-4.1v-thinking-flash", False, None, sent(KEEP), sent(), True),
    ("glm-4.1v-thinking-flash", None, "none", sent(KEEP), sent(), True),
    # does not think
    ("glm-4-plus", None, None, sent(), sent(), False),
    ("glm-4-plus", True, None, sent(), sent(), True),
    ("glm-4-plus", False, None, sent(), sent(), False),
    ("glm-4-plus", None, "high", sent(), sent(), True),
    ("glm-4-plus", None, "none", sent(), sent(), False),
    # nothing is known of it
    ("some-model", None, None, sent(), sent(), False),
    ("some-model", True, "medium", sent(ON, "medium"), sent(ON, "medium"), False),
    ("some-model", False, None, sent(OFF), sent(OFF), False),
    ("some-model", {"budget": 5}, None, sent({"budget": 5}), sent({"budget": 5}), False),
    (
        "some-model",
        ON | {"budget_tokens": 5},
        None,
        sent(ON | {"budget_tokens": 5}),
        sent(ON | {"budget_tokens": 5}),
        False,
    ),
    # unlisted members of known families
    ("glm-5.4", False, None, sent(KEEP, "low"), sent(None, "low"), True),
    ("glm-5.3-2026-12", None, "medium", sent(KEEP, "high"), sent(None, "high"), True),
    ("glm-4.7-something", None, None, sent(KEEP), sent(), False),
    ("glm-4.7-something", False, None, sent(OFF), sent(OFF), False),
    # other spellings, a budget, fields that are not known
    ("glm-4.7", "enabled", None, sent(ON | KEEP), sent(ON), False),
    ("glm-4.7", "disabled", None, sent(OFF), sent(OFF), False),
    ("glm-4.7", {"enabled": True}, None, sent(ON | KEEP), sent(ON), False),
    ("glm-5.3", {"enabled": False}, None, sent(KEEP, "low"), sent(None, "low"), True),
    ("glm-4.7", ON | {"budget_tokens": 1024}, None, sent(ON | KEEP), sent(ON), True),
    ("glm-5.3", ON | {"budget_tokens": 1024}, "high", sent(ON | KEEP, "high"), sent(ON, "high"), True),
    ("glm-4.7", ON | {"level": 3}, None, sent(ON | {"level": 3} | KEEP), sent(ON | {"level": 3}), True),
    ("glm-4-plus", ON | {"budget_tokens": 1024}, None, sent(), sent(), True),
]


@pytest.mark.parametrize("host", ["zai", "zai-coding", "bigmodel", "bigmodel-coding", "phanedge", "anyfast"])
@pytest.mark.parametrize(("model", "thinking", "effort", "native", "gateway", "noticed"), GLM)
def test_glm_where_reasoning_is_kept(
    model: str, thinking: Any, effort: str | None, native: dict[str, Any], gateway: Any, noticed: bool, host: str
) -> None:
    del gateway
    fields, notices = asked(thinking, effort, model, HOSTS[host])
    assert (fields, len(notices)) == (native, int(noticed))


@pytest.mark.parametrize(("model", "thinking", "effort", "native", "gateway", "noticed"), GLM)
def test_glm_on_other_gateways(
    model: str, thinking: Any, effort: str | None, native: Any, gateway: dict[str, Any], noticed: bool
) -> None:
    del native
    fields, notices = asked(thinking, effort, model, GATEWAY)
    assert (fields, len(notices)) == (gateway, int(noticed))


ALL = {"keep": "all"}

KIMI: list[tuple[str, Any, str | None, dict[str, Any], bool]] = [
    ("kimi-k2.5", None, None, sent(), False),
    ("kimi-k2.5", True, None, sent(ON), False),
    ("kimi-k2.5", False, None, sent(OFF), False),
    ("kimi-k2.6", None, None, sent(ON | ALL), False),
    ("kimi-k2.6", True, None, sent(ON | ALL), False),
    ("kimi-k2.6", False, None, sent(OFF), False),
    ("kimi-k2.6", ON | {"keep": None}, None, sent(ON | {"keep": None}), False),
    ("kimi-k2.6", None, "high", sent(ON | ALL), True),
    ("kimi-k2.6", None, "none", sent(OFF), False),
    ("kimi-k2.7-code", None, None, sent(), False),
    ("kimi-k2.7-code", False, None, sent(), True),
    ("kimi-k3", None, None, sent(), False),
    ("kimi-k3", True, None, sent(), False),
    ("kimi-k3", True, "high", sent(None, "high"), False),
    ("kimi-k3", False, None, sent(None, "low"), True),
    ("kimi-k3", None, "medium", sent(None, "high"), True),
    ("kimi-k2-thinking", True, None, sent(), False),
    ("kimi-k2-thinking", False, None, sent(), True),
    ("kimi-k2-0905-preview", True, None, sent(), True),
    ("kimi-k2-0905-preview", False, None, sent(), False),
]


@pytest.mark.parametrize("host", ["kimi", "kimi-cn"])
@pytest.mark.parametrize(("model", "thinking", "effort", "expected", "noticed"), KIMI)
def test_kimi(
    model: str, thinking: Any, effort: str | None, expected: dict[str, Any], noticed: bool, host: str
) -> None:
    fields, notices = asked(thinking, effort, model, HOSTS[host])
    assert (fields, len(notices)) == (expected, int(noticed))


@pytest.mark.parametrize("host", [*HOSTS.values(), GATEWAY], ids=lambda host: host.name)
@pytest.mark.parametrize("model", list(MODELS))
@pytest.mark.parametrize("thinking", [None, True, False, ON, OFF])
def test_no_model_is_sent_what_it_refuses(model: str, thinking: Any, host: Host) -> None:
    known = MODELS[model]
    for effort in (None, *EFFORTS):
        fields, notices = asked(thinking, effort, model, host)
        switch, level = fields.get("thinking"), fields.get("reasoning_effort")
        assert fields.keys() <= {"thinking", "reasoning_effort"}
        assert level is None or level in known.efforts
        assert switch is None or (known.thinking != "none" and known.thinking_object)
        assert not (known.thinking == "always" and switch and switch.get("type") == "disabled")
        assert all(notice.startswith(model) for notice in notices)


def test_what_the_user_gave_stays_as_it_is() -> None:
    thinking = {"type": "disabled"}
    asked(thinking, None, "glm-5.3", HOSTS["zai"])
    assert thinking == {"type": "disabled"}


@pytest.mark.parametrize(
    ("thinking", "effort", "model", "notice"),
    [
        (
            False,
            None,
            "glm-5.3",
            "glm-5.3 cannot stop thinking; reasoning_effort='low' is sent instead.",
        ),
        (False, None, "kimi-k2.7-code", "kimi-k2.7-code cannot stop thinking; thinking stays on."),
        (
            None,
            "medium",
            "glm-5.3",
            "glm-5.3 accepts reasoning_effort low, high, max; 'high' is sent instead of 'medium'.",
        ),
        (None, "high", "glm-4.7", "glm-4.7 has no levels of effort; reasoning_effort='high' is not sent."),
        (True, None, "glm-4-plus", "glm-4-plus does not think; thinking and reasoning_effort are not sent."),
        (
            {"enabled": True, "budget_tokens": 9},
            None,
            "glm-5.2",
            "glm-5.2 has no thinking budget; budget_tokens is not sent; reasoning_effort limits its thinking.",
        ),
        (ON | {"level": 1}, None, "glm-5.2", "glm-5.2: thinking has no known field level; it is sent unchanged."),
    ],
)
def test_a_notice_says_what_was_done(thinking: Any, effort: str | None, model: str, notice: str) -> None:
    assert asked(thinking, effort, model, HOSTS["zai"])[1] == [notice]


@pytest.mark.parametrize(
    ("value", "checked"),
    [
        (None, None),
        (True, True),
        (False, False),
        ("enabled", True),
        ("disabled", False),
        ({}, {}),
        (ON, ON),
        (KEEP, KEEP),
        ({"enabled": True}, ON),
        ({"enabled": False, "clear_thinking": False}, OFF | KEEP),
        ({"enabled": True, "type": "enabled"}, ON),
        (ON | {"budget_tokens": 5, "x": 1}, ON | {"budget_tokens": 5, "x": 1}),
    ],
)
def test_a_known_form_is_taken(value: Any, checked: Any) -> None:
    assert check_thinking(value) == checked
    assert check_thinking(checked) == checked


@pytest.mark.parametrize(
    "value",
    [
        "perhaps",
        "auto",
        "",
        1,
        ["enabled"],
        {"type": "perhaps"},
        {"type": None},
        {"type": ["enabled"]},
        {"enabled": "yes"},
        {"enabled": True, "type": "disabled"},
    ],
)
@pytest.mark.parametrize("model", ["glm-5.2", "glm-4-plus", "some-model"])
def test_another_form_is_refused_with_the_known_ones(value: Any, model: str) -> None:
    with pytest.raises(
        ValueError, match=r"^thinking=.* is not valid; give True, False, \"enabled\", \"disabled\""
    ) as error:
        asked(value, None, model, HOSTS["zai"])
    assert repr(value) in str(error.value)


def test_a_word_is_no_flag() -> None:
    with pytest.raises(ValueError, match=r"^thinking: clear_thinking='no' must be True or False"):
        check_thinking({"clear_thinking": "no"})
