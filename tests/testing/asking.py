"""A plain HTTP client for these tests: it knows nothing of GLM."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from langchain_glm.testing import GLMServer

MODEL_OF = {"kimi": "kimi-k2.6", "kimi-cn": "kimi-k2.6"}


def body_for(text: str = "Hello", *, host: str = "zai", **rest: Any) -> dict[str, Any]:
    return {"model": MODEL_OF.get(host, "glm-4.7"), "messages": [{"role": "user", "content": text}], **rest}


def post(server: GLMServer, body: Any, path: str = "/chat/completions") -> httpx.Response:
    headers = {"authorization": f"Bearer {server.api_key}"}
    return httpx.post(server.base_url + path, json=body, headers=headers, timeout=10)


def ask(server: GLMServer, text: str = "Hello", **rest: Any) -> httpx.Response:
    return post(server, body_for(text, host=server.host, **rest))


def frames(response: httpx.Response) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data: ") for line in response.text.split("\n\n") if line]
    assert lines.pop() == "[DONE]"
    return [json.loads(line) for line in lines]


def function(name: str, description: str = "", /, **properties: Any) -> dict[str, Any]:
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}
