"""`glm probe`: the arguments, the report and the exit status."""

from __future__ import annotations

import argparse
import math
import os
import sys
import textwrap
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from langchain_glm.catalog.choose_host import choose_host, missing_key_error
from langchain_glm.catalog.hosts import HOSTS
from langchain_glm.catalog.models import find_model, plain_id
from langchain_glm.catalog.money import Cost
from langchain_glm.errors import GLMError
from langchain_glm.probe import host_rules, model_rules
from langchain_glm.probe.asking import answers, most_tokens, price, questions
from langchain_glm.probe.recording import Recording, redacted_recording
from langchain_glm.probe.table import as_json, head, row

if TYPE_CHECKING:
    from langchain_glm.catalog.hosts import Host
    from langchain_glm.probe.asking import Answer

__all__ = ["add_arguments", "run"]

_SAME, _DIFFERENT, _NOT_ASKED = range(3)
"""The exit statuses."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `glm probe`; the key comes from the host's environment variable."""
    parser.add_argument("--host", choices=list(HOSTS), help="the host (default: the one whose key is set)")
    parser.add_argument("--base-url", help="another base URL, for example of a proxy or a gateway")
    parser.add_argument("--model", help="the model to ask, for example glm-5.2 (default: chosen by host)")
    parser.add_argument(
        "--budget", type=_amount, default=0.05, help="the maximum to spend, in the host's currency (default: 0.05)"
    )
    parser.add_argument("--record", type=Path, metavar="DIR", help="write each exchange, without secrets, into DIR")
    parser.add_argument("--json", action="store_true", help="print one line of JSON for each host")
    parser.add_argument(
        "--embedded", action="store_true", help="ask the embedded server instead; without --host, as every host in turn"
    )


def run(options: argparse.Namespace) -> int:
    """Ask an endpoint whether the rules of the catalogue hold, and print what it says.

    Returns:
        The exit status: 0 if nothing is different, 1 if something is, 2 if the endpoint cannot be asked.
    """
    try:
        if options.record:
            options.record.mkdir(parents=True, exist_ok=True)
        if options.embedded:
            return max(_probe_embedded(name, options) for name in ([options.host] if options.host else HOSTS))
        host, warning = choose_host(options.host, options.base_url, os.environ, options.model)
        if warning:
            print(warning, file=sys.stderr)
        key = host.key_from(os.environ)
        if key is None:
            raise missing_key_error(host)
        return _probe(host, key, options, options.budget)
    except BrokenPipeError:
        raise  # the program then ends without a traceback
    except (GLMError, OSError) as error:
        print(error, file=sys.stderr)
        return _NOT_ASKED


def _amount(text: str) -> float:
    try:
        amount = float(text)
    except ValueError:
        amount = math.nan
    if not (math.isfinite(amount) and amount >= 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not an amount of money, such as 0.05")
    return amount


def _probe_embedded(name: str, options: argparse.Namespace) -> int:
    from langchain_glm.testing import GLMServer

    with GLMServer(name) as server:
        return _probe(replace(HOSTS[name], base_url=server.base_url), server.api_key, options, math.inf)


def _probe(host: Host, key: str, options: argparse.Namespace, budget: float) -> int:
    model_id = options.model or host.chat_model
    model = find_model(model_id, host)
    if model is None:
        print(f"model={model_id!r} is not in the catalogue, so there is nothing to compare with.", file=sys.stderr)
        return _NOT_ASKED
    asked = questions(host, model, model_id)
    asks = [ask for question in asked for ask in question.asks]
    most = price(*most_tokens(asks), asks, host, model)
    if not options.json:
        print(f"Host {host.name}, model {model_id}, {host.base_url}")
        print(_plan(len(asked), len(asks), most_tokens(asks), most, budget))
        print(f"\n{head()}", flush=True)
    given: list[Answer] = []
    failure: GLMError | None = None
    try:
        for answer in answers(asked, host, model, key=key, budget=budget):
            given.append(answer)
            if not options.json:
                print(row(answer), flush=True)
            if options.record:
                _record(answer, host, model_id, key, options.record)
    except GLMError as error:
        failure = error
    verdicts = Counter(answer.verdict for answer in given)
    costs = [answer.cost for answer in given if answer.cost is not None]
    cost = None if most is None else sum(costs, Cost(0.0, most.currency))
    if options.json:
        facts = {"host": host.name, "base_url": host.base_url, "model": model_id, "cost": cost}
        facts["currency"] = None if cost is None else cost.currency
        print(as_json({**facts, "failure": failure and str(failure)}, given))
    else:
        print(f"\n{_summary(verdicts, cost, budget)}\n")
    if failure:
        print(failure, file=sys.stderr)
    if verdicts["different"]:
        return _DIFFERENT
    return _NOT_ASKED if failure or not verdicts["same"] else _SAME


def _plan(rules: int, requests: int, tokens: tuple[int, int], most: Cost | None, budget: float) -> str:
    size = f"{rules} questions in {requests} requests; at most {tokens[0]:,} tokens are read and {tokens[1]:,} written."
    if budget == math.inf:
        return f"{size}\nThe embedded server costs nothing."
    if most is None:
        return f"{size}\nThe price is not in the catalogue, so the budget cannot be enforced."
    return f"{size}\nThis costs at most {most:.3f} {most.currency}; the budget is {budget:g} {most.currency}."


def _summary(verdicts: Counter[str], cost: Cost | None, budget: float) -> str:
    counts = ", ".join(f"{verdicts[verdict]} {verdict}" for verdict in ("same", "different", "unclear", "not asked"))
    spent = "The cost is not known." if cost is None else f"It cost {cost:.4f} {cost.currency}."
    fields = ", ".join(
        (*(f"Host.{name}" for name in host_rules.NOT_ASKED), *(f"Model.{name}" for name in model_rules.NOT_ASKED))
    )
    note = f"These fields have no question of their own: {fields}."
    return f"{counts}.{'' if budget == math.inf else f' {spent}'}\n{textwrap.fill(note, 79)}"


def _record(answer: Answer, host: Host, model_id: str, key: str, folder: Path) -> None:
    """Write the exchanges of an answer, each as a file that `tests/recordings` can hold."""
    for number, exchange in enumerate(answer.exchanges, 1):
        recording = Recording.of(exchange, host, answer.question.rule)
        name = "-".join((host.name, plain_id(model_id), *answer.question.rule.lower().split(), str(number)))
        safe = "".join(character if character.isalnum() or character in "-._" else "_" for character in name)
        (folder / f"{safe}.http").write_bytes(redacted_recording(recording, key).dumps())
