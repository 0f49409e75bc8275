"""The checks of key variables and of the host that they choose: a broken environment for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from langchain_glm import HOSTS
from langchain_glm.cli.doctor.choice import CHOICE_CHECKS
from langchain_glm.cli.doctor.finding import KEY_VARIABLES, secrets_in, without_secrets
from langchain_glm.cli.doctor.keys import KEY_CHECKS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from langchain_glm.cli.doctor.finding import Check, Finding

GLM = "0f0f0f0f0f0f0f0f.s3cr3ts3cr3t"
MOONSHOT = "sk-0f0f0f0f0f0f0f0f"


def findings(checks: Sequence[Check], environ: Mapping[str, str]) -> list[Finding]:
    return [finding for check in checks for finding in check(environ)]


def bad(checks: Sequence[Check], environ: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Everything that is not fine, as status, what, and all of its text; each says why, and what to do."""
    found = [finding for finding in findings(checks, environ) if finding.status != "ok"]
    for finding in found:
        assert finding.why
        assert finding.way_out
    return [(finding.status, finding.what, finding.says) for finding in found]


@pytest.mark.parametrize(
    ("environ", "status", "what", "says"),
    [
        ({}, "warn", "keys", "No variable holds a key"),
        ({"ZAI_API_KEY": ""}, "warn", "ZAI_API_KEY", "empty"),
        ({"ZAI_API_KEY": " \n"}, "warn", "ZAI_API_KEY", "empty"),
        ({"ZAI_API_KEY": f"Bearer {GLM}"}, "fail", "ZAI_API_KEY", '"Bearer"'),
        ({"ZAI_API_KEY": f"bearer {GLM}"}, "fail", "ZAI_API_KEY", '"Bearer"'),
        ({"ZAI_API_KEY": f"'{GLM}'"}, "fail", "ZAI_API_KEY", "quotation marks"),
        ({"ZAI_API_KEY": f'"{GLM}'}, "fail", "ZAI_API_KEY", "quotation marks"),
        ({"ZAI_API_KEY": f"“{GLM}”"}, "fail", "ZAI_API_KEY", "quotation marks"),
        ({"ZAI_API_KEY": f"{GLM}\n"}, "warn", "ZAI_API_KEY", "around it"),
        ({"ZAI_API_KEY": f" {GLM}"}, "warn", "ZAI_API_KEY", "around it"),
        ({"ZAI_API_KEY": f"{GLM}\n{GLM}"}, "fail", "ZAI_API_KEY", "in the middle"),
        ({"ZAI_API_KEY": f"\u200b{GLM}"}, "fail", "ZAI_API_KEY", "cannot be seen"),
        ({"ZAI_API_KEY": "your-api-key"}, "fail", "ZAI_API_KEY", "placeholder"),
        ({"ZAI_API_KEY": "<key>"}, "fail", "ZAI_API_KEY", "placeholder"),
        ({"MOONSHOT_API_KEY": "sk-xxxx"}, "fail", "MOONSHOT_API_KEY", "placeholder"),
        ({"ZAI_API_KEY": "${ZAI_KEY}"}, "fail", "ZAI_API_KEY", "placeholder"),
        ({"ZAI_API_KEY": MOONSHOT}, "warn", "ZAI_API_KEY", "look like id.secret"),
        ({"MOONSHOT_API_KEY": GLM}, "warn", "MOONSHOT_API_KEY", "look like sk-…"),
        ({"ZAI_API_KEY": GLM, "ZHIPUAI_API_KEY": GLM}, "warn", "keys", "ZAI_API_KEY and ZHIPUAI_API_KEY hold the same"),
        ({"ZAI_API_KEY": GLM, "Z_AI_API_KEY": f"{GLM}2"}, "warn", "Z_AI_API_KEY", "ZAI_API_KEY comes first"),
    ],
)
def test_a_key_that_is_wrong(environ: dict[str, str], status: str, what: str, says: str) -> None:
    [found] = bad(KEY_CHECKS, environ)
    assert found[:2] == (status, what)
    assert says in found[2]


@pytest.mark.parametrize(
    "environ",
    [
        {"ZAI_API_KEY": GLM},
        {"MOONSHOT_API_KEY": MOONSHOT},
        {"ANYFAST_API_KEY": MOONSHOT, "PHANEDGE_API_KEY": GLM},  # nobody knows what keys of gateways look like
        {"ZAI_API_KEY": GLM, "Z_AI_API_KEY": GLM},
        {"ZAI_API_KEY": "a-new-kind-of-key"},
        {"GLM_API_KEY": "anything"},
    ],
)
def test_keys_that_may_be_right(environ: dict[str, str]) -> None:
    assert bad(KEY_CHECKS, environ) == []


