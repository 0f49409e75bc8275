"""The pages of the documents: their front matter, their blocks, and the output that belongs to a block."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent
from typing import Final

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
PAGES: Final = tuple(
    sorted([*DOCS.glob("en/**/*.md"), *DOCS.glob("zh/**/*.md"), *DOCS.glob("upstream/**/*.mdx")])  # .mdx: LangChain's
)

_FRONT_MATTER: Final = re.compile(r"\A---\n(.*?)^---\n", re.DOTALL | re.MULTILINE)
_LIST: Final = re.compile(r"^(\w+): \[(.*)\]$", re.MULTILINE)
# A fence, or a comment with code that prepares the embedded server; either may be indented, as in tabs. Comments of MDX
# are those of JavaScript, in braces.
_BLOCK: Final = re.compile(
    r"^(?P<indent> *)(?:```(?P<info>[^`\n]*)\n(?P<text>(?:.*\n)*?)(?P=indent)```"
    r"|(?:<!--|\{/\*) server\n(?P<hidden>(?:.*\n)*?)(?P=indent)(?:-->|\*/\}))$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Block:
    """A fenced block, or hidden code, whose `info` is `server`.

    `line` is the number of lines before its first line; `start` and `end` are its place in the page.
    """

    info: str
    text: str
    line: int
    start: int
    end: int
    indent: str


def blocks_of(source: str) -> list[Block]:
    """The blocks of a page, in order."""
    found = []
    for match in _BLOCK.finditer(source):
        text = match["text"] if match["hidden"] is None else match["hidden"]
        info = match["info"].strip() if match["hidden"] is None else "server"
        line = source.count("\n", 0, match.start()) + 1
        found.append(Block(info, dedent(text), line, match.start(), match.end(), match["indent"]))
    return found


def listed(source: str, name: str) -> list[str]:
    """A list of the front matter, such as `hosts: [zai, kimi]`; empty if the page has none."""
    front = _FRONT_MATTER.match(source)
    for key, items in _LIST.findall(front[1]) if front else ():
        if key == name:
            return [item.strip() for item in items.split(",")]
    return []


def hosts_of(page: Path) -> list[str]:
    """The hosts that a page's examples use, the first of them by default."""
    default = "bigmodel" if page.is_relative_to(DOCS / "zh") else "zai"
    return listed(page.read_text(encoding="utf-8"), "hosts") or [default]


def expected_output(blocks: list[Block], index: int) -> str | None:
    """What a page says that a block prints, or `None` if no output block follows."""
    following = blocks[index + 1] if index + 1 < len(blocks) else None
    return following.text if following and following.info == "output" else None


def matches(expected: str, printed: str) -> bool:
    """Whether a text is what a page shows, in which `…` stands for anything."""
    pattern = ".*?".join(re.escape(part) for part in expected.rstrip().split("…"))
    return re.fullmatch(pattern, printed.rstrip(), re.DOTALL) is not None


def with_outputs(source: str, outputs: dict[Block, str]) -> str:
    """A page with the outputs of its blocks written under them, as far as they do not match already."""
    blocks = blocks_of(source)
    for index in reversed(range(len(blocks))):
        block = blocks[index]
        if block not in outputs:
            continue
        printed, shown = outputs[block].rstrip("\n"), expected_output(blocks, index)
        if block.info == "console":
            if not matches(block.text, printed):
                fence = indent(f"```console\n{printed}\n```", block.indent)
                source = source[: block.start] + fence + source[block.end :]
            continue
        if shown is not None and (not printed or not matches(shown, printed)):
            source = source[: block.end] + source[blocks[index + 1].end :]
            shown = None
        if printed and shown is None:
            fence = indent(f"\n\n```output\n{printed}\n```", block.indent)
            source = source[: block.end] + fence + source[block.end :]
    return source
