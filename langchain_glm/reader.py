"""`GLMWebReader` and `GLMWebLoader`: web pages as text, read by the endpoint."""

from __future__ import annotations

import logging
from collections.abc import Callable  # noqa: TC003 - pydantic reads the annotations
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal, Self

from langchain_core.document_loaders import BaseLoader
from langchain_core.tools import BaseTool, ToolException
from pydantic import BaseModel, BeforeValidator, Field, PositiveInt, model_validator

from langchain_glm.connection import Connection
from langchain_glm.errors import GLMError, GLMInvalidRequestError, GLMServerError, GLMValueError
from langchain_glm.transport import client
from langchain_glm.transport.timeouts import shortest
from langchain_glm.wire.reply.reader import page_document, read_result
from langchain_glm.wire.request.reader import PAGE_TIMEOUT, check_page_url, reader_payload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from langchain_core.callbacks import AsyncCallbackManagerForToolRun, CallbackManagerForToolRun
    from langchain_core.documents import Document
    from tenacity import RetryCallState

    from langchain_glm.transport.exchange import Endpoint

__all__ = ["GLMWebLoader", "GLMWebReader"]

_OPTIONS: Final = (
    "return_format", "no_cache", "retain_images", "no_gfm", "keep_img_data_url", "with_images_summary",
    "with_links_summary",
)  # fmt: skip
_PAGE_ERRORS: Final = (GLMInvalidRequestError, GLMServerError)
"""The errors that one page can cause; others, such as a wrong key, would come for every page."""

_logger = logging.getLogger("langchain_glm")


class _Reader(Connection):
    """The settings of `POST {base_url}/reader`, and one request to it."""

    _path: ClassVar[str] = "/reader"

    return_format: Literal["markdown", "text"] | None = Field(
        default=None, description='The form of the content: "markdown" or "text". Default: the endpoint\'s, Markdown.'
    )
    page_timeout: PositiveInt | None = Field(
        default=None,
        description="How many seconds the endpoint waits for the page. Default: the endpoint's default, 20. "
        "`timeout` limits how long we wait for the endpoint, so it must be longer.",
    )
    no_cache: bool | None = Field(
        default=None, description="Whether to fetch the page even if the endpoint has it in a cache. Default: no."
    )
    retain_images: bool | None = Field(default=None, description="Whether images stay in the content. Default: yes.")
    no_gfm: bool | None = Field(
        default=None, description="Whether to write plain Markdown instead of GitHub's. Default: no."
    )
    keep_img_data_url: bool | None = Field(
        default=None, description="Whether images that are data URLs keep their data. Default: no."
    )
    with_images_summary: bool | None = Field(
        default=None, description="Whether to list the page's images, as `images`. Default: no."
    )
    with_links_summary: bool | None = Field(
        default=None, description="Whether to list the page's links, as `links`. Default: no."
    )

    @model_validator(mode="after")
    def _check_limits(self) -> Self:
        self._endpoint()
        return self

    def _endpoint(self, on_retry: Callable[[RetryCallState], Any] | None = None) -> Endpoint:
        endpoint = super()._endpoint(on_retry)
        ours = shortest(endpoint.timeout.idle, endpoint.timeout.total)
        theirs = PAGE_TIMEOUT if self.page_timeout is None else self.page_timeout
        if ours is not None and ours <= theirs:
            raise GLMValueError(
                f"timeout: {ours:g} s must be longer than the {theirs} s that the endpoint may wait for a page. Raise "
                "timeout, or set a lower page_timeout."
            )
        return endpoint

    def _read(self, url: str, endpoint: Endpoint) -> dict[str, Any]:
        return client.send(endpoint, self._payload(url), read_result, path=self._path, reply_fields=["reader_result"])

    async def _aread(self, url: str, endpoint: Endpoint) -> dict[str, Any]:
        return await client.asend(
            endpoint, self._payload(url), read_result, path=self._path, reply_fields=["reader_result"]
        )

    def _payload(self, url: str) -> dict[str, Any]:
        return reader_payload(url, self.page_timeout, {name: getattr(self, name) for name in _OPTIONS})


class _Page(BaseModel):
    """The argument that the model chooses."""

    url: str = Field(description="The complete URL of the page, beginning with https:// or http://.")