def test_what_is_said_of_a_key() -> None:
    [found] = findings(KEY_CHECKS, {"ZAI_API_KEY": GLM})
    assert (found.what, found.says) == ("ZAI_API_KEY", "set, for zai and zai-coding; its form is id.secret.")
    [found] = findings(KEY_CHECKS, {"GLM_API_KEY": "anything"})
    assert found.says == "set, for a gateway (base_url=…)."


def test_the_form_of_keys_is_known_where_a_vendor_has_one() -> None:
    forms = {host.name: host.key_form for host in HOSTS.values()}
    assert forms["bigmodel"] == forms["zai-coding"] == "id.secret"
    assert forms["kimi-cn"] == "sk-…"
    assert forms["anyfast"] is None


@pytest.mark.parametrize("variable", KEY_VARIABLES)
@pytest.mark.parametrize("value", [GLM, MOONSHOT, f"Bearer {GLM}", f'"{GLM}"', f"{GLM}\n{GLM}", f"\u200b{GLM}"])
def test_no_finding_shows_a_key(variable: str, value: str) -> None:
    environ = {variable: value, "ZAI_BASE_URL": value, "MOONSHOT_BASE_URL": f"https://x/{value}?key={value}"}
    for finding in findings([*KEY_CHECKS, *CHOICE_CHECKS], environ):
        shown = str(without_secrets(finding, secrets_in(environ)))
        assert not any(part in shown for part in (*GLM.split("."), MOONSHOT)), shown


@pytest.mark.parametrize(
    ("environ", "status", "what", "says"),
    [
        ({}, "fail", "host", "no key is in the environment"),
        ({"ZAI_CODING_API_KEY": "k"}, "warn", "host", "no key that selects a host"),
        ({"GLM_API_KEY": "k"}, "warn", "host", "does not say which host"),
        ({"ZAI_API_KEY": "k", "ANYFAST_API_KEY": "k"}, "warn", "host", "keys of several hosts"),
        ({"ZAI_API_KEY": "k", "ZAI_BASE_URL": "https://"}, "fail", "ZAI_BASE_URL", "must be a host"),
        ({"ZAI_API_KEY": "k", "ZAI_BASE_URL": "api.z.ai"}, "fail", "ZAI_BASE_URL", "not to a URL"),
        ({"ZAI_API_KEY": "k", "ZAI_BASE_URL": "https://u:p@z.ai"}, "fail", "ZAI_BASE_URL", "user name or password"),
        ({"ZAI_API_KEY": "k", "ZAI_BASE_URL": "https://api.z.ai/v1"}, "warn", "ZAI_BASE_URL", "does not exist"),
        ({"ZAI_API_KEY": "k", "ZAI_BASE_URL": "http://proxy.example"}, "warn", "ZAI_BASE_URL", "not encrypted"),
        (
            {"ZAI_API_KEY": "k", "ZAI_BASE_URL": "https://a.example", "ZAI_API_BASE": "https://b.example"},
            "warn",
            "ZAI_API_BASE",
            "not used",
        ),
    ],
)
def test_a_choice_that_is_wrong(environ: dict[str, str], status: str, what: str, says: str) -> None:
    found = bad(CHOICE_CHECKS, environ)
    assert any(found[:2] == (status, what) and says in found[2] for found in found), found


def test_the_host_that_is_chosen() -> None:
    found = findings(CHOICE_CHECKS, {"ZAI_API_KEY": "k", "MOONSHOT_API_KEY": "l"})
    assert [(finding.what, finding.says) for finding in found] == [
        ("host", 'ChatGLM(model="glm-5.2") uses host zai, https://api.z.ai/api/paas/v4.'),
        ("host", 'ChatGLM(model="kimi-k2.6") uses host kimi, https://api.moonshot.ai/v1.'),
    ]
    [found_kimi] = findings(CHOICE_CHECKS, {"MOONSHOT_API_KEY": "l"})
    assert found_kimi.status == "ok"
    assert "uses host kimi" in found_kimi.says


def test_a_url_of_the_other_plan_means_its_host() -> None:
    environ = {"ZAI_API_KEY": "k", "ZAI_BASE_URL": HOSTS["zai-coding"].base_url}
    assert "host zai means zai-coding" in findings(CHOICE_CHECKS, environ)[1].says
    usual = {"ZAI_API_KEY": "k", "ZAI_BASE_URL": HOSTS["zai"].base_url}
    assert "anyway" in findings(CHOICE_CHECKS, usual)[1].says
