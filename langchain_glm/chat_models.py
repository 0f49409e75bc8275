"""`ChatGLM`: LangChain's hooks, joined to `wire` and `transport`."""

from __future__ import annotations

# `with_fallbacks(…).bind_tools` reads the annotations of our methods: their names must be there at run time.
from collections.abc import Sequence  # noqa: TC003
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Any, Self, cast

from langchain_core.language_models import LanguageModelInput  # noqa: TC002
from langchain_core.messages import AIMessage  # noqa: TC002
from langchain_core.runnables import Runnable  # noqa: TC002
from pydantic import model_validator

from langchain_glm.calls import prepare
from langchain_glm.catalog.hosts import HOSTS
from langchain_glm.catalog.profiles import model_profile
from langchain_glm.content_blocks import register
from langchain_glm.counting import TokenCounting
from langchain_glm.errors import GLMError
from langchain_glm.notices import notify
from langchain_glm.settings import ALIASES, OwnProfile
from langchain_glm.shown import digest, shown_keywords
from langchain_glm.transport import client
from langchain_glm.version import PROVIDER, __version__
from langchain_glm.wire.request.functions import to_wire_tool
from langchain_glm.wire.types import Method  # noqa: TC001

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
    from langchain_core.language_models import ModelProfile
    from langchain_core.language_models.base import LangSmithParams
    from langchain_core.messages import BaseMessage
    from langchain_core.outputs import ChatGenerationChunk, ChatResult

__all__ = ["ChatGLM"]

register()