class GLMWebReader(_Reader, BaseTool):
    """A tool that reads a web page: its content as Markdown goes to the model, the whole result into the artifact.

    The model chooses the URL; you choose everything else with the fields. Z.ai and BigModel serve the reader. The
    coding plans do not; they have an MCP server for it. Z.ai bills $0.01 a page (a report of 2026-11).

    If the URL is wrong or the endpoint refuses the page, the model gets the error's text, so that it can choose another
    page. `handle_tool_error=False` raises the `GLMError` instead. Errors that have nothing to do with the page, such as
    a wrong key, are always raised.

    Returns:
        From `invoke` with a tool call, a `ToolMessage` whose artifact is the endpoint's `reader_result`: `content`,
        `title`, `description`, `url`, `metadata`, and `links` and `images` if they were asked for. From `invoke` with
        arguments, the content.

    Raises:
        GLMValueError: if `timeout` is not longer than `page_timeout`, or the host does not serve `/reader`.
        GLMAuthenticationError: if there is no key for the host.
        GLMError: for the other failures of the endpoint.

    Example:
        ```python
        agent = create_agent(ChatGLM(model="glm-5.2", host="zai"), [GLMWebReader(host="zai")])
        agent.invoke({"messages": "What does https://docs.z.ai/ say about quick start?"})
        ```
    """

    name: str = "glm_web_reader"
    description: str = "Read a web page. Returns its content as text."
    args_schema: type[BaseModel] = _Page
    response_format: Literal["content", "content_and_artifact"] = "content_and_artifact"
    handle_tool_error: Any = True

    def _run(self, url: str, run_manager: CallbackManagerForToolRun | None = None) -> tuple[str, dict[str, Any]]:
        endpoint = self._endpoint(run_manager.on_retry if run_manager else None)
        try:
            return _for_model(self._read(check_page_url(url, "url"), endpoint))
        except GLMInvalidRequestError as error:
            raise self._raised(error) from error

    async def _arun(
        self, url: str, run_manager: AsyncCallbackManagerForToolRun | None = None
    ) -> tuple[str, dict[str, Any]]:
        endpoint = self._endpoint(run_manager.on_retry if run_manager else None)
        try:
            return _for_model(await self._aread(check_page_url(url, "url"), endpoint))
        except GLMInvalidRequestError as error:
            raise self._raised(error) from error

    def _raised(self, error: GLMError) -> Exception:
        return ToolException(str(error)) if self.handle_tool_error else error


def _for_model(result: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return result["content"] or "The page has no text.", result


def _check_urls(value: Any) -> Any:
    urls = [value] if isinstance(value, str) else value
    if not isinstance(urls, list | tuple):
        raise ValueError("urls: give a URL, or a list of URLs.")
    return [check_page_url(url, f"urls[{index}]") for index, url in enumerate(urls)]


class GLMWebLoader(_Reader, BaseLoader):
    """Loads web pages: one `Document` for each URL, with `source`, `title` and `description` in the metadata.

    A page is read when its document is asked for, so `lazy_load` sends one request at a time. Z.ai and BigModel serve
    the reader; the coding plans do not.

    Args:
        urls: a URL, or a list of URLs.
        settings: the fields, as keywords.

    Raises:
        GLMValueError: if a URL is not complete; the message names its index. If `timeout` is not longer than
            `page_timeout`, or the host does not serve `/reader`.
        GLMAuthenticationError: if there is no key for the host.
        GLMError: from the methods that load, for the failures of the endpoint; a note names the URL and its index.

    Example:
        ```python
        for page in GLMWebLoader(["https://docs.z.ai/", "https://example.com/"], host="zai").lazy_load():
            print(page.metadata["title"], len(page.page_content))
        ```
    """

    urls: Annotated[list[str], BeforeValidator(_check_urls)] = Field(description="The pages.")
    continue_on_failure: bool = Field(
        default=False,
        description="Whether to leave out a page that the endpoint cannot read, with a warning in the log of "
        "`langchain_glm`. Default: raise the error, as LangChain's own loader of web pages does.",
    )

    def __init__(self, urls: str | Sequence[str], **settings: Any) -> None:
        super().__init__(urls=urls, **settings)  # type: ignore[call-arg]  # type checkers see only Connection's fields

    def lazy_load(self) -> Iterator[Document]:
        """Yield the pages in the order of the URLs; each is read when it is asked for."""
        for index, url in enumerate(self.urls):
            try:
                result = self._read(url, self._endpoint())
            except GLMError as error:
                self._pass_over(error, index)
                continue
            yield page_document(result, url)

    async def alazy_load(self) -> AsyncIterator[Document]:
        """Yield the pages in the order of the URLs. The async version of `lazy_load`."""
        for index, url in enumerate(self.urls):
            try:
                result = await self._aread(url, self._endpoint())
            except GLMError as error:
                self._pass_over(error, index)
                continue
            yield page_document(result, url)

    def _pass_over(self, error: GLMError, index: int) -> None:
        """Log the failure of a page, or raise it if the user wants that or if every other page would fail too."""
        page = f"urls[{index}]: {self.urls[index]}"
        if not (self.continue_on_failure and isinstance(error, _PAGE_ERRORS)):
            error.add_note(page)
            raise error
        _logger.warning("%s was left out: %s", page, error)
