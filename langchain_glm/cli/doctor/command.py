"""`glm doctor`: the arguments, the order of the checks, and the exit status."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from langchain_glm.catalog.choose_host import choose_host, hosts_with_key, missing_key_error
from langchain_glm.catalog.hosts import HOSTS
from langchain_glm.cli.doctor.chats import chat_findings, expected_cost
from langchain_glm.cli.doctor.choice import CHOICE_CHECKS
from langchain_glm.cli.doctor.clash import CLASH_CHECKS
from langchain_glm.cli.doctor.finding import KEY_VARIABLES, Finding, secrets_in, without_secrets
from langchain_glm.cli.doctor.keys import KEY_CHECKS
from langchain_glm.cli.doctor.listing import Target, list_models, listing_findings
from langchain_glm.cli.doctor.machine import MACHINE_CHECKS
from langchain_glm.cli.doctor.network import NETWORK_CHECKS
from langchain_glm.cli.doctor.packages import DISTRIBUTION, PACKAGE_CHECKS
from langchain_glm.cli.doctor.report import as_json, print_finding, summary
from langchain_glm.cli.main import FAILED, UNUSABLE
from langchain_glm.cli.styled_line import print_line
from langchain_glm.errors import GLMError
from langchain_glm.transport.redaction import redacted
from langchain_glm.version import __version__

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from langchain_glm.catalog.money import Cost
    from langchain_glm.cli.doctor.finding import Check

__all__ = ["OFFLINE", "add_arguments", "run"]

OFFLINE: Final[Mapping[str, Sequence[Check]]] = {
    "This machine": MACHINE_CHECKS,
    "Packages": (*PACKAGE_CHECKS, *CLASH_CHECKS),
    "Keys": KEY_CHECKS,
    "Host": CHOICE_CHECKS,
    "Network": NETWORK_CHECKS,
}
"""The checks that send nothing, by the heading under which they are reported. A new check is one more function here."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `glm doctor`."""
    parser.description = (
        "Find out what is wrong with this installation, its keys, its network and its hosts. Nothing is changed, and "
        "without --online nothing is sent. The report holds no key; it can be pasted into a bug report."
    )
    parser.epilog = "exit status: 0 if nothing failed, 1 if something failed, 2 for wrong arguments"
    parser.add_argument("--online", action="store_true", help="also ask each host that has a key; costs about a cent")
    parser.add_argument("--host", choices=list(HOSTS), help="with --online or --demo: ask only this host")
    parser.add_argument("--base-url", help="with --online: another base URL, for example of a gateway")
    parser.add_argument("-m", "--model", help="with --online or --demo: the model to ask")
    parser.add_argument("--demo", action="store_true", help="ask an embedded GLM server instead; needs no key")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")


def run(options: argparse.Namespace) -> int:
    """Run the checks and print what they find.

    Returns:
        The exit status: 0 if no check failed, 1 if one failed, 2 if the arguments do not fit together.
    """
    if not (options.online or options.demo) and (options.host or options.base_url or options.model):
        print("--host, --base-url and --model belong to --online: give it too.", file=sys.stderr)
        return UNUSABLE
    if options.demo:
        with _demo(options.host or "zai") as (target, environ):
            return _report(options, environ, [target])
    environ = dict(os.environ)
    if not options.online:
        return _report(options, environ, [])
    try:
        return _report(options, environ, _targets(options, environ))
    except GLMError as error:  # the URL of --base-url or of a variable is not valid, or there is no key
        _report(options, environ, [])
        _note(str(error), environ)
        return FAILED


@contextmanager
def _demo(name: str) -> Iterator[tuple[Target, dict[str, str]]]:
    """Run an embedded server; yield it as a target, and an environment in which only its key and its URL are set."""
    from langchain_glm.testing import GLMServer

    host = HOSTS[name]
    key = "sk-demo-0000" if host.key_form == "sk-…" else "demo-0000.demo-1111"
    with GLMServer(name, api_key=key) as server:
        urls = {variable for known in HOSTS.values() for variable in known.url_variables}
        environ = {name: value for name, value in os.environ.items() if name not in {*KEY_VARIABLES, *urls}}
        environ |= {host.key_variable: key, **dict.fromkeys(host.url_variables[:1], server.base_url)}
        yield Target(host=replace(host, base_url=server.base_url), key=key), environ


