"""The three small documents of the example: two PDFs and a web page about an electric kettle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from langchain_glm.testing.pdf import make_pdf

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["PAGE_URL", "QUESTION", "WEB", "write_pdfs"]

QUESTION: Final = "How long is the warranty of the K2 kettle, and what must I do before I send it in?"

_MANUAL: Final = (
    """\
# K2 kettle: manual

Fill the kettle to at least 0.5 litres and at most 1.7 litres. Boiling with less water switches it off.

# Temperatures

Press the button once for 100 degrees, twice for 80 degrees (green tea), three times for 60 degrees (baby milk).""",
    """\
# Cleaning

Remove lime every three months: boil half a litre of water with 50 ml of vinegar and rinse twice.

# Faults

If the light blinks red three times, the sensor is covered with lime. Clean the kettle and try again.

If the light stays red, unplug the kettle for ten minutes. If it is still red, the heating element is broken and the \
kettle must be sent in.""",
)
_TERMS: Final = """\
# Warranty of the K2 kettle

The warranty of the kettle is three years from the date of purchase. It covers the heating element, the sensor and the \
base, but not lime.

# Sending the kettle in

Before you send the kettle in, remove the lime and dry it, and put a copy of the receipt into the parcel. We pay for \
both ways within the warranty."""
PAGE_URL: Final = "https://kettles.example/k2/questions"
_PAGE: Final = """<html><head><title>K2 kettle: questions and answers</title></head><body>
<h1>Questions about the K2 kettle</h1>
<h2>Where is it repaired?</h2>
<p>In our workshop in Leipzig. A repair takes about ten working days, and you can follow it online.</p>
<h2>Can I buy a new base?</h2>
<p>Yes, for 19 euros. The base of the K1 kettle does not fit the K2.</p>
</body></html>"""
WEB: Final = {PAGE_URL: _PAGE}
"""What the embedded server finds on the web."""


def write_pdfs(folder: Path) -> None:
    """Write the PDFs of the example to a folder."""
    (folder / "manual.pdf").write_bytes(make_pdf(_MANUAL))
    (folder / "warranty.pdf").write_bytes(make_pdf([_TERMS]))
