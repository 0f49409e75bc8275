"""`glm tokens`: the tokens of a text, estimated or counted by the host, and their share of a model's window."""

from __future__ import annotations

import json
import os
import sys
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from langchain_core.messages import HumanMessage

from langchain_glm.catalog.choose_host import serves_model
from langchain_glm.catalog.hosts import HOSTS
from langchain_glm.catalog.models import find_model
from langchain_glm.cli.endpoint import embedded_server, find_host
from langchain_glm.cli.main import FAILED, UNUSABLE
from langchain_glm.cli.models import host_in_environment
from langchain_glm.errors import GLMError
from langchain_glm.tokens import estimate_messages

if TYPE_CHECKING:
    import argparse

__all__ = ["ERRORS", "add_arguments", "run"]

ERRORS: Final = {"GLM": (4.3, 19.2), "Kimi": (14.8, 68.0)}
"""By how many percent estimates of English prompts are off: the median, and what 95 of 100 stay below.

Source: `docs/en/reference/models.md`, which has the whole table.
"""

_FEW_CHINESE: Final = "For Chinese, only three short texts were measured, so count with --exact where it matters."
_CHINESE_SHARE: Final = 0.2
"""From which share of characters on a text counts as Chinese."""


class _Count(NamedTuple):
    """What is known about the tokens of a text; `off_by` is the error of estimates, `None` for Chinese."""

    model: str
    host: str
    estimate: int
    exact: int | None
    window: int | None
    off_by: tuple[float, float] | None

    @property
    def tokens(self) -> int:
        """The exact count if there is one, else the estimate."""
        return self.estimate if self.exact is None else self.exact


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `glm tokens`."""
    parser.description = (
        "Estimate how many tokens a text takes as a question to a model. Nothing is sent, unless --exact asks the host."
    )
    parser.add_argument("file", nargs="?", default="-", metavar="FILE", help="a text file (default: standard input)")
    parser.add_argument("-m", "--model", help="the model whose window is compared (default: that of the host)")
    parser.add_argument("--host", choices=list(HOSTS), help="the host (default: the one whose key is set)")
    parser.add_argument("--exact", action="store_true", help="ask the host's token counter; Zhipu's hosts have one")
    parser.add_argument("--demo", action="store_true", help="with --exact: ask an embedded GLM server; needs no key")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")


def run(options: argparse.Namespace) -> int:
    """Print the number of tokens.

    Returns:
        The exit status: 0, 1 if the host refused to count, 2 if the text cannot be read.
    """
    try:
        text = _text_of(options.file)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        print(f"{options.file} cannot be read: {reason}.", file=sys.stderr)
        return UNUSABLE
    host = HOSTS[options.host] if options.host else HOSTS["zai"] if options.demo else host_in_environment()
    model_id = options.model or host.chat_model
    model = find_model(model_id, host)
    estimate = ceil(estimate_messages([HumanMessage(text)], model)) if text else 0
    exact = None
    if options.exact:
        try:
            exact = _count(text, model_id, host.name, demo=options.demo) if text.strip() else 0
        except GLMError as error:
            print(f"{error}\nThe estimate is {estimate:,} tokens.", file=sys.stderr)
            return FAILED
    off_by = None if _is_chinese(text) else ERRORS["GLM" if serves_model(HOSTS["zai"], model_id) else "Kimi"]
    count = _Count(model_id, host.name, estimate, exact, model.context if model else None, off_by)
    print(_as_json(count) if options.json else _as_text(count))
    return 0


def _text_of(name: str) -> str:
    if name != "-":
        return Path(name).read_text(encoding="utf-8")
    if sys.stdin.isatty():
        print("Type or paste the text; end with Ctrl-D.", file=sys.stderr)
    return sys.stdin.buffer.read().decode("utf-8")


def _count(text: str, model_id: str, host_name: str, *, demo: bool) -> int:
    from langchain_glm import ChatGLM

    if not demo:
        host = find_host(host_name, None, os.environ, None)
        return ChatGLM(model=model_id, host=host).count_tokens(text, exact=True)
    print(
        "The embedded server counts roughly: a token for four letters, or for one Chinese character.", file=sys.stderr
    )
    with embedded_server(host_name) as settings:
        return ChatGLM(model=model_id, **settings).count_tokens(text, exact=True)


def _as_text(count: _Count) -> str:
    tokens, window = count.tokens, count.window
    lines = [f"{tokens:,} tokens, {'estimated' if count.exact is None else f'counted by {count.host}'}."]
    if window is None:
        lines.append(f"The window of {count.model} is not known.")
    elif tokens > window:
        lines.append(f"This is too long for {count.model}, whose window is {window:,} tokens.")
    else:
        lines.append(f"This is {_percent(tokens / window)} of the {window:,} tokens of {count.model}.")
    if count.exact is not None:
        difference = f" ({(count.estimate - count.exact) / count.exact * 100:+.1f} %)" if count.exact else ""
        lines.append(f"The estimate is {count.estimate:,}{difference}.")
    elif count.off_by is None:
        lines.append(_FEW_CHINESE)
    else:
        median, most = count.off_by
        lines.append(f"Half of the estimates are off by less than {median:g} %, 95 of 100 by less than {most:g} %.")
    return "\n".join(lines)


def _as_json(count: _Count) -> str:
    names = ("model", "host", "estimate", "exact", "window")
    facts: dict[str, Any] = {name: getattr(count, name) for name in names}
    facts["share"] = count.tokens / count.window if count.window else None
    facts["error_percent"] = dict(zip(("median", "p95"), count.off_by, strict=True)) if count.off_by else None
    return json.dumps(facts)


def _percent(share: float) -> str:
    if 0 < share < 0.0001:
        return "less than 0.01 %"
    return f"{share * 100:.2g} %" if share < 0.1 else f"{share * 100:.0f} %"


def _is_chinese(text: str) -> bool:
    return sum("\u2e80" <= character <= "\u9fff" for character in text) > _CHINESE_SHARE * len(text)
