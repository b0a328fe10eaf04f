"""Curves as a picture: how the time of a check grows with the number of services.

Curves go in; an SVG below ``bench/results`` comes out, which the documentation shows. Called by :mod:`bench.rows.control`.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("results") / "check-growth.svg"


def draw(curves: Mapping[str, Mapping[int, float]], file: Path = FILE) -> str:
    """Draw seconds over numbers of services, a line for each name. Returns the file's name, or why there is no picture."""
    try:
        # It has types for hardly anything it returns.
        matplotlib: Any = importlib.import_module("matplotlib")
        figures: Any = importlib.import_module("matplotlib.figure")
    except ImportError as problem:
        return f"not drawn: {problem}"
    with matplotlib.rc_context({"svg.hashsalt": "hapilot", "svg.fonttype": "none", "font.size": 10}):
        figure = figures.Figure(figsize=(7, 4.2), layout="constrained")
        axes = figure.add_subplot(xscale="log", yscale="log", xlabel="services", ylabel="seconds of CPU")
        for name, points in curves.items():
            axes.plot(list(points), list(points.values()), marker="o", label=name)
        sizes = sorted({size for points in curves.values() for size in points})
        axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
        axes.minorticks_off()
        axes.grid(visible=True, alpha=0.3)
        axes.legend()
        file.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(file, format="svg", metadata={"Date": None})
    return file.name
