"""Images for a question: files as base64, URLs as they are."""

from __future__ import annotations

import base64
import mimetypes
from pathlib import Path
from typing import Any

from langchain_glm.errors import GLMValueError

__all__ = ["image_block", "question_message_content"]


def image_block(source: str) -> dict[str, Any]:
    """Return an image as a content block of LangChain.

    Args:
        source: a file, or a URL that begins with https:// or http://.

    Raises:
        GLMValueError: if the file is no image.
        OSError: if the file cannot be read.
    """
    if source.startswith(("https://", "http://")):
        return {"type": "image", "url": source}
    kind = mimetypes.guess_type(source)[0] or ""
    if not kind.startswith("image/"):
        raise GLMValueError(f"{source} is not an image: its name must end in .png, .jpg or the like.")
    return {"type": "image", "base64": base64.b64encode(Path(source).read_bytes()).decode(), "mime_type": kind}


def question_message_content(text: str, images: list[dict[str, Any]]) -> Any:
    """Return the content of a question: its text alone, or the images before the text."""
    return [*images, {"type": "text", "text": text}] if images else text
