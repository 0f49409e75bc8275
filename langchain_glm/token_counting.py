"""`ChatGLM`'s methods for counting tokens: by an estimate, or exactly by the endpoint."""

from __future__ import annotations

# `with_fallbacks(…)` reads the annotations of our methods: their names must exist at run time, and the class of
# `self` cannot.
from collections.abc import Sequence  # noqa: TC003
from functools import partial
from math import ceil
from typing import TYPE_CHECKING, Any

from langchain_core.language_models import LanguageModelInput  # noqa: TC002
from langchain_core.messages import BaseMessage  # noqa: TC002

from langchain_glm.calls import prepare
from langchain_glm.errors import GLMServerError, GLMValueError
from langchain_glm.tokens import estimate_messages, estimate_text, estimate_tools
from langchain_glm.transport import client

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from langchain_glm.chat_models import ChatGLM
    from langchain_glm.transport.exchange import Endpoint
    from langchain_glm.wire.types import Payload

__all__ = ["acount_tokens", "count_tokens", "get_num_tokens", "get_num_tokens_from_messages", "get_token_ids"]


def get_token_ids(self: Any, text: str) -> list[int]:
    """Return the token ids of a text from `custom_get_token_ids`, because GLM has no local tokenizer."""
    if self.custom_get_token_ids is None:
        raise NotImplementedError(
            "GLM has no local tokenizer. Give custom_get_token_ids=…, or use get_num_tokens (an estimate) or "
            "count_tokens(…, exact=True)."
        )
    ids: list[int] = self.custom_get_token_ids(text)
    return ids


def get_num_tokens(self: Any, text: str) -> int:
    """Estimate the tokens of a text, or count them with `custom_get_token_ids` if it is given."""
    return ceil(_count_text(self, text))


def get_num_tokens_from_messages(self: Any, messages: list[BaseMessage], tools: Sequence[Any] | None = None) -> int:
    """Estimate the tokens of a prompt without a request, because LangChain's middleware often asks for them."""
    model, count_text = self.traits, partial(_count_text, self)
    return ceil(
        estimate_messages(messages, model, count_text=count_text)
        + estimate_tools(tools or (), model, count_text=count_text)
    )


def count_tokens(  # noqa: D417 - `self` is the method's model
    self: Any, prompt: LanguageModelInput, *, tools: Sequence[Any] | None = None, exact: bool = False
) -> int:
    """Count the tokens of a prompt.

    Args:
        prompt: what `invoke` takes.
        tools: what `bind_tools` takes.
        exact: whether to ask the endpoint for the exact number instead of estimating it. Of the known hosts, only
            Zhipu's can count tokens.

    Returns:
        The tokens of the prompt, including those that the model's template adds.

    Raises:
        GLMValueError: for an exact count, if the prompt cannot be sent or the host has no token counter.
        GLMError: if the endpoint fails.

    Example:
        ```python
        model.count_tokens("How is the weather?", tools=[get_weather], exact=True)
        ```

    Sources: `docs/en/reference/models.md` for the estimate's error; BigModel's API description (2026-04) for the
    exact count.
    """
    messages = self._convert_input(prompt).to_messages()
    if not exact:
        return get_num_tokens_from_messages(self, messages, tools)
    return client.send(*_exact_count_arguments(self, messages, tools), path="/tokenizer", reply_fields=("usage",))


async def acount_tokens(
    self: Any, prompt: LanguageModelInput, *, tools: Sequence[Any] | None = None, exact: bool = False
) -> int:
    """Count the tokens of a prompt. The async version of `count_tokens`."""
    messages = self._convert_input(prompt).to_messages()
    if not exact:
        return get_num_tokens_from_messages(self, messages, tools)
    return await client.asend(
        *_exact_count_arguments(self, messages, tools), path="/tokenizer", reply_fields=("usage",)
    )


def _count_text(model: ChatGLM, text: str) -> float:
    return estimate_text(text) if model.custom_get_token_ids is None else len(model.custom_get_token_ids(text))


def _exact_count_arguments(
    model: ChatGLM, messages: list[BaseMessage], tools: Sequence[Any] | None
) -> tuple[Endpoint, Payload, Callable[[Mapping[str, Any]], int]]:
    """Return the arguments of `send` for an exact count: the endpoint, the body, and the reader of the reply."""
    if not (model.endpoint_host.serves and "/tokenizer" in model.endpoint_host.serves):
        raise GLMValueError(
            f"host {model.endpoint_host.name!r} has no known token counter; leave out exact=True for an estimate, "
            "or give custom_get_token_ids=…."
        )
    call = prepare(model, messages, None, {"tools": tools})
    body: Payload = {name: call.payload[name] for name in ("model", "messages", "tools") if name in call.payload}
    return call.endpoint, body, _read_count


def _read_count(reply: Mapping[str, Any]) -> int:
    """Return the number of tokens in a reply of the token counter."""
    usage = reply["usage"]
    for name in ("total_tokens", "prompt_tokens"):
        if isinstance(usage, dict) and isinstance(usage.get(name), int):
            return int(usage[name])
    raise GLMServerError("the reply of the endpoint's token counter holds no number of tokens", status=200)
