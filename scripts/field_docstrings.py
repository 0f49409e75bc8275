"""An extension of griffe: the documentation of a pydantic field is its `description`, and its value is its default."""

from __future__ import annotations

import ast
from typing import Any

import griffe


class FieldDocstrings(griffe.Extension):
    """Reads `Field(default=…, description="…")` as an attribute with a default and a docstring."""

    def on_attribute(self, *, attr: griffe.Attribute, **_: Any) -> None:
        """Look at one attribute, after griffe has read its source."""
        call = attr.value
        if not isinstance(call, griffe.ExprCall) or str(call.function) != "Field":
            return
        given = {each.name: each.value for each in call.arguments if isinstance(each, griffe.ExprKeyword)}
        if "description" in given and attr.docstring is None:
            text = ast.literal_eval(f"({given['description']})")
            attr.docstring = griffe.Docstring(text, lineno=attr.lineno, parent=attr)
        attr.value = given.get("default")
