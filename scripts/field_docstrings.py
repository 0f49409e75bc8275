"""An extension of griffe for how this package writes classes: pydantic fields, and methods from other modules."""

from __future__ import annotations

import ast
from typing import Any

import griffe


class FieldDocstrings(griffe.Extension):
    """Gives fields their descriptions, and shows methods that are assigned."""

    def on_attribute(self, *, attr: griffe.Attribute, **_: Any) -> None:
        """Read `Field(default=…, description="…")` as an attribute with a default and a docstring."""
        call = attr.value
        if not isinstance(call, griffe.ExprCall) or str(call.function) != "Field":
            return
        given = {each.name: each.value for each in call.arguments if isinstance(each, griffe.ExprKeyword)}
        if "description" in given and attr.docstring is None:
            text = ast.literal_eval(f"({given['description']})")
            attr.docstring = griffe.Docstring(text, lineno=attr.lineno, parent=attr)
        attr.value = given.get("default")

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Replace each `bind_tools = binding.bind_tools` of a class with the function."""
        modules = [pkg]
        for module in modules:
            modules += [each for each in module.modules.values() if not each.is_alias]
            for found in module.classes.values():
                if isinstance(found, griffe.Class):
                    _show_assigned_methods(pkg, found)


def _show_assigned_methods(package: griffe.Module, found: griffe.Class) -> None:
    for name, attribute in list(found.attributes.items()):
        if not isinstance(attribute, griffe.Attribute) or not isinstance(attribute.value, griffe.ExprAttribute):
            continue
        path = attribute.value.canonical_path.removeprefix(f"{package.path}.")
        try:
            function = package[path]
        except KeyError:
            continue
        if isinstance(function, griffe.Function):
            found.set_member(name, griffe.Alias(name, function, parent=found))
