"""Convert everything that LangChain accepts as a schema into a JSON schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from langchain_core.utils.function_calling import convert_to_json_schema
from langchain_core.utils.pydantic import is_basemodel_subclass
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema
from typing_extensions import get_type_hints, is_typeddict

from langchain_glm.errors import GLMValueError
from langchain_glm.wire.schemas.inline import inline

__all__ = ["is_schema_class", "to_json_schema", "to_response_format"]

_NO_SCHEMA: Final = "is not a schema; give a pydantic class, a TypedDict, a JSON schema or a function."

_NOT_A_JSON_SCHEMA: Final = frozenset({"name", "function", "toolSpec"})
"""Keys of dicts in which providers describe a function."""

_JSON_SCHEMA: Final = frozenset({"title", "properties", "$ref", "anyOf", "oneOf", "allOf", "enum", "const"})
_JSON_TYPES: Final = frozenset({"object", "array", "string", "number", "integer", "boolean", "null"})


def is_schema_class(schema: Any) -> bool:
    """Whether `to_json_schema` converts this better than LangChain does: a pydantic class or a TypedDict."""
    return is_typeddict(schema) or (isinstance(schema, type) and issubclass(schema, BaseModel))


def to_json_schema(schema: Any) -> dict[str, Any]:
    """Return the JSON schema of anything that `with_structured_output` accepts, with its `$defs` and its recursion.

    LangChain's own conversion writes `{}` for recursive pydantic classes, and drops the `None` of a TypedDict's
    `Optional`.

    Args:
        schema: a pydantic class, a TypedDict, a JSON schema, a function, or a provider's description of one.

    Returns:
        A schema that has a title.

    Raises:
        GLMValueError: if it is none of these.
    """
    if isinstance(schema, type) and issubclass(schema, BaseModel):
        return {"title": schema.__name__, **schema.model_json_schema(schema_generator=_WithoutFieldTitles)}
    if _is_json_schema(schema):
        named = str(schema.get("$ref", "")).rpartition("/")[2]
        return {"title": named or "answer", **schema}
    if get_origin(schema) is not None:  # on Python 3.14, LangChain takes `list[int]` for a function
        raise GLMValueError(f"{schema!r} {_NO_SCHEMA}")
    try:
        converted: dict[str, Any] = convert_to_json_schema(schema)
    except RecursionError:
        raise GLMValueError(
            f"{schema!r} is a recursive TypedDict, which LangChain cannot convert; use a pydantic class."
        ) from None
    except (TypeError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise GLMValueError(f"{schema!r} {_NO_SCHEMA} LangChain says: {reason}.") from None
    return _with_null(converted, schema) if is_typeddict(schema) else converted


def to_response_format(value: Any) -> dict[str, Any]:
    """Return a `response_format` in the form of OpenAI's API.

    Args:
        value: a dict of this form, which is returned unchanged; a pydantic class, TypedDict, dataclass, or JSON schema.

    Raises:
        GLMValueError: if it is none of these.

    Example:
        ```python
        to_response_format(Joke)  # {"type": "json_schema", "json_schema": {"name": "Joke", "schema": {…}}}
        ```
    """
    if isinstance(value, Mapping) and isinstance(value.get("type"), str) and value["type"] not in _JSON_TYPES:
        return dict(value)
    is_class = isinstance(value, type) and (is_typeddict(value) or is_dataclass(value) or is_basemodel_subclass(value))
    if not is_class and not _is_json_schema(value):
        raise GLMValueError(
            f"response_format: {value!r} is not a pydantic class, TypedDict, dataclass, JSON schema, or dict with a "
            'type such as "json_object"; for other kinds of schemas, use with_structured_output.'
        )
    schema = inline(to_json_schema(value))
    return {"type": "json_schema", "json_schema": {"name": schema["title"], "schema": schema}}


class _WithoutFieldTitles(GenerateJsonSchema):
    """Leaves out the titles that pydantic makes from field names, which only cost tokens."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Give no field a generated title; explicit titles stay."""
        del schema
        return False


def _is_json_schema(schema: Any) -> bool:
    if not isinstance(schema, Mapping) or not _NOT_A_JSON_SCHEMA.isdisjoint(schema):
        return False
    kind = schema.get("type")
    return not _JSON_SCHEMA.isdisjoint(schema) or (isinstance(kind, str) and kind in _JSON_TYPES)


def _with_null(schema: Any, hint: Any) -> Any:
    """Return LangChain's schema of a type hint, with `null` added wherever the hint allows `None`."""
    origin, parts = get_origin(hint), get_args(hint)
    if not isinstance(schema, dict):
        return schema
    if is_typeddict(hint) and isinstance(schema.get("properties"), dict):
        hints = get_type_hints(hint, include_extras=True)
        properties = {name: _with_null(child, hints.get(name)) for name, child in schema["properties"].items()}
        return {**schema, "properties": properties}
    if origin is Annotated:
        return _with_null(schema, parts[0])
    if (origin in (Union, UnionType) and NoneType in parts) or (origin is Literal and None in parts):
        others = tuple(part for part in parts if part is not NoneType)
        inner = schema if origin is Literal else _with_null(schema, Union[others])  # noqa: UP007 - made at run time
        described = {"description": inner["description"]} if "description" in inner else {}
        return {"anyOf": [{key: inner[key] for key in inner.keys() - described}, {"type": "null"}], **described}
    if origin in (Union, UnionType) and len(schema.get("anyOf", ())) == len(parts):
        return {
            **schema,
            "anyOf": [_with_null(child, part) for child, part in zip(schema["anyOf"], parts, strict=True)],
        }
    if "items" in schema and len(parts) == 1:
        return {**schema, "items": _with_null(schema["items"], parts[0])}
    if "additionalProperties" in schema and len(parts) == 2:
        return {**schema, "additionalProperties": _with_null(schema["additionalProperties"], parts[1])}
    return schema
