"""Build the site from `docs/en` and `docs/zh` into `site/`: English at its root, Chinese under `zh/`.

    python scripts/build_site.py             # with a broken link, it ends with status 1
    python scripts/build_site.py --preview   # shows broken links and goes on

Zensical builds one language at a time, so each has a copy of its pages and a configuration under `build/docs`. The
order of the pages is in `docs/navigation.toml`. A page without a place there, a missing picture, and anything that a
page would load from another machine end the program with status 1, too. `make docs` runs it.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import unquote

ROOT: Final = Path(__file__).parent.parent
DOCS: Final = ROOT / "docs"
STAGE: Final = ROOT / "build" / "docs"
SITE: Final = ROOT / "site"
LANGUAGES: Final = {"en": "", "zh": "zh/"}
"""The languages, each with its place on the site."""

_NAMES: Final = {"en": "English", "zh": "中文"}
_DESCRIPTIONS: Final = {
    "en": "The LangChain integration for GLM: on BigModel, on Z.ai, and on gateways that serve GLM",
    "zh": "GLM 的 LangChain 集成：智谱 BigModel、Z.ai 以及提供 GLM 的网关",
}
_PALETTES: Final = {
    "en": ("Follow the system", "Light", "Dark"),
    "zh": ("跟随系统", "浅色", "深色"),
}
_COPYRIGHTS: Final = {"en": "MIT licence", "zh": "MIT 许可证"}

_SLUGIFY: Final = "!!python/object/apply:pymdownx.slugs.slugify"
"""Makes anchors of headings as GitHub does, Chinese ones too. YAML calls it, which JSON cannot write."""

_DOCSTRINGS: Final = {
    "docstring_style": "google",
    # What a function returns is described in sentences, not as one value with a type for each line.
    "docstring_options": {
        "returns_multiple_items": False,
        "returns_named_value": False,
        "warnings": False,
    },
    "extensions": [str(ROOT / "scripts" / "field_docstrings.py")],
    "filters": ["!^_", "!lc_", "!^model_(config|post_init|json_schema)$"],
    "heading_level": 2,
    "inherited_members": True,
    "members_order": "source",
    "separate_signature": True,
    "show_bases": False,
    "show_root_heading": True,
    "show_root_full_path": False,
    "show_signature_annotations": True,
    "show_source": False,
    "show_symbol_type_heading": True,
    "show_symbol_type_toc": True,
    "signature_crossrefs": True,
}
"""How the pages of `reference/api` are made from the docstrings."""

# Between Chinese characters, and after Chinese punctuation, a line break of the source must not become a space.
_FENCED: Final = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)
_BROKEN_LINE: Final = re.compile(
    r"(?<=[\u2e80-\u9fff\uff00-\uffef。，、；：？！）》”])\n *(?=[\u2e80-\u9fff\uff00-\uffef（《“])"
    r"|(?<=[。，、；：？！）》”])\n *(?=[\w`\[])(?!```|\d+\. )"
)

# What the tests run before a block; readers of the site need not see it in the source of the page.
_HIDDEN: Final = re.compile(r"^ *<!-- server\n.*?^ *-->\n", re.MULTILINE | re.DOTALL)
_OUTPUT: Final = re.compile(r"^( *)```output$", re.MULTILINE)
_IMAGES: Final = re.compile(r"\]\((?:\.\./)+images/")


def pages_of(language: str) -> list[str]:
    """The pages of a language, as paths in its folder."""
    folder = DOCS / language
    return sorted(page.relative_to(folder).as_posix() for page in folder.rglob("*.md"))


def navigation(language: str) -> list[tuple[str, list[Any]]]:
    """The tabs of a language: the title of each, with its pages and then its groups, which are tabs in small.

    A page that is listed and does not exist is left out; `tests/docs/test_navigation.py` checks that there is none.
    """
    tabs = tomllib.loads((DOCS / "navigation.toml").read_text(encoding="utf-8"))["tabs"]
    present = pages_of(language)
    groups = [group for tab in tabs for group in (tab, *tab.get("groups", ()))]
    listed = {page for group in groups for page in group.get("pages", ())}

    # A page that is not listed belongs to the group whose folder is the longest beginning of its path.
    rests = sorted((group["rest"] for group in groups if "rest" in group), key=len)
    folder_of = {page: [rest for rest in rests if page.startswith(rest)][-1:] for page in present if page not in listed}

    def entries(group: dict[str, Any]) -> list[Any]:
        own = [page for page in group.get("pages", ()) if page in present]
        own += [page for page, folder in folder_of.items() if folder == [group.get("rest")]]
        inner = [(title(each), entries(each)) for each in group.get("groups", ())]
        return [*own, *(each for each in inner if each[1])]

    def title(group: dict[str, Any]) -> str:
        named: str = group[language]
        return named

    return [(title(tab), entries(tab)) for tab in tabs if entries(tab)]


def in_navigation(entries: list[Any]) -> list[str]:
    """All pages of a navigation, in its order."""
    found = []
    for entry in entries:
        found += [entry] if isinstance(entry, str) else in_navigation(entry[1])
    return found


def staged(source: str, page: str) -> str:
    """A page as Zensical reads it.

    Args:
        source: the page as it is in `docs`.
        page: its path in the folder of its language.
    """
    up = "../" * (len(PurePosixPath(page).parts) - 1)
    source = _HIDDEN.sub("", source)
    source = _joined(source)
    source = _OUTPUT.sub(r"\1``` { .text .output .no-copy }", source)
    return _IMAGES.sub(f"]({up}images/", source)


def _joined(source: str) -> str:
    """A page without the line breaks inside Chinese sentences; blocks of code keep theirs."""
    end, parts = 0, []
    for block in _FENCED.finditer(source):
        parts += [_BROKEN_LINE.sub("", source[end : block.start()]), block[0]]
        end = block.end()
    return "".join([*parts, _BROKEN_LINE.sub("", source[end:])])


def configuration(language: str) -> dict[str, Any]:
    """What Zensical is told about the site of one language."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    urls = project["urls"]
    schemes = ("(prefers-color-scheme)", "(prefers-color-scheme: light)", "(prefers-color-scheme: dark)")
    palette = [
        {"media": media, "toggle": {"icon": icon, "name": name}} | ({"scheme": scheme} if scheme else {})
        for media, icon, name, scheme in zip(
            schemes,
            ("lucide/sun-moon", "lucide/sun", "lucide/moon"),
            _PALETTES[language],
            (None, "default", "slate"),
            strict=True,
        )
    ]
    return {
        "site_name": project["name"],
        "site_description": _DESCRIPTIONS[language],
        "site_url": urls["Documentation"] + LANGUAGES[language],
        "copyright": _COPYRIGHTS[language],
        "docs_dir": "pages",
        "site_dir": "site",
        "nav": [_as_configured(tab) for tab in navigation(language)],
        "extra_css": ["site.css"],
        "theme": {
            "language": language,
            "font": False,
            "custom_dir": str(DOCS / "theme"),
            "palette": palette,
            "features": [
                "content.code.copy",
                "content.tabs.link",
                "navigation.footer",
                "navigation.path",
                "navigation.tabs",
                "navigation.tabs.sticky",
                "navigation.top",
                "search.highlight",
            ],
        },
        "extra": {
            "generator": False,
            # As `repo_url`, it would make each page ask GitHub for the number of stars.
            "social": [{"icon": "fontawesome/brands/github", "link": urls["Repository"], "name": "GitHub"}],
            "alternate": [
                {"name": _NAMES[other], "lang": other, "link": _from(LANGUAGES[language]) + LANGUAGES[other]}
                for other in LANGUAGES
            ],
        },
        "plugins": [
            "search",
            {
                "mkdocstrings": {
                    "locale": language,
                    "handlers": {"python": {"paths": [str(ROOT)], "options": _DOCSTRINGS}},
                }
            },
        ],
        "markdown_extensions": [
            "admonition",
            "attr_list",
            "def_list",
            "md_in_html",
            "tables",
            {"toc": {"permalink": True, "slugify": _SLUGIFY}},
            "pymdownx.details",
            {"pymdownx.highlight": {"pygments_lang_class": True}},
            "pymdownx.inlinehilite",
            "pymdownx.superfences",
            {"pymdownx.tabbed": {"alternate_style": True}},
        ],
    }


