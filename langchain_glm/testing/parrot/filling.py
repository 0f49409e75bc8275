"""Make an instance of a JSON schema from the text of a prompt."""

from __future__ import annotations

import contextlib
import json
import math
import re
from typing import TYPE_CHECKING, Any, Final

from langchain_glm.testing.parrot.reading import json_objects, mention, numbers, quotes, without_json
from langchain_glm.testing.parrot.schemas import resolve, schema_kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["fill"]

_MAX_DEPTH: Final = 5  # the limit for schemas that contain themselves
_MAX_LENGTH: Final = 200
_MAX_ITEMS: Final = 100
_MAX_PADDING: Final = 10_000  # the maximum length that `minLength` can ask for
_FREE_TEXT_NAMES: Final = frozenset({"query", "question", "q", "prompt", "text", "content", "message", "input", "task"})
_PHRASES: Final = (
    re.compile(
        r"\b(?:named|called|about|in|for|at|of|to|from|on)\s+([^?.!;\n]+?)(?=[?.!;\n]|$|,(?!\s[A-Z])|\s+(?:and|then|using|with)\b)"
    ),
    re.compile(r"(?<=[a-z,] )([A-Z][\w'-]*(?:\s+[A-Z][\w'-]*)*)"),
)
_FORMATS: Final[Mapping[str, tuple[str, str]]] = {
    "date": (r"\d{4}-\d\d-\d\d", "2026-01-01"),
    "date-time": (r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)", "2026-01-01T00:00:00Z"),
    "time": (r"\d\d:\d\d(?::\d\d)?", "12:00:00"),
    "email": (r"[\w.+-]+@[\w-]+\.[\w.-]*\w", "someone@post.example"),
    "uri": (r"https?://[^\s\"'<>]+", "https://www.example/"),
    "uuid": (r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", "00000000-0000-4000-8000-000000000000"),
}
_NEGATION: Final = re.compile(
    r"(?:\b(?:no|not|without|don't|never|disable)\b[^.,;]{0,12}|(?:不要|不|无|关闭))$", re.IGNORECASE
)
_EMPTY: Final[Mapping[str, Any]] = {"null": None, "boolean": True, "object": {}, "array": []}


def fill(schema: Mapping[str, Any], prompt: str) -> Any:
    """Return an instance of a schema, filled from the prompt.

    Args:
        schema: a JSON schema; `$ref`, `anyOf`, `oneOf`, `allOf`, enums and nested types are supported.
        prompt: the source of names, quoted strings and numbers, each of which is used once.

    Returns:
        A value with all required properties, and with those optional ones that the prompt names.

    Example:
        ```python
        schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
        fill(schema, "Double 21")  # {"n": 21}
        ```
    """
    resolved = resolve(schema, schema)
    properties: dict[str, Any] = resolved.get("properties", {})
    for given in json_objects(prompt):
        if given and given.keys() <= properties.keys() and all(name in given for name in resolved.get("required", ())):
            return given
    return _Filler(schema, without_json(prompt), frozenset(properties)).value(schema, "", 0)


class _Filler:
    """Takes values from a prompt for the parts of a schema; each value is used only once."""

    def __init__(self, root: Mapping[str, Any], prompt: str, names: frozenset[str]) -> None:
        self.root = root
        self.prompt = prompt.strip()
        self.quotes = [quote for quote in quotes(self.prompt) if quote not in names]
        self.numbers = numbers(re.sub(r"\"[^\"\n]*\"|'[^'\n]*'", " ", self.prompt)) or numbers(self.prompt)
        self.chosen: set[str] = set()
        self.phrases: list[str] = [
            phrase.strip(" ,") for pattern in _PHRASES for phrase in pattern.findall(self.prompt)
        ]

    def value(self, schema: Any, name: str, depth: int) -> Any:
        schema = resolve(schema, self.root)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self._enum(schema["enum"])
        variants = schema.get("anyOf") or schema.get("oneOf")
        if variants:
            return self.value(self._variant(variants), name, depth + 1) if depth < 2 * _MAX_DEPTH else None
        match schema_kind(schema):
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, name, depth)
            case "integer" | "number" as kind:
                return self._number(schema, name, integer=kind == "integer")
            case "boolean":
                return self._boolean(name)
            case "null":
                return None
            case _:
                return self._string(schema, name)

    def _enum(self, choices: Sequence[Any]) -> Any:
        named = [choice for choice in choices if isinstance(choice, str) and self._mentions(choice)]
        number = next((value for value in self.numbers if value in choices), None)
        if not named:
            return number if number is not None else choices[0]
        prompt = self.prompt.lower()
        named.sort(key=lambda choice: (prompt.find(choice.lower()), -len(choice)))
        chosen = next((choice for choice in named if choice not in self.chosen), named[0])
        self.chosen.add(chosen)
        return chosen

    def _variant(self, variants: Sequence[Any]) -> Any:
        kinds = [resolve(variant, self.root) for variant in variants]
        not_null = [kind for kind in kinds if kind.get("type") != "null"] or kinds
        return next((kind for kind in not_null if self._mentions(str(kind.get("title") or "\0"))), not_null[0])

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        required = schema.get("required", ())
        return {
            name: self._smallest(inner) if depth >= _MAX_DEPTH else self.value(inner, name, depth + 1)
            for name, inner in schema.get("properties", {}).items()
            if name in required or (depth < _MAX_DEPTH and self._is_requested(name))
        }

    def _smallest(self, schema: Any) -> Any:
        """Return the smallest valid value."""
        schema = resolve(schema, self.root)
        variants = schema.get("anyOf") or schema.get("oneOf") or ()
        if any(isinstance(variant, dict) and variant.get("type") == "null" for variant in variants):
            return None
        kind = schema_kind(schema)
        return _EMPTY[kind] if kind in _EMPTY else self.value(schema, "", _MAX_DEPTH)

    def _array(self, schema: Mapping[str, Any], name: str, depth: int) -> list[Any]:
        if depth >= _MAX_DEPTH:
            return []
        given = self._after(name, r"(\[[^\]]*\])")
        if given:
            with contextlib.suppress(ValueError):
                return list(json.loads(given))
        items = resolve(schema.get("items", {"type": "string"}), self.root)
        minimum = min(max(1, schema.get("minItems", 0)), _MAX_ITEMS)
        maximum = schema.get("maxItems", max(minimum, len(self.prompt)))
        kind = schema_kind(items)
        if items.get("enum"):
            named = [choice for choice in items["enum"] if isinstance(choice, str) and self._mentions(choice)]
            found = len(named)
            return [*named, *items["enum"]][: max(found, minimum)][:maximum]
        found = len(self.quotes) if kind == "string" else len(self.numbers) if kind in {"integer", "number"} else 0
        return [self.value(items, name, depth + 1) for _ in range(min(max(found, minimum), maximum))]

    def _number(self, schema: Mapping[str, Any], name: str, *, integer: bool) -> int | float:
        given = self._after(name, r"(-?\d+(?:\.\d+)?)")
        if given:
            self._use_number(float(given))
            return _typed(float(given), integer=integer)
        fitting = (number for number in self.numbers if _fits(number, schema, integer=integer))
        number = next(fitting, None)
        if number is None:
            return _typed(_default_number(schema), integer=integer)
        self._use_number(number)
        return _typed(number, integer=integer)

    def _use_number(self, number: float) -> None:
        if number in self.numbers:
            self.numbers.remove(number)

    def _boolean(self, name: str) -> bool:
        given = self._after(name, r"(true|false|yes|no|on|off)\b")
        if given:
            return given.lower() in {"true", "yes", "on"}
        position = mention(name, self.prompt) if name else -1
        return not (position >= 0 and _NEGATION.search(self.prompt[:position]))

    def _string(self, schema: Mapping[str, Any], name: str) -> str:
        text = self._formatted(schema.get("format")) or self._quoted_after(name) or self._unquoted_after(name)
        min_length = min(schema.get("minLength", 0), _MAX_PADDING)
        return str(text[: schema.get("maxLength", _MAX_LENGTH)].ljust(min_length, "."))

    def _formatted(self, name: Any) -> str | None:
        if not isinstance(name, str) or name not in _FORMATS:
            return None
        pattern, default = _FORMATS[name]
        found = re.search(pattern, self.prompt)
        return found.group() if found else default

    def _quoted_after(self, name: str) -> str | None:
        # The quote after the name, if the prompt holds the name; each quote is used only once.
        position = mention(name, self.prompt) if name else -1
        later = [quote for quote in self.quotes if position >= 0 and self.prompt.find(quote, position) >= position]
        quote = later[0] if later else self.quotes[0] if self.quotes else None
        if quote is not None:
            self.quotes.remove(quote)
        return quote

    def _unquoted_after(self, name: str) -> str:
        given = self._after(name, r"([^\s,;。，；]+)", sign=r"\s*(?:[:=：]|\bis\b|是|为)\s*")
        if given:
            return given.rstrip(".!?")
        if name.lower() not in _FREE_TEXT_NAMES and self.phrases:
            return self.phrases.pop(0)
        return self.prompt or name or "text"

    def _mentions(self, word: str) -> bool:
        return word in self.prompt if not word.isascii() else mention(word, self.prompt) >= 0

    def _is_requested(self, name: str) -> bool:
        position = mention(name, self.prompt)
        return position >= 0 and not _NEGATION.search(self.prompt[:position])

    def _after(
        self, name: str, pattern: str, sign: str = r"\s*(?:[:=：]|\bis\b|\bto\b|\bof\b|是|为)?\s*"
    ) -> str | None:
        if not name:
            return None
        spaced = re.escape(name).replace("_", "[_ ]")
        found = re.search(
            rf"(?<![A-Za-z0-9_]){spaced}(?![A-Za-z0-9_])[\"'`]?{sign}{pattern}", self.prompt, re.IGNORECASE
        )
        return found.group(1) if found else None


def _typed(number: float, *, integer: bool) -> int | float:
    return int(number) if integer or float(number).is_integer() else number


def _fits(number: float, schema: Mapping[str, Any], *, integer: bool) -> bool:
    return (
        (not integer or number == int(number))
        and number >= schema.get("minimum", -math.inf)
        and number <= schema.get("maximum", math.inf)
        and number > schema.get("exclusiveMinimum", -math.inf)
        and number < schema.get("exclusiveMaximum", math.inf)
    )


def _default_number(schema: Mapping[str, Any]) -> float:
    bounds = [schema[edge] for edge in ("minimum", "maximum") if edge in schema]
    inner_bounds = [schema["exclusiveMinimum"] + 1] if "exclusiveMinimum" in schema else []
    inner_bounds += [schema["exclusiveMaximum"] - 1] if "exclusiveMaximum" in schema else []
    return next((number for number in (1, *bounds, *inner_bounds) if _fits(number, schema, integer=False)), 1)
