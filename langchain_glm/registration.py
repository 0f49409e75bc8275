"""`register()`: the name `glm` for `init_chat_model`, `create_agent` and whatever else takes a model as a string.

LangChain lets no package announce its provider; the names that it knows stand in a private table. This adds a line
to that table when asked to, and says so when the table is no longer what it was.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from importlib import import_module
from importlib.metadata import version
from typing import Any, Final

from langchain_glm.chat_models import ChatGLM

__all__ = ["register"]

_PROVIDER: Final = "glm"
_PACKAGE: Final = "langchain_glm"
_TABLE: Final = "_BUILTIN_PROVIDERS"
_INSTEAD: Final = 'Give the model itself in place of its name: create_agent(ChatGLM(model="glm-5.2"), …).'


def register() -> None:
    """Make `"glm:<model>"` a name that LangChain knows, in this process.

    `init_chat_model("glm:glm-5.2")`, `init_chat_model("glm-5.2", model_provider="glm")`, `create_agent("glm:glm-5.2")`
    and middleware that takes a model's name then give a `ChatGLM`. Nothing happens the second time, nor where
    LangChain knows the name by itself. Importing `langchain_glm` does not do this, and does not import `langchain`.

    Raises:
        ImportError: if `langchain` is not installed.
        RuntimeError: if this version of `langchain` keeps its names in another way, or `glm` is another package's.

    Example:
        ```python
        import langchain_glm
        from langchain.chat_models import init_chat_model

        langchain_glm.register()
        model = init_chat_model("glm:glm-5.2", host="zai", temperature=0.3)
        ```
    """
    try:
        base = import_module("langchain.chat_models.base")
    except ModuleNotFoundError as error:
        if error.name == "langchain":
            raise ImportError(f"register() needs langchain: pip install langchain. {_INSTEAD}") from error
        raise _unknown(str(error)) from error
    table = getattr(base, _TABLE, None)
    if not isinstance(table, MutableMapping) or not all(_is_entry(entry) for entry in table.values()):
        raise _unknown(f"{base.__name__}.{_TABLE} is not the table that it was")
    if (known := table.get(_PROVIDER)) is not None:
        if known[0].partition(".")[0] != _PACKAGE:
            raise RuntimeError(f"langchain already gives the name {_PROVIDER!r} to {known[0]}. {_INSTEAD}")
        return
    table[_PROVIDER] = (_PACKAGE, "ChatGLM", _make)
    try:
        _check(base)
    except Exception as error:
        del table[_PROVIDER]
        raise _unknown(f"{error}") from error


def _make(cls: type[Any], **settings: Any) -> Any:
    """LangChain's way of making a model: the class and the settings, all by name."""
    return cls(**settings)


def _is_entry(entry: Any) -> bool:
    """Whether a line of the table is a module, a class and a maker."""
    if not isinstance(entry, tuple) or len(entry) != 3:
        return False
    return isinstance(entry[0], str) and isinstance(entry[1], str) and callable(entry[2])


def _check(base: Any) -> None:
    """Make a model as users will; neither a key nor a request is needed for it."""
    made = base.init_chat_model(f"{_PROVIDER}:glm-5.2", base_url="https://gateway.invalid/v1")
    if not isinstance(made, ChatGLM):
        raise TypeError(f"init_chat_model gave {type(made).__name__}")


def _unknown(reason: str) -> RuntimeError:
    return RuntimeError(
        f"langchain {version('langchain')} keeps the names of its providers in a way that langchain_glm "
        f"does not know ({reason}). {_INSTEAD}"
    )
