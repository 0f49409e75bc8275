"""The notice about a search that brought nothing: BigModel answers without an error if the balance is used up."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.tools import tool

from langchain_glm import HOSTS, GLMWarning, WebSearch
from langchain_glm.testing import GLMServer, Reply, ToolCall

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_glm import ChatGLM

    Make = Callable[..., ChatGLM]

FOUND = [{"title": "GLM", "link": "", "refer": "ref_1"}]


@tool
def look() -> str:
    """Look."""
    return "seen"


async def ask(model: Any, way: str) -> None:
    match way:
        case "invoke":
            model.invoke("What is new?")
        case "stream":
            list(model.stream("What is new?"))
        case "ainvoke":
            await model.ainvoke("What is new?")
        case "astream":
            _ = [chunk async for chunk in model.astream("What is new?")]
        case "events":
            list(model.stream_events("What is new?", version="v3"))


async def notices(model: Any, way: str = "invoke", times: int = 1) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(times):
            await ask(model, way)
    return [str(warning.message) for warning in caught if warning.category is GLMWarning]


@pytest.mark.parametrize("way", ["invoke", "stream", "ainvoke", "astream", "events"])
@pytest.mark.glm_host("bigmodel")
async def test_it_comes_once(way: str, glm_server: GLMServer, make_model: Make) -> None:
    glm_server.queue(*[Reply("Nothing much.")] * 3)
    (notice,) = await notices(make_model(web_search=True), way, times=3)
    for part in ("No search result came", "ungrounded", "no need to search", "bigmodel", "Check the search balance"):
        assert part in notice


OFFERED: dict[str, Any] = {
    "a setting": {"web_search": True},
    "a tool": {"tools": [WebSearch(count=3)]},
    "as official samples write it": {
        "tools": [{"type": "web_search", "web_search": {"enable": "True", "search_result": "True"}}]
    },
}
SILENT: dict[str, tuple[dict[str, Any], Reply]] = {
    "results came": ({"web_search": True}, Reply("Much [ref_1].", web_search=FOUND)),
    "no search was offered": ({}, Reply("Nothing.")),
    "the search is off": ({"web_search": WebSearch(enable=False)}, Reply("Nothing.")),
    "the results are not wanted": ({"web_search": WebSearch(search_result=False)}, Reply("Nothing.")),
    "the default is not to send results": (
        {"tools": [{"type": "web_search", "web_search": {"enable": True}}]},
        Reply("Nothing."),
    ),
    "the answer was cut off": ({"web_search": True}, Reply("Noth", finish_reason="length")),
    "content safety stopped it": ({"web_search": True}, Reply("", finish_reason="sensitive")),
}


@pytest.mark.parametrize("offered", OFFERED.values(), ids=OFFERED)
@pytest.mark.glm_host("bigmodel")
async def test_however_the_search_was_offered(offered: Any, glm_server: GLMServer, make_model: Make) -> None:
    glm_server.queue(Reply("Nothing much."))
    assert len(await notices(make_model().bind(**offered))) == 1


@pytest.mark.parametrize("way", ["invoke", "stream"])
@pytest.mark.parametrize(("offered", "reply"), SILENT.values(), ids=SILENT)
@pytest.mark.glm_host("bigmodel")
async def test_there_is_none_if(
    offered: dict[str, Any], reply: Reply, way: str, glm_server: GLMServer, make_model: Make
) -> None:
    glm_server.queue(reply)
    assert await notices(make_model().bind(**offered), way) == []


@pytest.mark.parametrize("way", ["invoke", "stream"])
@pytest.mark.glm_host("bigmodel")
async def test_beside_functions_another_notice_says_more(way: str, glm_server: GLMServer, make_model: Make) -> None:
    glm_server.queue(Reply("Nothing much."), Reply(tool_calls=[ToolCall("look")]))
    (notice,) = await notices(make_model(web_search=True).bind_tools([look]), way, times=2)
    for part in ("GLM ignores its built-in web_search", "GLMWebSearchMiddleware", "coding plans do not serve"):
        assert part in notice


@pytest.mark.parametrize("host", sorted(HOSTS.keys() - {"bigmodel", "kimi", "kimi-cn"}))
async def test_only_where_it_is_known(host: str, make_model: Make) -> None:
    with GLMServer(host, replies=[Reply("Nothing much.")]) as server:
        model = make_model(host=host, base_url=server.base_url, api_key=server.api_key, model="glm-5.3-flash")
        assert await notices(model.bind(web_search=True)) == []
