"""`GLMSearchResults` and `GLMSearchRetriever`: web search as a tool for an agent, and as a retriever."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal, Self

from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import ArgsSchema, BaseTool, ToolException
from pydantic import BaseModel, Field, SkipValidation, StringConstraints, model_validator

from langchain_glm.connection import Connection
from langchain_glm.errors import GLMError, GLMNotFoundError
from langchain_glm.notices import notify
from langchain_glm.transport import client
from langchain_glm.wire.reply.search import REPLY_FIELDS, read_search, to_documents, to_text
from langchain_glm.wire.request.search import build_search, engine_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from langchain_core.callbacks import (
        AsyncCallbackManagerForRetrieverRun,
        AsyncCallbackManagerForToolRun,
        CallbackManagerForRetrieverRun,
        CallbackManagerForToolRun,
    )
    from langchain_core.documents import Document

    from langchain_glm.catalog.hosts import Host

__all__ = ["GLMSearchResults", "GLMSearchRetriever"]

_PATH: Final = "/web_search"

Recency = Literal["oneDay", "oneWeek", "oneMonth", "oneYear", "noLimit"]


@contextmanager
def _engine_hint(host: Host) -> Iterator[None]:
    """Name the engines in the hint for an unknown engine, which has the same code as an unknown model (1211)."""
    try:
        yield
    except GLMNotFoundError as error:
        if error.code == "1211":
            known = f"; host {host.name!r} has {', '.join(host.search_engines)}" if host.search_engines else ""
            error.hint = f"Check search_engine=…{known}."
        raise


class _Search(Connection):
    """The settings of a web search, and the search itself."""

    _path: ClassVar[str] = _PATH

    search_engine: str | None = Field(
        default=None,
        description="`search_std`, `search_pro`, `search_pro_sogou` or `search_pro_quark` (BigModel); `search-prime`, "
        "`search_pro_jina` or `search_std` (Z.ai); or a newer engine. Default: the host's first.",
    )
    search_domain_filter: str | None = Field(
        default=None, description='The only domain to search, such as "www.example.com". Default: all.'
    )
    search_recency_filter: Recency | None = Field(
        default=None, description="How old results may be. Endpoint's default: `noLimit`."
    )
    content_size: Literal["medium", "high"] | None = Field(
        default=None, description="How much of each page is returned; BigModel only. Endpoint's default: `medium`."
    )
    search_intent: bool = Field(
        default=False, description="Whether the endpoint may decide that a query needs no search. Default `False`."
    )

    @model_validator(mode="after")
    def _check_engine(self) -> Self:
        engine_for(self.search_engine, self.endpoint_host)
        return self

    def _find(self, query: str, count: int, run_manager: Any, recency: Recency | None = None) -> dict[str, Any]:
        """Search; return the endpoint's reply with at most `count` results."""
        endpoint, payload = self._prepare(query, count, run_manager, recency)
        read = partial(read_search, count=count)
        with _engine_hint(endpoint.host):
            return client.send(endpoint, payload, read, path=_PATH, reply_fields=REPLY_FIELDS)

    async def _afind(self, query: str, count: int, run_manager: Any, recency: Recency | None = None) -> dict[str, Any]:
        """Search. The async version of `_find`."""
        endpoint, payload = self._prepare(query, count, run_manager, recency)
        read = partial(read_search, count=count)
        with _engine_hint(endpoint.host):
            return await client.asend(endpoint, payload, read, path=_PATH, reply_fields=REPLY_FIELDS)

    def _prepare(
        self, query: str, count: int, run_manager: Any, recency: Recency | None
    ) -> tuple[client.Endpoint, dict[str, Any]]:
        settings = {name: getattr(self, name) for name in _Search.model_fields.keys() - Connection.model_fields.keys()}
        if recency:
            settings["search_recency_filter"] = recency
        payload, notice = build_search(query, count, settings, self.endpoint_host)
        if notice:
            notify(notice)
        return self._endpoint(run_manager.on_retry if run_manager else None), payload


class SearchArguments(BaseModel):
    """The arguments of `GLMSearchResults` that a model chooses."""

    query: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)] = Field(
        description="What to search for: a few words, at most 70 characters."
    )
    recency: Recency | None = Field(
        default=None, description="How old the pages may be. Leave it out if their age does not matter."
    )


