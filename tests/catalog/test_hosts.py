"""The table of hosts, and where a host's key is found."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from langchain_glm.catalog.hosts import GATEWAY, HOSTS, PROVIDERS, Host
from langchain_glm.catalog.models import MODELS

if TYPE_CHECKING:
    from collections.abc import Mapping

# host, environment, and the key
KEYS: list[tuple[str, Mapping[str, str], str | None]] = [
    ("zai", {"ZAI_API_KEY": "k"}, "k"),
    ("zai", {"ZAI_API_KEY": " k\n"}, "k"),
    ("zai", {"ZAI_API_KEY": "", "Z_AI_API_KEY": "l"}, "l"),
    ("zai", {"ZAI_API_KEY": "k", "Z_AI_API_KEY": "l"}, "k"),
    ("zai-coding", {"ZAI_API_KEY": "k", "ZAI_CODING_API_KEY": "c"}, "c"),
    ("zai-coding", {"ZAI_API_KEY": "k"}, "k"),
    ("bigmodel", {"ZAI_API_KEY": "k"}, None),
    ("kimi-cn", {"KIMI_API_KEY": "k"}, "k"),
    ("zai", {}, None),
]


@pytest.mark.parametrize(("name", "environ", "key"), KEYS)
def test_a_key_is_found(name: str, environ: Mapping[str, str], key: str | None) -> None:
    assert HOSTS[name].key_from(environ) == key


@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS)
def test_a_host_is_consistent(host: Host) -> None:
    assert HOSTS[host.name] is host
    assert host.base_url.startswith("https://")
    assert not host.base_url.endswith("/")
    assert host.key_variable == host.key_variables[0]
    assert host.base_url not in host.wrong_urls
    other = HOSTS[host.other_plan] if host.other_plan else None
    assert other is None or other.other_plan == host.name
    assert host.served_as.keys() | set(host.served_as.values()) <= MODELS.keys()
    assert hash(host) == hash(dataclasses.replace(host))


def test_providers_are_named_as_price_tables_name_them() -> None:
    assert {name: host.provider for name, host in HOSTS.items()} == {
        "zai": "zai",
        "zai-coding": "zai",
        "bigmodel": "zhipuai",
        "bigmodel-coding": "zhipuai",
        "phanedge": "glm",
        "anyfast": "glm",
        "kimi": "moonshotai",
        "kimi-cn": "moonshotai",
    }
    assert GATEWAY.provider == "glm"
    assert PROVIDERS == ("glm", "zai", "zhipuai", "moonshotai")


def test_hosts_that_pass_thinking_through_are_asked_to_keep_it() -> None:
    assert {name for name, host in HOSTS.items() if host.keeps_reasoning} == HOSTS.keys()
    assert not GATEWAY.keeps_reasoning
    assert {host.reasoning_field for host in HOSTS.values()} == {"reasoning_content", None}
    assert GATEWAY.reasoning_field is None


def test_hosts_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        HOSTS["zai"].base_url = "x"  # type: ignore[misc]