class ChatGLM(TokenCounting):
    """GLM (BigModel, Z.ai, and gateways that serve it) and Kimi as a LangChain chat model.

    Every setting works in the constructor, in `bind(…)` and per call (`invoke(…, thinking=False)`).
    What a model or host does not take becomes the nearest that it does, with one warning a process.

    Args:
        model: the model's id, such as `"glm-5.2"`. Also `model_name`.
        host: a name of `langchain_glm.HOSTS`. Default: the host whose key is in the environment.
        base_url: the endpoint, for a gateway or a proxy; everything before `/chat/completions`.
        api_key: the key, or a function (sync or async) that returns one before every request.
            Default: from the host's environment variable.
        temperature: 0 to 1. Default: the model's.
        top_p: 0.01 to 1. Default: the model's.
        max_tokens: most tokens of a reply, its thinking included; 1 to 131072. Default: the model's.
        stop: texts that end the reply. Also `stop_sequences`.
        do_sample: `False` makes the reply greedy; temperature and top_p have no effect then.
        thinking: `True`, `False`, or the endpoint's own object, such as
            `{"type": "enabled", "clear_thinking": True}`. Default: the model's; on Zhipu's own hosts
            earlier reasoning is kept (`clear_thinking: False`), which agents need.
        reasoning_effort: `none` to `max`, on models that have effort levels.
        web_search: `True`, a `WebSearch`, or its dict: GLM's built-in search.
        tool_stream: whether tool arguments are streamed in fragments. Default: where the model can.
        force_tool_choice: what happens when `tool_choice` demanded a call and none came, on a host that cannot
            force one: `check` raises `GLMToolChoiceError`, `retry` asks once more first (not in streams),
            `ignore` returns the answer. Default `check`.
        response_format: `{"type": "json_object"}`, or `json_schema`, whose schema goes into the prompt on
            hosts that enforce none.
        request_id: an id of yours, 6 to 64 characters, different for each request in flight.
        user_id: your user's id, 6 to 128 characters.
        model_kwargs: more fields for the request body.
        extra_body: fields that go into the request body last and verbatim.
        timeout: seconds of silence to bear, or `{"connect": …, "idle": …, "queue": …, "total": …}`, or
            `Timeout`. Default: 10, 600, 600, no limit. Also `request_timeout`.
        max_retries: tries after the first, for failures that a retry can mend. Default 2.
        wait_for_reset: whether a used-up quota (1308, 1310) is waited for when the endpoint says when it comes back:
            `True` up to five hours, or a number of seconds. Default `False`: `GLMQuotaError` with `reset_at`.
        max_concurrency: requests in flight at most, shared by every model with this host and key in the process
            (streams count until they end); `"auto"` finds the endpoint's limit; or an `InFlightLimiter` of
            yours. Default: no limit.
        streaming: whether `invoke` streams internally. Default: when somebody watches tokens.
        stream_usage: whether to ask for usage in streams. Default: where the host needs to be asked.
        default_headers: more headers. Never shown, traced or serialized.
        http_client: your own `httpx.Client`; never closed here.
        http_async_client: your own `httpx.AsyncClient`; never closed here.

    Raises:
        ValueError: for a setting out of range, an unknown host, or a missing key, when constructed.
        GLMError: for a failure of the endpoint, when called; see `langchain_glm.errors`.

    A reply's `response_metadata` holds `model_name` (as served), `finish_reason`, `request_id`, `id`, `created`,
    `reasoning_content`, `token_usage` (as sent), and `web_search`, `content_filter`, `video_result` where sent.

    Example:
        ```python
        from langchain_glm import ChatGLM

        model = ChatGLM(model="glm-5.2", host="zai", thinking=True)
        answer = model.invoke("Introduce GLM in three sentences.")
        answer.content_blocks  # reasoning, then text
        ```
    """

    @model_validator(mode="after")
    def _set_glm_version(self) -> Self:
        self._add_version("langchain-zai-glm", __version__)
        return self

    # What LangChain asks about the model.

    @property
    def _llm_type(self) -> str:
        return "glm-chat"

    @classmethod
    def is_lc_serializable(cls) -> bool:
        """Whether `langchain_core.load` can write it: yes, with the key as a reference to its variable."""
        return True

    @property
    def lc_secrets(self) -> dict[str, str]:
        """The field that is a secret, and the variable that it is read from when loaded."""
        return {"api_key": self.endpoint_host.key_variable}

    @property
    def lc_attributes(self) -> dict[str, Any]:
        """What is written besides the settings: the endpoint, which the environment may have selected."""
        host = self.endpoint_host
        known = HOSTS.get(host.name)
        moved = {} if known and known.base_url == host.base_url else {"base_url": host.base_url}
        return {"host": host.name, **moved} if known else moved

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {**self.changed_settings(), "host": self.endpoint_host.name, "base_url": self.endpoint_host.base_url}

    def _resolve_model_profile(self) -> ModelProfile | None:
        found = model_profile(self.model)
        return None if found is None else cast("ModelProfile", OwnProfile(found))

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        kwargs = {ALIASES.get(name, name): value for name, value in kwargs.items()}
        ends = kwargs.pop("stop", None) or stop or self.stop
        params = super()._get_ls_params(stop=[ends] if isinstance(ends, str) else ends, **kwargs)
        params["ls_provider"] = PROVIDER
        return params

    def _get_invocation_params(self, stop: list[str] | None = None, **kwargs: Any) -> dict[str, Any]:
        shown = {ALIASES.get(name, name): value for name, value in shown_keywords(kwargs).items()}
        ends = shown.pop("stop", None) or stop or self.stop
        params = super()._get_invocation_params(stop=[ends] if isinstance(ends, str) else ends, **shown)
        if "host" in shown and "base_url" not in shown:
            del params["base_url"]  # it is the other host's
        return params

    def _get_llm_string(self, stop: list[str] | None = None, **kwargs: Any) -> str:
        return super()._get_llm_string(stop=stop, **shown_keywords(kwargs, hide=digest))

    def _combine_llm_outputs(self, llm_outputs: list[dict[str, Any] | None], /) -> dict[str, Any]:
        usage: dict[str, Any] = {}
        for output in llm_outputs:
            for name, count in ((output or {}).get("token_usage") or {}).items():
                if isinstance(count, int):
                    usage[name] = usage.get(name, 0) + count
        names = [output["model_name"] for output in llm_outputs if output and output.get("model_name")]
        return {"token_usage": usage, "model_name": names[0] if names else self.model}

    # What LangChain runs.

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        call = prepare(self, messages, stop, kwargs, stream=False)
        endpoint = call.model.endpoint(call.model.current_key(), _on_retry(run_manager))
        result = call.result(client.send(endpoint, call.body))
        if call.asks_again(result):
            result = call.result(client.send(endpoint, call.body))
        call.check(result)
        return result

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        call = prepare(self, messages, stop, kwargs, stream=False)
        endpoint = call.model.endpoint(await call.model.acurrent_key(), _on_retry(run_manager))
        result = call.result(await client.asend(endpoint, call.body))
        if call.asks_again(result):
            result = call.result(await client.asend(endpoint, call.body))
        call.check(result)
        return result

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        call = prepare(self, messages, stop, kwargs, stream=True)
        endpoint = call.model.endpoint(call.model.current_key(), _on_retry(run_manager))
        reader = call.reader()
        try:
            with closing(client.stream(endpoint, call.body)) as events:
                for event in events:
                    if chunk := reader.read(event):
                        if run_manager:
                            run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                        yield chunk
                    if not event:  # the endpoint marked the end: the last chunk need not wait for the connection's
                        yield from reader.finish()
            if not reader.done:
                yield from reader.finish()
            call.check_stream(reader)
        except GLMError as error:
            error.partial = reader.partial()
            raise

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        call = prepare(self, messages, stop, kwargs, stream=True)
        endpoint = call.model.endpoint(await call.model.acurrent_key(), _on_retry(run_manager))
        reader = call.reader()
        try:
            async with aclosing(client.astream(endpoint, call.body)) as events:
                async for event in events:
                    if chunk := reader.read(event):
                        if run_manager:
                            await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                        yield chunk
                    if not event:  # as above
                        for chunk in reader.finish():
                            yield chunk
            if not reader.done:
                for chunk in reader.finish():
                    yield chunk
            call.check_stream(reader)
        except GLMError as error:
            error.partial = reader.partial()
            raise

    # What users build on.

    def bind_tools(
        self,
        tools: Sequence[Any],
        *,
        tool_choice: Any = None,
        strict: bool | None = None,
        parallel_tool_calls: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Offer tools to the model.

        Args:
            tools: LangChain tools, functions, pydantic classes, TypedDicts, dicts, and GLM's own tools
                (`WebSearch`, `Retrieval`, `MCPServer`, or dicts of their shape).
            tool_choice: `"auto"`, `"none"`, `"any"`, `"required"`, `True`, a tool's name or a dict. GLM obeys
                only `"auto"`; there the others choose which tools are sent, and a sentence asks for the call.
            strict: accepted for LangChain's sake; GLM enforces no schema.
            parallel_tool_calls: sent to hosts other than Zhipu's own, which have no such setting.
            **kwargs: settings for each call.

        Returns:
            The model with the tools bound.

        Raises:
            ValueError: if a tool cannot be translated.

        Example:
            ```python
            model.bind_tools([get_weather]).invoke("How is the weather in Paris?").tool_calls
            ```
        """
        del strict
        if parallel_tool_calls is not None:
            if self.endpoint_host.native:
                notify("GLM has no parallel_tool_calls; it is left out.")
            else:
                kwargs["parallel_tool_calls"] = parallel_tool_calls
        if tool_choice is not None:
            kwargs["tool_choice"] = tool_choice
        return self.bind(tools=[to_wire_tool(tool) for tool in tools], **kwargs)

    def with_structured_output(  # type: ignore[override]
        self,
        schema: dict[str, Any] | type | None = None,
        *,
        method: Method = "function_calling",
        include_raw: bool = False,
        strict: bool | None = None,
        repair: int = 0,
    ) -> Runnable[LanguageModelInput, Any]:
        """Make the model answer with an instance of a schema, on endpoints that force nothing.

        Args:
            schema: a pydantic class, TypedDict, JSON schema or OpenAI function.
            method: `function_calling` offers the schema as the only tool; `json_schema` puts it into the prompt
                (or lets the endpoint enforce it, where it does); `json_mode` asks for any JSON object, which
                your prompt must describe.
            include_raw: return `{"raw": message, "parsed": …, "parsing_error": …}` instead of raising.
            strict: passed on where the endpoint enforces schemas.
            repair: how often an answer that does not fit is sent back with what is wrong about it. Such a chain
                does not stream. Default 0.

        Returns:
            A runnable that gives an instance of a pydantic class, or a dict. Streamed, dicts come in part.

        Raises:
            OutputParserException: when run, if the answer is not what was asked for; it holds the raw text.

        Example:
            ```python
            model.with_structured_output(Joke).invoke("Tell me a joke about cats.").punchline
            ```
        """
        from langchain_glm.structured_output import structured  # its parsers take 3 ms to import

        return structured(self, schema, method=method, include_raw=include_raw, strict=strict, repair=repair)


def _on_retry(run_manager: CallbackManagerForLLMRun | AsyncCallbackManagerForLLMRun | None) -> Any:
    return run_manager.on_retry if run_manager else None
