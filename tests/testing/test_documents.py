"""The server's endpoints for documents: what they refuse, what they answer, and what another client reads in it."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest
import zai

from langchain_glm.catalog.hosts import HOSTS
from langchain_glm.testing import Fault, GLMServer
from langchain_glm.testing.pdf import make_pdf, read_pdf
from langchain_glm.testing.web import read_html
from tests.testing.asking import post

URL = "https://docs.z.ai/guides/quick-start"
PDF = make_pdf(["# Title\n\nThe first page.", "", "The third page."])
FILE = b64encode(PDF).decode()


def code_of(server: GLMServer, body: dict[str, Any], path: str) -> tuple[int, Any]:
    answer = post(server, body, path=path)
    return answer.status_code, answer.json().get("error", {}).get("code")


@pytest.mark.parametrize(("most", "status"), [(2, 400), (3, 200)])
def test_a_request_has_no_more_pages_than_the_host_reads(most: int, status: int) -> None:
    with GLMServer(replace(HOSTS["zai"], ocr_pages=most)) as server:
        assert code_of(server, {"model": "glm-ocr", "file": FILE}, "/layout_parsing")[0] == status


# The reader.


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": 5},
        {"url": "docs.z.ai"},
        {"url": "ftp://docs.z.ai/"},
        {"url": "https://nowhere.invalid/"},
        {"url": "http://localhost:8000/"},
        {"url": "http://192.168.0.1/"},
        {"url": "http://[::1]/"},
        {"url": "https://docs.z.ai/", "timeout": 0},
        {"url": "https://docs.z.ai/", "timeout": "soon"},
        {"url": "https://docs.z.ai/", "return_format": "html"},
        {"url": "https://docs.z.ai/", "no_cache": "yes"},
    ],
)
def test_the_reader_refuses(body: dict[str, Any]) -> None:
    with GLMServer() as server:
        assert code_of(server, body, "/reader") == (400, "1214")


def test_the_reader_answers_in_the_documented_form() -> None:
    with GLMServer() as server:
        body = post(server, {"url": URL, "timeout": "5", "request_id": "my-request"}, path="/reader").json()
        assert body.keys() == {"id", "created", "request_id", "model", "reader_result"}
        assert body["request_id"] == "my-request"
        assert body["reader_result"].keys() == {"content", "description", "title", "url", "external", "metadata"}
        assert body["reader_result"]["title"] == "docs.z.ai: guides quick start"


def test_hosts_without_the_endpoints_do_not_have_them() -> None:
    for host in ("zai-coding", "bigmodel-coding", "kimi"):
        with GLMServer(host) as server:
            for path in ("/reader", "/layout_parsing", "/knowledge/retrieve"):
                assert post(server, {"url": URL}, path=path).status_code == 404


def test_a_page_as_text_and_as_markdown() -> None:
    html = (
        "<title>T</title><meta name=keywords content='a, b'><link rel=stylesheet href=/style.css><h2>Head</h2>"
        "<p>One <a href=x>link</a><br>two<img src='data:image/png;base64,AAAA' alt=dot></p><style>p{}</style>"
        "<ul><li>first</li><li>second</li></ul>"
    )
    page = read_html(html, "https://a.example/b/")
    assert page.blocks == ["## Head", "One [link](https://a.example/b/x)", "two![dot](data:)", "- first", "- second"]
    assert page.links == {"link": "https://a.example/b/x"}
    assert page.metadata == {"keywords": "a, b"}
    assert page.stylesheets == {"https://a.example/style.css": {"type": "text/css"}}
    assert (
        read_html(html, "https://a.example/b/", markdown=False).content == "Head\n\nOne link\n\ntwo\n\nfirst\n\nsecond"
    )
    assert "dot" not in read_html(html, "https://a.example/b/", images=False).content


# OCR.


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"model": "glm-5.2"}, "1211"),
        ({"model": None}, "1211"),
        ({"file": None}, "1214"),
        ({"file": "not base64!"}, "1214"),
        ({"file": b64encode(b"PK\x03\x04").decode()}, "1214"),
        ({"file": b64encode(b"%PDF-1.4 but nothing else").decode()}, "1214"),
        ({"file": URL}, "1214"),  # a page is no file
        ({"file": "https://nowhere.invalid/a.pdf"}, "1214"),
        ({"return_crop_images": "yes"}, "1214"),
        ({"start_page_id": 0}, "1214"),
        ({"start_page_id": 4}, "1214"),
        ({"start_page_id": 3, "end_page_id": 2}, "1214"),
        ({"start_page_id": "1"}, "1214"),
    ],
)
def test_ocr_refuses(change: dict[str, Any], code: str) -> None:
    with GLMServer() as server:
        assert code_of(server, {"model": "glm-ocr", "file": FILE, **change}, "/layout_parsing") == (400, code)


def test_ocr_answers_in_the_documented_form() -> None:
    with GLMServer() as server:
        body = post(server, {"model": "GLM-OCR", "file": FILE, "start_page_id": 2, "end_page_id": 9}, "/layout_parsing")
        reply = body.json()
        assert reply["md_results"] == "The third page."
        assert [len(elements) for elements in reply["layout_details"]] == [0, 1]
        assert reply["data_info"] == {"num_pages": 3, "pages": [{"width": 595, "height": 842}] * 2}
        [element] = reply["layout_details"][1]
        assert element.keys() == {"index", "label", "native_label", "bbox_2d", "content", "height", "width"}
        assert "layout_visualization" not in reply


@pytest.mark.parametrize(("host", "limit"), [("zai", 30), ("bigmodel", 100)])
def test_ocr_reads_so_many_pages_at_once(host: str, limit: int) -> None:
    longer = b64encode(make_pdf(["x"] * (limit + 1))).decode()
    with GLMServer(host) as server:
        body = {"model": "glm-ocr", "file": f"data:application/pdf;base64,{longer}"}
        assert code_of(server, body, "/layout_parsing") == (400, "1214")
        assert code_of(server, {**body, "end_page_id": limit}, "/layout_parsing") == (200, None)


def test_the_official_sdk_reads_both() -> None:
    with GLMServer(web={"https://files.example.com/a.pdf": PDF}) as server:
        client: Any = zai.ZaiClient(api_key=server.api_key, base_url=server.base_url, max_retries=0)
        page = client.web_reader.web_reader(url=URL, timeout="10", with_links_summary=True)
        assert page.reader_result.content.startswith("# Guides quick start")
        assert page.reader_result.links == {"Home": "https://docs.z.ai/"}
        found = client.layout_parsing.create(model="glm-ocr", file="https://files.example.com/a.pdf")
        assert found.data_info.num_pages == 3
        assert found.layout_details[0][0].content == "# Title"
        assert found.usage.total_tokens == found.usage.prompt_tokens + found.usage.completion_tokens
        client.close()


# The server's own PDFs.


def test_text_of_a_made_pdf_is_read_where_it_was_put() -> None:
    long = "word " * 200
    page, other = read_pdf(make_pdf([f"# A (title) \\ with marks\n\n{long}\n\nlast", "中文，" * 60]))
    title, text, last = page.blocks
    assert title.text == "A (title) \\ with marks"
    assert title.title
    assert text.text == long.strip()
    assert last.text == "last"
    assert title.box[3] <= text.box[1] < text.box[3] <= last.box[1]
    assert other.blocks[0].text == "中文，" * 60


def test_text_beyond_the_end_of_the_page_is_cut_off() -> None:
    [page] = read_pdf(make_pdf(["\n\n".join(f"paragraph {number}" for number in range(200))]))
    assert 20 < len(page.blocks) < 60
    assert all(0 <= edge <= 1 for block in page.blocks for edge in block.box)


@pytest.mark.parametrize("path", ["/reader", "/layout_parsing", "/knowledge/retrieve"])
def test_each_path_has_faults(path: str) -> None:
    with GLMServer("bigmodel") as server:
        server.queue(Fault.code("1302"), path=path)
        assert server.clear_queue() == [Fault.code("1302")]
