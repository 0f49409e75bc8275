"""The exceptions: what LangChain's middleware and users take them for."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from langchain_core.exceptions import (
    ContextOverflowError,
    ModelAPIError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelError,
    ModelInvalidRequestError,
    ModelNotFoundError,
    ModelPermissionDeniedError,
    ModelRateLimitError,
    ModelTimeoutError,
)
from langchain_core.messages import AIMessage
from pydantic import BaseModel, ValidationError, field_validator

import langchain_glm
from langchain_glm import errors
from langchain_glm.errors import (
    GLMAuthenticationError,
    GLMBalanceError,
    GLMConnectionError,
    GLMConnectTimeoutError,
    GLMContentFilterError,
    GLMContextOverflowError,
    GLMError,
    GLMInvalidRequestError,
    GLMNotFoundError,
    GLMOverloadedError,
    GLMPermissionError,
    GLMQuotaError,
    GLMRateLimitError,
    GLMServerError,
    GLMStreamError,
    GLMTimeoutError,
    GLMToolChoiceError,
    GLMValueError,
)

# each class: its families, and whether the same request may succeed if it is sent again
FAMILIES: list[tuple[type[GLMError], tuple[type[Exception], ...], bool]] = [
    (GLMAuthenticationError, (ModelAuthenticationError,), False),
    (GLMPermissionError, (ModelPermissionDeniedError,), False),
    (GLMBalanceError, (GLMPermissionError, ModelPermissionDeniedError), False),
    (GLMInvalidRequestError, (ModelInvalidRequestError,), False),
    (GLMValueError, (GLMInvalidRequestError, ModelInvalidRequestError, ValueError), False),
    (GLMContextOverflowError, (GLMInvalidRequestError, ContextOverflowError), False),
    (GLMContentFilterError, (GLMInvalidRequestError, ModelInvalidRequestError), False),
    (GLMNotFoundError, (ModelNotFoundError,), False),
    (GLMRateLimitError, (ModelRateLimitError,), True),
    (GLMQuotaError, (ModelRateLimitError,), False),
    (GLMOverloadedError, (ModelAPIError,), True),
    (GLMServerError, (ModelAPIError,), True),
    (GLMConnectionError, (ModelConnectionError,), True),
    (GLMStreamError, (GLMConnectionError, ModelConnectionError), True),
    (GLMTimeoutError, (ModelTimeoutError,), False),
    (GLMConnectTimeoutError, (GLMConnectionError, GLMTimeoutError, ModelConnectionError, ModelTimeoutError), True),
    (GLMToolChoiceError, (ModelAPIError,), False),
]
CLASSES = [kind for kind, _, _ in FAMILIES]


@pytest.mark.parametrize(("kind", "families", "retryable"), FAMILIES)
def test_a_class_is_of_langchains_family_and_says_what_may_be_tried_again(
    kind: type[GLMError], families: tuple[type[Exception], ...], retryable: bool
) -> None:
    failure = kind("said")
    assert isinstance(failure, GLMError)
    assert isinstance(failure, ModelError)
    assert all(isinstance(failure, family) for family in families)
    assert failure.is_retryable is retryable


def test_every_class_is_in_the_table_and_exported() -> None:
    named = {getattr(errors, name) for name in errors.__all__}
    assert named - {GLMError} == set(CLASSES)
    assert all(getattr(langchain_glm, name) is getattr(errors, name) for name in errors.__all__)
    assert set(errors.__all__) <= set(langchain_glm.__all__)


@pytest.mark.parametrize("kind", [kind for kind in CLASSES if kind is not GLMValueError])
def test_every_class_has_a_hint_of_one_sentence(kind: type[GLMError]) -> None:
    hint = kind("said").hint
    assert hint is not None
    assert hint.endswith(".")
    assert ". " not in hint
    assert str(kind("said")) == f"said\n{hint}"
    assert kind("said", hint="do this").hint == "do this"
    assert kind("said").hint == hint


def test_str_says_message_code_status_and_request() -> None:
    failure = GLMServerError("net", code="1234", status=500, request_id="q7", hint="do this")
    assert str(failure) == "net (code 1234, HTTP 500, request q7)\ndo this"
    assert str(GLMError("plain")) == "plain"


def test_what_cannot_be_sent_is_caught_as_a_value_error_and_not_tried_again() -> None:
    failure = GLMValueError("messages[2]: the text is empty; leave the message out.")
    assert str(failure) == "messages[2]: the text is empty; leave the message out."
    with pytest.raises(ValueError, match=r"^messages\[2\]"):
        raise failure
    with pytest.raises(ModelInvalidRequestError):
        raise failure


def test_in_a_validator_what_cannot_be_sent_becomes_pydantics_error() -> None:
    class Setting(BaseModel):
        size: int

        @field_validator("size")
        @classmethod
        def _refuse(cls, value: int) -> int:
            raise GLMValueError(f"size={value} is too large.")

    with pytest.raises(ValidationError, match="size=7 is too large"):
        Setting(size=7)


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("copied_by", [lambda failure: pickle.loads(pickle.dumps(failure)), copy.copy, copy.deepcopy])
def test_an_exception_survives_copying(kind: type[GLMError], copied_by: Any) -> None:
    failure = kind(
        "said",
        code="1302",
        status=429,
        request_id="q7",
        response=httpx2.Response(429, content=b"body"),
        reset_at=datetime(2026, 7, 31, tzinfo=UTC),
        retry_after=3.0,
        hint="wait",
        partial=AIMessage("half"),
    )
    if isinstance(failure, GLMContentFilterError):
        failure.content_filter = [{"role": "user", "level": 0}]
    copied = copied_by(failure)
    assert type(copied) is kind
    assert str(copied) == str(failure)
    for name in ("message", "code", "status", "request_id", "reset_at", "retry_after", "hint", "partial"):
        assert getattr(copied, name) == getattr(failure, name)
    assert getattr(copied, "content_filter", None) == getattr(failure, "content_filter", None)
    assert (copied.response.status_code, copied.response.content) == (429, b"body")
    assert copied.args == failure.args
