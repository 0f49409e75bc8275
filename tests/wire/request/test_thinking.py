"""What is asked of thinking and effort → what is sent, for every kind of model on every kind of host."""

from __future__ import annotations

from typing import Any

import pytest

from langchain_glm.catalog.hosts import GATEWAY, HOSTS, Host
from langchain_glm.catalog.profiles import EFFORTS, MODELS, find_model
from langchain_glm.wire.request.thinking import resolve_thinking

KEEP = {"clear_thinking": False}
ON = {"type": "enabled"}
OFF = {"type": "disabled"}


def asked(thinking: Any, effort: str | None, model: str, host: Host) -> tuple[dict[str, Any], list[str]]:
    return resolve_thinking(thinking, effort, find_model(model), model, host)


def sent(switch: dict[str, Any] | None = None, effort: str | None = None) -> dict[str, Any]:
    return ({"thinking": switch} if switch else {}) | ({"reasoning_effort": effort} if effort else {})


# model, thinking, effort: on Zhipu's own hosts, on gateways, and whether there is a notice
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
]


@pytest.mark.parametrize("host", [host for host in HOSTS.values() if host.native], ids=lambda host: host.name)
@pytest.mark.parametrize(("model", "thinking", "effort", "native", "gateway", "noticed"), GLM)
def test_glm_on_zhipus_own_hosts(
    model: str, thinking: Any, effort: str | None, native: dict[str, Any], gateway: Any, noticed: bool, host: Host
) -> None:
    del gateway
    fields, notices = asked(thinking, effort, model, host)
    assert (fields, len(notices)) == (native, int(noticed))


@pytest.mark.parametrize("host", [HOSTS["phanedge"], HOSTS["anyfast"], GATEWAY], ids=lambda host: host.name)
@pytest.mark.parametrize(("model", "thinking", "effort", "native", "gateway", "noticed"), GLM)
def test_glm_on_gateways(
    model: str, thinking: Any, effort: str | None, native: Any, gateway: dict[str, Any], noticed: bool, host: Host
) -> None:
    del native
    fields, notices = asked(thinking, effort, model, host)
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
            "glm-5.3 always thinks and refuses to be switched off; reasoning_effort='low' is sent instead.",
        ),
        (False, None, "kimi-k2.7-code", "kimi-k2.7-code always thinks and refuses to be switched off; it is left on."),
        (None, "medium", "glm-5.3", "glm-5.3 knows reasoning_effort low, high, max; 'high' is sent for 'medium'."),
        (None, "high", "glm-4.7", "glm-4.7 has no effort levels; reasoning_effort='high' is left out."),
        (True, None, "glm-4-plus", "glm-4-plus does not think; thinking and reasoning_effort are left out."),
    ],
)
def test_a_notice_says_what_was_done(thinking: Any, effort: str | None, model: str, notice: str) -> None:
    assert asked(thinking, effort, model, HOSTS["zai"])[1] == [notice]
