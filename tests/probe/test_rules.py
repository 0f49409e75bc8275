"""The rules as questions: no difference where the endpoint follows the catalogue, and one where a rule is changed."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from langchain_glm import HOSTS
from langchain_glm.catalog.hosts import Host
from langchain_glm.catalog.models import EFFORTS, Model, find_model
from langchain_glm.catalog.refusals import REFUSALS
from langchain_glm.probe import host_rules, model_rules, refusal_rules
from langchain_glm.probe.asking import Answer, answers, questions
from langchain_glm.testing import GLMServer, parrot
from langchain_glm.testing.checks import settings

if TYPE_CHECKING:
    from collections.abc import Mapping

GLM = (
    "glm-5.3",
    "glm-5.3-flash",
    "glm-5.2",
    "glm-4.7-flash",
    "glm-4.6v",
    "glm-4.5-air",
    "glm-4.1v-thinking-flash",
    "glm-4-flash",
)
KIMI = ("kimi-k3", "kimi-k2.6", "kimi-k2.5", "kimi-k2-thinking", "kimi-k2-0905-preview")
MODELS = [(host, model) for host in HOSTS for model in (KIMI if host.startswith("kimi") else GLM)]


def probed(host: Host, model_id: str, *, server: Host, model: Model | None = None, budget: float = 9.0) -> list[Answer]:
    """Ask a server about the rules of a host and a model."""
    with GLMServer(server) as running:
        used = replace(host, base_url=running.base_url)
        facts = model or find_model(model_id, host)
        assert facts
        asked = questions(used, facts, model_id)
        return list(answers(asked, used, facts, key=running.api_key, budget=budget))


def not_the_same(given: list[Answer]) -> dict[str, str]:
    return {answer.question.rule: answer.seen for answer in given if answer.verdict != "same"}


@pytest.mark.parametrize(("host", "model"), MODELS)
def test_an_endpoint_that_follows_the_catalogue(host: str, model: str) -> None:
    given = probed(HOSTS[host], model, server=HOSTS[host])
    assert not_the_same(given) == {}
    assert len(given) > 15


# rule: the host, the model, what is changed in the endpoint's rules, in the catalogue's entry for the host, and in that
# for the model; and what is seen
CHANGED: Mapping[str, tuple[str, str, Mapping[str, Any], Mapping[str, Any], Mapping[str, Any], str]] = {
    "served_as glm-5.1": ("zai", "glm-5.1", {"served_as": {"glm-5.1": "glm-5"}}, {}, {}, "glm-5"),
    "wrong_urls /api/paas/v4": (
        "zai", "glm-5.2", {}, {"wrong_urls": ("https://api.z.ai/api/paas/v4",)}, {}, "served",
    ),
    "stream_usage": ("zai", "glm-5.2", {"stream_usage": True}, {}, {}, "when asked"),
    "max_tokens_field": ("zai", "glm-5.2", {"max_tokens_field": "max_completion_tokens"}, {}, {}, "ignored"),
    "reasoning_field": ("zai", "glm-5.2", {"reasoning_field": "reasoning"}, {}, {}, "reasoning"),
    "reasoning_field ": ("zai", "glm-4.1v-thinking-flash", {}, {}, {"think_tags": False}, "content"),
    "keeps_reasoning": ("zai", "glm-5.2", {"keeps_reasoning": False}, {}, {}, "dropped"),
    "tool_names": ("zai", "glm-5.2", {"tool_names": "[a-z_]{1,64}"}, {}, {}, "refused"),
    "tool_choice": ("zai", "glm-5.2", {"tool_choice": True}, {}, {}, "obeyed"),
    "forces_while_thinking": ("kimi", "kimi-k2.6", {"forces_while_thinking": True}, {}, {}, "obeyed"),
    "json_schema": ("zai", "glm-5.2", {"json_schema": True}, {}, {}, "enforced"),
    "inputs, base64_images": ("phanedge", "glm-4.6v", {}, {"base64_images": "raw"}, {}, "refused"),
    "glm_tools": ("zai", "glm-5.2", {}, {"glm_tools": False}, {}, "accepted"),
    "search_engine": ("zai", "glm-5.2", {"search_engine": "search_std"}, {}, {}, "refused"),
    "thinking": ("zai", "glm-4.7", {}, {}, {"thinking": "none"}, "always"),
    "efforts": ("zai", "glm-5.3", {"coding_plan": True}, {}, {}, "all"),
    "max_output": ("zai", "glm-5.2", {}, {}, {"max_output": 98_304}, "131072"),
    "tool_stream": ("zai", "glm-5.2", {}, {}, {"tool_stream": False}, "in fragments"),
    "json_mode": ("zai", "glm-5.2", {}, {}, {"json_mode": False}, "JSON"),
    "fixed_sampling": ("kimi", "kimi-k2.6", {}, {}, {"fixed_sampling": False}, "refused"),
    "reasoning_required": ("kimi", "kimi-k2.6", {}, {}, {"reasoning_required": False}, "refused"),
}  # fmt: skip


@pytest.mark.parametrize("rule", CHANGED)
def test_a_changed_rule_is_the_one_that_is_found(rule: str) -> None:
    name, model_id, in_endpoint, in_host, in_model, seen = CHANGED[rule]
    model = find_model(model_id, HOSTS[name])
    assert model
    given = probed(
        replace(HOSTS[name], **in_host),
        model_id,
        server=replace(HOSTS[name], **in_endpoint),
        model=replace(model, **in_model),
    )
    assert not_the_same(given) == {rule.strip(): seen}


@pytest.mark.parametrize("efforts", [EFFORTS, ("low", "max")], ids=["too many", "too few"])
def test_other_efforts(efforts: tuple[str, ...]) -> None:
    model = find_model("glm-5.3")
    assert model
    given = probed(HOSTS["zai"], "glm-5.3", server=HOSTS["zai"], model=replace(model, efforts=efforts))
    assert not_the_same(given)["efforts"] == "low high max"


def test_a_model_that_calls_no_function(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parrot, "choose_tool", lambda *_: None)
    given = probed(HOSTS["zai"], "glm-5.2", server=HOSTS["zai"])
    assert {answer.question.rule for answer in given if answer.verdict == "different"} == {"tools"}
    assert not_the_same(given)["tool_stream"] == "no answer to the question"


@pytest.mark.parametrize("host", ["bigmodel", "phanedge"])
def test_a_model_that_is_not_served_decides_nothing(host: str) -> None:
    given = probed(HOSTS[host], "charglm-4", server=HOSTS[host])
    assert {answer.question.rule for answer in given if answer.verdict == "different"} == set()
    decided = {answer.question.rule for answer in given if answer.verdict == "same"}
    assert {"wrong key", "no key", "unknown model"} <= decided


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.fault)
@pytest.mark.parametrize("host", ["bigmodel", "phanedge", "kimi"])
def test_another_refusal(host: str, refusal: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = [other._replace(codes=("1113",)) if other is refusal else other for other in REFUSALS]
    monkeypatch.setattr(refusal_rules, "REFUSALS", changed)
    given = probed(HOSTS[host], "kimi-k2.6" if host == "kimi" else "glm-5.2", server=HOSTS[host])
    asked = HOSTS[host].native or not refusal.native
    assert [*not_the_same(given)] == ([refusal.fault] if asked else [])


@pytest.mark.parametrize(
    ("table", "name", "rule"),
    [
        ("_LOWEST", "temperature", "temperature above 1"),
        ("_LOWEST", "top_p", "top_p above 1"),
        ("_LENGTHS", "request_id", "request_id below 6"),
        ("_LENGTHS", "user_id", "user_id below 6"),
    ],
)
def test_another_range(table: str, name: str, rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {key: value for key, value in getattr(settings, table).items() if key != name}
    monkeypatch.setattr(settings, table, kept)
    assert not_the_same(probed(HOSTS["zai"], "glm-5.2", server=HOSTS["zai"])) == {rule: "accepted"}


def test_every_field_has_a_question_or_a_reason() -> None:
    rules = {rule.__name__ for rule in (*host_rules.HOST_RULES, *model_rules.MODEL_RULES)}
    for kind, reasons in ((Host, host_rules.NOT_ASKED), (Model, model_rules.NOT_ASKED)):
        names = {field.name for field in fields(kind)}
        assert names <= rules | reasons.keys(), "a new field needs a rule, or a reason in NOT_ASKED"
        assert not rules & reasons.keys()


def test_the_page_lists_every_rule_and_every_reason() -> None:
    page = (Path(__file__).parents[2] / "docs" / "en" / "how-to" / "probe.md").read_text(encoding="utf-8")
    rules = (*host_rules.HOST_RULES, *model_rules.MODEL_RULES, *refusal_rules.REFUSAL_RULES)
    asked = [f"| `{rule.__name__}` | {str(rule.__doc__).splitlines()[0]} |" for rule in rules]
    reasons = {"Host": host_rules.NOT_ASKED, "Model": model_rules.NOT_ASKED}
    not_asked = [f"| `{kind}.{field}` | {why} |" for kind in reasons for field, why in reasons[kind].items()]
    assert [line for line in page.splitlines() if line in {*asked, *not_asked}] == [*asked, *not_asked]


def test_every_rule_is_changed_in_a_test() -> None:
    rules = {rule.__name__ for rule in (*host_rules.HOST_RULES, *model_rules.MODEL_RULES)}
    assert rules - {name for rule in CHANGED for name in rule.replace(",", "").split()} == {"tools"}


def test_what_costs_more_than_is_left_is_not_asked() -> None:
    given = probed(HOSTS["zai"], "glm-5.2", server=HOSTS["zai"], budget=0.005)
    left_out = [answer for answer in given if answer.verdict == "not asked"]
    assert "search_engine" in {answer.question.rule for answer in left_out}
    assert not any(answer.exchanges for answer in left_out)
    assert 0 < sum(answer.cost or 0.0 for answer in given) <= 0.005
