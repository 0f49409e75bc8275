"""`ChatGLM`: the settings of a chat, and LangChain's hooks."""

from __future__ import annotations

# `with_fallbacks(…).bind_tools` reads the annotations of our methods: their names must exist at run time.
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, cast

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import BaseMessage  # noqa: TC002
from pydantic import BeforeValidator, Field, PlainValidator, model_validator

from langchain_glm import binding, token_counting, tracing
from langchain_glm.calls import prepare
from langchain_glm.catalog.hosts import GATEWAY
from langchain_glm.catalog.models import find_model
from langchain_glm.catalog.profiles import model_profile
from langchain_glm.connection import HOST_FIELDS, Connection
from langchain_glm.content_blocks import provider_of, register_translators
from langchain_glm.keywords import OtherNames
from langchain_glm.notices import notify
from langchain_glm.tools import WebSearch
from langchain_glm.transport import client
from langchain_glm.validation import as_glm_value_error
from langchain_glm.version import __version__
from langchain_glm.wire.reply.usage import sum_usage
from langchain_glm.wire.request.ranges import check_ranges
from langchain_glm.wire.request.thinking import check_thinking
from langchain_glm.wire.schemas.convert import to_response_format

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Set

    from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
    from langchain_core.language_models import ModelProfile
    from langchain_core.language_models.base import LangSmithParams
    from langchain_core.outputs import ChatGenerationChunk, ChatResult

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.catalog.models import Model

__all__ = ["ChatGLM"]

register_translators()


class _LookedUpProfile(dict[str, Any]):
    """A profile from our catalogue, not from the user; it is looked up again when the model changes."""


def _response_format(value: Any) -> Any:
    return None if value is None else to_response_format(value)


def _model_id(value: Any) -> Any:
    if not isinstance(value, str) or not value:
        raise ValueError('model: give the id of a model, such as model="glm-5.2".')
    return value


def _search(value: Any) -> Any:
    """Return a `WebSearch` for a dict, which may hold the search's settings or the tool entry that is sent."""
    if isinstance(value, Mapping) and not isinstance(value, WebSearch):
        with as_glm_value_error():
            return WebSearch(**(value.get("web_search", {}) if value.get("type") == "web_search" else value))
    if not isinstance(value, bool | WebSearch | None):
        raise ValueError("web_search: give True, False, a WebSearch, or a dict of its arguments.")
    return value


