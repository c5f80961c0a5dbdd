"""One style for every picture that is drawn with matplotlib, in a report, a notebook or a file.

Source of the colors: Okabe and Ito 2008, https://jfly.uni-koeln.de/color/, which color-blind
readers can distinguish too.
"""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from collections.abc import Iterator
from typing import Any

import matplotlib
from cycler import cycler
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MAGNITUDE = "viridis"  # For what starts at zero, heat among it.
SIGNED = "PuOr"  # For what has a sign; zero must be in the middle.
INK = "#1d2329"  # Of text and axes; `svg` turns it into the color of the text around.

# Parameters of matplotlib; a notebook takes them with `plt.style.use(plot_style.STYLE)`.
STYLE: Any = {
    "axes.edgecolor": INK,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.prop_cycle": cycler(color=COLORS),
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
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}

# Text stays text, and equal pictures are equal files.
_SVG: Any = {"svg.fonttype": "none", "svg.hashsalt": "cnnzoo"}
_UNDATED: Any = dict.fromkeys(("Creator", "Date", "Format", "Type"))


def style() -> Any:
    """Return the style, a context manager that also decorates functions that draw."""
    return matplotlib.rc_context(STYLE)


def plain(text: str) -> str:
    """Return `text` as matplotlib draws it as it stands: no formula, and nothing unprintable."""
    shown = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
    return shown.replace("$", r"\$")


def png(figure: Figure) -> bytes:
    """Return `figure` as a PNG picture."""
    picture = io.BytesIO()
    with _boxes():
        FigureCanvasAgg(figure).print_png(picture)
    return picture.getvalue()


def svg(figure: Figure, name: str) -> str:
    """Return `figure` as an `<svg>` element for a page, with that page's background and text color.

    Args:
        figure: Drawn in this module's style.
        name: Unlike that of any other picture of the page; the element's ids begin with it.
    """
    picture = io.StringIO()
    with matplotlib.rc_context(_SVG), _boxes():
        figure.savefig(picture, format="svg", transparent=True, dpi=144, metadata=_UNDATED)
    element = picture.getvalue().partition("<svg")[2]
    element = re.sub(r"(\bid=\"|href=\"#|url\(#)", rf"\g<1>{name}-", element)
    return f"<svg{element}".replace(INK, "currentColor")


@contextlib.contextmanager
def _boxes() -> Iterator[None]:
    """Draw a letter that is missing from the font as a box, without a warning."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")
        yield
