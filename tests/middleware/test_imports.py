"""The middleware needs `langchain`; the rest of the package does not."""

from __future__ import annotations

import subprocess
import sys


def printed(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_the_model_does_not_import_langchain() -> None:
    code = (
        "import sys, langchain_glm; langchain_glm.ChatGLM; import langchain_glm.mcp; print('langchain' in sys.modules)"
    )
    assert printed(code) == "False\n"


def test_without_langchain_the_error_says_what_to_install() -> None:
    code = """if True:
        import sys
        sys.modules["langchain"] = None
        try:
            import langchain_glm.middleware
        except ImportError as error:
            print(error)
        """
    assert printed(code) == "langchain_glm.middleware needs langchain: pip install langchain\n"
