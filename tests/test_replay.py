"""Recorded replies, where they are at hand: each is served on a socket, read in every way, and compared.

The recordings belong to other projects and are no part of this one. `GLM_CAPTURES` names their folder, which
holds `replay.py` and a folder a case; without it, the folder beside the checkout is looked at.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CAPTURES = Path(os.environ.get("GLM_CAPTURES") or Path(__file__).parents[2] / "shared" / "captures")


@pytest.mark.skipif(not (CAPTURES / "replay.py").exists(), reason="no recordings at hand (GLM_CAPTURES)")
def test_every_recording_is_read_without_loss() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_BASE_URL")}
    run = subprocess.run(
        [sys.executable, CAPTURES / "replay.py", "langchain_glm:ChatGLM"],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=Path(__file__).parents[1],
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    assert " 0 failed" in run.stdout.splitlines()[-1]
