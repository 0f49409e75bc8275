"""The endpoints that serve GLM and Kimi: their URLs, their key variables, and how their APIs differ.

To add a host, add one entry to `HOSTS`. No other module decides anything by a host's name.
"""

from __future__ import annotations

import os
from collections.abc import Mapping  # noqa: TC003 - pydantic reads the annotations of Host
from dataclasses import dataclass, field, replace
from typing import Final, Literal
from urllib.parse import urljoin

__all__ = ["CHAT", "GATEWAY", "HOSTS", "PROVIDERS", "SEARCH_COUNTS", "Host"]

CHAT: Final = "/chat/completions"
"""The path of the chat endpoint, which every host serves."""

SEARCH_COUNTS: Final[Mapping[str, tuple[int, ...]]] = {"search_pro_sogou": (10, 20, 30, 40, 50)}
"""The numbers of results that a search engine accepts; the others accept 1 to 50 (docs.bigmodel.cn, 2026-04)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One endpoint, and how its API differs from others.

    Args:
        name: what users write in `ChatGLM(host=…)`.
        base_url: everything before `/chat/completions`.
        key_variables: environment variables that may hold its key; the first one that is set is used.
        provider: the vendor's name in price tables and model catalogues; traces and messages name it. `glm` means
            that they know none.
        url_variables: environment variables that may hold another base URL for it.
        key_form: what its keys look like; `None` if that is not known, as with a gateway.
        chosen_by_key: whether its key in the environment is enough to select it. If several hosts share a variable,
            only one of them is selected by it.
        other_plan: the host for the other billing plan of the same account; hints on 1113 and 1311 name it.
        wrong_urls: base URLs in circulation that do not exist; `base_url` is used instead, with a warning.
        native: whether it is Zhipu's own service, which accepts `tool_stream` and needs no `stream_options`.
        coding_plan: whether it serves a coding plan. A coding plan never refuses a `reasoning_effort` or disabled
            `thinking`: it uses what the model supports instead. It also keeps earlier reasoning by default.
        served_as: the models that it replaces by others: requested id → id of the model that answers.
        keeps_reasoning: whether it accepts the fields that keep reasoning of earlier turns (`clear_thinking: false`).
        reasoning_field: the field of an assistant message in which it expects earlier reasoning; `None`: the field in
            which the reasoning came.
        think_tags: whether its models write their thinking between `<think>` and `</think>` at the beginning of the
            text, as models do that are served without a reasoning parser.
        tool_names: a regular expression for the names of functions that it accepts.
        tool_choice: whether it obeys a forced `tool_choice`. GLM documents only `"auto"`.
        forces_while_thinking: whether it obeys a forced `tool_choice` while the model thinks.
        json_schema: whether it enforces a `response_format` of type `json_schema`.
        max_tokens_field: the name of its field for the output limit.
        base64_images: whether it expects inline images as data URIs or as base64 without a prefix.
        stream_usage: whether it sends usage in streams only when asked (`stream_options`).
        glm_tools: whether it accepts GLM's own tools, such as `web_search`.
        search_engine: the search engine for `web_search=True`; `None` leaves the choice to the endpoint.
        silent_search: whether it answers without searching, and without an error, if the account has no balance for
            searches.
        tool_message_name: whether it expects the tool's `name` in tool messages.
        currency: the currency of the list prices by which it bills (`USD`, `CNY`); `None` if it has a flat fee, or
            prices that are not listed here.
        search_engines: the engines of its `/web_search`, the default first; others are sent too.
        search_query_limit: the maximum length of a query to its `/web_search`, in characters; `None` if it documents no
            limit.
        serves: the paths that it serves besides `/chat/completions`; `None` if they are not known, as for a gateway.
        paths: paths that are not below `base_url`: the path → where it is, relative to `base_url`.
        ocr_pages: the maximum number of pages that one request to `/layout_parsing` may ask for.
        mcp_url: everything before `/NAME/mcp` in the URLs of its MCP servers; `None` if it has none.
        chat_model: the model that the program `glm` asks if none is named.
        image_model: the same for questions with images.
        key_page: where users get a key; empty if that is not known.
    """

    name: str
    base_url: str
    key_variables: tuple[str, ...]
    provider: Literal["glm", "moonshotai", "zai", "zhipuai"] = "glm"
    url_variables: tuple[str, ...] = ()
    key_form: Literal["id.secret", "sk-…"] | None = None
    chosen_by_key: bool = True
    other_plan: str | None = None
    wrong_urls: tuple[str, ...] = ()
    native: bool = False
    coding_plan: bool = False
    served_as: Mapping[str, str] = field(default_factory=dict, hash=False)
    keeps_reasoning: bool = False
    reasoning_field: str | None = None
    think_tags: bool = False
    tool_names: str = r"[a-zA-Z0-9_-]{1,64}"
    tool_choice: bool = False
    forces_while_thinking: bool = True
    json_schema: bool = False
    max_tokens_field: str = "max_tokens"
    base64_images: Literal["data-uri", "raw"] = "data-uri"
    stream_usage: bool = False
    glm_tools: bool = True
    search_engine: str | None = None
    silent_search: bool = False
    tool_message_name: bool = False
    currency: str | None = None
    search_engines: tuple[str, ...] = ()
    search_query_limit: int | None = None
    serves: frozenset[str] | None = None
    paths: Mapping[str, str] = field(default_factory=dict, hash=False)
    ocr_pages: int = 30
    mcp_url: str | None = None
    chat_model: str = "glm-5.2"
    image_model: str = "glm-5.3-flash"
    key_page: str = ""

    @property
    def key_variable(self) -> str:
        """The environment variable that messages about a missing or refused key mention."""
        return self.key_variables[0]

    def may_serve(self, path: str) -> bool:
        """Return whether it serves a path, as far as is known."""
        return path == CHAT or self.serves is None or path in self.serves

    def url_of(self, path: str) -> str:
        """Return the URL of a path."""
        other = self.paths.get(path)
        return self.base_url + path if other is None else urljoin(f"{self.base_url}/", other)

    def key_from(self, environ: Mapping[str, str] = os.environ) -> str | None:
        """Return the first non-empty key among this host's variables."""
        return next((key for name in self.key_variables if (key := environ.get(name, "").strip())), None)

    def url_from(self, environ: Mapping[str, str]) -> str | None:
        """Return the base URL that the environment sets for this host, if any."""
        return next((environ[name] for name in self.url_variables if environ.get(name)), None)


