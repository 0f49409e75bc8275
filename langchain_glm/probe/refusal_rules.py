"""The rules about refusals as questions: which error follows from which fault, and where ranges end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from langchain_glm.catalog.codes import CODES
from langchain_glm.catalog.refusals import REFUSALS
from langchain_glm.errors import GLMNotFoundError, GLMPermissionError
from langchain_glm.probe.exchanges import Ask
from langchain_glm.probe.questions import Question, Seen, body, unclear
from langchain_glm.wire.request.ranges import LENGTHS, RANGES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.catalog.models import Model
    from langchain_glm.probe.exchanges import Exchange

__all__ = ["REFUSAL_RULES"]


def refusals(host: Host, _: Model, model_id: str) -> Iterator[Question]:
    """The faults of `catalog/refusals.py`."""
    for refusal in REFUSALS:
        if host.native or not refusal.native:
            sent = {**body(host, model_id, "Hello", tokens=1), **refusal.fields}
            yield _question(host, refusal.fault, refusal.codes, Ask(body=sent, key=refusal.key))


def ranges(host: Host, model: Model, model_id: str) -> Iterator[Question]:
    """The upper limits in `wire/request/ranges.py`; the question `max_output` asks for that of the output."""
    plain = body(host, model_id, "Hello", tokens=1)
    if host.native or not model.guessed_from:
        for name, (_, high) in RANGES.items():
            if name == "max_tokens":
                continue
            yield _question(host, f"{name} above {high:g}", ("1210",), Ask(body={**plain, name: high + 0.5}))
    if host.native:
        for name, (low, _high) in LENGTHS.items():
            too_short = "x" * (low - 1)
            yield _question(host, f"{name} below {low}", ("1214",), Ask(body={**plain, name: too_short}))


def _question(host: Host, fault: str, codes: Sequence[str], ask: Ask) -> Question:
    """Expect the code itself on Zhipu's hosts, and elsewhere the exception that the code stands for."""
    expected = CODES[codes[0]].error

    def read(got: Sequence[Exchange]) -> Seen:
        error = got[0].error
        if error is None:
            return Seen("accepted")
        about_the_model = isinstance(error, GLMPermissionError | GLMNotFoundError) and not isinstance(error, expected)
        if error.is_retryable or about_the_model:
            return unclear(got[0])
        return Seen(got[0].code if host.native else type(error).__name__)

    return Question(rule=fault, expected=tuple(codes) if host.native else (expected.__name__,), asks=(ask,), read=read)


REFUSAL_RULES: Final = (refusals, ranges)
"""The rules about refusals, in the order in which they are asked."""
