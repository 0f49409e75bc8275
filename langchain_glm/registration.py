"""`register()`: the provider name `glm` for `init_chat_model`, `create_agent`, `init_embeddings` and others.

LangChain has no public way to add a provider; it keeps the names in private tables, one for each kind of model.
`register` adds an entry to them, and raises an error if a version of LangChain has changed a table.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from langchain_glm.chat_models import ChatGLM
from langchain_glm.embeddings import GLMEmbeddings

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["register"]

_PROVIDER: Final = "glm"
_PACKAGE: Final = "langchain_glm"
_TABLE: Final = "_BUILTIN_PROVIDERS"
_ADVICE: Final = 'Give the model instead of its name: create_agent(ChatGLM(model="glm-5.2"), …).'


def register() -> None:
    """Make `"glm:<model>"` a model name that LangChain accepts, in this process.

    `init_chat_model("glm:glm-5.2")`, `init_chat_model("glm-5.2", model_provider="glm")`, `create_agent("glm:glm-5.2")`
    and middleware that accepts a model's name then use a `ChatGLM`, and `init_embeddings("glm:embedding-3")` uses a
    `GLMEmbeddings`. It has no effect the second time, or if LangChain
    already knows the name. Importing `langchain_glm` neither registers the name nor imports `langchain`.

    Raises:
        ImportError: if `langchain` is not installed.
        RuntimeError: if this version of `langchain` has changed the table, or `glm` belongs to another package.

    Example:
        ```python
        import langchain_glm
        from langchain.chat_models import init_chat_model

        langchain_glm.register()
        model = init_chat_model("glm:glm-5.2", host="zai", temperature=0.3)
        ```
    """
    _fill_table("langchain.chat_models.base", "ChatGLM", _check_chat_model)
    _fill_table("langchain.embeddings.base", "GLMEmbeddings", _check_embeddings)


def _fill_table(module: str, class_name: str, check: Callable[[Any], None]) -> None:
    """Add our class to one of LangChain's tables; if that does not work, remove it again."""
    try:
        base = import_module(module)
    except ModuleNotFoundError as error:
        if error.name == "langchain":
            raise ImportError(f"register() needs langchain: pip install langchain. {_ADVICE}") from error
        raise _registration_error(str(error)) from error
    table = getattr(base, _TABLE, None)
    if not isinstance(table, MutableMapping) or not all(_is_entry(entry) for entry in table.values()):
        raise _registration_error(f"{base.__name__}.{_TABLE} is not a table of providers")
    if (known := table.get(_PROVIDER)) is not None:
        if known[0].partition(".")[0] != _PACKAGE:
            raise RuntimeError(f"langchain already uses the name {_PROVIDER!r} for {known[0]}. {_ADVICE}")
        return
    table[_PROVIDER] = (_PACKAGE, class_name, _make)
    try:
        check(base)
    except Exception as error:
        del table[_PROVIDER]
        raise _registration_error(f"{error}") from error


def _make(cls: type[Any], **settings: Any) -> Any:
    """Make a model from its class and settings; LangChain calls this."""
    return cls(**settings)


def _is_entry(entry: Any) -> bool:
    """Whether an entry of the table is a module, a class and a function that makes the model."""
    if not isinstance(entry, tuple) or len(entry) != 3:
        return False
    return isinstance(entry[0], str) and isinstance(entry[1], str) and callable(entry[2])


def _check_chat_model(base: Any) -> None:
    """Make a model as users do, which needs neither a key nor a request."""
    model = base.init_chat_model(f"{_PROVIDER}:glm-5.2", base_url="https://gateway.invalid/v1")
    if not isinstance(model, ChatGLM):
        raise TypeError(f"init_chat_model gave {type(model).__name__}")


def _check_embeddings(base: Any) -> None:
    """Make embeddings as users do, which needs neither a key nor a request."""
    embeddings = base.init_embeddings(f"{_PROVIDER}:embedding-3", base_url="https://gateway.invalid/v1")
    if not isinstance(embeddings, GLMEmbeddings):
        raise TypeError(f"init_embeddings gave {type(embeddings).__name__}")


def _registration_error(reason: str) -> RuntimeError:
    return RuntimeError(
        f"langchain {version('langchain')} does not let langchain_glm register its name ({reason}). {_ADVICE}"
    )
