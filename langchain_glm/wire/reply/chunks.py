"""The events of one stream → message chunks: one small state machine.

What LangChain's merging demands shapes it: strings that are merged are concatenated, so metadata and usage go
out once, on a last chunk without content; tool calls merge by index, so each gets one of ours.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.tool import ToolCallChunk, invalid_tool_call
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.utils.json import parse_partial_json

from langchain_glm.errors import GLMStreamError
from langchain_glm.json import load_object
from langchain_glm.wire.reply.completion import INVALID, arguments_of, call_id_of, too_deep
from langchain_glm.wire.reply.delta import delta_chunk, fragment_chunk, validated_chunk
from langchain_glm.wire.reply.fences import Unwrapped
from langchain_glm.wire.reply.fragments import ArgumentFragments
from langchain_glm.wire.reply.message import (
    NO_CHOICE_METADATA,
    citations,
    own_metadata,
    reasoning_of,
    split_calls,
    text_of,
)
from langchain_glm.wire.reply.usage import to_usage_metadata
from langchain_glm.wire.schemas.read_back import reads_strings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_glm.wire.types import Event

__all__ = ["ChunkReader"]

_FIRST_WINS: Final = frozenset({"id", "model", "created", "request_id"})  # some gateways change them in mid-stream
_DEEP: Final = 300
_PLAIN_CHOICE: Final = frozenset({"index", "delta"})  # all that a native choice holds before the last
_SAID_ONCE: Final = _FIRST_WINS | {"object", "choices"}
_UNFINISHABLE: Final = ("]", "}", '"]', '"}', '""]', '""}')


class _Call:
    """One tool call that is being streamed."""

    __slots__ = ("arguments", "fragments", "id", "index", "name", "number", "sent_id")

    def __init__(self, number: int, sent_id: str | None, call_id: str, index: Any) -> None:
        self.number = number
        self.sent_id = sent_id
        self.id = call_id
        self.index = index
        self.name = ""
        self.arguments: list[str] = []  # as given out
        self.fragments: ArgumentFragments | None = None

    def all_arguments(self) -> str:
        """What has come of the arguments, given out or not."""
        return "".join(self.arguments) + (self.fragments.held if self.fragments else "")


class ChunkReader:
    """Reads one stream.

    Args:
        schemas: function name → schema of its arguments, for arguments that come as JSON in a string.
        bare: whether the text was asked to be JSON and nothing else; a wrapping around it is taken off.

    Example:
        ```python
        reader = ChunkReader({})
        for event in events:
            if chunk := reader.read(event):
                yield chunk
        yield from reader.finish()
        ```
    """

    def __init__(self, schemas: Mapping[str, Any], *, bare: bool = False) -> None:
        self._schemas = schemas
        self._wrapping = Unwrapped() if bare else None
        self._known: tuple[str, ...] = ()
        self._top: dict[str, Any] = {}
        self._choice: dict[str, Any] = {}
        self._finish_reason: str | None = None
        self._done = False
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._blank = ""  # white space that no text has followed yet
        self._calls: list[_Call] = []
        self._mcp: list[dict[str, Any]] = []
        self._logprobs: list[Any] = []
        self._extra: dict[str, Any] = {}

    def read(self, event: Event) -> ChatGenerationChunk | None:
        """Take one event; return its chunk, or `None` if it holds nothing to give out yet.

        Args:
            event: a parsed frame; an empty one says that the endpoint has marked the end (`[DONE]`).
        """
        if not event:
            self._done = True
            return None
        if tuple(event) != self._known:  # half the time of comparing sets
            self._note(event)
        text = reasoning = ""
        parts: list[ToolCallChunk] = []
        choices = event.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            delta = self._read_choice(choice)
            content = delta.get("content")
            text += content if isinstance(content, str) else text_of(content)
            if "reasoning_content" in delta or "reasoning" in delta:
                reasoning += reasoning_of(delta)
            if delta.get("tool_calls"):
                self._read_calls(delta["tool_calls"], parts)
        return self._chunk(text, reasoning, parts)

    def _note(self, event: Event) -> None:
        """Note what an event says about the reply."""
        for key, value in event.items():
            if key == "usage":
                self._note_usage(value)
            elif key == "choices" or value is None or (key in _FIRST_WINS and self._top.get(key)):
                continue
            elif value or key not in self._top:
                self._top[key] = value
        # Events with the same keys, all of them noted for good, need not be looked at again.
        if event.keys() <= _SAID_ONCE and all(self._top.get(key) for key in event if key in _FIRST_WINS):
            self._known = tuple(event)

    def _note_usage(self, usage: Any) -> None:
        """The last one counts: some gateways send it with every chunk, adding up."""
        if usage and isinstance(usage, dict):
            self._top["usage"] = usage

    def _read_choice(self, choice: Any) -> Mapping[str, Any]:
        """Note what the choice says about the reply; return its delta."""
        if not isinstance(choice, dict):
            return {}
        if choice.keys() != _PLAIN_CHOICE:
            self._note_choice(choice)
        delta = choice.get("delta") or choice.get("message")
        if not isinstance(delta, dict):
            return {}
        if "audio" in delta or "refusal" in delta:
            self._note_delta(delta)
        return delta

    def _note_choice(self, choice: Mapping[str, Any]) -> None:
        """Note what a choice says besides its delta."""
        finish_reason = choice.get("finish_reason")
        if isinstance(finish_reason, str) and finish_reason:
            self._finish_reason = finish_reason  # GLM repeats it up to three times
        self._note_usage(choice.get("usage"))  # Moonshot puts it here
        logprobs = choice.get("logprobs")
        if isinstance(logprobs, dict) and isinstance(logprobs.get("content"), list):
            self._logprobs += logprobs["content"]
        if not NO_CHOICE_METADATA.issuperset(choice):
            self._choice |= {key: value for key, value in choice.items() if value is not None and key != "logprobs"}

    def _note_delta(self, delta: Mapping[str, Any]) -> None:
        """Note what a delta holds besides text, reasoning and calls."""
        if delta.get("audio"):
            self._extra["audio"] = delta["audio"]
        if isinstance(delta.get("refusal"), str) and delta["refusal"]:
            self._extra["refusal"] = self._extra.get("refusal", "") + delta["refusal"]

    def _read_calls(self, sent: Any, chunks: list[ToolCallChunk]) -> None:
        """Assign each part of `tool_calls` to its call; add what is new to `chunks`, one a call."""
        entries, mcp = split_calls(sent)
        self._mcp += mcp
        for entry in entries:
            function = entry["function"]
            name = function.get("name")
            name = name if isinstance(name, str) else ""
            arguments = arguments_of(function.get("arguments"))
            sent_id = entry.get("id")
            sent_id = sent_id if isinstance(sent_id, str) and sent_id else None
            call = self._find_call(sent_id, entry.get("index"), name)
            known = call is not None
            if call is None:
                number = len(self._calls)
                call = _Call(number, sent_id, call_id_of(sent_id, self._top.get("id"), number), entry.get("index"))
                self._calls.append(call)
            named = bool(name) and not call.name  # a repeated name would be concatenated
            if named:
                call.name = name
                schema = self._schemas.get(name)
                call.fragments = ArgumentFragments(schema) if schema and reads_strings(schema) else None
            if arguments and call.fragments:
                arguments = call.fragments.feed(arguments)
            if arguments:
                call.arguments.append(arguments)
            begun = next((chunk for chunk in chunks if chunk["index"] == call.number), None)
            if begun is not None:  # LangChain merges the chunks of two messages, never those of one
                begun["name"] = begun["name"] or (name if named else None)
                begun["args"] = (begun["args"] or "") + arguments
            elif arguments or named or not known:
                chunks.append(
                    ToolCallChunk(
                        name=name if named else None,
                        args=arguments,
                        id=None if known else call.id,
                        index=call.number,
                        type="tool_call_chunk",
                    )
                )

    def _find_call(self, sent_id: str | None, index: Any, name: str) -> _Call | None:
        """The call that a part continues, or `None` if it begins one.

        Ids are repeated by some gateways, indices are -1 for every call on some models, and continuations may
        lack either.
        """
        same_index = next((call for call in reversed(self._calls) if call.index == index), None)
        if sent_id is not None:
            same = next((call for call in self._calls if call.sent_id == sent_id and call.index == index), None)
            if same or name:
                return same
        elif name and (same_index is None or (same_index.name and _begins_another(same_index, name))):
            return None
        return same_index or (self._calls[-1] if self._calls else None)

    def _chunk(self, text: str, reasoning: str, parts: list[ToolCallChunk]) -> ChatGenerationChunk | None:
        if self._wrapping and text:
            text = self._wrapping.feed(text)
        if not self._text and (text or (parts and self._blank)):
            text = self._visible(text, flush=bool(parts))
        if not (text or reasoning or parts):
            return None
        if text:
            self._text.append(text)
        if reasoning:
            self._reasoning.append(reasoning)
        if not parts:
            return delta_chunk(text, reasoning)
        return validated_chunk(text, reasoning, parts) if text or reasoning else fragment_chunk(parts)

    def _visible(self, text: str, *, flush: bool) -> str:
        """Keep white space until text follows: GLM sends some before its reasoning, where it would open a block."""
        text, self._blank = self._blank + text, ""
        if not flush and not text.strip():
            self._blank = text
            return ""
        return text

    def finish(self) -> list[ChatGenerationChunk]:
        """Return the last chunks: what was held back, and one without content that holds metadata and usage.

        Raises:
            GLMStreamError: if the stream ended with neither a finish reason nor `[DONE]`; half an answer is no
                answer.
        """
        if self._finish_reason is None and not self._done:
            raise GLMStreamError(
                "the stream ended before the reply did", status=200, request_id=self._top.get("request_id")
            )
        if any(_too_deep(call.all_arguments()) for call in self._calls):
            raise too_deep()
        rest = self._rest()
        reasoning, text = "".join(self._reasoning), "".join(self._text)
        if self._logprobs:
            self._choice["logprobs"] = {"content": self._logprobs}
        usage = self._top.get("usage")
        usage = usage if isinstance(usage, dict) else None
        extra = dict(self._extra)
        if marks := citations(text, self._top.get("web_search")):
            extra["annotations"] = marks
        last = ChatGenerationChunk(
            message=AIMessageChunk(
                content="",
                additional_kwargs=extra,
                response_metadata=own_metadata(
                    self._top,
                    self._choice,
                    finish_reason=self._finish_reason,
                    usage=usage,
                    reasoning=reasoning,
                    mcp=self._mcp,
                ),
                usage_metadata=to_usage_metadata(usage) if usage else None,
                chunk_position="last",
            ),
            generation_info={"finish_reason": self._finish_reason} if self._finish_reason else None,
        )
        return [rest, last] if rest else [last]

    def _rest(self) -> ChatGenerationChunk | None:
        """Text that was held back, and the ends of tool calls."""
        parts = []
        for call in self._calls:
            end = call.fragments.held if call.fragments else ""
            end += _unfinishable(call.all_arguments())
            if end:
                parts.append(ToolCallChunk(name=None, args=end, id=None, index=call.number, type="tool_call_chunk"))
        text = self._blank + (self._wrapping.flush() if self._wrapping else "")
        self._blank = ""
        if text:
            self._text.append(text)
        return validated_chunk(text, "", parts) if text or parts else None

    @property
    def done(self) -> bool:
        """Whether the endpoint has marked the end."""
        return self._done

    @property
    def called(self) -> bool:
        """Whether the reply holds a tool call."""
        return bool(self._calls)

    @property
    def arguments(self) -> list[str]:
        """The arguments of each tool call, as far as they have come."""
        return [call.all_arguments() for call in self._calls]

    def partial(self) -> AIMessage:
        """What has arrived so far, as a message; calls, being unfinished, are invalid ones."""
        reasoning = "".join(self._reasoning)
        return AIMessage(
            content="".join(self._text) or self._blank,
            additional_kwargs={"reasoning_content": reasoning} if reasoning else {},
            response_metadata=own_metadata(
                self._top,
                {},
                finish_reason=self._finish_reason,
                usage=None,
                reasoning=reasoning,
                mcp=self._mcp,
            ),
            invalid_tool_calls=[
                invalid_tool_call(name=call.name, args=call.all_arguments(), id=call.id, error=INVALID)
                for call in self._calls
            ],
        )


def _too_deep(arguments: str) -> bool:
    """Whether Python cannot read JSON for its nesting: LangChain's events would end in a `RecursionError`."""
    if arguments.count("{") + arguments.count("[") < _DEEP:
        return False
    try:
        json.loads("[" * 100 + arguments + "]" * 100)  # LangChain reads them a few calls deeper in the stack
    except RecursionError:
        return True
    except ValueError:
        pass
    return False


def _unfinishable(arguments: str) -> str:
    """What to append to arguments that are no JSON, so that LangChain's merging does not complete them.

    It closes open strings and brackets by itself, and would hand a tool half of its arguments as if they were
    all: `{"path": "/ho` becomes a call with the path `/ho`. A bracket that closes nothing prevents that.
    """
    if not arguments or load_object(arguments) is not None:
        return ""
    return next((end for end in ("", *_UNFINISHABLE) if not _taken(arguments + end)), "")


def _taken(arguments: str) -> bool:
    """Whether one of LangChain's readers makes a call of it: merging completes objects, events take any JSON."""
    for read, kind in ((parse_partial_json, dict), (json.loads, object)):
        try:
            if isinstance(read(arguments), kind):
                return True
        except (ValueError, RecursionError):
            continue
    return False


def _begins_another(call: _Call, name: str) -> bool:
    """Whether a name without an id begins another call than the one of the same index: where indices say nothing."""
    return name != call.name or (call.sent_id is None and call.index in (None, -1))
