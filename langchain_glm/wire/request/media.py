"""One content block of a user message → one part that the endpoint takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_glm.catalog.hosts import Host
    from langchain_glm.catalog.profiles import Model
    from langchain_glm.wire.types import Part

__all__ = ["to_part"]

_KINDS = {  # block type → what a model must be able to read
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


def to_part(block: str | Mapping[str, Any], where: str, host: Host, model: Model | None) -> Part | None:
    """Translate one block, whichever of LangChain's, OpenAI's, Anthropic's or GLM's own shapes it has.

    Args:
        block: a plain string, or a dict with `type`.
        where: the block's place (`messages[3].content[0]`), for errors.
        host: decides how inline images are written.
        model: what is known of the model; `None` lets every kind of media through.

    Returns:
        The part, or `None` for an empty text (GLM refuses those with 1214).

    Raises:
        ValueError: if the block cannot be sent: an unknown type, media that the model does not read,
            or a form that GLM has none of (a file's bytes, audio by URL).
    """
    if isinstance(block, str):
        return {"type": "text", "text": block} if block else None
    block = _standard(block)
    kind = block.get("type")
    if kind in ("text", "text-plain"):
        text = block.get("text")
        if not isinstance(text, str):
            raise ValueError(f"{where}: a {kind} block needs its text as a string.")
        return {"type": "text", "text": text} if text else None
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ValueError(f"{where}: blocks of type {kind!r} cannot be sent; use text, image, video, file or audio.")
    if model is not None and _KINDS[kind] not in model.inputs:
        reads = ", ".join(("text", *model.inputs))
        raise ValueError(f"{where}: {model.id} cannot read {_KINDS[kind]} input; it reads {reads}.")
    return _MAKERS[_KINDS[kind]](block, where, host)


def _standard(block: Mapping[str, Any]) -> Mapping[str, Any]:
    """The block that LangChain's `non_standard` ones, which may lie in each other, hold."""
    while block.get("type") == "non_standard" and isinstance(block.get("value"), Mapping):
        block = block["value"]
    return block


def _image(block: Mapping[str, Any], where: str, host: Host) -> Part:
    return {"type": "image_url", "image_url": {"url": _location(block, where, host, "image/jpeg")}}


def _video(block: Mapping[str, Any], where: str, host: Host) -> Part:
    return {"type": "video_url", "video_url": {"url": _location(block, where, host, "video/mp4")}}


def _file(block: Mapping[str, Any], where: str, host: Host) -> Part:
    url = _url(block)
    if not url or url.startswith("data:"):
        raise ValueError(f"{where}: GLM reads files by URL only; upload the file somewhere and give its url.")
    return {"type": "file_url", "file_url": {"url": url}}


def _audio(block: Mapping[str, Any], where: str, host: Host) -> Part:
    inner = block.get("input_audio")
    if isinstance(inner, Mapping) and inner.get("data"):
        return {
            "type": "input_audio",
            "input_audio": {"data": inner["data"], "format": inner.get("format", "wav")},
        }
    data = block.get("base64") or block.get("data")
    if not data:
        raise ValueError(f"{where}: GLM reads audio inline only; give base64 and mime_type.")
    subtype = str(block.get("mime_type") or "audio/wav").rsplit("/", 1)[-1]
    audio_format = {"mpeg": "mp3", "x-wav": "wav", "wave": "wav"}.get(subtype, subtype)
    return {"type": "input_audio", "input_audio": {"data": data, "format": audio_format}}


_MAKERS = {"image": _image, "video": _video, "file": _file, "audio": _audio}


def _location(block: Mapping[str, Any], where: str, host: Host, default_type: str) -> str:
    """A URL, a data URI or bare base64, as the host wants it."""
    url = _url(block)
    if url is None:
        source = block.get("source")
        source = source if isinstance(source, Mapping) else {}
        data = block.get("base64") or block.get("data") or source.get("data")
        if not isinstance(data, str):
            file_id = block.get("file_id")
            if isinstance(file_id, str) and file_id.startswith("ms://"):  # a file uploaded to Kimi
                return file_id
            raise ValueError(f"{where}: give url, or base64 with mime_type.")
        if data.startswith("data:"):
            url = data
        else:
            media_type = block.get("mime_type") or source.get("media_type") or default_type
            url = f"data:{media_type};base64,{data}"
    if host.base64_images == "raw" and url.startswith("data:"):
        return url.partition(",")[2]
    return url


def _url(block: Mapping[str, Any]) -> str | None:
    """The URL, wherever one of the shapes keeps it."""
    inner = block.get(str(block.get("type")))
    source = block.get("source")
    candidates = (
        block.get("url"),
        inner if isinstance(inner, str) else None,
        inner.get("url") if isinstance(inner, Mapping) else None,
        source.get("url") if isinstance(source, Mapping) else None,
    )
    return next((url for url in candidates if isinstance(url, str) and url), None)