class GLMSearchResults(_Search, BaseTool):
    """A tool with which an agent searches the web, by `POST /web_search` of BigModel or Z.ai.

    The model chooses the query and, optionally, how old the pages may be. Everything else is a setting, so a model can
    neither leave the domain that you allow nor raise the price. The settings of the search are described here, field by
    field; those of the connection (host, key, time limits, retries, concurrency) are inherited from `Connection`.

    The tool's content is text: numbered sources with title, site, date, link and content, as far as they are known.
    Its artifact is the endpoint's reply: `search_result` is a list of objects with `title`, `content`, `link`, `media`,
    `icon`, `publish_date` and `refer`, and `search_intent` is a list of objects with `intent`, `keywords` and `query`.
    BigModel's `search_std` and `search_pro` left `link`, `icon` and `media` empty when they were recorded (2026-10-09).

    One search costs ¥0.01 (`search_std`), ¥0.03 (`search_pro`) or ¥0.05 (`search_pro_sogou`, `search_pro_quark`) on
    BigModel, and $0.01 on Z.ai (price lists of 2026-10). Coding plans do not include it: they bring a search of their
    own as an MCP server.

    On BigModel, a query longer than 70 characters is cut at the end of a word, with one warning per process.

    Raises:
        GLMValueError: if a setting is not valid, or if the host is known not to serve `/web_search`.
        GLMAuthenticationError: if there is no key for the host.
        GLMError: when called, if the endpoint fails. If `handle_tool_error` is set, the model gets the error as text.

    Example:
        ```python
        from langchain.agents import create_agent
        from langchain_glm import ChatGLM, GLMSearchResults

        agent = create_agent(ChatGLM(model="glm-5.2", host="zai"), [GLMSearchResults(host="zai")])
        agent.invoke({"messages": "Search the web for the latest GLM model."})
        ```

    Sources: docs.bigmodel.cn and docs.z.ai, web search, 2026-06 to 2026-10; recorded replies of 2026-10-09.
    """

    _shared_fields: ClassVar[tuple[str, ...]] = (*Connection._shared_fields, "callbacks")  # noqa: SLF001 - of our base class

    name: str = "glm_search"
    description: str = (
        "Search the web. Returns numbered sources with their title, date and content. Use it for current events and "
        "for facts that may have changed, and cite sources by their number."
    )
    args_schema: Annotated[ArgsSchema | None, SkipValidation()] = Field(default=SearchArguments, exclude=True)
    response_format: Literal["content", "content_and_artifact"] = "content_and_artifact"
    count: int = Field(
        default=5, ge=1, le=50, description="How many results to return, 1 to 50; each takes about 1,000 characters."
    )

    def _run(
        self, query: str, recency: Recency | None = None, run_manager: CallbackManagerForToolRun | None = None
    ) -> tuple[str, dict[str, Any]]:
        with self._handled_errors():
            reply = self._find(query, self.count, run_manager, recency)
        return to_text(reply), reply

    async def _arun(
        self, query: str, recency: Recency | None = None, run_manager: AsyncCallbackManagerForToolRun | None = None
    ) -> tuple[str, dict[str, Any]]:
        with self._handled_errors():
            reply = await self._afind(query, self.count, run_manager, recency)
        return to_text(reply), reply

    @contextmanager
    def _handled_errors(self) -> Iterator[None]:
        """Turn our exceptions into the one that `handle_tool_error` handles, if it is set."""
        try:
            yield
        except GLMError as error:
            if not self.handle_tool_error:
                raise
            raise ToolException(str(error)) from error


class GLMSearchRetriever(_Search, BaseRetriever):
    """A retriever whose documents are web pages, found by `POST /web_search` of BigModel or Z.ai.

    A document's text is the content that the search returned; its metadata has `title`, `link`, `media`, `publish_date`
    and `refer`, with an empty string for everything that the endpoint did not send. Every setting can also be given per
    call: `retriever.invoke("GLM", k=3, search_recency_filter="oneWeek")`.

    Prices, hosts and the length of a query are those of `GLMSearchResults`.

    Raises:
        GLMValueError: if a setting is not valid, or if the host is known not to serve `/web_search`.
        GLMAuthenticationError: if there is no key for the host.
        GLMError: when called, if the endpoint fails.

    Example:
        ```python
        from langchain_glm import GLMSearchRetriever

        for page in GLMSearchRetriever(host="zai", k=3).invoke("latest GLM model"):
            print(page.metadata["title"], page.metadata["publish_date"])
        ```
    """

    k: int = Field(default=10, ge=1, le=50, description="How many documents to return, 1 to 50. Default 10.")

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, **settings: Any
    ) -> list[Document]:
        search = self.model_copy(update=settings)
        reply = search._find(query, search.k, run_manager)  # noqa: SLF001 - of the same class
        return to_documents(reply["search_result"])

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun, **settings: Any
    ) -> list[Document]:
        search = self.model_copy(update=settings)
        reply = await search._afind(query, search.k, run_manager)  # noqa: SLF001 - of the same class
        return to_documents(reply["search_result"])
