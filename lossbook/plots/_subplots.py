"""A picture for a drawing of one's own: Matplotlib's axes, on the paper of all other pictures."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import matplotlib
from matplotlib.colors import to_hex
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.spines import Spine
from matplotlib.text import Text

from lossbook._core import described
from lossbook.plots._canvas import BLUE, DPI, GREEN, INK, ORANGE, PAD, STYLE, WIDTH, Picture

_LOOK: Any = {
    **STYLE,
    "axes.facecolor": "none",  # the paper is the picture's, which a dark page changes
    "axes.prop_cycle": f"cycler(color={[BLUE, ORANGE, GREEN]})",
    **dict.fromkeys(("axes.titlesize", "axes.labelsize"), 10.5),
}


class Drawing(Picture):
    """A picture whose black letters and lines turn light on a dark page.

    Letters on a cell or a bar stay as they are: it keeps its colour.
    """

    def _repr_mimebundle_(self, include=None, exclude=None):
        with matplotlib.rc_context(STYLE):
            self.draw_without_rendering()  # it makes the ticks, and puts all in its place
        self._blacken_less()
        names = filter(None, [self.get_suptitle(), *map(_named, self.axes)])
        self.alt = self.alt or f"Drawing: {'; '.join(names)}."
        return super()._repr_mimebundle_(include, exclude)

    def _blacken_less(self):
        """Give the picture's own ink to what is black and stands on the paper."""
        spines = self.findobj(Spine)
        papers = [self.patch, *(ax.patch for ax in self.axes), *spines]
        painted = [p for p in self.findobj(Patch) if p not in papers and p.get_facecolor()[3]]
        boxes = [
            artist.get_window_extent()
            for artist in (*painted, *self.findobj(AxesImage))
            if artist.get_visible()
        ]
        for text in self.findobj(Text):
            box = text.get_window_extent()
            middle = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
            bare = not text.get_bbox_patch() and not any(b.contains(*middle) for b in boxes)
            if bare and _black(text.get_color()):
                text.set_color(INK)
        for line in self.findobj(Line2D):
            if _black(line.get_color()):
                line.set_color(INK)
        for spine in spines:
            if _black(spine.get_edgecolor()):
                spine.set_edgecolor(INK)


def subplots(
    rows: int = 1, columns: int = 1, height: float = 280, title: str = "", **options: Any
) -> Any:
    """Return an empty picture and its axes, for a drawing of your own, as `pyplot.subplots` does.

    It is as wide as a page, sharp at any size, and follows a page that is light or dark. Pyplot
    does not know it: name it on the last line of a cell, and it shows itself.

    Args:
        rows: int, how many axes stand below each other.
        columns: int, how many stand side by side.
        height: in CSS pixels; the width is 520 of them.
        title: what it shows, above all axes; it has room for some 50 letters.
        **options: those of `matplotlib.figure.Figure.subplots`, such as `sharey=True`.

    Returns:
        (Picture, axes): a Matplotlib figure; one Axes, or an array of them. Set `picture.alt` to
        the words that say what it shows.

    Raises:
        ValueError: for other rows, columns or heights.

    Examples:
        >>> import lossbook as lb
        >>> picture, ax = lb.plots.subplots(height=200)
        >>> bars = ax.bar(["mask", "weight 0"], [1.0, 0.75])
        >>> picture.alt = "Two bars: a mask gives 1, weights of 0 give 0.75."
    """
    whole = all(isinstance(n, Integral) and 1 <= n <= 8 for n in (rows, columns))
    if not whole or not isinstance(height, Real) or not 60 <= height <= 2000:
        raise ValueError(
            "subplots takes 1 to 8 rows and columns, and a height of 60 to 2000 CSS pixels. "
            f"Received: rows={described(rows)}, columns={described(columns)}, "
            f"height={described(height)}."
        )
    size = {"figsize": (WIDTH / DPI, height / DPI), "dpi": DPI}
    with matplotlib.rc_context(_LOOK):
        picture = Drawing(**size, facecolor="white", layout="constrained")
        picture.get_layout_engine().set(w_pad=6 / DPI, h_pad=6 / DPI)
        axes = picture.subplots(rows, columns, **options)
        if title:
            how = {"x": PAD / WIDTH, "ha": "left", "fontsize": 11.25, "weight": "bold"}
            picture.suptitle(title, color=INK, **how)
    for ax in picture.axes:
        ax.tick_params(color=INK, labelcolor=INK, labelsize=9.75)
    return picture, axes


def _black(colour):
    return to_hex(colour, keep_alpha=True) == "#000000ff"


def _named(ax):
    """Return an axes in words: its title, or what its axes say."""
    return ax.get_title() or " over ".join(filter(None, (ax.get_ylabel(), ax.get_xlabel())))
