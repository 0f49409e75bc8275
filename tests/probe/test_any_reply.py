"""Whatever an endpoint answers, a question is read without an exception."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from langchain_glm import HOSTS
from langchain_glm.catalog.models import MODELS
from langchain_glm.errors import GLMInvalidRequestError, GLMServerError
from langchain_glm.probe.asking import Answer, price, questions
from langchain_glm.probe.exchanges import Exchange
from langchain_glm.probe.table import as_json, row

PAIRS = [("zai", "glm-5.2"), ("bigmodel-coding", "glm-5.3"), ("phanedge", "glm-4.6v"), ("kimi", "kimi-k2.6")]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
WORDS = st.sampled_from(
    """
    choices message delta content tool_calls function name arguments usage prompt_tokens completion_tokens model
    finish_reason web_search reasoning_content
    """.split()  # noqa: SIM905 - quoted words are no easier to read
)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=4))
REPLIES = st.lists(st.dictionaries(WORDS, JSON, max_size=5), max_size=3)
ERRORS = st.sampled_from([None, GLMInvalidRequestError("[1,"), GLMServerError("")])


@given(pair=st.sampled_from(PAIRS), replies=REPLIES, error=ERRORS)
def test_any_reply(pair: tuple[str, str], replies: Any, error: Any) -> None:
    host, model = HOSTS[pair[0]], MODELS[pair[1]]
    for question in questions(host, model, pair[1]):
        exchanges = [
            Exchange(ask=ask, status=200, headers={}, content=b"", replies=replies, error=error)
            for ask in question.asks
        ]
        seen = question.read(exchanges)
        answer = Answer(question=question, seen=seen.text, verdict="unclear", exchanges=exchanges)
        assert row(answer).isascii()
        assert as_json({}, [answer]).isascii()
        assert price(1, 1, question.asks, host, model) != 0.0
