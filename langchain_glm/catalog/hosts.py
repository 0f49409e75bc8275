"""The endpoints that serve GLM (and Kimi): their URL, their key variables, and what each speaks differently.

To add a host, add one entry to `HOSTS`. Nothing else in the package asks for a host by name.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["GATEWAY", "HOSTS", "Host", "choose_host"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One endpoint and its dialect.

    Args:
        name: what users write in `ChatGLM(host=…)`.
        base_url: everything before `/chat/completions`.
        key_variables: environment variables that may hold its key; the first one set counts.
        url_variables: environment variables that may hold another base URL for it.
        chosen_by_key: whether its key in the environment alone selects it (plans share variables; one may win).
        other_plan: the host that bills the same account's other plan; named by hints on 1113 and 1311.
        wrong_urls: base URLs in circulation that it does not serve; they are read as `base_url`, with a warning.
        native: Zhipu's own service: takes `tool_stream` and does without `stream_options`.
        keeps_reasoning: whether it takes the fields that keep earlier turns' reasoning (`clear_thinking: false`).
        tool_choice: whether a forced `tool_choice` is obeyed. GLM documents only `"auto"`.
        json_schema: whether `response_format` of type `json_schema` is enforced by the endpoint.
        max_tokens_field: the name under which it takes the output limit.
        base64_images: whether inline images go as a data URI or as bare base64.
        stream_usage: whether it must be asked for usage in streams (`stream_options`).
        search_engine: the engine that `web_search=True` names; `None` leaves the choice to the endpoint.
        tool_message_name: whether tool messages carry the tool's `name`.
    """

    name: str
    base_url: str
    key_variables: tuple[str, ...]
    url_variables: tuple[str, ...] = ()
    chosen_by_key: bool = True
    other_plan: str | None = None
    wrong_urls: tuple[str, ...] = ()
    native: bool = False
    keeps_reasoning: bool = False
    tool_choice: bool = False
    json_schema: bool = False
    max_tokens_field: str = "max_tokens"
    base64_images: Literal["data-uri", "raw"] = "data-uri"
    stream_usage: bool = False
    search_engine: str | None = None
    tool_message_name: bool = False

    @property
    def key_variable(self) -> str:
        """The variable to name when a key is missing or refused."""
        return self.key_variables[0]

    def key_from(self, environ: Mapping[str, str] = os.environ) -> str | None:
        """Return the first non-empty key among this host's variables."""
        return next((key for name in self.key_variables if (key := environ.get(name, "").strip())), None)

    def url_from(self, environ: Mapping[str, str]) -> str | None:
        """Return the base URL that the environment sets for this host, if any."""
        return next((environ[name] for name in self.url_variables if environ.get(name)), None)


_ZAI = ("ZAI_API_KEY", "Z_AI_API_KEY")
_BIGMODEL = ("ZHIPUAI_API_KEY", "ZHIPU_API_KEY", "BIGMODEL_API_KEY")
_MOONSHOT = ("MOONSHOT_API_KEY", "KIMI_API_KEY")

HOSTS: Final[Mapping[str, Host]] = {
    host.name: host
    for host in (
        Host(
            name="zai",
            base_url="https://api.z.ai/api/paas/v4",
            key_variables=_ZAI,
            url_variables=("ZAI_BASE_URL", "ZAI_API_BASE"),
            other_plan="zai-coding",
            wrong_urls=("https://api.z.ai/v1", "https://api.z.ai/v4", "https://api.z.ai/api/v4"),
            native=True,
            keeps_reasoning=True,
        ),
        Host(
            name="zai-coding",
            base_url="https://api.z.ai/api/coding/paas/v4",
            key_variables=("ZAI_CODING_API_KEY", *_ZAI),
            chosen_by_key=False,
            other_plan="zai",
            wrong_urls=("https://api.z.ai/api/coding/v4", "https://api.z.ai/api/coding/paas/v1"),
            native=True,
            keeps_reasoning=True,
        ),
        Host(
            name="bigmodel",
            base_url="https://open.bigmodel.cn/api/paas/v4",
            key_variables=_BIGMODEL,
            url_variables=("ZHIPUAI_BASE_URL", "ZHIPUAI_API_BASE"),
            other_plan="bigmodel-coding",
            wrong_urls=("https://open.bigmodel.cn/v1", "https://open.bigmodel.cn/api/paas/v4/v1"),
            native=True,
            keeps_reasoning=True,
            # The official SDK and two gateways strip the data-URI prefix for this host; bare base64 is what all send.
            base64_images="raw",
            search_engine="search_std",  # required by its API description
        ),
        Host(
            name="bigmodel-coding",
            base_url="https://open.bigmodel.cn/api/coding/paas/v4",
            key_variables=("BIGMODEL_CODING_API_KEY", *_BIGMODEL),
            chosen_by_key=False,
            other_plan="bigmodel",
            native=True,
            keeps_reasoning=True,
            base64_images="raw",
            search_engine="search_std",
        ),
        Host(
            name="phanedge",
            base_url="https://models.phanedge.cloud/v1",
            key_variables=("PHANEDGE_API_KEY",),
            stream_usage=True,
            search_engine="search_std",  # it passes GLM's search object through and wants it complete
        ),
        Host(
            name="anyfast",
            base_url="https://www.anyfast.ai/v1",
            key_variables=("ANYFAST_API_KEY",),
            stream_usage=True,
        ),
        Host(
            name="kimi",
            base_url="https://api.moonshot.ai/v1",
            key_variables=_MOONSHOT,
            url_variables=("MOONSHOT_BASE_URL",),
            keeps_reasoning=True,
            tool_choice=True,
            json_schema=True,
            max_tokens_field="max_completion_tokens",
            stream_usage=True,
            tool_message_name=True,
        ),
        Host(
            name="kimi-cn",
            base_url="https://api.moonshot.cn/v1",
            key_variables=_MOONSHOT,
            chosen_by_key=False,
            keeps_reasoning=True,
            tool_choice=True,
            json_schema=True,
            max_tokens_field="max_completion_tokens",
            stream_usage=True,
            tool_message_name=True,
        ),
    )
}
"""Every known endpoint by name. Sources: the endpoints' own documents and SDKs, 2026-10."""

