"""Which endpoint is meant, from a name, a URL or the environment."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from langchain_glm.catalog.choose_host import check_serves, choose_host, host_of_key, missing_key_error
from langchain_glm.catalog.hosts import GATEWAY, HOSTS, Host
from langchain_glm.errors import GLMAuthenticationError, GLMValueError

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
    "a version after the coding plan's URL": (None, ZAI_CODING + "/v1", {}, "zai-coding", ZAI_CODING + "/v1"),
    "a version after the URL": (None, ZAI + "/v1", {}, "zai", ZAI + "/v1"),
    "another version of the coding plan": (
        None,
        "https://open.bigmodel.cn/api/coding/paas/v5",
        {},
        "bigmodel-coding",
        "https://open.bigmodel.cn/api/coding/paas/v5",
    ),
    "a path that only begins alike": (None, "https://api.z.ai/api/codingx", {}, "zai", "https://api.z.ai/api/codingx"),
    "no path": (None, "https://api.z.ai", {}, "zai", "https://api.z.ai"),
    "a server in capitals": (None, "https://API.Z.AI/api/paas/v4", {}, "zai", "https://API.Z.AI/api/paas/v4"),
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
        assert warning == f"base_url={url} does not exist; {host.base_url} (host={host.name!r}) is used instead."


def test_the_environments_url_is_mended_too() -> None:
    chosen, warning = choose_host("zai", None, {"ZAI_BASE_URL": "https://api.z.ai/v1"})
    assert (chosen, warning is not None) == (HOSTS["zai"], True)


@pytest.mark.parametrize("url", ["", "api.z.ai/api/paas/v4", "ftp://api.z.ai", "/v1", " https://api.z.ai"])
@pytest.mark.parametrize("name", [None, "zai"])
def test_what_is_no_url_is_refused(url: str, name: str | None) -> None:
    with pytest.raises(ValueError, match=r"^base_url=.* must begin with https://"):
        choose_host(name, url, {})


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"^host='openai' is unknown. Give one of zai, zai-coding, bigmodel") as caught:
        choose_host("openai", None, {})
    assert all(name in str(caught.value) for name in HOSTS)


@pytest.mark.parametrize("environ", [{}, {"MOONSHOT_API_KEY": "l"}])
def test_a_given_key_alone_chooses_no_host(environ: Mapping[str, str]) -> None:
    with pytest.raises(GLMAuthenticationError, match="A key is given, but it does not say") as caught:
        choose_host(None, None, environ, "glm-5.2", key_given=True)
    assert "Give host=… (one of zai, " in str(caught.value)


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("zai_api_key", "zai"),
        ("zhipuai_api_key", "bigmodel"),
        ("bigmodel_api_key", "bigmodel"),
        ("moonshot_api_key", "kimi"),
        ("openai_api_key", None),
        ("api_key", None),
        ("glm_api_key", None),
    ],
)
def test_the_name_of_a_key_may_choose_a_host(name: str, host: str | None) -> None:
    assert host_of_key(name) == host


# the keys in the environment, the model, and the host that it goes to
BY_MODEL: list[tuple[str, str | None, str]] = [
    ("ZAI_API_KEY MOONSHOT_API_KEY", "glm-5.2", "zai"),
    ("ZAI_API_KEY MOONSHOT_API_KEY", "z-ai/GLM-4.6", "zai"),
    ("ZAI_API_KEY MOONSHOT_API_KEY", "kimi-k3", "kimi"),
    ("ZHIPUAI_API_KEY KIMI_API_KEY", "moonshot-v1-8k", "kimi"),
    ("ZHIPUAI_API_KEY KIMI_API_KEY", "charglm-4", "bigmodel"),
    ("PHANEDGE_API_KEY", "glm-5.2", "phanedge"),
    ("PHANEDGE_API_KEY", "kimi-k3", "phanedge"),
    ("PHANEDGE_API_KEY MOONSHOT_API_KEY", "glm-5.2", "phanedge"),
    ("MOONSHOT_API_KEY", "kimi-k3", "kimi"),
    ("MOONSHOT_API_KEY", "a-model-of-my-own", "kimi"),
    ("ZAI_API_KEY", "a-model-of-my-own", "zai"),
    ("ZAI_API_KEY", None, "zai"),
]


@pytest.mark.parametrize(("keys", "model", "chosen"), BY_MODEL)
def test_the_model_has_a_say_when_a_key_chooses(keys: str, model: str | None, chosen: str) -> None:
    host, _ = choose_host(None, None, dict.fromkeys(keys.split(), "k"), model)
    assert host == HOSTS[chosen]


@pytest.mark.parametrize(("keys", "model"), [("MOONSHOT_API_KEY", "glm-5.2"), ("ZAI_API_KEY", "kimi-k3")])
def test_a_key_of_another_company_does_not_choose_its_host(keys: str, model: str) -> None:
    with pytest.raises(GLMAuthenticationError, match=f"no key for a host that serves {model}, only {keys}") as caught:
        choose_host(None, None, {keys: "secret"}, model)
    hint = caught.value.hint or ""
    wanted, other = ("ZAI_API_KEY (zai)", "MOONSHOT_API_KEY")
    assert (wanted in hint, other in hint) == ((True, False) if model == "glm-5.2" else (False, True))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(("name", "url"), [("kimi", None), (None, "https://api.moonshot.ai/v1")])
def test_the_model_has_no_say_where_a_host_is_named(name: str | None, url: str | None) -> None:
    assert choose_host(name, url, {}, "glm-5.2")[0] == HOSTS["kimi"]


@pytest.mark.parametrize("model", [None, "a-model-of-my-own"])
def test_several_hosts_that_may_serve_the_model_are_refused(model: str | None) -> None:
    with pytest.raises(
        ValueError, match=r"holds keys of several hosts: ZAI_API_KEY \(zai\), MOONSHOT_API_KEY \(kimi\)\."
    ):
        choose_host(None, None, {"ZAI_API_KEY": "k", "MOONSHOT_API_KEY": "l"}, model)
    with pytest.raises(
        ValueError, match=r"holds keys of several hosts: ZAI_API_KEY \(zai\), ZHIPU_API_KEY \(bigmodel\)\."
    ):
        choose_host(None, None, {"ZAI_API_KEY": "k", "ZHIPU_API_KEY": "l", "MOONSHOT_API_KEY": "m"}, "glm-5.2")


OWN = Host(name="mine", base_url="https://vllm.example/v1", key_variables=("MY_KEY",), tool_choice=True)


def test_a_host_of_the_users_own_is_used_as_it_is() -> None:
    everything = {"ZAI_API_KEY": "k", "ZAI_BASE_URL": "https://b.example"}
    assert choose_host(OWN, None, everything, "glm-5.2") == (OWN, None)
    moved = dataclasses.replace(HOSTS["zai"], base_url="https://a.example/v4")
    assert choose_host(moved, None, everything) == (moved, None)
    assert choose_host(OWN, ZAI + "/", {}) == (dataclasses.replace(OWN, base_url=ZAI), None)
    assert choose_host(OWN, "http://gpu7:8000/v1", {})[1] is not None
    with pytest.raises(ValueError, match="must begin with https://"):
        choose_host(dataclasses.replace(OWN, base_url="vllm.example"), None, {})


@pytest.mark.parametrize("environ", [{}, {"ZAI_API_KEY": ""}, {"ZAI_CODING_API_KEY": " "}])
def test_nothing_that_chooses_is_refused_with_the_variables(environ: Mapping[str, str]) -> None:
    with pytest.raises(GLMAuthenticationError, match=r"^No host is given, and no key is in the environment") as caught:
        choose_host(None, None, environ)
    assert all(variable in str(caught.value) for variable in ("ZAI_API_KEY (zai)", "ZHIPUAI_API_KEY (bigmodel)"))


def test_the_key_of_a_coding_plan_alone_says_to_name_the_plan() -> None:
    with pytest.raises(GLMAuthenticationError, match="no key that selects a host, only ZAI_CODING_API_KEY") as caught:
        choose_host(None, None, {"ZAI_CODING_API_KEY": "secret"}, "glm-5.2")
    assert "Give host='zai-coding':" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("path", ["/web_search", "/reader", "/layout_parsing"])
def test_the_key_of_a_coding_plan_is_named_where_it_cannot_be_used(path: str) -> None:
    with pytest.raises(GLMAuthenticationError) as caught:
        choose_host(None, None, {"ZAI_CODING_API_KEY": "secret"}, path=path)
    assert str(caught.value).startswith(
        f"The environment holds no key for a host that serves {path}, only ZAI_CODING_API_KEY (zai-coding).\n"
        "Set one of ZAI_API_KEY (zai), ZHIPUAI_API_KEY (bigmodel)"
    )


def test_a_key_is_named_once() -> None:
    failure = missing_key_error(HOSTS["bigmodel"], "/embeddings", {"MOONSHOT_API_KEY": "k"})
    assert "The keys of MOONSHOT_API_KEY (kimi) cannot be used" in str(failure)


def test_the_gateways_key_alone_says_what_to_add() -> None:
    with pytest.raises(GLMAuthenticationError, match=r"^GLM_API_KEY is set, but it does not say") as caught:
        choose_host(None, None, {"GLM_API_KEY": "secret"})
    assert "base_url=" in str(caught.value)
    assert "host=" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert choose_host(None, None, {"GLM_API_KEY": "secret", "ZAI_API_KEY": "k"})[0].name == "zai"


def test_a_missing_key_is_an_authentication_error_that_names_every_variable() -> None:
    failure = missing_key_error(HOSTS["zai-coding"])
    assert isinstance(failure, GLMAuthenticationError)
    assert str(failure) == (
        "There is no key for host 'zai-coding'.\n"
        "Set the environment variable ZAI_CODING_API_KEY or ZAI_API_KEY or Z_AI_API_KEY, or give api_key=…. "
        "You get a key at https://z.ai/manage-apikey/apikey-list"
    )
    assert str(missing_key_error(HOSTS["phanedge"])).endswith("api_key=….")


@pytest.mark.parametrize(
    "url",
    [
        "https://user:secret@gw.example/v1",
        "user:secret@gw.example/v1",
        " https://user:secret@gw.example",
        "https://gw.example/v1?api_key=secret",
        "gw.example/v1#secret",
        "https://gw.example:99999/v1?secret",
        "https://[::1/v1",
    ],
)
@pytest.mark.parametrize("name", [None, "zai", OWN])
def test_no_part_of_a_refused_url_that_may_be_secret_is_shown(url: str, name: str | Host | None) -> None:
    with pytest.raises(GLMValueError, match=r"^base_url") as caught:
        choose_host(name, url, {})
    assert "secret" not in str(caught.value)


def test_several_keys_are_refused_with_their_hosts() -> None:
    with pytest.raises(ValueError, match="holds keys of several hosts") as caught:
        choose_host(None, None, {"ZAI_API_KEY": "secret1", "ZHIPU_API_KEY": "secret2", "MOONSHOT_API_KEY": "secret3"})
    text = str(caught.value)
    assert "ZAI_API_KEY (zai), ZHIPU_API_KEY (bigmodel), MOONSHOT_API_KEY (kimi)" in text
    assert "secret" not in text


# What a host serves besides chat.


@pytest.mark.parametrize(
    ("path", "serving"),
    [
        ("/chat/completions", set(HOSTS)),
        ("/embeddings", {"bigmodel", "phanedge", "anyfast"}),
        ("/rerank", {"bigmodel", "phanedge", "anyfast"}),
        ("/web_search", {"bigmodel", "zai", "phanedge", "anyfast"}),
        ("/tokenizer", {"bigmodel", "bigmodel-coding", "zai", "zai-coding", "phanedge", "anyfast"}),
    ],
)
def test_what_hosts_may_serve(path: str, serving: set[str]) -> None:
    assert {name for name, host in HOSTS.items() if host.may_serve(path)} == serving


def test_a_key_selects_only_a_host_that_serves_the_path() -> None:
    environ = {"ZAI_API_KEY": "k", "MOONSHOT_API_KEY": "l"}
    assert choose_host(None, None, environ, path="/web_search")[0].name == "zai"
    with pytest.raises(GLMAuthenticationError, match=r"serves /embeddings, only ZAI_API_KEY \(zai\), MOON"):
        choose_host(None, None, environ, path="/embeddings")


def test_who_has_only_keys_of_other_hosts_is_told_so() -> None:
    failure = missing_key_error(HOSTS["bigmodel"], "/embeddings", {"ZAI_API_KEY": "secret"})
    assert "The keys of ZAI_API_KEY (zai) cannot be used: these hosts do not serve /embeddings." in str(failure)
    assert "ZHIPUAI_API_KEY" in str(failure.hint)
    plan = missing_key_error(HOSTS["bigmodel"], "/embeddings", {"BIGMODEL_CODING_API_KEY": "secret"})
    assert "BIGMODEL_CODING_API_KEY (bigmodel-coding) cannot be used" in str(plan)
    assert "cannot be used" not in str(missing_key_error(HOSTS["zai"], environ={"MOONSHOT_API_KEY": "secret"}))


def test_a_host_that_does_not_serve_the_path_is_refused() -> None:
    with pytest.raises(GLMValueError, match=r"'zai-coding' does not serve /embeddings\. .* ZHIPUAI_API_KEY"):
        check_serves(HOSTS["zai-coding"], "/embeddings")
    check_serves(HOSTS["phanedge"], "/embeddings")
