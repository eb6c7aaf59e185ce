"""The paper that pictures are drawn on: sizes, colours, letters, and how a picture shows itself."""

import io
from typing import Any

import matplotlib
import numpy as np
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from lossbook._core import described

# Lengths and letters are in CSS pixels. 520 of them need no scaling on a desktop, and on a phone
# 390 wide letters of 14 are still 9.5 high.
WIDTH, PAD, DPI = 520, 16, 96
STYLE: Any = {  # whatever the reader's own settings are
    "font.family": "DejaVu Sans",  # comes with Matplotlib: the texts fit everywhere
    "text.usetex": False,
    "path.sketch": None,
    "path.effects": [],
    "hatch.linewidth": 1.0,
    "savefig.bbox": None,
    "savefig.facecolor": "auto",
    "svg.fonttype": "path",
    "svg.hashsalt": "lossbook",  # the same picture has the same bytes
}
# Cells are mixed of white and one of the three: no mixture is one of these (see DARK).
INK, MUTED, LINE, PAPER = "#1f2630", "#4a5568", "#8b95a5", "#f4f6fa"
BLUE, ORANGE, GREEN = "#2b4fc7", "#d9731a", "#1f8a70"
# The same on a dark page; whatever else a picture has keeps its colour.
DARK_PAPER = "#12161c"
DARK = {INK: "#e3e8ef", MUTED: "#a7b1bf", LINE: "#5f6b7c", PAPER: "#1e2530",
        BLUE: "#4a6fe0", ORANGE: "#e08a3c", GREEN: "#2fa185"}  # fmt: skip


def check_is(name: str, x: Any, has: str, expected: str) -> None:
    """Raise a TypeError if an object is not what is drawn: it lacks an attribute."""
    if not hasattr(x, has):
        raise TypeError(f"{name} must be {expected}. Received: {described(x)}.")


class Picture(Figure):
    """A Matplotlib figure that shows itself in a notebook; `alt` says in words what it shows."""

    alt = ""

    def _repr_mimebundle_(self, include=None, exclude=None):
        file = io.StringIO()
        with matplotlib.rc_context(STYLE):
            self.savefig(file, format="svg", metadata={"Title": self.alt, "Date": None})
        text = file.getvalue().replace("</style>", _dark_rules() + "</style>", 1)
        return {"image/svg+xml": text, "text/plain": self.alt}


def _dark_rules():
    """Return the style that gives a picture other colours on a page that is dark."""
    rules = [f"#patch_1 path {{fill: {DARK_PAPER} !important}}"]
    for light, dark in DARK.items():
        rules += [f'[style*="{p}: {light}"] {{{p}: {dark} !important}}' for p in ("fill", "stroke")]
    return f"@media (prefers-color-scheme: dark) {{{' '.join(rules)}}}"


def canvas(height):
    """Return a white picture and its one Axes, measured in CSS pixels from the top left."""
    picture = Picture(
        figsize=(WIDTH / DPI, height / DPI), dpi=DPI, facecolor="white", layout="none"
    )
    ax = picture.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, WIDTH), ylim=(height, 0))
    ax.set_axis_off()
    return picture, ax


def write(ax, x, y, text, size, color=INK, **how):
    how = {"va": "center_baseline", "parse_math": False, **how}
    ax.text(x, y, text, fontsize=size * 72 / DPI, color=color, **how)


def arrow(ax, x, start, end):
    how = {"color": MUTED, "linewidth": 1.5, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 10}
    how["arrowstyle"] = "-|>,head_width=.25,head_length=.4"
    ax.annotate("", (x, end), (x, start), arrowprops=how)


def mix(colour, paper, share):
    """Return `share` of the colour on the paper, as #rrggbb."""
    return to_hex(share * np.array(to_rgb(colour)) + (1 - share) * np.array(to_rgb(paper)))


def ink_on(background):
    """Return black or white; the better one always has a contrast of at least 4.58 : 1."""
    channels = np.array(to_rgb(background))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    luminance = linear @ (0.2126, 0.7152, 0.0722)
    return "#000000" if (luminance + 0.05) ** 2 > 1.05 * 0.05 else "#ffffff"
