"""Plot the cost of a chunk against the length of its stream, as PNG and SVG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.growth import PLOTTED, Curve
from benchmarks.peers import OURS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["write_plot"]


def write_plot(directory: Path, curves: Sequence[Curve]) -> list[Path]:
    """Draw a panel for each way in which all peers were measured; return the files."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    panels = [[curve for curve in curves if curve.way == way and curve.cpu] for way in PLOTTED]
    figure, axes = plt.subplots(1, len(panels), figsize=(12, 5), sharey=True, layout="constrained")
    for axis, panel in zip(axes, panels, strict=True):
        for curve in panel:
            lengths = sorted(curve.cpu)
            medians = [curve.cpu[length].median * 1e6 for length in lengths]
            below = [(curve.cpu[n].median - curve.cpu[n].low) * 1e6 for n in lengths]
            above = [(curve.cpu[n].high - curve.cpu[n].median) * 1e6 for n in lengths]
            width = 2.5 if curve.peer == OURS.name else 1.2
            axis.errorbar(
                lengths, medians, yerr=(below, above), marker="o", markersize=4, capsize=2, linewidth=width,
                label=curve.peer,
            )  # fmt: skip
        axis.set(xscale="log", yscale="log", xlabel="chunks in the stream", title=panel[0].title if panel else "")
        axis.grid(visible=True, which="major", alpha=0.3)
    axes[0].set_ylabel("CPU for one chunk, µs")
    axes[-1].legend(fontsize="small")
    files = [directory / f"cost_by_length.{kind}" for kind in ("png", "svg")]
    for file in files:
        figure.savefig(file, dpi=120)
    plt.close(figure)
    return files
