"""`POST /web_search`: results for a query, some without a link, or none if the query needs no search.

Sources: docs.bigmodel.cn and docs.z.ai (fields, engines, prices), 2026-06 to 2026-10; an exchange recorded on BigModel
on 2026-10-09, in which `link`, `icon` and `media` are empty for `search_std` and `search_pro`; a measurement on Z.ai of
2026-10-18. A coding plan's account that has a balance is answered, because the search is billed to the balance.
Assumed: what the other engines send, and that longer queries are refused with 1214; BigModel's schema limits them to 70
characters. A wrong `search_recency_filter` is not refused (zai-sdk 0.2.3).
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, Final

from langchain_glm.catalog.hosts import SEARCH_COUNTS
from langchain_glm.testing.found_pages import found_pages
from langchain_glm.testing.refusals import Problem, json_answer, refuse
from langchain_glm.testing.turn import new_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.testing.steps import Answer

__all__ = ["web_search"]

_DEFAULT_COUNT: Final = 10
_MAX_COUNT: Final = 50
_CHARACTERS: Final = {"medium": 1000, "high": 2500}
"""The length of a result's content; a recorded one of size `medium` had 1,048 characters."""
_WITHOUT_LINKS: Final = frozenset({("bigmodel", "search_std"), ("bigmodel", "search_pro")})
_SMALL_TALK: Final = re.compile(
    r"(hi|hello|hey|thanks?( you)?|good (morning|night)|你好|您好|谢谢|早上好)[\s.!。！]*", re.IGNORECASE
)
"""The queries for which the detection of intents finds that no search is needed."""


def web_search(body: Mapping[str, Any], host: Host) -> Answer:
    """Answer `POST /web_search`, which Zhipu's own hosts serve."""
    engine = body.get("search_engine")
    if not host.search_engines or (engine is not None and engine not in host.search_engines):
        return refuse(Problem("1211", str(engine)), host)
    wrong = next(_problems(body, host), None)
    if wrong:
        return refuse(Problem("1214", wrong), host)
    query, now = body["search_query"], int(time.time())
    answer_id = new_id(host, now)
    needless = body.get("search_intent") is True and _SMALL_TALK.fullmatch(query.strip())
    # SEARCH_ALL is recorded; the others are documented, but not for which queries they come.
    intent = "SEARCH_NONE" if needless else "SEARCH_ALL" if body.get("search_intent") is True else "SEARCH_ALWAYS"
    keywords = "" if needless else query.lower()
    reply = {
        "created": now,
        "id": answer_id,
        "request_id": body.get("request_id") or answer_id,
        "search_intent": [{"intent": intent, "keywords": keywords, "query": query}],
    }
    return json_answer(reply if needless else {**reply, "search_result": _results(body, host)})


def _problems(body: Mapping[str, Any], host: Host) -> Iterator[str]:
    """Yield the fields that are missing or out of range."""
    query, engine = body.get("search_query"), body.get("search_engine")
    limit = host.search_query_limit
    if not isinstance(query, str) or not query.strip() or (limit and len(query) > limit):
        yield f"search_query [1, {limit}]" if limit else "search_query"
    if not engine:
        yield "search_engine"
    count = body.get("count", _DEFAULT_COUNT)
    if type(count) is not int or count not in SEARCH_COUNTS.get(str(engine), range(1, _MAX_COUNT + 1)):
        yield "count"
    if body.get("content_size", "medium") not in ("medium", "high"):
        yield "content_size"


def _results(body: Mapping[str, Any], host: Host) -> list[dict[str, Any]]:
    characters = _CHARACTERS[body.get("content_size", "medium")]
    found = found_pages(body["search_query"], body.get("count", _DEFAULT_COUNT), characters=characters)
    if domain := body.get("search_domain_filter"):
        found = [{**page, "link": f"https://{domain}/{number}"} for number, page in enumerate(found, 1)]
    if (host.name.removesuffix("-coding"), body["search_engine"]) in _WITHOUT_LINKS:
        return [{**page, "link": "", "icon": "", "media": ""} for page in found]
    return found