class ChatGLM(Connection, OtherNames, BaseChatModel):
    """GLM (BigModel, Z.ai, and gateways that serve it) and Kimi as a LangChain chat model.

    Every setting works in the constructor, by assignment, in `bind(…)` and per call (`invoke(…, thinking=False)`).
    If a model or host does not accept a value, the nearest value that it accepts is sent instead, with one warning per
    process. The settings of a chat are described here, field by field; those of the connection (host, key, time limits,
    retries, concurrency) are inherited from `Connection`.

    Raises:
        GLMValueError: for a setting out of range or an unknown host; it is a `ValueError`.
        GLMAuthenticationError: if there is no key for the host.
        GLMError: when called, if the endpoint fails; see `langchain_glm.errors`.

    A reply's `response_metadata` holds `host`, `model_name` (the model that answered), `finish_reason`, `request_id`,
    `id`, `created`, `reasoning_content`, `token_usage` (as the endpoint sent it), and `web_search`, `content_filter`
    and `video_result` if the endpoint sent them.

    Example:
        ```python
        from langchain_glm import ChatGLM

        model = ChatGLM(model="glm-5.2", host="zai", thinking=True)
        answer = model.invoke("Introduce GLM in three sentences.")
        answer.content_blocks  # reasoning, then text
        ```
    """

    _shared_fields: ClassVar = (*Connection._shared_fields, "cache", "rate_limiter", "callbacks")  # noqa: SLF001 - of our base class

    model: Annotated[str, BeforeValidator(_model_id)] = Field(
        default="", validate_default=True, description='The model\'s id, such as "glm-5.2".'
    )
    temperature: float | None = Field(default=None, description="The sampling temperature: 0 to 1 on Zhipu's hosts.")
    top_p: float | None = Field(default=None, description="Nucleus sampling: 0.01 to 1 on Zhipu's hosts.")
    max_tokens: int | None = Field(
        default=None, ge=1, description="The maximum number of tokens in a reply, including its thinking."
    )
    stop: list[str] | str | None = Field(default=None, description="Texts at which the reply ends.")
    do_sample: bool | None = Field(
        default=None,
        description="`False` always takes the most likely token; temperature and top_p then have no effect.",
    )
    thinking: Annotated[bool | str | dict[str, Any] | None, BeforeValidator(check_thinking)] = Field(
        default=None,
        description="`True`, `False`, or the endpoint's own object: `{'type': 'enabled', 'clear_thinking': True}`. "
        "Default: the model's own; on Zhipu's hosts, earlier reasoning is kept, which agents need.",
    )
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = Field(
        default=None, description="How long the model thinks, if it has levels of effort."
    )
    web_search: Annotated[bool | WebSearch | dict[str, Any] | None, PlainValidator(_search)] = Field(
        default=None, description="GLM's built-in search: `True`, a `WebSearch`, or a dict of its arguments."
    )
    tool_stream: bool | None = Field(
        default=None,
        description="Whether tool arguments are streamed in fragments. Default: yes, if the model supports it.",
    )
    force_tool_choice: Literal["check", "retry", "ignore"] = Field(
        default="check",
        description="What happens if `tool_choice` requires a tool call, the host cannot force one, and the "
        "model answers without calling a tool. `check` raises `GLMToolChoiceError`; `retry` asks "
        "the model once more before it raises (not in streams); `ignore` returns the answer.",
    )
    response_format: Annotated[dict[str, Any] | type | None, BeforeValidator(_response_format)] = Field(
        default=None,
        description='The form of the answer: a class, a TypedDict, a JSON schema, or {"type": "json_object"}. '
        "If the host does not enforce schemas, the schema is added to the prompt. "
        "`with_structured_output` also parses the answer.",
    )
    request_id: str | None = Field(
        default=None,
        description="Your own id for the request: 6 to 64 characters, unique among the requests in flight.",
    )
    user_id: str | None = Field(default=None, description="The id of your user, 6 to 128 characters.")
    model_kwargs: dict[str, Any] = Field(default_factory=dict, description="Further fields of the request body.")
    extra_body: dict[str, Any] = Field(
        default_factory=dict, description="Fields that are added to the request body unchanged, after all others."
    )
    streaming: bool | None = Field(  # LangChain never streams if this is `False`, so the default is `None`
        default=None, description="Whether `invoke` streams internally. Default: only if a callback listens to tokens."
    )
    stream_usage: bool | None = Field(
        default=None,
        description="Whether to ask for token usage in streams. Default: only on hosts that otherwise send none.",
    )

    if not TYPE_CHECKING:

        @property
        def model_name(self) -> str:
            """The model's id, under the name that many other chat models use."""
            return self.model

    @model_validator(mode="before")
    @classmethod
    def _look_up_profile_again(cls, given: Any) -> Any:
        """Drop a profile that was looked up if LangChain makes a copy by passing every field."""
        if not isinstance(given, dict) or not isinstance(given.get("profile"), _LookedUpProfile):
            return given
        if not given.keys() >= cls.model_fields.keys():
            return given
        return {name: value for name, value in given.items() if name != "profile"}

    @classmethod
    def _with_other_keywords(cls, settings: dict[str, Any], others: dict[str, Any]) -> dict[str, Any]:
        notify(f"{', '.join(others)} is not a setting of ChatGLM; it is sent in the request body.")
        return {**settings, "model_kwargs": {**(settings.get("model_kwargs") or {}), **others}}

    @model_validator(mode="after")
    def _check_settings(self) -> Self:
        self._add_version("langchain-zai-glm", __version__)
        check_ranges(self.__dict__, self.endpoint_host, self.traits)
        return self

    @property
    def traits(self) -> Model | None:
        """The catalogue's entry for the model that answers at this host; `None` if there is none."""
        return find_model(self.model, self.endpoint_host)

    def _apply_changes(self, changed: Set[str], before: Host) -> None:
        super()._apply_changes(changed, before)
        with as_glm_value_error():
            check_ranges(self.__dict__, self.endpoint_host, self.traits)
        if changed & HOST_FIELDS and isinstance(self.profile, _LookedUpProfile):
            self.profile = self._resolve_model_profile()

    # Hooks through which LangChain learns about the model.

    @property
    def _llm_type(self) -> str:
        return "glm-chat"

    @classmethod
    def is_lc_serializable(cls) -> bool:
        """Whether `langchain_core.load` can serialize it: yes, with a reference to the key's variable as the key."""
        return True

    @property
    def lc_secrets(self) -> dict[str, str]:
        """The field that is a secret, and the environment variable from which it is loaded."""
        return {"api_key": (self.endpoint_host.key_variables or GATEWAY.key_variables)[0]}

    @property
    def lc_attributes(self) -> dict[str, Any]:
        """What is serialized besides the settings: the endpoint, which the environment may have selected."""
        serialized = self._serialized_connection()
        if self.api_key is None and self.endpoint_host.key_from():
            serialized["api_key"] = None  # LangChain replaces it by the reference to the key's variable
        return serialized

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return tracing.changed_settings(self)

    def _resolve_model_profile(self) -> ModelProfile | None:
        return cast("ModelProfile", _LookedUpProfile(model_profile(self.model, self.endpoint_host)))

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        keywords = tracing.with_stop(tracing.redacted_keywords(kwargs), stop or self.stop)
        params = super()._get_ls_params(**keywords)
        params["ls_provider"] = provider_of(tracing.host_of_call(self, keywords))
        return params

    def _get_invocation_params(self, stop: list[str] | None = None, **kwargs: Any) -> dict[str, Any]:
        keywords = tracing.with_stop(tracing.redacted_keywords(kwargs), stop or self.stop)
        params = super()._get_invocation_params(**keywords)
        if "host" in keywords and "base_url" not in keywords:
            del params["base_url"]  # it belongs to the host of the settings
        return params

    def _get_llm_string(self, stop: list[str] | None = None, **kwargs: Any) -> str:
        return super()._get_llm_string(stop=stop, **tracing.redacted_keywords(kwargs, tracing.digest))

    def _combine_llm_outputs(self, llm_outputs: list[dict[str, Any] | None], /) -> dict[str, Any]:
        outputs = [output for output in llm_outputs if output]
        names = [output["model_name"] for output in outputs if output.get("model_name")]
        usages = [output.get("token_usage") or {} for output in outputs]
        usage = dict(usages[0]) if len(usages) == 1 else sum_usage(usages)
        return {"token_usage": usage, "model_name": names[0] if names else self.model}

    # Hooks that LangChain calls to get a reply.

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        call = prepare(self, messages, stop, kwargs, run_manager=run_manager)
        result = client.send(call.endpoint, call.payload, call.result)
        if call.must_ask_again(result):
            result = call.second_result(client.send(call.endpoint, call.payload, call.result), after=result)
        call.check(result)
        return result

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        call = prepare(self, messages, stop, kwargs, run_manager=run_manager)
        result = await client.asend(call.endpoint, call.payload, call.result)
        if call.must_ask_again(result):
            result = call.second_result(await client.asend(call.endpoint, call.payload, call.result), after=result)
        call.check(result)
        return result

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        call = prepare(self, messages, stop, kwargs, stream=True, run_manager=run_manager)
        with client.stream(call.endpoint, call.payload, call.reader) as (chunks, reader):
            for chunk in chunks:
                if run_manager:
                    run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk
            call.check_stream(reader)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        call = prepare(self, messages, stop, kwargs, stream=True, run_manager=run_manager)
        async with client.astream(call.endpoint, call.payload, call.reader) as (chunks, reader):
            async for chunk in chunks:
                if run_manager:
                    await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk
            call.check_stream(reader)

    # Methods for users.

    if not TYPE_CHECKING:  # type checkers use LangChain's declaration
        bind = binding.bind

    bind_tools = binding.bind_tools

    with_structured_output = binding.with_structured_output

    get_token_ids = token_counting.get_token_ids
    get_num_tokens = token_counting.get_num_tokens
    get_num_tokens_from_messages = token_counting.get_num_tokens_from_messages
    count_tokens = token_counting.count_tokens
    acount_tokens = token_counting.acount_tokens
