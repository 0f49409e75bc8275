"""Make the request of a web search: its engine, its count, and a query that is not too long."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from langchain_glm.catalog.hosts import SEARCH_COUNTS
from langchain_glm.errors import GLMValueError
from langchain_glm.wire.request.query import check_query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_glm.catalog.hosts import Host

__all__ = ["build_search", "cut_query", "engine_for"]

# A word of letters and digits; or any other character, such as a Chinese one, after which a text may also be cut.
_PIECE: Final = re.compile(r"[^\W\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]+|.", re.DOTALL)


def build_search(query: str, count: int, settings: Mapping[str, Any], host: Host) -> tuple[dict[str, Any], str | None]:
    """Return the request body of a search, and the text of a warning (or `None`).

    Args:
        query: what to search for.
        count: how many results are wanted; an engine that accepts only some numbers is asked for the next higher one.
        settings: the other fields of the request; those that are `None` are left out.
        host: the endpoint.

    Raises:
        GLMValueError: if the query is blank, or if no engine is given and none is known for the host.

    Example:
        ```python
        build_search("GLM", 3, {"search_engine": "search_pro_sogou"}, HOSTS["bigmodel"])[0]["count"]  # 10
        ```
    """
    query = check_query(query)
    engine = engine_for(settings.get("search_engine"), host)
    limit, notice = host.search_query_limit, None
    if limit and len(query) > limit:
        query = cut_query(query, limit)
        notice = f"/web_search of host {host.name!r} reads {limit} characters of a query; longer queries are cut."
    given = {name: value for name, value in settings.items() if value is not None}
    accepted = SEARCH_COUNTS.get(engine, (count,))
    count = next((number for number in accepted if number >= count), accepted[-1])
    return {**given, "search_query": query, "search_engine": engine, "count": count}, notice


def engine_for(engine: str | None, host: Host) -> str:
    """Return the engine that was given, or the host's default.

    Raises:
        GLMValueError: if there is neither.
    """
    if engine or host.search_engines:
        return engine or host.search_engines[0]
    raise GLMValueError(f"search_engine: the engines of host {host.name!r} are not known; give the name of one.")


def cut_query(query: str, limit: int) -> str:
    """Return the beginning of a query, up to the end of a word; a single word that is too long is cut within.

    Args:
        query: the query.
        limit: the maximum number of characters.

    Example:
        ```python
        cut_query("large language models", 10)  # "large"
        ```
    """
    query = query.strip()
    ends = (piece.end() for piece in _PIECE.finditer(query))
    return query[: max((end for end in ends if end <= limit), default=limit)].rstrip()
