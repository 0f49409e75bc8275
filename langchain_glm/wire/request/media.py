"""Translate one content block into text, into a part for the endpoint, or into a description."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from langchain_glm.errors import GLMValueError
from langchain_glm.json import dump_json

if TYPE_CHECKING:
    from langchain_glm.catalog.hosts import Host
    from langchain_glm.catalog.profiles import Model
    from langchain_glm.wire.types import Part

__all__ = ["describe", "text_of", "to_part"]

_KINDS = {  # block type → the kind of input that a model must support
    "image": "image",
    "image_url": "image",
    "video": "video",
    "video_url": "video",
    "file": "file",
    "file_url": "file",
    "document": "file",
    "audio": "audio",
    "input_audio": "audio",
}
_MEDIA_TYPES = {"image": "image/jpeg", "video": "video/mp4"}  # the defaults for inline data
_NOUNS = {"image": "an image", "video": "a video", "file": "a file", "audio": "an audio recording"}


def text_of(block: Any) -> str | None:
    """Return the text of a block, or `None` if it holds no text.

    Args:
        block: a plain string; LangChain's `text` and `text-plain`; a block with text instead of data (`document`
            and `file`, including Anthropic's text sources); Anthropic's `search_result`; an MCP `resource` with text,
            or a `resource_link`; a `json` block.
    """
    if isinstance(block, str):
        return block
    if not isinstance(block, Mapping):
        return None
    block = _unwrap(block)
    kind = block.get("type")
    if kind == "json":
        return dump_json(block.get("json"))
    if kind == "resource_link":
        return _lines(block.get("title") or block.get("name"), block.get("uri"), block.get("description"))
    if kind == "search_result":
        return _lines(block.get("title"), block.get("source"), _join_texts(block.get("content")))
    if kind == "resource":
        resource = block.get("resource")
        text = resource.get("text") if isinstance(resource, Mapping) else None
    elif kind in ("text", "text-plain"):
        text = block.get("text")
    elif kind in ("file", "document"):
        text = _document_text(block)
    else:
        text = None
    return text if isinstance(text, str) else None


def _document_text(block: Mapping[str, Any]) -> str | None:
    source = block.get("source")
    if isinstance(source, Mapping):
        text = _join_texts(source.get("data") if source.get("type") == "text" else source.get("content"))
    else:
        text = _join_texts(block.get("text"))
    return None if text is None else _lines(block.get("title"), text)


def _join_texts(content: Any) -> str | None:
    """Return the text of a string or of a list of text blocks; `None` for anything else."""
    if not isinstance(content, list):
        return content if isinstance(content, str) else None
    texts = [part.get("text") if isinstance(part, Mapping) else part for part in content]
    return _lines(*texts) if texts and all(isinstance(text, str) for text in texts) else None


def _lines(*lines: Any) -> str:
    return "\n".join(line for line in lines if isinstance(line, str) and line)


def describe(block: Any) -> tuple[str, str]:
    """Describe a block that cannot be sent: by a noun, and by the noun with its file name, type and URL.

    Example:
        ```python
        describe({"type": "image", "url": "https://x.example/a.png"})  # "an image", "an image (https://…/a.png)"
        ```
    """
    if not isinstance(block, Mapping):
        return "something", f"something ({type(block).__name__})"
    block = _unwrap(block)
    kind = block.get("type")
    noun = _NOUNS.get(_KINDS.get(kind, ""), f"{kind!r} content") if isinstance(kind, str) else "content without a type"
    source = block.get("source")
    source = source if isinstance(source, Mapping) else {}
    extras = block.get("extras")
    names = (
        block.get("filename") or (extras.get("filename") if isinstance(extras, Mapping) else None),
        block.get("mime_type") or source.get("media_type"),
        _url(block) or block.get("uri"),
    )
    details = ", ".join(name for name in names if isinstance(name, str) and name and not name.startswith("data:"))
    return noun, f"{noun} ({details})" if details else noun


def to_part(block: str | Mapping[str, Any], where: str, host: Host, model: Model | None) -> Part | None:
    """Translate one block in the form of LangChain, OpenAI, Anthropic, MCP or GLM.

    Args:
        block: a plain string, or a dict with `type`.
        where: the block's position for errors, such as `messages[3].content[0]`.
        host: decides how inline images are encoded.
        model: the catalogue's entry; `None` allows every kind of media.

    Returns:
        The part, or `None` for an empty text (GLM refuses those with 1214).

    Raises:
        GLMValueError: if the block cannot be sent: because of an unknown type, media that the model cannot read, or a
            form that the endpoint does not accept (a file's bytes, audio by URL, an image's URL on Kimi).
    """
    text = text_of(block)
    if text is not None:
        return {"type": "text", "text": text} if text else None
    block = _unwrap(block) if isinstance(block, Mapping) else {}
    kind = block.get("type")
    if kind in ("text", "text-plain"):
        raise GLMValueError(f"{where}: the text of a {kind} block must be a string.")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise GLMValueError(f"{where}: blocks of type {kind!r} cannot be sent; use text, image, video, file or audio.")
    if model is not None and _KINDS[kind] not in model.inputs:
        reads = ", ".join(("text", *model.inputs))
        raise GLMValueError(f"{where}: {model.id} cannot read {_KINDS[kind]} input; it reads {reads}.")
    if _KINDS[kind] == "file":
        return _file(block, where)
    if _KINDS[kind] == "audio":
        return _audio(block, where)
    name = f"{_KINDS[kind]}_url"
    return {"type": name, name: {"url": _location(block, where, host, model, _MEDIA_TYPES[_KINDS[kind]])}}


def _unwrap(block: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the block within LangChain's `non_standard` blocks, which may be nested."""
    while block.get("type") == "non_standard" and isinstance(block.get("value"), Mapping):
        block = block["value"]
    return block


