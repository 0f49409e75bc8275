"""Content blocks → the parts that endpoints take."""

from __future__ import annotations

from typing import Any

import pytest

from langchain_glm.catalog.hosts import HOSTS
from langchain_glm.catalog.profiles import find_model
from langchain_glm.wire.request.media import to_part

URL = "https://files.example/a"
B64 = "QUJD"


def part(block: Any, host: str = "zai", model: str = "some-model") -> dict[str, Any] | None:
    return to_part(block, "messages[3].content[0]", HOSTS[host], find_model(model))


def image(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


def video(url: str) -> dict[str, Any]:
    return {"type": "video_url", "video_url": {"url": url}}


def file(url: str) -> dict[str, Any]:
    return {"type": "file_url", "file_url": {"url": url}}


def audio(data: str, kind: str) -> dict[str, Any]:
    return {"type": "input_audio", "input_audio": {"data": data, "format": kind}}


TEXT = {"type": "text", "text": "a"}
TABLE: list[tuple[Any, dict[str, Any] | None]] = [
    # text
    ("a", {"type": "text", "text": "a"}),
    ("", None),
    ({"type": "text", "text": "a"}, {"type": "text", "text": "a"}),
    (
        {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}, "id": "x", "index": 0},
        {"type": "text", "text": "a"},
    ),
    ({"type": "text", "text": ""}, None),
    ({"type": "text-plain", "text": "a", "mime_type": "text/plain"}, {"type": "text", "text": "a"}),
    # images
    ({"type": "image", "url": URL}, image(URL)),
    ({"type": "image", "url": URL, "mime_type": "image/png", "id": "x", "extras": {}}, image(URL)),
    ({"type": "image", "base64": B64, "mime_type": "image/png"}, image(f"data:image/png;base64,{B64}")),
    ({"type": "image", "base64": B64}, image(f"data:image/jpeg;base64,{B64}")),
    ({"type": "image", "base64": f"data:image/png;base64,{B64}"}, image(f"data:image/png;base64,{B64}")),
    ({"type": "image", "url": f"data:image/png;base64,{B64}"}, image(f"data:image/png;base64,{B64}")),
    ({"type": "image", "file_id": "ms://f1"}, image("ms://f1")),
    # text that comes as a document
    ({"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "a"}}, TEXT),
    ({"type": "document", "source": {"type": "content", "content": "a"}}, TEXT),
    (
        {"type": "document", "title": "t", "source": {"type": "content", "content": [TEXT, TEXT]}},
        {"type": "text", "text": "t\na\na"},
    ),
    ({"type": "file", "source_type": "text", "text": "a", "mime_type": "text/plain"}, TEXT),
    ({"type": "resource", "resource": {"uri": "file:///a", "text": "a"}}, TEXT),
    (
        {"type": "resource_link", "name": "n", "uri": "file:///n", "description": "d"},
        {"type": "text", "text": "n\nfile:///n\nd"},
    ),
    (
        {"type": "search_result", "title": "t", "source": "s", "content": [TEXT]},
        {"type": "text", "text": "t\ns\na"},
    ),
    ({"type": "json", "json": {"城": 1}}, {"type": "text", "text": '{"城":1}'}),
    ({"type": "image_url", "image_url": {"url": URL, "detail": "high"}}, image(URL)),
    ({"type": "image_url", "image_url": URL}, image(URL)),
    (
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{B64}"}},
        image(f"data:image/png;base64,{B64}"),
    ),
    (
        {"type": "image", "source": {"type": "base64", "media_type": "image/webp", "data": B64}},
        image(f"data:image/webp;base64,{B64}"),
    ),
    ({"type": "image", "source": {"type": "url", "url": URL}}, image(URL)),
    ({"type": "image", "source_type": "url", "url": URL}, image(URL)),
    (
        {"type": "image", "source_type": "base64", "data": B64, "mime_type": "image/png"},
        image(f"data:image/png;base64,{B64}"),
    ),
    # videos
    ({"type": "video", "url": URL}, video(URL)),
    ({"type": "video", "base64": B64}, video(f"data:video/mp4;base64,{B64}")),
    ({"type": "video", "base64": B64, "mime_type": "video/quicktime"}, video(f"data:video/quicktime;base64,{B64}")),
    ({"type": "video_url", "video_url": {"url": URL}}, video(URL)),
    ({"type": "video_url", "video_url": URL}, video(URL)),
    # files
    ({"type": "file", "url": URL, "mime_type": "application/pdf"}, file(URL)),
    ({"type": "file_url", "file_url": {"url": URL}}, file(URL)),
    ({"type": "document", "source": {"type": "url", "url": URL}}, file(URL)),
    ({"type": "file", "source_type": "url", "url": URL}, file(URL)),
    # audio
    ({"type": "audio", "base64": B64, "mime_type": "audio/wav"}, audio(B64, "wav")),
    ({"type": "audio", "base64": B64, "mime_type": "audio/x-wav"}, audio(B64, "wav")),
    ({"type": "audio", "base64": B64, "mime_type": "audio/mpeg"}, audio(B64, "mp3")),
    ({"type": "audio", "base64": B64}, audio(B64, "wav")),
    ({"type": "input_audio", "input_audio": {"data": B64, "format": "mp3"}}, audio(B64, "mp3")),
    ({"type": "input_audio", "input_audio": {"data": B64}}, audio(B64, "wav")),
    ({"type": "audio", "source_type": "base64", "data": B64, "mime_type": "audio/mp3"}, audio(B64, "mp3")),
    # what LangChain wraps because it does not know it
    ({"type": "non_standard", "value": {"type": "video_url", "video_url": {"url": URL}}}, video(URL)),
    ({"type": "non_standard", "value": {"type": "text", "text": "a"}}, {"type": "text", "text": "a"}),
]


@pytest.mark.parametrize(("block", "expected"), TABLE)
def test_a_block_becomes(block: Any, expected: dict[str, Any] | None) -> None:
    assert part(block) == expected


@pytest.mark.parametrize("host", list(HOSTS))
@pytest.mark.parametrize(
    "block",
    [
        {"type": "image", "base64": B64, "mime_type": "image/png"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{B64}"}},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": B64}},
    ],
)
def test_inline_images_are_bare_base64_on_bigmodel_only(host: str, block: dict[str, Any]) -> None:
    bare = host in ("bigmodel", "bigmodel-coding")
    assert part(block, host) == image(B64 if bare else f"data:image/png;base64,{B64}")


@pytest.mark.parametrize("host", list(HOSTS))
def test_urls_are_the_same_on_every_host(host: str) -> None:
    assert part({"type": "image", "url": URL}, host) == image(URL)


IMAGE = {"type": "image", "url": URL}
VIDEO = {"type": "video", "url": URL}
FILE = {"type": "file", "url": URL}
AUDIO = {"type": "audio", "base64": B64}


@pytest.mark.parametrize(
    ("model", "block", "text"),
    [
        ("glm-5.2", IMAGE, "glm-5.2 cannot read image input; it reads text."),
        ("z-ai/glm-4.6", VIDEO, "glm-4.6 cannot read video input; it reads text."),
        ("glm-4.6v", AUDIO, "glm-4.6v cannot read audio input; it reads text, image, video, file."),
        ("glm-4v-flash", VIDEO, "glm-4v-flash cannot read video input; it reads text, image."),
        ("glm-4-voice", IMAGE, "glm-4-voice cannot read image input; it reads text, audio."),
        ("kimi-k2.6", FILE, "kimi-k2.6 cannot read file input; it reads text, image, video."),
    ],
)
def test_a_model_refuses_what_it_does_not_read(model: str, block: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match="cannot read") as caught:
        part(block, model=model)
    assert str(caught.value) == f"messages[3].content[0]: {text}"


@pytest.mark.parametrize("kind", ["image", "video"])
def test_kimi_reads_media_inline_or_uploaded(kind: str) -> None:
    with pytest.raises(ValueError, match=r"^messages\[3\]\.content\[0\]: kimi-k2.6 cannot read URLs; give base64"):
        part({"type": kind, "url": URL}, "kimi", "kimi-k2.6")
    assert part({"type": "image", "file_id": "ms://f1"}, "kimi", "kimi-k2.6") == image("ms://f1")
    assert part({"type": "image", "base64": B64}, "kimi", "kimi-k2.6") == image(f"data:image/jpeg;base64,{B64}")


def test_glm_reads_nothing_that_was_uploaded_to_kimi() -> None:
    with pytest.raises(ValueError, match=r"glm-4\.6v cannot read files uploaded to Kimi"):
        part({"type": "image", "file_id": "ms://f1"}, "zai", "glm-4.6v")


def test_a_model_takes_what_it_reads_and_an_unknown_model_takes_all() -> None:
    assert part(FILE, model="glm-4.6v") == file(URL)
    assert part(AUDIO, model="glm-4-voice") == audio(B64, "wav")
    assert part(AUDIO, model="some-model") == audio(B64, "wav")


@pytest.mark.parametrize(
    ("block", "text"),
    [
        ({"type": "hologram"}, "blocks of type 'hologram' cannot be sent; use text, image, video, file or audio."),
        ({"type": None}, "blocks of type None cannot be sent"),
        ({"type": ["text"]}, "blocks of type"),
        ({}, "blocks of type None cannot be sent"),
        ({"type": "non_standard"}, "blocks of type 'non_standard' cannot be sent"),
        ({"type": "non_standard", "value": {"type": "box"}}, "blocks of type 'box' cannot be sent"),
        ({"type": "text"}, "the text of a text block must be a string."),
        ({"type": "text", "text": 1}, "the text of a text block must be a string."),
        ({"type": "text-plain", "url": URL}, "the text of a text-plain block must be a string."),
        ({"type": "image"}, "give url, or base64 with mime_type."),
        ({"type": "image", "url": ""}, "give url, or base64 with mime_type."),
        ({"type": "image", "file_id": "file-1"}, "give url, or base64 with mime_type."),
        ({"type": "image", "base64": 7}, "give url, or base64 with mime_type."),
        ({"type": "image_url"}, "give url, or base64 with mime_type."),
        ({"type": "image_url", "image_url": {}}, "give url, or base64 with mime_type."),
        ({"type": "image", "source": "x"}, "give url, or base64 with mime_type."),
        ({"type": "file", "base64": B64, "mime_type": "application/pdf"}, "GLM reads files only by URL"),
        ({"type": "file", "url": f"data:application/pdf;base64,{B64}"}, "GLM reads files only by URL"),
        ({"type": "file", "file_id": "f1"}, "GLM reads files only by URL"),
        ({"type": "audio", "url": URL}, "GLM reads only inline audio; give base64 and mime_type."),
        ({"type": "input_audio", "input_audio": {}}, "GLM reads only inline audio"),
    ],
)
def test_a_block_that_cannot_be_sent_is_refused(block: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=r"^messages\[3\]\.content\[0\]: ") as caught:
        part(block)
    assert text in str(caught.value)
