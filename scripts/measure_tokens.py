"""Measure how far the estimate of tokens is from what endpoints reported, on a folder of recorded cases.

    python scripts/measure_tokens.py FOLDER

A case is a folder with `meta.json` (`provider`, `model`, `fidelity`), `request.json` and `response.json` or
`stream.sse`. Each case gives a prompt (if its request was recorded) and a reply (its texts against
`completion_tokens`). Equal pairs of text and count are counted once. These are left out: hand-written cases, gateways
whose counts follow other rules, prompts with media, replies of fewer than ten tokens, and replies whose text is
incomplete or holds the model's special tokens, which the endpoint counts as one token each.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from langchain_core.messages import convert_to_messages

from langchain_glm.catalog.models import find_model
from langchain_glm.tokens import estimate_messages, estimate_text, estimate_tools

if TYPE_CHECKING:
    from collections.abc import Iterator

_ELIDED = re.compile(r"<\.\.\.elided (\d+) chars by the collector\.\.\.>")
_ROUGH = ("cerebras", "hyper.charm.land")  # one drops replayed reasoning, the other counts without cached tokens
_MARKS = re.compile(r"</?think>|<tool_call>|<\|")
_CHINESE_SHARE = 0.2
_SHORTEST = 10
_CALL = 5  # the tokens that a call adds to the text of a reply
_REPLY = 4.6  # the tokens around the parts of a reply


class Sample(NamedTuple):
    """One count that an endpoint reported."""

    kind: str  # prompt, long prompt (some of its text is known by length only) or reply
    kimi: bool
    chinese: bool
    reported: int
    estimated: float
    text: str


def samples(folder: Path) -> Iterator[Sample]:
    """Yield the samples that can be compared, each pair of text and count once."""
    seen = set()
    for case in sorted(folder.iterdir()):
        if not (case / "meta.json").is_file():
            continue
        meta = json.loads((case / "meta.json").read_text())
        if meta.get("fidelity") not in ("recorded", "pasted") or any(word in meta["provider"] for word in _ROUGH):
            continue
        for sample in _of_case(case, str(meta.get("model") or "")):
            if (sample.text, sample.reported) not in seen:
                seen.add((sample.text, sample.reported))
                yield sample


def _of_case(case: Path, model_id: str) -> Iterator[Sample]:
    request = json.loads((case / "request.json").read_text()) if (case / "request.json").is_file() else {}
    usage, texts, calls = _reply(case)
    model_id = request.get("model") or model_id
    kimi = "kimi" in f"{model_id} {case.name}".lower()
    reply = "\n".join((*texts, *(part for call in calls for part in call)))
    reported = usage.get("completion_tokens") or 0
    whole = 1.2 * reported < len(reply) < 6 * reported  # characters a token, in any language
    if reported >= _SHORTEST and whole and not _MARKS.search(reply):
        estimated = sum(map(estimate_text, (*texts, *(part for call in calls for part in call))))
        yield Sample("reply", kimi, _is_chinese(reply), reported, estimated + _CALL * len(calls) + _REPLY, reply)
    messages, reported = request.get("messages"), usage.get("prompt_tokens") or 0
    if messages and reported:
        raw = json.dumps(request, ensure_ascii=False)
        if re.search(r'"type": "(image|video|file|input_audio)', raw):
            return
        known = find_model(model_id.rsplit("/", 1)[-1].lower()) or find_model("kimi-k2.5" if kimi else "glm-4.6")
        request = _filled(request)
        for message in request["messages"]:
            message["content"] = message.get("content") or ""
            message.setdefault("tool_call_id", "")
            message["reasoning_content"] = message.get("reasoning_content") or message.pop("reasoning", None) or ""
        converted = convert_to_messages(request["messages"])
        for message, sent in zip(converted, request["messages"], strict=True):
            message.additional_kwargs["reasoning_content"] = sent["reasoning_content"]
        estimated = estimate_messages(converted, known) + estimate_tools(request.get("tools") or (), known)
        kind = "long prompt" if _ELIDED.search(raw) else "prompt"
        text = json.dumps([request["messages"], request.get("tools")], ensure_ascii=False)
        yield Sample(kind, kimi, _is_chinese(text), reported, estimated, text)


def _reply(case: Path) -> tuple[dict[str, Any], list[str], list[list[str]]]:
    """The usage, the texts (answer, reasoning) and the calls (name, arguments) of a reply."""
    usage: dict[str, Any] = {}
    texts = ["", ""]
    calls: dict[Any, list[str]] = {}
    for frame in _frames(case):
        usage = frame.get("usage") or usage
        for choice in (frame.get("choices") or [])[:1]:
            usage = choice.get("usage") or usage
            part = choice.get("delta") or choice.get("message") or {}
            content = part.get("content")
            texts[0] += content if isinstance(content, str) else ""
            texts[1] += part.get("reasoning_content") or part.get("reasoning") or ""
            for position, call in enumerate(part.get("tool_calls") or ()):
                held = calls.setdefault(call.get("index", position), ["", ""])
                function = call.get("function") or {}
                held[0] += function.get("name") or ""
                arguments = function.get("arguments") or ""
                held[1] += arguments if isinstance(arguments, str) else json.dumps(arguments)
    return usage, texts, list(calls.values())


def _frames(case: Path) -> Iterator[dict[str, Any]]:
    if (case / "response.json").is_file():
        lines = [(case / "response.json").read_text(errors="replace")]
    elif (case / "stream.sse").is_file():
        stream = (case / "stream.sse").read_text(errors="replace")
        lines = [line.removeprefix("data:") for line in stream.splitlines() if line.startswith("data:")]
    else:
        return
    for line in lines:
        try:
            frame = json.loads(line)
        except ValueError:  # [DONE], and frames that broke off
            continue
        if isinstance(frame, dict):
            yield frame


def _filled(value: Any) -> Any:
    """Return the value with each elided text filled up to its original length, by repeating the known part."""
    if isinstance(value, str) and (found := _ELIDED.search(value)):
        known = value.replace(found[0], "")
        length = len(known) + int(found[1])
        return (known * (length // len(known) + 1))[:length]
    if isinstance(value, list):
        return [_filled(item) for item in value]
    return {name: _filled(item) for name, item in value.items()} if isinstance(value, dict) else value


def _is_chinese(text: str) -> bool:
    return sum("\u4e00" <= character <= "\u9fff" for character in text) > _CHINESE_SHARE * len(text)


def report(found: list[Sample]) -> list[str]:
    """Return the lines of the table: how far the estimates are off."""
    english = [sample for sample in found if not sample.chinese]
    glm = [sample for sample in english if not sample.kimi]
    groups = {
        "GLM, English, prompts": [sample for sample in glm if sample.kind == "prompt"],
        "… of 100 tokens or more": [sample for sample in glm if sample.kind == "prompt" and sample.reported >= 100],
        "GLM, English, long prompts known in part": [sample for sample in glm if sample.kind == "long prompt"],
        "GLM, English, replies": [sample for sample in glm if sample.kind == "reply"],
        "GLM, Chinese, all": [sample for sample in found if sample.chinese and not sample.kimi],
        "Kimi, English, prompts": [sample for sample in english if sample.kimi and sample.kind == "prompt"],
        "Kimi, English, replies": [sample for sample in english if sample.kimi and sample.kind == "reply"],
    }
    lines = ["| what | samples | median error | p95 | median, signed |", "|---|---|---|---|---|"]
    for name, group in groups.items():
        errors = [sample.estimated / sample.reported - 1 for sample in group]
        if errors:
            sizes = sorted(map(abs, errors))
            p95 = sizes[min(len(sizes) - 1, round(0.95 * (len(sizes) - 1)))]
            median, signed = statistics.median(sizes), statistics.median(errors)
            lines.append(f"| {name} | {len(errors)} | {median:.1%} | {p95:.1%} | {signed:+.1%} |")
    return lines


def speed() -> list[str]:
    """Return lines that say how long an estimate takes."""
    texts = {
        "English, 500 characters": "The weather in Paris is fine, 21 degrees.\n" * 12,
        "English, 10,000 characters": "The weather in Paris is fine, 21 degrees.\n" * 238,
        "Chinese, 500 characters": "巴黎今天天气晴朗，气温二十一度，适合出门。" * 24,
    }
    lines = []
    for name, text in texts.items():
        rounds = 2_000
        best = min(_seconds(text, rounds) for _ in range(5))
        lines.append(f"{name}: {best / rounds * 1e6:.1f} µs")
    return lines


def _seconds(text: str, rounds: int) -> float:
    start = time.perf_counter()
    for _ in range(rounds):
        estimate_text(text)
    return time.perf_counter() - start


def main(argv: list[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: its arguments; default those of the process.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="the folder of recorded cases")
    args = parser.parse_args(argv)
    sys.stdout.write("\n".join([*report(list(samples(args.folder))), "", *speed()]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