def _file(block: Mapping[str, Any], where: str) -> Part:
    url = _url(block)
    if not url or url.startswith("data:"):
        raise GLMValueError(f"{where}: GLM reads files only by URL; upload the file somewhere and give its url.")
    return {"type": "file_url", "file_url": {"url": url}}


def _audio(block: Mapping[str, Any], where: str) -> Part:
    inner = block.get("input_audio")
    if isinstance(inner, Mapping) and inner.get("data"):
        return {"type": "input_audio", "input_audio": {"data": inner["data"], "format": inner.get("format", "wav")}}
    data = block.get("base64") or block.get("data")
    if not data:
        raise GLMValueError(f"{where}: GLM reads only inline audio; give base64 and mime_type.")
    subtype = str(block.get("mime_type") or "audio/wav").rsplit("/", 1)[-1]
    audio_format = {"mpeg": "mp3", "x-wav": "wav", "wave": "wav"}.get(subtype, subtype)
    return {"type": "input_audio", "input_audio": {"data": data, "format": audio_format}}


_UPLOADED = "ms://"
"""The prefix of the ids of files that were uploaded to Kimi."""


def _location(block: Mapping[str, Any], where: str, host: Host, model: Model | None, default_type: str) -> str:
    """Return a URL, a data URI or base64 without a prefix, as the host expects it."""
    url = _url(block)
    if url is None:
        source = block.get("source")
        source = source if isinstance(source, Mapping) else {}
        data = block.get("base64") or block.get("data") or source.get("data")
        if isinstance(data, str):
            media_type = block.get("mime_type") or source.get("media_type") or default_type
            url = data if data.startswith("data:") else f"data:{media_type};base64,{data}"
    if url is None:
        file_id = block.get("file_id")
        if not isinstance(file_id, str) or not file_id.startswith(_UPLOADED):
            raise GLMValueError(f"{where}: give url, or base64 with mime_type.")
        url = file_id
    if url.startswith("data:"):
        return url.partition(",")[2] if host.base64_images == "raw" else url
    if model is not None and url.startswith(_UPLOADED) == model.image_urls:
        raise GLMValueError(
            f"{where}: {model.id} cannot read files uploaded to Kimi; give url, or base64 with mime_type."
            if model.image_urls
            else f"{where}: {model.id} cannot read URLs; give base64 with mime_type, or upload the file to Kimi "
            f"and give file_id={_UPLOADED!r}…."
        )
    return url


def _url(block: Mapping[str, Any]) -> str | None:
    """Return the URL, whichever field of the block holds it."""
    inner = block.get(str(block.get("type")))
    source = block.get("source")
    candidates = (
        block.get("url"),
        inner if isinstance(inner, str) else None,
        inner.get("url") if isinstance(inner, Mapping) else None,
        source.get("url") if isinstance(source, Mapping) else None,
    )
    return next((url for url in candidates if isinstance(url, str) and url), None)
