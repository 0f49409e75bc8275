"""A page that is one HTML file, with a policy under which a browser runs nothing else."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING, Final

from starlette.responses import HTMLResponse

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["PRIVATE", "page_response"]

PRIVATE: Final = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
"""The headers of everything that shows a conversation."""


def page_response(file: Path) -> HTMLResponse:
    """Return a page whose only script and only style are its own, and which asks only its own server."""
    html = file.read_text(encoding="utf-8")

    def own(tag: str) -> str:
        [text] = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    policy = (
        f"default-src 'none'; script-src {own('script')}; style-src {own('style')}; img-src data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return HTMLResponse(html, headers={**PRIVATE, "content-security-policy": policy})