def _from(place: str) -> str:
    return "../" * place.count("/")


def _as_configured(entry: Any) -> Any:
    return entry if isinstance(entry, str) else {entry[0]: [_as_configured(each) for each in entry[1]]}


def build(language: str, *, strict: bool) -> None:
    """Build the site of one language into its place in `site/`."""
    stage = STAGE / language
    shutil.rmtree(stage, ignore_errors=True)
    for page in pages_of(language):
        target = stage / "pages" / page
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(staged((DOCS / language / page).read_text(encoding="utf-8"), page), encoding="utf-8")
    shutil.copytree(DOCS / "images", stage / "pages" / "images")
    shutil.copy(DOCS / "site.css", stage / "pages" / "site.css")
    # JSON is YAML, so the configuration can be written without a library.
    written = json.dumps(configuration(language), ensure_ascii=False)
    written = written.replace(f'"{_SLUGIFY}"', f"{_SLUGIFY} {{kwds: {{case: lower}}}}")
    (stage / "mkdocs.yml").write_text(written, encoding="utf-8")
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--config-file", "mkdocs.yml"]
    done = subprocess.run(  # noqa: S603 - our own command
        [*command, "--strict"] if strict else command,
        cwd=stage,
        check=False,
        stderr=subprocess.STDOUT,
    )
    if done.returncode:
        sys.exit(f"docs/{language}: Zensical found what is written above")
    shutil.copytree(stage / "site", SITE / LANGUAGES[language], dirs_exist_ok=True)


