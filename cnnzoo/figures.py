"""One style for every picture that is drawn with matplotlib, in a report, a notebook or a file.

Source of the colours: Okabe and Ito 2008, https://jfly.uni-koeln.de/color/, told apart by
colour-blind readers too.
"""

from __future__ import annotations

import io
from typing import Any

import matplotlib
from cycler import cycler
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MAGNITUDE = "viridis"  # For what starts at zero.
SIGNED = "PuOr"  # For what has a sign; zero must be in the middle.

# Parameters of matplotlib; a notebook takes them with `plt.style.use(figures.STYLE)`.
STYLE: Any = {
    "axes.grid": True,
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 10,
    "figure.constrained_layout.use": True,
    "figure.dpi": 120,
    "figure.titlesize": 11,
    "font.size": 9,
    "grid.alpha": 0.3,
    "image.cmap": MAGNITUDE,
    "image.interpolation": "nearest",
    "legend.frameon": False,
    "lines.linewidth": 1.5,
}


def style() -> Any:
    """Return the style, a context manager that also decorates functions that draw."""
    return matplotlib.rc_context(STYLE)


def png(figure: Figure) -> bytes:
    """Return `figure` as a PNG picture."""
    picture = io.BytesIO()
    FigureCanvasAgg(figure).print_png(picture)
    return picture.getvalue()
