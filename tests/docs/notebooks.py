"""Run the notebooks without a key, on the embedded server: `python -m tests.docs.notebooks` saves what they print."""

from __future__ import annotations

import os
import re
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

from langchain_glm import HOSTS
from tests.docs.pages import DOCS

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["NOTEBOOKS", "outputs_of", "run_notebook"]

NOTEBOOKS: Final = tuple(sorted((DOCS / "notebooks").glob("*.ipynb")))
_SECONDS: Final = 120  # for one cell; most of it is imports


def read(path: Path) -> Any:
    return import_module("nbformat").read(path, as_version=4)


def run_notebook(path: Path) -> Any:
    """Return the notebook with what its cells print on the embedded server."""
    notebook = read(path)
    keys = {name: "" for host in HOSTS.values() for name in (*host.key_variables, *host.url_variables)}
    with patch.dict(os.environ, keys):
        for name in keys:
            del os.environ[name]
        import_module("nbclient").NotebookClient(notebook, timeout=_SECONDS, record_timing=False).execute()
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            output.get("metadata", {}).clear()
    return notebook


def outputs_of(notebook: Any) -> list[list[Any]]:
    """What the cells show, without what differs from run to run."""
    return [
        [_lasting(output.get("text") or dict(output.get("data", {}))) for output in cell.get("outputs", [])]
        for cell in notebook.cells
    ]


def _lasting(shown: Any) -> Any:
    if isinstance(shown, dict):
        return {kind: _lasting(value) for kind, value in shown.items()}
    return re.sub(r"0x[0-9a-f]+", "0x…", shown) if isinstance(shown, str) else shown


def main() -> None:
    """Save the outputs in the notebooks."""
    for path in NOTEBOOKS:
        import_module("nbformat").write(run_notebook(path), path)


if __name__ == "__main__":
    main()