class Loads(HTMLParser):
    """Collects the addresses of what a page makes a browser load, in `found`."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at one element."""
        values = dict(attrs)
        if tag == "link" and values.get("rel") in {"stylesheet", "icon", "preconnect", "preload"}:
            self.found.append(values.get("href") or "")
        elif values.get("src"):
            self.found.append(values["src"] or "")


def wrongly_loaded() -> list[str]:
    """What pages of the built site load from other machines, or from files that are not there, each with its page."""
    found = []
    for page in sorted(SITE.rglob("*.html")):
        reader = Loads()
        reader.feed(page.read_text(encoding="utf-8"))
        for address in reader.found:
            elsewhere = re.match(r"(?:[a-z]+:)?//", address)
            local = unquote(re.sub(r"[?#].*", "", address))
            if elsewhere or not (address.startswith(("data:", "/")) or (page.parent / local).is_file()):
                found.append(f"{page.relative_to(SITE)}: {address}")
    return found


def main() -> None:
    """Build both languages and check the result."""
    options = argparse.ArgumentParser(description="Build the site from docs/en and docs/zh into site/.")
    options.add_argument("--preview", action="store_true", help="go on when a link is broken")
    strict = not options.parse_args().preview
    shutil.rmtree(SITE, ignore_errors=True)
    for language in LANGUAGES:
        if missing := set(pages_of(language)) - set(in_navigation(navigation(language))):
            sys.exit(f"docs/navigation.toml has no place for {', '.join(sorted(missing))}")
        if pages_of(language):
            build(language, strict=strict)
    if found := wrongly_loaded():
        sys.exit("\n".join(["These pages load something that is not a file of the site:", *found]))
    print(f"The site is in {SITE.relative_to(ROOT)}/; look at it with: python -m http.server --directory site")


if __name__ == "__main__":
    main()
