"""Bring names, dates and prices in `langchain_glm/catalog/models.py` up to date from models.dev's data.

    python scripts/refresh_models.py api.json           # shows what would change
    python scripts/refresh_models.py api.json --write   # and changes it

`api.json` is what https://models.dev/api.json serves. Only the table `REFRESHED` is written; the lines by hand stay
as they are, and where models.dev says something else, or knows a model that has no line, that is shown.
"""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

TABLE: Final = Path(__file__).parent.parent / "langchain_glm" / "catalog" / "models.py"
MARK: Final = "# Everything below this line is written by scripts/refresh_models.py.\n"
PROVIDERS: Final = ("zai", "zhipuai", "moonshotai")
"""Where a model is looked up, in this order; only the first and the last bill in dollars by our table."""

_BILLING: Final = ("zai", "moonshotai")
_COPIED: Final = ("name", "release_date", "last_updated", "open_weights", "status")
_KINDS: Final = {"image": "image", "video": "video", "audio": "audio", "pdf": "file"}


def found_in(source: Mapping[str, Any]) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """Return every model of the providers that count: id → provider and what models.dev says."""
    found: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for provider in PROVIDERS:
        for model_id, entry in source.get(provider, {}).get("models", {}).items():
            found.setdefault(model_id, (provider, entry))
    return found


def refreshed(entry: Mapping[str, Any], provider: str, before: Mapping[str, Any], date: str) -> dict[str, Any]:
    """Return the facts to write of one model: models.dev's where it has them, else those of before."""
    facts = {**before, **{key: entry[key] for key in _COPIED if entry.get(key) not in (None, "")}}
    money = entry.get("cost") or {}
    if provider in _BILLING and "input" in money and "output" in money:
        cached = money.get("cache_read")
        price = (float(money["input"]), None if cached is None else float(cached), float(money["output"]))
        facts["price"] = (*price, date)
    return facts


def disagreements(model_id: str, by_hand: Mapping[str, Any], entry: Mapping[str, Any]) -> list[str]:
    """Return a line for each fact that stands by hand and that models.dev gives otherwise.

    Args:
        model_id: the model.
        by_hand: its line, the family's defaults included.
        entry: what models.dev says of it.
    """
    limit = entry.get("limit") or {}
    modalities = (entry.get("modalities") or {}).get("input")
    ours = {
        "context": by_hand["context"],
        "max_output": by_hand.get("max_output", by_hand["context"]),
        "inputs": sorted(by_hand.get("inputs", ())),
        "tools": by_hand.get("tools", True),
        "thinks": by_hand.get("thinking", "none") != "none",
        "takes a temperature": not by_hand.get("fixed_sampling", False),
        **{key: by_hand[key] for key in (*_COPIED, "price") if key in by_hand},
    }
    theirs = {
        "context": limit.get("context"),
        "max_output": limit.get("output"),
        "inputs": None if modalities is None else sorted(_KINDS[kind] for kind in modalities if kind in _KINDS),
        "tools": entry.get("tool_call"),
        "thinks": entry.get("reasoning"),
        "takes a temperature": entry.get("temperature"),
        **{key: entry.get(key) for key in _COPIED},
    }
    return [
        f"{model_id}: {key} is {value!r} by hand, {theirs[key]!r} on models.dev"
        for key, value in ours.items()
        if theirs.get(key) is not None and theirs[key] != value
    ]


def render(table: Mapping[str, Mapping[str, Any]], date: str) -> str:
    """Return the text of the table `REFRESHED`."""
    lines = [
        f"# Last run: {date}. What models.dev does not list is as it was.",
        "REFRESHED: Final[dict[str, dict[str, Any]]] = {",
    ]
    for model_id, facts in table.items():
        lines.append(f"    {_literal(model_id)}: {{")
        lines += [f"        {_literal(key)}: {_literal(value)}," for key, value in facts.items()]
        lines.append("    },")
    return "\n".join([*lines, "}"]) + "\n"


def _literal(value: Any) -> str:
    """A value as the formatter writes it."""
    if isinstance(value, tuple):
        return f"({', '.join(map(_literal, value))})"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def refresh(text: str, source: Mapping[str, Any], date: str) -> tuple[str, list[str]]:
    """Return the new text of the table's file, and notes about what was left alone.

    Args:
        text: the file as it is.
        source: models.dev's data.
        date: the day on which the data was read (`2026-10-06`).

    Raises:
        ValueError: if the file has no mark above the part that is written.
    """
    kept, mark, _ = text.partition(MARK)
    if not mark:
        raise ValueError(f"the table has lost its mark: {MARK.strip()}")
    held = _run(text)
    by_hand = {
        **{model_id: {**held["GLM_DEFAULTS"], **line} for model_id, line in held["GLM"].items()},
        **{model_id: {**held["KIMI_DEFAULTS"], **line} for model_id, line in held["KIMI"].items()},
    }
    found = found_in(source)
    table: dict[str, Mapping[str, Any]] = {}
    notes = []
    for model_id, line in by_hand.items():
        before = held["REFRESHED"].get(model_id, {})
        if model_id in found:
            provider, entry = found[model_id]
            table[model_id] = refreshed(entry, provider, before, date)
            notes += disagreements(model_id, line, entry)
        elif before:
            table[model_id] = before
    notes += [f"{model_id}: has no line by hand" for model_id in found if model_id not in by_hand]
    return kept + mark + render(table, date), notes


def _run(text: str) -> dict[str, Any]:
    namespace: dict[str, Any] = {}
    exec(compile(text, str(TABLE), "exec", dont_inherit=True), namespace)  # noqa: S102  # it is the package's own file
    return namespace


def main(argv: list[str] | None = None, table: Path = TABLE) -> int:
    """Run the command.

    Args:
        argv: its arguments; default those of the process.
        table: the file to bring up to date.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("source", type=Path, help="models.dev's api.json")
    parser.add_argument("--write", action="store_true", help="change the file, not only show how")
    parser.add_argument("--date", default=f"{datetime.now(UTC):%Y-%m-%d}", help="the day on which api.json was read")
    args = parser.parse_args(argv)
    before = table.read_text(encoding="utf-8")
    after, notes = refresh(before, json.loads(args.source.read_text(encoding="utf-8")), args.date)
    sys.stdout.writelines(
        difflib.unified_diff(before.splitlines(True), after.splitlines(True), str(table.name), str(table.name))
    )
    sys.stdout.writelines(f"left alone: {note}\n" for note in notes)
    if args.write:
        table.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
