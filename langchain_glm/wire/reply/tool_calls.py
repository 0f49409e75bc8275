"""Read tool calls from a complete message, or assemble them from the parts in a stream."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from langchain_core.messages.tool import ToolCall, ToolCallChunk, invalid_tool_call, tool_call

from langchain_glm.errors import GLMStreamError
from langchain_glm.json import dump_json, load_object
from langchain_glm.wire.reply.fragments import ArgumentFragments
from langchain_glm.wire.schemas.read_back import may_hold_json_strings, read_by_schema

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from langchain_core.messages import InvalidToolCall

__all__ = ["StreamedCalls", "read_calls", "split_calls"]

_INVALID: Final = "The arguments are not a JSON object."
_MAX_BRACKETS: Final = 300
_NO_INDEX: Final = (None, -1)  # some models give every call the index -1
_TOKEN: Final = re.compile(r'[{}\[\]]|"[^"\\]*(?:\\.[^"\\]*)*("|\\?\Z)', re.DOTALL)
"""A bracket, or a string, which ends with a quote or with the text, perhaps within an escape."""


def split_calls(calls: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Split `tool_calls` into calls to run and MCP calls, which the endpoint has already run."""
    entries = [call for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    mcp = [call for call in entries if call.get("type") == "mcp"]
    return [call for call in entries if call.get("type") != "mcp" and isinstance(call.get("function"), dict)], mcp


def read_calls(
    entries: Sequence[Mapping[str, Any]], schemas: Mapping[str, Any], names: Mapping[str, str], reply_id: Any
) -> tuple[list[ToolCall], list[InvalidToolCall]]:
    """Read the calls of a complete message; return the valid calls and the invalid ones.

    Args:
        entries: the calls to run, from `split_calls`.
        schemas: the schemas of the tools' arguments, by the names that were sent.
        names: the tools' original names, by the names that were sent.
        reply_id: the reply's id, from which ids are made for calls without one.
    """
    calls: list[ToolCall] = []
    invalid: list[InvalidToolCall] = []
    ids: set[str] = set()
    for number, entry in enumerate(entries):
        function = entry["function"]
        wire_name, call_id = _text(function.get("name")), _call_id(entry.get("id"), reply_id, number, ids)
        ids.add(call_id)
        name = names.get(wire_name, wire_name)
        sent = function.get("arguments")
        text = _arguments(sent)
        arguments = sent if isinstance(sent, dict) else load_object(text or "{}")
        if arguments is None:
            invalid.append(invalid_tool_call(name=name, args=text, id=call_id, error=_INVALID))
        else:
            calls.append(tool_call(name=name, args=read_by_schema(arguments, schemas.get(wire_name)), id=call_id))
    return calls, invalid


class _Call:
    """One tool call of a stream.

    Attributes:
        pieces: the arguments as they were passed on.
        begins_complete: whether its first part held a complete object; only known if the index is missing or -1.
    """

    __slots__ = ("begins_complete", "fragments", "id", "index", "number", "pieces", "sent_id", "wire_name")

    def __init__(self, number: int, sent_id: str, call_id: str, index: int | str | None, first: str) -> None:
        self.number = number
        self.sent_id = sent_id
        self.id = call_id
        self.index = index
        self.begins_complete = bool(first) and index in _NO_INDEX and load_object(first) is not None
        self.wire_name = ""
        self.pieces: list[str] = []
        self.fragments: ArgumentFragments | None = None

    def arguments(self) -> str:
        """Return the arguments that have arrived, including those that are held back."""
        return "".join(self.pieces) + (self.fragments.held if self.fragments else "")


class StreamedCalls:
    """Assembles the tool calls of one stream.

    Each call gets a unique index, because LangChain merges fragments by index and endpoints repeat or omit it.

    Args:
        schemas: the schemas of the tools' arguments, by the names that were sent.
        names: the tools' original names, by the names that were sent.
    """

    def __init__(self, schemas: Mapping[str, Any], names: Mapping[str, str]) -> None:
        self._schemas = schemas
        self._names = names
        self._calls: list[_Call] = []
        self._ids: set[str] = set()
        self._by_index: dict[Any, _Call] = {}  # the last call of each index
        self._by_id: dict[tuple[str, Any], _Call] = {}  # the last call of each id and index

    def __len__(self) -> int:
        """Return how many calls have begun."""
        return len(self._calls)

    def read(self, entries: Sequence[Mapping[str, Any]], reply_id: Any) -> list[ToolCallChunk]:
        """Read the calls of one delta; return one chunk with the new parts of each call.

        LangChain merges the chunks of two messages, but not those of one message.
        """
        begun = len(self._calls)
        before: dict[int, tuple[_Call, int, bool]] = {}  # how many pieces each call had, and whether it had a name
        for entry in entries:
            function = entry["function"]
            wire_name, arguments = _text(function.get("name")), _arguments(function.get("arguments"))
            sent_id, index = _text(entry.get("id")), entry.get("index")
            index = index if isinstance(index, int | str) else None
            call = self._find(sent_id, index, wire_name, arguments)
            if call is None:
                call = self._begin(sent_id, _call_id(sent_id, reply_id, len(self._calls), self._ids), index, arguments)
            before.setdefault(call.number, (call, len(call.pieces), bool(call.wire_name)))
            if wire_name and not call.wire_name:  # a repeated name would be concatenated
                call.wire_name = wire_name
                schema = self._schemas.get(wire_name)
                call.fragments = ArgumentFragments(schema) if schema and may_hold_json_strings(schema) else None
            if arguments and call.fragments:
                arguments = call.fragments.feed(arguments)
            if arguments:
                call.pieces.append(arguments)
        chunks = []
        for call, pieces, named in before.values():
            name = self._name(call) if call.wire_name and not named else None
            arguments = "".join(call.pieces[pieces:])
            if name or arguments or call.number >= begun:
                chunks.append(_chunk(call.number, arguments, name, call.id if call.number >= begun else None))
        return chunks

    def ends(self) -> list[ToolCallChunk]:
        """Return the last fragment of each call that needs one: held-back text, and an ending that makes it invalid.

        Raises:
            GLMStreamError: if arguments are nested too deep.
        """
        chunks = []
        for call in self._calls:
            arguments = call.arguments()
            if _is_too_deep(arguments):
                raise _too_deep_error()
            end = (call.fragments.held if call.fragments else "") + _invalid_ending(arguments)
            if end:
                chunks.append(_chunk(call.number, end))
        return chunks

    def arguments(self) -> list[str]:
        """Return the arguments of each call that have arrived so far."""
        return [call.arguments() for call in self._calls]

    def unfinished(self) -> list[InvalidToolCall]:
        """Return all calls as invalid calls, because they must not be run before the stream has ended."""
        return [
            invalid_tool_call(name=self._name(call), args=call.arguments(), id=call.id, error=_INVALID)
            for call in self._calls
        ]

    def _name(self, call: _Call) -> str:
        return self._names.get(call.wire_name, call.wire_name)

    def _begin(self, sent_id: str, call_id: str, index: int | str | None, first: str) -> _Call:
        call = _Call(len(self._calls), sent_id, call_id, index, first)
        self._calls.append(call)
        self._ids.add(call_id)
        self._by_index[index] = call
        if sent_id:
            self._by_id[sent_id, index] = call
        return call

    def _find(self, sent_id: str, index: int | str | None, name: str, arguments: str) -> _Call | None:
        """Return the call that a part continues, or `None` if it begins a call.

        Some gateways repeat ids, some models send the index -1 for every call, and continuations may have neither.
        """
        same_index = self._by_index.get(index)
        if sent_id:
            same_id = self._by_id.get((sent_id, index))
            if same_id and index in _NO_INDEX and _is_second_call(same_id, name, arguments):
                return None
            if same_id or name:
                return same_id
        elif name and (same_index is None or (same_index.wire_name and _begins_another(same_index, name))):
            return None
        return same_index or (self._calls[-1] if self._calls else None)


def _begins_another(call: _Call, name: str) -> bool:
    """Whether a part with a name but no id begins another call with the same index."""
    return name != call.wire_name or (not call.sent_id and call.index in _NO_INDEX)


def _is_second_call(call: _Call, name: str, arguments: str) -> bool:
    """Whether a part with the same id and no useful index is another call, not a continuation."""
    if not (name and call.wire_name):
        return False
    return name != call.wire_name or (call.begins_complete and bool(arguments))


def _chunk(number: int, arguments: str, name: str | None = None, call_id: str | None = None) -> ToolCallChunk:
    return ToolCallChunk(name=name, args=arguments, id=call_id, index=number, type="tool_call_chunk")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _call_id(sent: Any, reply_id: Any, number: int, taken: Container[str]) -> str:
    """Return the call's id, or one made from the reply's id, so that a tool message can answer it.

    If two calls have the same id, the number of the second is added to it: LangChain identifies calls by their ids.
    """
    call_id = _text(sent) or f"call_{reply_id or 'glm'}_{number}"
    return f"{call_id}_{number}" if call_id in taken else call_id


def _arguments(raw: Any) -> str:
    """Return arguments as a string; some gateways send an object or null."""
    if isinstance(raw, str):
        return raw
    try:
        return "" if raw is None else dump_json(raw)
    except ValueError:
        raise _too_deep_error() from None


def _too_deep_error() -> GLMStreamError:
    """Return the error for arguments that are nested too deep for Python's JSON decoder, which LangChain uses."""
    return GLMStreamError("the arguments of a tool call are nested too deep to be read", status=200)


def _is_too_deep(arguments: str) -> bool:
    """Whether the nesting is too deep for Python, so that LangChain would raise a `RecursionError`."""
    if arguments.count("{") + arguments.count("[") < _MAX_BRACKETS:
        return False
    try:
        json.loads("[" * 100 + arguments + "]" * 100)  # LangChain reads them a few calls deeper in the stack
    except RecursionError:
        return True
    except ValueError:
        pass
    return False


def _invalid_ending(arguments: str) -> str:
    """Return the ending that keeps LangChain from making a call of arguments that are not a JSON object.

    LangChain closes open strings and brackets, so incomplete arguments would seem complete: `{"path": "/ho` would
    become a call with the path `/ho`. A bracket that does not match prevents that. It also ends LangChain's search for
    a completion, which takes time proportional to the square of the length.
    """
    if not arguments or load_object(arguments) is not None:
        return ""
    open_brackets: list[str] = []
    string_end = ""
    for token in _TOKEN.finditer(arguments):
        bracket, quote = token.group(), token.group(1)
        if bracket in "{[":
            open_brackets.append(bracket)
        elif bracket in "}]":
            if not open_brackets or open_brackets.pop() + bracket not in ("{}", "[]"):
                return ""  # there is such a bracket already
        elif quote != '"':
            string_end = '""' if quote else '"'
    return string_end + ("]" if open_brackets and open_brackets[-1] == "{" else "}")
