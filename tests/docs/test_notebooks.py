"""The notebooks: they run without a key, and show what is saved in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.docs.needing import need
from tests.docs.notebooks import NOTEBOOKS, outputs_of, read, run_notebook

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore")  # those of Jupyter's packages
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_shows_what_is_saved(path: Path) -> None:
    need(["nbclient", "ipykernel"])
    saved, ran = outputs_of(read(path)), outputs_of(run_notebook(path))
    assert saved == ran, f"save it again: python -m tests.docs.notebooks ({path.name})"
    assert sum(1 for outputs in saved if outputs) >= 8


def test_both_languages_have_the_same_cells() -> None:
    need(["nbformat"])
    assert [path.name for path in NOTEBOOKS] == ["glm.ipynb", "glm.zh.ipynb"]
    english, chinese = ([cell.cell_type for cell in read(path).cells] for path in NOTEBOOKS)
    assert english == chinese
