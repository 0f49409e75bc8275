"""Which values are refused before they are sent, and where."""

from __future__ import annotations

from typing import Any

import pytest

from langchain_glm.catalog.hosts import GATEWAY, HOSTS, Host
from langchain_glm.catalog.models import find_model
from langchain_glm.wire.request.ranges import check_ranges

OUTSIDE: list[tuple[str, Any, str]] = [
    ("temperature", 1.2, "temperature=1.2 is outside GLM's range of 0 to 1 (1210)."),
    ("temperature", -0.1, "temperature=-0.1 is outside GLM's range of 0 to 1 (1210)."),
    ("top_p", 0, "top_p=0 is outside GLM's range of 0.01 to 1 (1210)."),
    ("top_p", 1.5, "top_p=1.5 is outside GLM's range of 0.01 to 1 (1210)."),
    ("max_tokens", 0, "max_tokens=0 is outside GLM's range of 1 to 131072 (1210)."),
    ("max_tokens", 131_073, "max_tokens=131073 is outside GLM's range of 1 to 131072 (1210)."),
    ("request_id", "short", "request_id has 5 characters; GLM accepts 6 to 64 (1214)."),
    ("request_id", "r" * 65, "request_id has 65 characters; GLM accepts 6 to 64 (1214)."),
    ("user_id", "short", "user_id has 5 characters; GLM accepts 6 to 128 (1214)."),
    ("user_id", "u" * 129, "user_id has 129 characters; GLM accepts 6 to 128 (1214)."),
]
NATIVE = [host for host in HOSTS.values() if host.native]
NOT_NATIVE = [GATEWAY, *(host for host in HOSTS.values() if not host.native)]


@pytest.mark.parametrize("host", NATIVE, ids=lambda host: host.name)
@pytest.mark.parametrize("model", ["glm-5.2", "glm-5.4", "some-model"])
@pytest.mark.parametrize(("name", "value", "text"), OUTSIDE)
def test_ranges_hold_on_zhipus_hosts(name: str, value: Any, text: str, model: str, host: Host) -> None:
    with pytest.raises(ValueError, match=name) as error:
        check_ranges({name: value}, host, find_model(model, host))
    assert str(error.value) == text


@pytest.mark.parametrize("host", NOT_NATIVE, ids=lambda host: host.name)
@pytest.mark.parametrize(("name", "value", "text"), OUTSIDE)
def test_elsewhere_they_hold_for_listed_models(name: str, value: Any, text: str, host: Host) -> None:
    with pytest.raises(ValueError, match=name) as error:
        check_ranges({name: value}, host, find_model("glm-5.2"))
    assert str(error.value) == text
    for model in ("some-model", "glm-5.4"):
        check_ranges({name: value}, host, find_model(model))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        dict.fromkeys(("temperature", "top_p", "max_tokens", "request_id", "user_id")),
        {"temperature": 0, "top_p": 0.01, "max_tokens": 1, "request_id": "r" * 6, "user_id": "u" * 6},
        {"temperature": 1, "top_p": 1, "max_tokens": 131_072, "request_id": "r" * 64, "user_id": "u" * 128},
    ],
)
@pytest.mark.parametrize("host", [*HOSTS.values(), GATEWAY], ids=lambda host: host.name)
def test_the_ends_belong_to_the_range(settings: dict[str, Any], host: Host) -> None:
    check_ranges(settings, host, find_model("glm-5.2"))


def test_a_model_may_be_asked_for_all_that_it_can_say() -> None:
    kimi = find_model("kimi-k2.6")
    check_ranges({"max_tokens": 262_144}, HOSTS["kimi"], kimi)
    with pytest.raises(ValueError, match=r"^max_tokens=262145 is outside GLM's range of 1 to 262144"):
        check_ranges({"max_tokens": 262_145}, HOSTS["kimi"], kimi)
