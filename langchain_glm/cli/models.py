"""`glm models`: a table of the models, with their limits, what they can do, and their prices on a host."""

from __future__ import annotations

import difflib
import json
import os
import shutil
import sys
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from langchain_glm.catalog.choose_host import choose_host, serves_model
from langchain_glm.catalog.hosts import GATEWAY, HOSTS
from langchain_glm.catalog.models import EFFORTS, MODELS, find_model, plain_id
from langchain_glm.catalog.models_dev import MODELS_DEV
from langchain_glm.catalog.prices import list_prices
from langchain_glm.cli.table import Column, print_table
from langchain_glm.errors import GLMError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.catalog.models import Model
    from langchain_glm.catalog.money import Price

__all__ = ["add_arguments", "host_in_environment", "run"]

_DEFAULT_HOST: Final = "zai"
_WIDE: Final = 110
"""From how many columns on a terminal shows the table in full words, as a pipe always gets it."""

_SYMBOLS: Final = {"USD": "$", "CNY": "¥"}
_THINKING: Final = {"none": "no", "toggle": "yes", "always": "always"}


class _Row(NamedTuple):
    """A row: the id that is asked for, and the model that answers, which is another one on a coding plan."""

    id: str
    model: Model


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `glm models`."""
    parser.description = (
        "List the models that this version knows: their context window, the longest reply, whether they think, what "
        "they read besides text, whether they call tools, and the price of a million tokens. Nothing is sent."
    )
    parser.add_argument("pattern", nargs="?", default="", help="a part of an id, or a pattern such as 'glm-4*'")
    parser.add_argument(
        "--host", choices=list(HOSTS), help=f"whose models and prices (default: whose key is set, else {_DEFAULT_HOST})"
    )
    parser.add_argument("--json", action="store_true", help="print one line of JSON, with exact numbers")


def run(options: argparse.Namespace) -> int:
    """Print the table.

    Returns:
        The exit status: 0, or 1 if no model matches.
    """
    host = HOSTS[options.host] if options.host else host_in_environment()
    served = [
        _Row(model_id, find_model(model_id, host) or model)
        for model_id, model in MODELS.items()
        if serves_model(host, model_id)
    ]
    found = [row for row in served if _matches(options.pattern, row.id)]
    if not found:
        print(_nothing_found(options.pattern, host, served), file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps({"host": host.name, "models": [_facts(row, host) for row in found]}))
        return 0
    in_terminal = sys.stdout.isatty()
    wide = not in_terminal or shutil.get_terminal_size().columns >= _WIDE
    print_table(_columns(host, wide=wide), found)
    if in_terminal:
        print(f"\n{_legend(host, wide=wide)}")
    return 0


def host_in_environment() -> Host:
    """Return the host whose key is in the environment; Z.ai if there is no key, or if several hosts have one."""
    try:
        return HOSTS.get(choose_host(None, None, os.environ)[0].name, HOSTS[_DEFAULT_HOST])
    except GLMError:  # no key, or several
        return HOSTS[_DEFAULT_HOST]


def _matches(pattern: str, model_id: str) -> bool:
    wanted = plain_id(pattern)
    return fnmatch(model_id, wanted) if any(sign in wanted for sign in "*?[") else wanted in model_id


def _nothing_found(pattern: str, host: Host, served: Sequence[_Row]) -> str:
    """Say that no model matches, and what is near: on this host, on others, or in the same family."""
    lines = [f"No model of {host.name} matches {pattern!r}."]
    ids = [row.id for row in served]
    if near := difflib.get_close_matches(plain_id(pattern), ids, 5, 0.5):
        lines.append(f"Near: {', '.join(near)}.")
    if elsewhere := [model_id for model_id in MODELS if _matches(pattern, model_id)]:
        vendors = (other.name for other in HOSTS.values() if other.provider != GATEWAY.provider)
        other = next(name for name in vendors if serves_model(HOSTS[name], elsewhere[0]))
        lines.append(f"On {other} (--host {other}): {', '.join(elsewhere[:5])}.")
    guessed = find_model(pattern)
    if guessed and guessed.guessed_from and serves_model(host, pattern):
        lines.append(f"ChatGLM would take it to be a model like {guessed.guessed_from}, and send it.")
    return "\n".join(lines)


def _price(model_id: str, host: Host) -> Price | None:
    return list_prices(host.currency).get(model_id) if host.currency else None


def _facts(row: _Row, host: Host) -> dict[str, Any]:
    """Return what is known about a model, with exact numbers, for `--json`."""
    model = row.model
    return {
        "id": row.id,
        "name": MODELS_DEV.get(row.id, {}).get("name"),
        "answered_by": model.id,
        "window": model.context,
        "output": model.max_output,
        "thinking": model.thinking,
        "efforts": list(model.efforts),
        "reads": ["text", *model.inputs],
        "tools": model.tools,
        "json": model.json_mode,
        "currency": host.currency,
        "prices": [*_steps(_price(row.id, host))],
    }


def _steps(price: Price | None) -> Iterator[dict[str, Any]]:
    """Yield the prices of a model, from those of short requests to those of long ones."""
    while price is not None:
        yield {
            "input": price.input,
            "cached": price.cached_input,
            "output": price.output,
            "input_below": price.input_below,
            "output_below": price.output_below,
            "date": price.date,
        }
        price = price.otherwise


def _columns(host: Host, *, wide: bool) -> list[Column[_Row]]:
    """Return the columns; in a narrow table, efforts and media are letters, and cached input has no price."""
    columns: list[Column[_Row]] = [
        Column("model", lambda row: row.id),
        Column("window", lambda row: _thousands(row.model.context), right=True),
        Column("output", lambda row: _thousands(row.model.max_output), right=True),
        Column("thinks", lambda row: _THINKING[row.model.thinking]),
        Column("effort", lambda row: _efforts(row.model.efforts, wide=wide)),
        Column("reads", lambda row: _media(row.model.inputs, wide=wide)),
        Column("tools", lambda row: "yes" if row.model.tools else "no"),
    ]
    if host.currency:
        columns.append(
            Column(_price_head(host.currency, wide=wide), lambda row: _price_text(_price(row.id, host), wide=wide))
        )
    if host.served_as:
        columns.append(Column("answered_by", lambda row: "-" if row.model.id == row.id else row.model.id))
    return columns


def _thousands(count: int) -> str:
    """Return a number of tokens in thousands or millions, with at most three digits.

    Example:
        ```python
        _thousands(131_072)  # "131K"
        ```
    """
    return f"{count / 1_000_000:.3g}M" if count >= 1_000_000 else f"{count / 1_000:.3g}K"


def _efforts(efforts: tuple[str, ...], *, wide: bool) -> str:
    if efforts == EFFORTS:
        return "all"
    return ",".join(efforts if wide else (effort[0] for effort in efforts)) or "-"


def _media(inputs: tuple[str, ...], *, wide: bool) -> str:
    if wide:
        return ",".join(("text", *inputs))
    return "".join(name[0] for name in ("text", *inputs))


def _price_head(currency: str, *, wide: bool) -> str:
    return f"{_SYMBOLS[currency]}in/cached/out" if wide else f"{_SYMBOLS[currency]}in/out"


def _price_text(price: Price | None, *, wide: bool) -> str:
    """Return the price of short requests; a plus sign says that longer ones cost more."""
    if price is None:
        return "-"
    if not (price.input or price.output):
        return "free"
    amounts = (price.input, price.cached_input, price.output) if wide else (price.input, price.output)
    return "/".join(f"{amount:g}" for amount in amounts) + ("+" if price.otherwise else "")


def _legend(host: Host, *, wide: bool) -> str:
    lines = [] if wide else ["effort: l low, h high, m max; reads: t text, i images, v video, f files, a audio"]
    lines.append("effort all: " + " ".join(EFFORTS))
    if host.currency:
        lines.append(f"Prices of {host.name} in {host.currency} for a million tokens; +: longer requests cost more.")
    else:
        flat = "a coding plan has a flat fee" if host.coding_plan else "its price list is not in the catalogue"
        lines.append(f"No prices for {host.name}: {flat}.")
    return "\n".join(lines)