# What Z.ai's API description lists, 2026-06 to 2026-10.
_ZAI_SERVES: Final = frozenset({"/tokenizer", "/web_search", "/reader", "/layout_parsing"})
# docs.bigmodel.cn, 2025-11 to 2026-10; `/reader` is typed by the official SDK 0.2.3 only. The knowledge base has a path
# of its own on the same server.
_BIGMODEL_SERVES: Final = _ZAI_SERVES | {"/embeddings", "/rerank", "/knowledge/retrieve"}
# On coding plans, `/embeddings` was refused with 1211 for two accounts in 2026-07, and `/web_search` bills the balance
# of the ordinary host; the plans bring search and reader as MCP servers instead.
_PLAN_SERVES: Final = frozenset({"/tokenizer"})
# The pages for keys are those that the companies' quick starts link to; that they still exist is assumed.
# Providers: models.dev, LiteLLM and genai-prices 0.2.3, 2026-11; they have no name for the gateways in this file.
# docs.z.ai, 2026-10-07: URLs, `tool_stream`, `clear_thinking`, tool_choice "auto" only, no json_schema. Key and URL
# variables: zai-sdk 0.2.3 and Z.ai's MCP servers. Streams hold usage without asking (recorded, 2025-09 to 2026-08).
# `reasoning_content` in both directions and ignored tool choices: recorded, 2026-03 to 2026-08. Names of tools:
# BigModel's API description, 2026-04. The wrong URLs are those of other documents and clients, 2026; that they do not
# exist is what all others say.
# MCP servers: docs.z.ai, pages of the coding plan, 2026-11; BigModel's have the same paths.
_ZAI: Final = Host(
    name="zai",
    base_url="https://api.z.ai/api/paas/v4",
    key_variables=("ZAI_API_KEY", "Z_AI_API_KEY"),
    provider="zai",
    url_variables=("ZAI_BASE_URL", "ZAI_API_BASE"),
    key_form="id.secret",  # the official SDK splits the keys of both hosts at the dot
    other_plan="zai-coding",
    wrong_urls=("https://api.z.ai/v1", "https://api.z.ai/v4", "https://api.z.ai/api/v4"),
    native=True,
    keeps_reasoning=True,
    reasoning_field="reasoning_content",
    currency="USD",
    # Z.ai's API description, 2026-06, lists the first and names the second; the third answered on 2026-10-18.
    search_engines=("search-prime", "search_pro_jina", "search_std"),
    serves=_ZAI_SERVES,
    mcp_url="https://api.z.ai/api/mcp",
    key_page="https://z.ai/manage-apikey/apikey-list",
)
# docs.bigmodel.cn, 2026-04 to 2026-10; a request to `/v4/v1` got 404, 2026-08. Variables: the old zhipuai SDK and
# models.dev.
_BIGMODEL: Final = replace(
    _ZAI,
    name="bigmodel",
    base_url="https://open.bigmodel.cn/api/paas/v4",
    key_variables=("ZHIPUAI_API_KEY", "ZHIPU_API_KEY", "BIGMODEL_API_KEY"),
    provider="zhipuai",
    url_variables=("ZHIPUAI_BASE_URL", "ZHIPUAI_API_BASE"),
    other_plan="bigmodel-coding",
    wrong_urls=("https://open.bigmodel.cn/v1", "https://open.bigmodel.cn/api/paas/v4/v1"),
    # The official SDK and two gateways strip the data-URI prefix for this host, 2026-10.
    base64_images="raw",
    search_engine="search_std",  # required by its API description, 2026-04
    silent_search=True,  # measured 2026-10-09
    currency="CNY",
    search_engines=("search_std", "search_pro", "search_pro_sogou", "search_pro_quark"),  # docs.bigmodel.cn, 2026-10
    search_query_limit=70,
    serves=_BIGMODEL_SERVES,
    # Recorded 2026-10-09. Relative, so that it is also found behind a proxy.
    paths={"/knowledge/retrieve": "../../llm-application/open/knowledge/retrieve"},
    # The guide on docs.bigmodel.cn and the official SDK 0.2.3; not measured. The default of 30 is from Z.ai's API
    # description, 2026-10, and users cut their documents to it.
    ocr_pages=100,
    mcp_url="https://open.bigmodel.cn/api/mcp",
    key_page="https://bigmodel.cn/usercenter/proj-mgmt/apikeys",
)
# The pages about coding plans on docs.z.ai and docs.bigmodel.cn, 2026-10-07: also how they map efforts, and that they
# keep reasoning by default.
_CODING_PLAN_MODELS: Final = {
    "glm-5.2": "glm-5.3",
    "glm-5.1": "glm-5.3",
    "glm-5-turbo": "glm-5.3-flash",
    "glm-4.7": "glm-5.3-flash",
}
# platform.moonshot.ai, 2026-04: URLs, `max_completion_tokens`, json_schema, `name` of tool messages, usage in streams,
# `reasoning_content` in both directions. That it has none of GLM's tools is assumed, since no page names one. A forced
# tool_choice is obeyed without thinking (Vercel's provider package) and refused with it (measured 2026-08-27).
_KIMI: Final = Host(
    name="kimi",
    base_url="https://api.moonshot.ai/v1",
    key_variables=("MOONSHOT_API_KEY", "KIMI_API_KEY"),
    provider="moonshotai",
    url_variables=("MOONSHOT_BASE_URL",),
    key_form="sk-…",
    keeps_reasoning=True,
    reasoning_field="reasoning_content",
    tool_choice=True,
    forces_while_thinking=False,
    json_schema=True,
    max_tokens_field="max_completion_tokens",
    stream_usage=True,
    tool_message_name=True,
    currency="USD",
    glm_tools=False,
    serves=frozenset(),
    tool_names=r"\$[a-z_]+|[a-zA-Z_][a-zA-Z0-9_-]{2,63}",  # names with $ are its own tools; Moonshot's API, 2026-04
    chat_model="kimi-k2.6",
    image_model="kimi-k2.6",
    key_page="https://platform.moonshot.ai/console/api-keys",
)

