"""How long a prompt is: estimated here, or counted by the endpoint."""

from __future__ import annotations

# `with_fallbacks(…)` reads the annotations of our methods: their names must be there at run time.
from collections.abc import Sequence  # noqa: TC003
from math import ceil
from typing import TYPE_CHECKING, Any

from langchain_core.language_models import LanguageModelInput  # noqa: TC002
from langchain_core.messages import BaseMessage  # noqa: TC002

from langchain_glm.calls import prepare
from langchain_glm.catalog.profiles import find_model
from langchain_glm.settings import GLMSettings
from langchain_glm.tokens import estimate_messages, estimate_text, estimate_tools
from langchain_glm.transport import tokenizer

if TYPE_CHECKING:
    from langchain_glm.wire.types import Payload

__all__ = ["TokenCounting"]


class TokenCounting(GLMSettings):
    """The part of `ChatGLM` that counts tokens; see there."""

    def get_token_ids(self, text: str) -> list[int]:
        """Return the ids of a text's tokens, which only `custom_get_token_ids` knows: GLM has no local tokenizer."""
        if self.custom_get_token_ids is None:
            raise NotImplementedError(
                "GLM has no local tokenizer. Give custom_get_token_ids=…, or use get_num_tokens (an estimate) or "
                "count_tokens(…, exact=True)."
            )
        return self.custom_get_token_ids(text)

    def get_num_tokens(self, text: str) -> int:
        """Estimate the tokens of a text; `custom_get_token_ids` counts them, where it is given."""
        return ceil(self._count_text(text))

    def get_num_tokens_from_messages(
        self,
        messages: list[BaseMessage],
        tools: Sequence[Any] | None = None,
    ) -> int:
        """Estimate the tokens of a prompt, here and fast: LangChain's middleware and `trim_messages` ask often."""
        model, count_text = find_model(self.model), self._count_text
        return ceil(
            estimate_messages(messages, model, count_text=count_text)
            + estimate_tools(tools or (), model, count_text=count_text)
        )

    def count_tokens(
        self, prompt: LanguageModelInput, *, tools: Sequence[Any] | None = None, exact: bool = False
    ) -> int:
        """Count the tokens of a prompt.

        Args:
            prompt: what `invoke` takes.
            tools: what `bind_tools` takes.
            exact: ask the endpoint instead of estimating; of the known hosts, Zhipu's own can count.

        Returns:
            The tokens of the prompt, with what the model's template adds to it.

        Raises:
            ValueError: for an exact count of a prompt that cannot be sent, or on a host that has no counter.
            GLMError: for a failure of the endpoint.

        Example:
            ```python
            model.count_tokens("How is the weather?", tools=[get_weather], exact=True)
            ```

        Sources: `docs/profiles.md` for the estimate's error; BigModel's API description for the exact count.
        """
        messages = self._convert_input(prompt).to_messages()
        if not exact:
            return self.get_num_tokens_from_messages(messages, tools)
        return tokenizer.count(self.endpoint(self.current_key(), None), self._countable(messages, tools))

    async def acount_tokens(
        self, prompt: LanguageModelInput, *, tools: Sequence[Any] | None = None, exact: bool = False
    ) -> int:
        """Count the tokens of a prompt. The async twin of `count_tokens`."""
        messages = self._convert_input(prompt).to_messages()
        if not exact:
            return self.get_num_tokens_from_messages(messages, tools)
        return await tokenizer.acount(self.endpoint(await self.acurrent_key(), None), self._countable(messages, tools))

    def _count_text(self, text: str) -> float:
        return estimate_text(text) if self.custom_get_token_ids is None else len(self.custom_get_token_ids(text))

    def _countable(self, messages: list[BaseMessage], tools: Sequence[Any] | None) -> Payload:
        if not self.endpoint_host.native:
            raise ValueError(
                f"host {self.endpoint_host.name!r} has no known token counter; leave out exact=True for an estimate, "
                "or give custom_get_token_ids=…."
            )
        payload = prepare(self, messages, None, {"tools": tools}, stream=False).payload
        return {name: payload[name] for name in ("model", "messages", "tools") if name in payload}
