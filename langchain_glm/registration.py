"""`register()`: the names `glm`, `zai`, `zhipuai` and `moonshotai` for `init_chat_model`, `create_agent` and others.

LangChain has no public way to add a provider; it keeps the names in private tables, one for each kind of model.
`register` adds entries to them, and raises an error if the installed LangChain has changed a table.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from functools import partial
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from langchain_glm.catalog.choose_host import choose_host
from langchain_glm.catalog.hosts import GATEWAY, HOSTS, PROVIDERS, Host
from langchain_glm.chat_models import ChatGLM
from langchain_glm.embeddings import GLMEmbeddings
from langchain_glm.errors import GLMValueError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    from langchain_glm.connection import Connection

__all__ = ["register"]

_PACKAGE: Final = "langchain_glm"
_DISTRIBUTION: Final = "langchain-zai-glm"
_TABLE: Final = "_BUILTIN_PROVIDERS"
_ADVICE: Final = 'Give the model instead of its name: create_agent(ChatGLM(model="glm-5.2"), …).'

_DEFAULT_HOSTS: Final[Mapping[str, str | None]] = {
    **{host.provider: host.name for host in [*HOSTS.values()][::-1]},  # the first host of each provider
    GATEWAY.provider: None,  # the host whose key is in the environment
}
"""The host of a model that is named with a provider but without a host."""


def register() -> None:
    """Make `"glm:<model>"`, `"zai:…"`, `"zhipuai:…"` and `"moonshotai:…"` model names that LangChain accepts.

    In this process, `init_chat_model("zai:glm-5.2")`, `init_chat_model("glm-5.2", model_provider="zai")`,
    `create_agent("zai:glm-5.2")` and middleware that accepts a model's name then use a `ChatGLM`. Its host is Z.ai for
    `zai`, BigModel for `zhipuai` and Moonshot for `moonshotai`; `host=` chooses another host of the same vendor, such
    as a coding plan's. For `glm`, it is the host whose key is in the environment. `init_embeddings("glm:embedding-3")`
    and `init_embeddings("zhipuai:embedding-3")` use a `GLMEmbeddings`.

    Calling it again has no effect. If LangChain already uses one of the names other than `glm`, that name is left
    alone. Importing `langchain_glm` neither registers the names nor imports `langchain`.

    Raises:
        ImportError: if `langchain` is not installed.
        RuntimeError: if this version of `langchain` has changed the table, or `glm` belongs to another package.

    Example:
        ```python
        import langchain_glm
        from langchain.chat_models import init_chat_model

        langchain_glm.register()
        model = init_chat_model("zai:glm-5.2", temperature=0.3)
        ```
    """
    _fill_table("langchain.chat_models.base", ChatGLM, _check_chat_model)
    _fill_table("langchain.embeddings.base", GLMEmbeddings, _check_embeddings)


def _fill_table(module: str, model_class: type[Connection], check: Callable[[ModuleType, str], None]) -> None:
    """Add the providers that serve a class to one of LangChain's tables; if one does not work, remove them all again.

    Args:
        module: the module of LangChain that holds the table.
        model_class: the class whose objects the entries make; `langchain_glm` exports it.
        check: makes a model by the name of its provider, and raises an exception if that fails.
    """
    try:
        base = import_module(module)
    except ModuleNotFoundError as error:
        if error.name == "langchain":
            raise ImportError(f"register() needs langchain: pip install langchain. {_ADVICE}") from error
        raise _registration_error(str(error)) from error
    table = getattr(base, _TABLE, None)
    if not isinstance(table, MutableMapping) or not all(_is_entry(entry) for entry in table.values()):
        raise _registration_error(f"{base.__name__}.{_TABLE} is not a table of providers")
    owners = {name: _roles(entry)["module"].partition(".")[0] for name, entry in table.items()}
    if owners.get(GATEWAY.provider, _PACKAGE) != _PACKAGE:
        owner = _roles(table[GATEWAY.provider])["module"]
        raise RuntimeError(f"langchain already uses the name {GATEWAY.provider!r} for {owner}. {_ADVICE}")
    path = model_class._path  # noqa: SLF001 - of this package
    serving = [name for name in PROVIDERS if HOSTS.get(_DEFAULT_HOSTS[name] or "", GATEWAY).may_serve(path)]
    new = [provider for provider in serving if provider not in table]
    try:
        sample = next(iter(table.values()), ())
        for provider in new:
            table[provider] = _entry_like(sample, model_class.__name__, partial(_make, provider))
            check(base, provider)
    except Exception as error:
        for provider in new:
            table.pop(provider, None)
        raise _registration_error(f"{error}") from error


def _make(provider: str, cls: type[Any], **settings: Any) -> Any:
    """Make a model from its class and settings; LangChain calls this."""
    given = _given_host(settings)
    if given is None:
        settings["host"] = settings.get("host") or _DEFAULT_HOSTS[provider]
    elif provider not in (GATEWAY.provider, given.provider):
        raise GLMValueError(
            f"The model's name begins with {provider!r}, but host {given.name!r} belongs to {given.provider!r}. "
            f'Write "{given.provider}:<model>", or leave out the host.'
        )
    return cls(**settings)


def _given_host(settings: Mapping[str, Any]) -> Host | None:
    """Return the vendor's host that the settings choose by its name or URL; `None` for gateways and other servers."""
    host, base_url = settings.get("host") or "", settings.get("base_url")
    if not host and isinstance(base_url, str):
        host = choose_host(base_url=base_url)[0].name
    name = host.name if isinstance(host, Host) else host
    known = HOSTS.get(name) if isinstance(name, str) else None
    return known if known and known.provider != GATEWAY.provider else None