HOSTS: Final[Mapping[str, Host]] = {
    host.name: host
    for host in (
        _ZAI,
        # The pages about coding plans, 2026-10-07; the wrong URLs and the first variable are in use in clients, 2026.
        replace(
            _ZAI,
            name="zai-coding",
            base_url="https://api.z.ai/api/coding/paas/v4",
            key_variables=("ZAI_CODING_API_KEY", *_ZAI.key_variables),
            url_variables=(),
            chosen_by_key=False,
            other_plan="zai",
            wrong_urls=("https://api.z.ai/api/coding/v4", "https://api.z.ai/api/coding/paas/v1"),
            currency=None,
            coding_plan=True,
            served_as=_CODING_PLAN_MODELS,
            serves=_PLAN_SERVES,
            chat_model="glm-5.3",
        ),
        _BIGMODEL,
        # The pages about coding plans, 2026-10-07; that a search needs an engine there too is assumed.
        replace(
            _BIGMODEL,
            name="bigmodel-coding",
            base_url="https://open.bigmodel.cn/api/coding/paas/v4",
            key_variables=("BIGMODEL_CODING_API_KEY", *_BIGMODEL.key_variables),
            url_variables=(),
            chosen_by_key=False,
            other_plan="bigmodel",
            wrong_urls=(),
            silent_search=False,  # not known: a plan has its own quota of searches
            currency=None,
            coding_plan=True,
            served_as=_CODING_PLAN_MODELS,
            serves=_PLAN_SERVES,
            chat_model="glm-5.3",
        ),
        # docs.phanedge.cloud, 2026-11: passes on `thinking` and GLM's search object, which must be complete; its page
        # about web search recommends search_pro_jina.
        Host(
            name="phanedge",
            base_url="https://models.phanedge.cloud/v1",
            key_variables=("PHANEDGE_API_KEY",),
            keeps_reasoning=True,
            stream_usage=True,
            search_engine="search_pro_jina",
        ),
        # AnyFast's page about glm-5.2, read in 2026-11: accepts `thinking` as GLM does; json_object only. That usage in
        # streams is sent only when asked for is assumed, as with OpenAI.
        Host(
            name="anyfast",
            base_url="https://www.anyfast.ai/v1",
            key_variables=("ANYFAST_API_KEY",),
            keeps_reasoning=True,
            stream_usage=True,
        ),
        _KIMI,
        # platform.moonshot.cn, 2026-04; refusals were measured there, 2026-08-27.
        replace(
            _KIMI,
            name="kimi-cn",
            base_url="https://api.moonshot.cn/v1",
            url_variables=(),
            chosen_by_key=False,
            currency=None,  # it bills in yuan, by a list that is not here
            key_page="https://platform.moonshot.cn/console/api-keys",
        ),
    )
}
"""Every known endpoint by name."""

GATEWAY: Final = Host(name="gateway", base_url="", key_variables=("GLM_API_KEY",), stream_usage=True)
"""The host for a `base_url` that is in no entry of `HOSTS`. It is assumed to be compatible with OpenAI, but without
forced tool calls or enforced schemas."""

PROVIDERS: Final = tuple(dict.fromkeys(host.provider for host in (GATEWAY, *HOSTS.values())))
"""Every provider's name; the first one, `glm`, is that of gateways."""