GATEWAY: Final = Host(name="gateway", base_url="", key_variables=("GLM_API_KEY",), stream_usage=True)
"""What is assumed of a `base_url` that no entry of `HOSTS` knows: OpenAI-compatible, forcing nothing."""


def choose_host(
    name: str | None = None,
    base_url: str | None = None,
    environ: Mapping[str, str] = os.environ,
) -> tuple[Host, str | None]:
    """Decide which endpoint is meant.

    Args:
        name: a key of `HOSTS`, or `None`.
        base_url: a URL that the user gave; with `name` it only moves the endpoint, alone it also selects it.
        environ: where keys and URLs are looked up when neither is given.

    Returns:
        The host, its `base_url` already the one to use, and a sentence to warn with (or `None`).

    Raises:
        ValueError: if the name is unknown, if nothing selects a host, or if several keys each would.
    """
    if name is not None and name not in HOSTS:
        raise ValueError(f"host={name!r} is unknown; known hosts: {', '.join(HOSTS)}. Or give base_url=….")
    if base_url is None and name is None:
        name = _host_by_key(environ).name
    if base_url is None and name is not None:
        base_url = HOSTS[name].url_from(environ) or HOSTS[name].base_url
    url, warning = _tidy(base_url or "")
    if name is None:
        return replace(_host_by_url(url), base_url=url), warning
    # A variable such as ZAI_BASE_URL may point at the same company's other plan, which has a dialect of its own.
    same_owner = (name, HOSTS[name].other_plan)
    known = next((host for host in HOSTS.values() if host.base_url == url and host.name in same_owner), None)
    return replace(known or HOSTS[name], base_url=url), warning


_URL: Final = re.compile(r"https?://[^\s/?#\\\x00-\x20\x7f]+?(:\d{1,5})?(/[^\s?#\x00-\x20\x7f]*)?")
_LOOPBACK: Final = re.compile(r"localhost|.+\.localhost|127(\.\d{1,3}){3}|::1")


def _tidy(url: str) -> tuple[str, str | None]:
    parts = urlsplit(url)
    if "@" in parts.netloc:  # httpx would send it in place of the key, and it would show wherever the URL does
        raise ValueError("base_url holds a user name or password; give api_key=… or default_headers=… instead.")
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"base_url={url!r} must begin with https:// (or http:// for a server of your own).")
    if not _URL.fullmatch(url) or parts.port == 0:  # `port` itself raises ValueError above 65535
        raise ValueError(f"base_url={url!r} is not just a host and a path: no spaces, line ends, ? or # may be in it.")
    url = url.rstrip("/").removesuffix("/chat/completions").rstrip("/")
    for host in HOSTS.values():
        if url in host.wrong_urls:
            return (
                host.base_url,
                f"base_url {url} is not served; {host.base_url} (host={host.name!r}) is used instead.",
            )
    name = parts.hostname or ""
    if parts.scheme == "http" and not _LOOPBACK.fullmatch(name):
        return url, f"base_url {url} is not encrypted: everybody on the way to {name} can read the key. Use https://."
    return url, None


def _host_by_url(url: str) -> Host:
    exact = next((host for host in HOSTS.values() if host.base_url == url), None)
    if exact:
        return exact
    netloc = urlsplit(url).netloc
    return next((host for host in HOSTS.values() if urlsplit(host.base_url).netloc == netloc), GATEWAY)


def _host_by_key(environ: Mapping[str, str]) -> Host:
    found = [host for host in HOSTS.values() if host.chosen_by_key and host.key_from(environ)]
    if len(found) == 1:
        return found[0]
    if not found:
        variables = ", ".join(f"{host.key_variable} ({host.name})" for host in HOSTS.values() if host.chosen_by_key)
        raise ValueError(
            f"No host is named and no key is in the environment. Set one of {variables}, "
            f"or give host=… (one of {', '.join(HOSTS)}) or base_url=…, with api_key=…."
        )
    names = ", ".join(f"{host.name} ({host.key_variable})" for host in found)
    raise ValueError(f"The environment holds keys of several hosts: {names}. Say which with host=….")
