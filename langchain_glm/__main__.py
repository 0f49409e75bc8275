"""`python -m langchain_glm`: the program `glm`."""

from __future__ import annotations

import sys

from langchain_glm.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
