"""An instance of a JSON schema, made of what a prompt says."""

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

_DEEPEST: Final = 5  # a schema that contains itself has to end somewhere
_LONGEST: Final = 200
_MOST_ITEMS: Final = 100
_MOST_FILLED: Final = 10_000  # characters that `minLength` may ask for
_WHOLE_TEXT: Final = frozenset({"query", "question", "q", "prompt", "text", "content", "message", "input", "task"})
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
_NO: Final = re.compile(
    r"(?:\b(?:no|not|without|don't|never|disable)\b[^.,;]{0,12}|(?:不要|不|无|关闭))$", re.IGNORECASE
)
_EMPTY: Final[Mapping[str, Any]] = {"null": None, "boolean": True, "object": {}, "array": []}


def fill(schema: Mapping[str, Any], prompt: str) -> Any:
    """Return an instance of a schema, filled with what the prompt says.

    Args:
        schema: JSON schema; `$ref`, `anyOf`, `oneOf`, `allOf`, enums and nested types are followed.
        prompt: where names, quoted strings and numbers are taken from, each used once.

    Returns:
        A value with everything that is required; of what is optional, only what the prompt names.

    Example:
        ```python
        schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
        fill(schema, "Double 21")  # {"n": 21}
        ```
    """
    whole = resolve(schema, schema)
    properties: dict[str, Any] = whole.get("properties", {})
    for given in json_objects(prompt):
        if given and given.keys() <= properties.keys() and all(name in given for name in whole.get("required", ())):
            return given
    return _Filler(schema, without_json(prompt), frozenset(properties)).value(schema, "", 0)


class _Filler:
    """Takes a prompt apart while a schema is walked; what was used in one place is not used in the next."""

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
            return self.value(self._variant(variants), name, depth + 1) if depth < 2 * _DEEPEST else None
        match schema_kind(schema):
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, name, depth)
            case "integer" | "number" as kind:
                return self._number(schema, name, whole=kind == "integer")
            case "boolean":
                return self._boolean(name)
            case "null":
                return None
            case _:
                return self._string(schema, name)

    def _enum(self, choices: Sequence[Any]) -> Any:
        named = [choice for choice in choices if isinstance(choice, str) and self._says(choice)]
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
        real = [kind for kind in kinds if kind.get("type") != "null"] or kinds
        return next((kind for kind in real if self._says(str(kind.get("title") or "\0"))), real[0])

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        required = schema.get("required", ())
        return {
            name: self._bottom(inner) if depth >= _DEEPEST else self.value(inner, name, depth + 1)
            for name, inner in schema.get("properties", {}).items()
            if name in required or (depth < _DEEPEST and self._wanted(name))
        }

    def _bottom(self, schema: Any) -> Any:
        """Return the smallest value."""
        schema = resolve(schema, self.root)
        variants = schema.get("anyOf") or schema.get("oneOf") or ()
        if any(isinstance(variant, dict) and variant.get("type") == "null" for variant in variants):
            return None
        kind = schema_kind(schema)
        return _EMPTY[kind] if kind in _EMPTY else self.value(schema, "", _DEEPEST)

    def _array(self, schema: Mapping[str, Any], name: str, depth: int) -> list[Any]:
        if depth >= _DEEPEST:
            return []
        given = self._after(name, r"(\[[^\]]*\])")
        if given:
            with contextlib.suppress(ValueError):
                return list(json.loads(given))
        items = resolve(schema.get("items", {"type": "string"}), self.root)
        least = min(max(1, schema.get("minItems", 0)), _MOST_ITEMS)
        most = schema.get("maxItems", max(least, len(self.prompt)))
        kind = schema_kind(items)
        if items.get("enum"):
            named = [choice for choice in items["enum"] if isinstance(choice, str) and self._says(choice)]
            found = len(named)
            return [*named, *items["enum"]][: max(found, least)][:most]
        found = len(self.quotes) if kind == "string" else len(self.numbers) if kind in {"integer", "number"} else 0
        return [self.value(items, name, depth + 1) for _ in range(min(max(found, least), most))]

    def _number(self, schema: Mapping[str, Any], name: str, *, whole: bool) -> int | float:
        given = self._after(name, r"(-?\d+(?:\.\d+)?)")
        if given:
            self._use_number(float(given))
            return _typed(float(given), whole=whole)
        fitting = (number for number in self.numbers if _fits(number, schema, whole=whole))
        number = next(fitting, None)
        if number is None:
            return _typed(_default_number(schema), whole=whole)
        self._use_number(number)
        return _typed(number, whole=whole)

    def _use_number(self, number: float) -> None:
        if number in self.numbers:
            self.numbers.remove(number)

    def _boolean(self, name: str) -> bool:
        given = self._after(name, r"(true|false|yes|no|on|off)\b")
        if given:
            return given.lower() in {"true", "yes", "on"}
        place = mention(name, self.prompt) if name else -1
        return not (place >= 0 and _NO.search(self.prompt[:place]))

    def _string(self, schema: Mapping[str, Any], name: str) -> str:
        text = self._formatted(schema.get("format")) or self._quoted_after(name) or self._told(name)
        shortest = min(schema.get("minLength", 0), _MOST_FILLED)
        return str(text[: schema.get("maxLength", _LONGEST)].ljust(shortest, "."))

    def _formatted(self, name: Any) -> str | None:
        if not isinstance(name, str) or name not in _FORMATS:
            return None
        pattern, otherwise = _FORMATS[name]
        found = re.search(pattern, self.prompt)
        return found.group() if found else otherwise

    def _quoted_after(self, name: str) -> str | None:
        # The quote right after the name, if the name is said; each quote serves once.
        place = mention(name, self.prompt) if name else -1
        later = [quote for quote in self.quotes if place >= 0 and self.prompt.find(quote, place) >= place]
        quote = later[0] if later else self.quotes[0] if self.quotes else None
        if quote is not None:
            self.quotes.remove(quote)
        return quote

    def _told(self, name: str) -> str:
        given = self._after(name, r"([^\s,;。，；]+)", sign=r"\s*(?:[:=：]|\bis\b|是|为)\s*")
        if given:
            return given.rstrip(".!?")
        if name.lower() not in _WHOLE_TEXT and self.phrases:
            return self.phrases.pop(0)
        return self.prompt or name or "text"

    def _says(self, word: str) -> bool:
        return word in self.prompt if not word.isascii() else mention(word, self.prompt) >= 0

    def _wanted(self, name: str) -> bool:
        place = mention(name, self.prompt)
        return place >= 0 and not _NO.search(self.prompt[:place])

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


def _typed(number: float, *, whole: bool) -> int | float:
    return int(number) if whole or float(number).is_integer() else number


def _fits(number: float, schema: Mapping[str, Any], *, whole: bool) -> bool:
    return (
        (not whole or number == int(number))
        and number >= schema.get("minimum", -math.inf)
        and number <= schema.get("maximum", math.inf)
        and number > schema.get("exclusiveMinimum", -math.inf)
        and number < schema.get("exclusiveMaximum", math.inf)
    )


def _default_number(schema: Mapping[str, Any]) -> float:
    edges = [schema[edge] for edge in ("minimum", "maximum") if edge in schema]
    inside = [schema["exclusiveMinimum"] + 1] if "exclusiveMinimum" in schema else []
    inside += [schema["exclusiveMaximum"] - 1] if "exclusiveMaximum" in schema else []
    return next((number for number in (1, *edges, *inside) if _fits(number, schema, whole=False)), 1)