def _targets(options: argparse.Namespace, environ: Mapping[str, str]) -> list[Target]:
    """Return the hosts to ask: the one that is named, or each that has a key.

    Raises:
        GLMError: if the URL is not valid, or the named host has no key.
    """
    if not (options.host or options.base_url):
        named = [choose_host(host.name, None, environ)[0] for host in hosts_with_key(environ)]
        return [Target(host=host, key=host.key_from(environ)) for host in dict.fromkeys(named)]
    host, warning = choose_host(options.host, options.base_url, environ)
    if warning:
        _note(warning, environ)
    key = host.key_from(environ)
    if key is None and host.name in HOSTS:
        raise missing_key_error(host, environ=environ)
    return [Target(host=host, key=key)]


def _note(text: str, environ: Mapping[str, str]) -> None:
    """Print a text beside the report, without secrets."""
    print(redacted(text, secrets_in(environ)), file=sys.stderr, flush=True)


class _Report:
    """The findings so far; unless JSON is asked for, each is printed when it is made."""

    def __init__(self, secrets: list[str], *, quiet: bool) -> None:
        self.groups: dict[str, list[Finding]] = {}
        self._secrets = secrets
        self._quiet = quiet

    def add(self, group: str, findings: Iterable[Finding]) -> None:
        if group not in self.groups:
            self.groups[group] = []
            if not self._quiet:
                print_line(f"\n{group}", {"": "bold"})
        for finding in findings:
            clean = without_secrets(finding, self._secrets)
            self.groups[group].append(clean)
            if not self._quiet:
                print_finding(clean)

    @property
    def all(self) -> list[Finding]:
        return [finding for findings in self.groups.values() for finding in findings]


def _report(options: argparse.Namespace, environ: Mapping[str, str], targets: Sequence[Target]) -> int:
    report = _Report(secrets_in(environ), quiet=options.json)
    now = datetime.now(UTC)
    if not options.json:
        print_line(f"glm doctor, {DISTRIBUTION} {__version__}, {now:%Y-%m-%d %H:%M} UTC")
        print_line("Nothing is changed. The report holds no key." if targets else
                   "Nothing is changed and nothing is sent. The report holds no key.")  # fmt: skip
    for group, checks in OFFLINE.items():
        for check in checks:
            report.add(group, _guarded(check, environ))
    costs = [cost for target in targets for cost in _ask(target, options, report)]
    if options.json:
        facts: dict[str, Any] = {
            "version": __version__,
            "time": now.isoformat(timespec="seconds"),
            "online": bool(targets),
        }
        print(as_json({**facts, "costs": _sums(costs)}, report.groups))
    else:
        spent = "".join(f" It cost {amount:.4f} {currency}." for currency, amount in _sums(costs).items())
        print_line(f"\n{summary(report.all)}{'' if options.demo else spent}")
        if not targets:
            print_line("To ask the hosts too: glm doctor --online. It costs about a cent for each host.")
    return FAILED if any(finding.status == "fail" for finding in report.all) else 0


def _guarded(check: Check, environ: Mapping[str, str]) -> list[Finding]:
    """Return what a check finds; in a broken installation, the check itself may fail."""
    try:
        return [*check(environ)]
    except Exception as error:  # noqa: BLE001 - the other checks must still run
        return [
            Finding(
                status="fail",
                what=check.__name__,
                says=f"This check failed: {type(error).__name__}: {error}",
                why="The installation is broken, or this is a bug of the doctor.",
                way_out="Report it, with the whole of this output.",
            )
        ]


def _ask(target: Target, options: argparse.Namespace, report: _Report) -> Iterator[Cost]:
    """Ask a host; yield what each answer cost."""
    host, group = target.host, f"Online: {target.host.name}"
    model_id = options.model or host.chat_model
    if not options.demo:
        requests, most = expected_cost(host, model_id)
        price = "its price is not known" if most is None else f"this costs at most {most:.3f} {most.currency}"
        said = f"Asking {host.name} ({host.base_url}) for its models, and {model_id} {requests} times; {price}."
        _note(said, os.environ)
    listing = list_models(target)
    report.add(group, listing_findings(listing))
    if any(finding.status == "fail" for finding in report.groups[group]):
        return
    for findings, cost in chat_findings(target, model_id):
        report.add(group, findings)
        if cost is not None:
            yield cost


def _sums(costs: Sequence[Cost]) -> dict[str, float]:
    """Return the sum of the costs in each currency."""
    return {
        currency: round(sum(float(cost) for cost in costs if cost.currency == currency), 6)
        for currency in dict.fromkeys(cost.currency for cost in costs)
    }
