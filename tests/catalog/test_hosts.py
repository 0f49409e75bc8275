"""Which endpoint is meant, from a name, a URL or the environment."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from langchain_glm.catalog.hosts import GATEWAY, HOSTS, Host, choose_host

if TYPE_CHECKING:
    from collections.abc import Mapping

ZAI = "https://api.z.ai/api/paas/v4"
ZAI_CODING = "https://api.z.ai/api/coding/paas/v4"
BIGMODEL = "https://open.bigmodel.cn/api/paas/v4"

# name, URL, environment: the host and the URL to use
CHOSEN: dict[str, tuple[str | None, str | None, Mapping[str, str], str, str]] = {
    **{f"{name} by name": (name, None, {}, name, host.base_url) for name, host in HOSTS.items()},
    **{f"{name} by its URL": (None, host.base_url, {}, name, host.base_url) for name, host in HOSTS.items()},
    "a key of Z.ai": (None, None, {"ZAI_API_KEY": "k"}, "zai", ZAI),
    "the other key of Z.ai": (None, None, {"Z_AI_API_KEY": "k"}, "zai", ZAI),
    "a key of BigModel": (None, None, {"ZHIPUAI_API_KEY": "k"}, "bigmodel", BIGMODEL),
    "another key of BigModel": (None, None, {"ZHIPU_API_KEY": "k"}, "bigmodel", BIGMODEL),
    "a key of Kimi": (None, None, {"MOONSHOT_API_KEY": "k"}, "kimi", "https://api.moonshot.ai/v1"),
    "a key of PhanEdge": (None, None, {"PHANEDGE_API_KEY": "k"}, "phanedge", "https://models.phanedge.cloud/v1"),
    "a key of AnyFast": (None, None, {"ANYFAST_API_KEY": "k"}, "anyfast", "https://www.anyfast.ai/v1"),
    "two keys of one host": (None, None, {"ZAI_API_KEY": "k", "Z_AI_API_KEY": "l"}, "zai", ZAI),
    "an empty key is none": (None, None, {"ZAI_API_KEY": " ", "ZHIPUAI_API_KEY": "k"}, "bigmodel", BIGMODEL),
    "a plan's own key does not choose it": (None, None, {"ZAI_API_KEY": "k", "ZAI_CODING_API_KEY": "l"}, "zai", ZAI),
    "a name beside several keys": (
        "bigmodel",
        None,
        {"ZAI_API_KEY": "k", "ZHIPUAI_API_KEY": "l"},
        "bigmodel",
        BIGMODEL,
    ),
    "a URL beside several keys": (None, ZAI, {"ZAI_API_KEY": "k", "ZHIPUAI_API_KEY": "l"}, "zai", ZAI),
    "an unknown URL": (None, "https://gw.example/v1", {}, "gateway", "https://gw.example/v1"),
    "an unknown URL without TLS": (None, "http://127.0.0.1:8000/v1", {}, "gateway", "http://127.0.0.1:8000/v1"),
    "an unknown URL beside a key": (
        None,
        "https://gw.example/v1",
        {"ZAI_API_KEY": "k"},
        "gateway",
        "https://gw.example/v1",
    ),
    "a name moves with the URL": ("zai", "https://proxy.example/zai", {}, "zai", "https://proxy.example/zai"),
    "another path of a known server": (None, "https://api.moonshot.cn/v2", {}, "kimi-cn", "https://api.moonshot.cn/v2"),
    "a server that only looks known": (
        None,
        "https://api.z.ai.example/v4",
        {},
        "gateway",
        "https://api.z.ai.example/v4",
    ),
    "a slash at the end": (None, ZAI + "/", {}, "zai", ZAI),
    "the whole path": (None, ZAI + "/chat/completions", {}, "zai", ZAI),
    "the whole path and a slash": (None, ZAI + "/chat/completions/", {}, "zai", ZAI),
    "the whole path of a gateway": (
        None,
        "https://gw.example/v1/chat/completions",
        {},
        "gateway",
        "https://gw.example/v1",
    ),
    "a URL from the environment": (
        "zai",
        None,
        {"ZAI_BASE_URL": "https://proxy.example/v4"},
        "zai",
        "https://proxy.example/v4",
    ),
    "the other variable for it": (
        "zai",
        None,
        {"ZAI_API_BASE": "https://proxy.example/v4"},
        "zai",
        "https://proxy.example/v4",
    ),
    "a key and a URL from the environment": (
        None,
        None,
        {"ZAI_API_KEY": "k", "ZAI_BASE_URL": "https://proxy.example/v4/"},
        "zai",
        "https://proxy.example/v4",
    ),
    "the whole path from the environment": (
        "bigmodel",
        None,
        {"ZHIPUAI_API_BASE": BIGMODEL + "/chat/completions"},
        "bigmodel",
        BIGMODEL,
    ),
    "an empty URL in the environment is none": ("zai", None, {"ZAI_BASE_URL": ""}, "zai", ZAI),
    "a given URL beside the environment's": (
        "zai",
        "https://a.example",
        {"ZAI_BASE_URL": "https://b.example"},
        "zai",
        "https://a.example",
    ),
    "the environment points to the coding plan": ("zai", None, {"ZAI_BASE_URL": ZAI_CODING}, "zai-coding", ZAI_CODING),
    "the same by key": (None, None, {"ZAI_API_KEY": "k", "ZAI_BASE_URL": ZAI_CODING + "/"}, "zai-coding", ZAI_CODING),
    "the environment of another host": ("bigmodel", None, {"ZAI_BASE_URL": ZAI_CODING}, "bigmodel", BIGMODEL),
    "the plan by name, the other by URL": ("zai-coding", ZAI, {}, "zai", ZAI),
    "a name at another owner's URL": ("zai", BIGMODEL, {}, "zai", BIGMODEL),
}


@pytest.mark.parametrize(("name", "url", "environ", "chosen", "used"), CHOSEN.values(), ids=CHOSEN)
def test_a_host_is_chosen(
    name: str | None, url: str | None, environ: Mapping[str, str], chosen: str, used: str
) -> None:
    host, warning = choose_host(name, url, environ)
    assert (host.name, host.base_url, warning) == (chosen, used, None)
    dialect = HOSTS.get(chosen, GATEWAY)
    assert host == dataclasses.replace(dialect, base_url=used)


WRONG = [(url, host) for host in HOSTS.values() for url in host.wrong_urls]


@pytest.mark.parametrize(("url", "host"), WRONG, ids=[url for url, _ in WRONG])
@pytest.mark.parametrize("end", ["", "/", "/chat/completions"])
def test_a_url_in_circulation_that_is_not_served_is_mended_with_a_warning(url: str, host: Host, end: str) -> None:
    for name in (None, host.name):
        chosen, warning = choose_host(name, url + end, {})
        assert chosen == host
        assert warning == f"base_url {url} is not served; {host.base_url} (host={host.name!r}) is used instead."


def test_the_environments_url_is_mended_too() -> None:
    chosen, warning = choose_host("zai", None, {"ZAI_BASE_URL": "https://api.z.ai/v1"})
    assert (chosen, warning is not None) == (HOSTS["zai"], True)


@pytest.mark.parametrize("url", ["", "api.z.ai/api/paas/v4", "ftp://api.z.ai", "/v1", " https://api.z.ai"])
@pytest.mark.parametrize("name", [None, "zai"])
def test_what_is_no_url_is_refused(url: str, name: str | None) -> None:
    with pytest.raises(ValueError, match=r"^base_url=.* must begin with https://"):
        choose_host(name, url, {})


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        ValueError, match=r"^host='openai' is unknown; known hosts: zai, zai-coding, bigmodel"
    ) as caught:
        choose_host("openai", None, {})
    assert all(name in str(caught.value) for name in HOSTS)


@pytest.mark.parametrize("environ", [{}, {"ZAI_API_KEY": ""}, {"ZAI_CODING_API_KEY": "k"}, {"GLM_API_KEY": "k"}])
def test_nothing_that_chooses_is_refused_with_the_variables(environ: Mapping[str, str]) -> None:
    with pytest.raises(ValueError, match=r"^No host is named and no key is in the environment") as caught:
        choose_host(None, None, environ)
    assert all(variable in str(caught.value) for variable in ("ZAI_API_KEY (zai)", "ZHIPUAI_API_KEY (bigmodel)"))


def test_several_keys_are_refused_with_their_hosts() -> None:
    with pytest.raises(ValueError, match="holds keys of several hosts") as caught:
        choose_host(None, None, {"ZAI_API_KEY": "secret1", "ZHIPU_API_KEY": "secret2", "MOONSHOT_API_KEY": "secret3"})
    text = str(caught.value)
    assert "zai (ZAI_API_KEY), bigmodel (ZHIPUAI_API_KEY), kimi (MOONSHOT_API_KEY)" in text
    assert "secret" not in text


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


def test_hosts_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        HOSTS["zai"].base_url = "x"  # type: ignore[misc]