def _roles(entry: Any) -> dict[str, Any]:
    """Return the module, the class and the creator of an entry, which is a tuple, with or without names."""
    fields = getattr(entry, "_fields", ("module", "class", "creator"))
    roles = ("module", "class", "creator")
    return {role: value for field, value in zip(fields, entry, strict=True) for role in roles if role in field}


def _is_entry(entry: Any) -> bool:
    """Whether an entry of a table names a module, a class and a function that makes the model."""
    if not isinstance(entry, tuple) or len(entry) != len(getattr(entry, "_fields", range(3))):
        return False
    roles = _roles(entry)
    return (
        isinstance(roles.get("module"), str) and isinstance(roles.get("class"), str) and callable(roles.get("creator"))
    )


def _entry_like(sample: tuple[Any, ...], class_name: str, creator: Callable[..., Any]) -> tuple[Any, ...]:
    """Return our entry in the form of another one of its table, which may also name the package to install."""
    ours = {"module": _PACKAGE, "class": class_name, "creator": creator}
    if not hasattr(sample, "_fields"):
        return tuple(ours.values())
    ours["package"] = _DISTRIBUTION
    values = {field: value for field in sample._fields for role, value in ours.items() if role in field}
    return type(sample)(**values)


def _check_chat_model(base: Any, provider: str) -> None:
    """Make a model as users do; no request is sent."""
    model = base.init_chat_model(f"{provider}:glm-5.2", base_url="https://gateway.invalid/v1", api_key="not sent")
    if not isinstance(model, ChatGLM):
        raise TypeError(f"init_chat_model gave {type(model).__name__}")


def _check_embeddings(base: Any, provider: str) -> None:
    """Make embeddings as users do; no request is sent."""
    embeddings = base.init_embeddings(f"{provider}:embedding-3", base_url="https://gateway.invalid/v1", api_key="none")
    if not isinstance(embeddings, GLMEmbeddings):
        raise TypeError(f"init_embeddings gave {type(embeddings).__name__}")


def _registration_error(reason: str) -> RuntimeError:
    return RuntimeError(
        f"langchain {version('langchain')} does not let langchain_glm register its names ({reason}). {_ADVICE}"
    )
