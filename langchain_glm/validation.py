"""Validate single settings, and give readable messages for values that are not valid."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import PydanticOmit

from langchain_glm.errors import GLMValueError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["JsonSchema", "as_glm_value_error", "own_settings", "validate_setting"]


@cache
def own_settings(model_class: type[BaseModel]) -> Mapping[str, Any]:
    """Return the settings that a class adds to langchain-core's, each with its default."""
    inherited = [base for base in model_class.__mro__[1:] if base.__module__.startswith("langchain_core.")]
    inherited_names = {name for base in inherited for name in getattr(base, "model_fields", ())}
    return {
        name: field.get_default(call_default_factory=True)
        for name, field in model_class.model_fields.items()
        if name not in inherited_names
    }


@cache
def _adapter(model_class: type[BaseModel], name: str) -> TypeAdapter[Any]:
    field = model_class.model_fields[name]
    annotation: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
    return TypeAdapter(annotation, config=ConfigDict(arbitrary_types_allowed=True, hide_input_in_errors=True))


def validate_setting(model_class: type[BaseModel], name: str, value: Any) -> Any:
    """Validate the value of one setting.

    Returns:
        The value, converted to the setting's type.

    Raises:
        GLMValueError: if the value is not valid.
    """
    try:
        return _adapter(model_class, name).validate_python(value)
    except ValidationError as error:
        raise _setting_error(error, name) from None


@contextmanager
def as_glm_value_error() -> Iterator[None]:
    """Turn a `ValidationError` of pydantic and any other `ValueError` into a `GLMValueError`."""
    try:
        yield
    except GLMValueError:
        raise
    except ValidationError as error:
        raise _setting_error(error) from None
    except ValueError as error:
        raise GLMValueError(str(error)) from None


def _setting_error(error: ValidationError, name: str | None = None) -> GLMValueError:
    """Return the messages of a `ValidationError` as one sentence for each setting.

    Args:
        error: what pydantic raised.
        name: the setting; default the one that the error names.
    """
    messages: dict[str, list[str]] = {}
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        field = name or (str(problem["loc"][0]) if problem["loc"] else "")
        text = problem["msg"].removeprefix("Value error, ").rstrip(".")
        messages.setdefault(field, []).append(text)
    return GLMValueError(" ".join(_sentence(field, list(dict.fromkeys(texts))) for field, texts in messages.items()))


def _sentence(field: str, texts: list[str]) -> str:
    """Return one sentence about a setting; there is a text for each type that it may have."""
    text = ", or ".join([texts[0], *(text[:1].lower() + text[1:] for text in texts[1:])])
    return f"{text}." if not field or text.startswith(field) else f"{field}: {text}."


class JsonSchema(GenerateJsonSchema):
    """Generates JSON schemas without what JSON cannot represent, such as functions and clients."""

    def handle_invalid_for_json_schema(self, schema: Any, error_info: str) -> NoReturn:
        """Leave out this type."""
        raise PydanticOmit
