"""Read the events of a stream into message chunks.

LangChain concatenates strings when it merges chunks, so metadata and usage come only once, in a last chunk without
content. `tool_calls` assembles the tool calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk

from langchain_glm.errors import GLMStreamError
from langchain_glm.json import load_object
from langchain_glm.wire.reply.delta import delta_chunk
from langchain_glm.wire.reply.fences import JsonExtractor
from langchain_glm.wire.reply.message import (
    MESSAGE_FIELDS,
    UNKNOWN_ORIGIN,
    Reply,
    additional_kwargs,
    error_from_finish_reason,
    join_audio,
    join_values,
    other_fields,
    reasoning_of,
    response_metadata_of,
    text_of,
)
from langchain_glm.wire.reply.tool_calls import StreamedCalls, split_calls
from langchain_glm.wire.reply.usage import to_usage_metadata

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_core.messages.tool import ToolCallChunk

    from langchain_glm.wire.types import Event

__all__ = ["ChunkReader"]

_FIRST_VALUE_COUNTS: Final = frozenset(
    {"id", "model", "created", "request_id"}
)  # some gateways change them within a stream
_PLAIN_CHOICE: Final = frozenset({"index", "delta"})  # the only fields of GLM's choices before the last


class ChunkReader:
    """Reads one stream.

    Args:
        schemas: the schemas of the tools' arguments, by the names that were sent.
        names: the tools' original names, by the names that were sent, for tools whose name GLM refuses.
        json_only: whether the request asked for text that is only JSON; anything around the JSON is removed.
        origin: the `model_provider` and the `host` for `response_metadata`.

    Example:
        ```python
        reader = ChunkReader({})
        for event in events:
            if chunk := reader.read(event):
                yield chunk
        yield from reader.finish(marked_end=True)
        ```
    """

    def __init__(
        self,
        schemas: Mapping[str, Any],
        *,
        names: Mapping[str, str] = {},
        json_only: bool = False,
        origin: Mapping[str, str] = UNKNOWN_ORIGIN,
    ) -> None:
        self._origin = origin
        self._provider = origin["model_provider"]
        self._json_text = JsonExtractor() if json_only else None
        self._top: dict[str, Any] = {}
        self._choice: dict[str, Any] = {}
        self._fields: dict[str, list[Any]] = {}  # the other fields of deltas, each with all of its values
        self._usage: dict[str, Any] | None = None
        self._finish_reason: str | None = None
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._reasoning_field = ""
        self._blank: list[str] = []  # white space that may precede text
        self._calls = StreamedCalls(schemas, names)
        self._mcp: list[dict[str, Any]] = []
        self._logprobs: list[Any] = []
        self._order: list[str] = []  # "reasoning", "text" and the numbers of calls, in the order in which they began

    def read(self, event: Event) -> ChatGenerationChunk | None:
        """Read one event; return its chunk, or `None` if there is nothing to return yet."""
        stored = self._top.get
        for key, value in event.items():
            if key != "choices" and value != stored(key):
                self._store_top(key, value)
        text = reasoning = ""
        entries: list[dict[str, Any]] = []
        choices = event.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            delta = self._read_choice(choice)
            content = delta.get("content")
            text += content if isinstance(content, str) else text_of(content)
            if "reasoning_content" in delta or "reasoning" in delta:
                found, field = reasoning_of(delta)
                reasoning += found
                self._reasoning_field = self._reasoning_field or field
            if delta.get("tool_calls"):
                to_run, mcp = split_calls(delta["tool_calls"])
                entries += to_run
                self._mcp += mcp
        return self._chunk(text, reasoning, self._calls.read(entries, self._top.get("id")) if entries else [])

    def _store_top(self, key: str, value: Any) -> None:
        """Store a top-level field: the last value counts, except for the fields that identify the reply."""
        if key == "usage":
            self._store_usage(value)
        elif value is not None and (not self._top.get(key) or (value and key not in _FIRST_VALUE_COUNTS)):
            self._top[key] = value

    def _store_usage(self, usage: Any) -> None:
        """Store the usage: the last one counts, because some gateways send a running total with every chunk."""
        if usage and isinstance(usage, dict):
            self._usage = usage

    def _read_choice(self, choice: Any) -> Mapping[str, Any]:
        """Store the fields of a choice; return its delta."""
        if not isinstance(choice, dict):
            return {}
        if choice.keys() != _PLAIN_CHOICE:
            self._store_choice(choice)
        delta = choice.get("delta") or choice.get("message")
        if not isinstance(delta, dict):
            return {}
        if not MESSAGE_FIELDS.issuperset(delta):
            for key, value in other_fields(delta).items():
                self._fields.setdefault(key, []).append(value)
        return delta

    def _store_choice(self, choice: Mapping[str, Any]) -> None:
        """Store the fields of a choice other than its delta."""
        finish_reason = choice.get("finish_reason")
        if isinstance(finish_reason, str) and finish_reason:
            self._finish_reason = finish_reason  # GLM repeats it up to three times
        self._store_usage(choice.get("usage"))  # Moonshot puts it here
        logprobs = choice.get("logprobs")
        if isinstance(logprobs, dict) and isinstance(logprobs.get("content"), list):
            self._logprobs += logprobs["content"]
        for key, value in choice.items():
            if value is not None and key not in ("delta", "message", "logprobs"):
                self._choice[key] = value

    def _chunk(self, text: str, reasoning: str, parts: list[ToolCallChunk]) -> ChatGenerationChunk | None:
        if self._json_text and (text or parts):
            text = self._json_text.feed(text)
            if parts:  # text that comes with a call is not a JSON answer, so it is passed on
                text += self._json_text.held
                self._json_text = None
        if not self._text and (text or (parts and self._blank)):
            text = self._after_white_space(text, flush=bool(parts))
        if not (text or reasoning or parts):
            return None
        if reasoning:
            if not self._reasoning:
                self._order.append("reasoning")
            self._reasoning.append(reasoning)
        if text:
            self._store_text(text)
        if parts:
            self._order += [str(part["index"]) for part in parts if part["id"] is not None]
        return delta_chunk(text, reasoning, parts, provider=self._provider)

    def _store_text(self, text: str) -> None:
        if not self._text:
            self._order.append("text")
        self._text.append(text)

    def _after_white_space(self, text: str, *, flush: bool) -> str:
        """Hold white space back until text follows: GLM sends some before its reasoning, and it would begin a block."""
        self._blank.append(text)
        if not flush and not text.strip():
            return ""
        text = "".join(self._blank)
        self._blank = []
        return text

    @property
    def finished(self) -> bool:
        """Whether a `finish_reason` has been read; only usage and `[DONE]` may follow it."""
        return self._finish_reason is not None

    @property
    def called(self) -> bool:
        """Whether the reply holds a tool call."""
        return len(self._calls) > 0

    @property
    def lacks_search(self) -> bool:
        """Whether the reply has ended normally without search results."""
        return self._finish_reason == "stop" and not self._top.get("web_search")

    @property
    def arguments(self) -> list[str]:
        """The arguments of each tool call that have arrived so far."""
        return self._calls.arguments()

    def finish(self, *, marked_end: bool) -> list[ChatGenerationChunk]:
        """Return the last chunks: text that was held back, and a chunk without content for metadata and usage.

        Args:
            marked_end: whether the endpoint has sent `[DONE]`.

        Raises:
            GLMStreamError: if the stream ended without a finish reason or `[DONE]`, or held nothing else, so that the
                answer is incomplete.
            GLMServerError: if the finish reason means failure.
            GLMContextOverflowError: if the context was full before the answer began.
        """
        is_empty = not (self._top or self._choice or self._order or self._blank)
        if self._finish_reason is None and (is_empty or not marked_end):
            raise GLMStreamError(
                "the stream ended before the reply did", status=200, request_id=self._top.get("request_id")
            )
        parts = self._calls.ends()
        text = "".join(self._blank) + (self._json_text.flush() if self._json_text else "")
        self._blank = []
        if text:
            self._store_text(text)
        reply = self._reply()
        if error := error_from_finish_reason(reply):
            raise error
        metadata = response_metadata_of(reply)
        if (order := self._block_order()) is not None:
            metadata["block_order"] = order
        last = ChatGenerationChunk(
            message=AIMessageChunk(
                content="",
                additional_kwargs=additional_kwargs(reply),
                response_metadata=metadata,
                usage_metadata=to_usage_metadata(self._usage) if self._usage else None,
                chunk_position="last",
            ),
            generation_info={"finish_reason": self._finish_reason} if self._finish_reason else None,
        )
        return [delta_chunk(text, "", parts, provider=self._provider), last] if text or parts else [last]

    def _reply(self) -> Reply:
        """Return what the stream has sent so far."""
        if self._logprobs:
            self._choice["logprobs"] = {"content": self._logprobs}
        return Reply(
            top=self._top,
            origin=self._origin,
            choice=self._choice,
            message={
                key: join_audio(values) if key == "audio" else join_values(values)
                for key, values in self._fields.items()
            },
            finish_reason=self._finish_reason,
            usage=self._usage,
            text="".join(self._text),
            reasoning="".join(self._reasoning),
            reasoning_field=self._reasoning_field,
            called=self.called,
            mcp=self._mcp,
        )

    def _block_order(self) -> list[str] | None:
        """Return the types of the blocks in the order in which they began, or `None` if it is the usual order."""
        usual = ("reasoning", "text", "tool_call", "invalid_tool_call")
        kinds = {"reasoning": 0, "text": 1}
        for number, arguments in enumerate(self._calls.arguments()):
            kinds[str(number)] = 2 if load_object(arguments or "{}") is not None else 3
        order = [kinds[begun] for begun in self._order]
        return None if order == sorted(order) else [usual[kind] for kind in order]

    def partial(self) -> AIMessage:
        """Return what has arrived so far as a message. Its calls count as invalid, because they may be incomplete."""
        reply = self._reply()
        return AIMessage(
            content="".join((reply.text, *self._blank, self._json_text.held if self._json_text else "")),
            additional_kwargs={"reasoning_content": reply.reasoning} if reply.reasoning else {},
            response_metadata=response_metadata_of(reply),
            invalid_tool_calls=self._calls.unfinished(),
        )
