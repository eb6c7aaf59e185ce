"""Pictures of an Explanation: the waterfall of its parts, the heat map of its positions."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from matplotlib.patches import Rectangle

from lossbook._core import described
from lossbook.plots._canvas import (
    BLUE,
    GREEN,
    INK,
    LINE,
    MUTED,
    ORANGE,
    PAD,
    STYLE,
    WIDTH,
    Picture,
    canvas,
    check_is,
    mix,
    write,
)

if TYPE_CHECKING:
    from lossbook._explain import Explanation

_BARS, _NAME = 12, 28  # how many bars, how many letters of a name


def waterfall(explanation: Explanation | Mapping[str, float], *keys: str) -> Picture:
    """Draw the parts of a loss one after the other: each bar starts where the last one ends.

    Surprise: a bar says what a part adds to *this* number. A rare class has a short bar, and may
    be all wrong.

    Args:
        explanation: what `lossbook.explain` returns; or {name: what it adds}, drawn in this order.
        *keys: how to group, as in `explanation.by`; by default "source" where the loss has several,
            else "class" or "true_class".

    Returns:
        Picture: a Matplotlib figure; its gist in words is its `alt`.

    Raises:
        ValueError: for unknown keys, or parts that are no numbers.

    Examples:
        >>> import keras, numpy as np, lossbook as lb
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Identity()])
        >>> model.compile(loss="mse")
        >>> e = lb.explain(model, np.ones((3, 2)), np.array([[1, 0], [1, 2], [1, 4]]))
        >>> print(lb.plots.waterfall(e).alt)
        Waterfall of a loss by class: class 1 1.83, class 0 0; they add up to the total, 1.833.
    """
    if isinstance(explanation, Mapping):
        if not explanation or not all(isinstance(v, Real) for v in explanation.values()):
            raise ValueError(
                "A waterfall of named parts takes {name: number}. Received: "
                f"{described(explanation)}."
            )
        bars = [(str(name), float(value)) for name, value in explanation.items()]
        total, by = sum(value for _, value in bars), ""
    else:
        check_is("explanation", explanation, "by", "what lossbook.explain returns")
        if not keys:
            ways = ("source", "class", "true_class")
            keys = (next((key for key in ways if len(explanation.by(key)) > 1), "source"),)
        bars, total = _bars(explanation, keys), explanation.total
        by = " × ".join(key.replace("_", " ") for key in keys)
    ends = np.cumsum([0.0, *(value for _, value in bars)])
    low, high = min(0.0, np.nanmin(ends)), max(0.0, np.nanmax(ends))
    left, right, row, top = PAD + 190, WIDTH - PAD - 78, 30, PAD + 34
    scale = (right - left) / ((high - low) or 1.0)
    bottom = top + row * (len(bars) + 1)
    with matplotlib.rc_context(STYLE):
        picture, ax = canvas(bottom + PAD)
        title = f"loss {total:.4g}{', by ' if by else ''}{by}"
        write(ax, PAD, PAD + 8, title, 15, weight="bold")
        zero = left - low * scale
        ax.plot([zero, zero], [top, bottom], color=LINE, linewidth=0.8)
        for i, (name, value) in enumerate([*bars, ("total", total)]):
            y, last = top + row * (i + 0.5), i == len(bars)
            start, end = (0.0, total) if last else ends[i : i + 2]
            x = left + (min(start, end) - low) * scale
            if np.isfinite(value):
                colour = GREEN if last else BLUE if value < 0 else ORANGE
                ax.add_patch(
                    Rectangle((x, y - 9), abs(value) * scale, 18, facecolor=colour, gid=f"bar {i}")
                )
            if not last:
                at = left + (end - low) * scale
                ax.plot([at, at], [y, y + row], color=MUTED, linewidth=0.8)
            weight = "bold" if last else "normal"
            write(ax, left - 10, y, _short(name), 14, ha="right", weight=weight)
            write(ax, right + 8, y, f"{value:.3g}", 14, weight=weight)
    parts = ", ".join(f"{name} {value:.3g}" for name, value in bars)
    of = f" by {by}" if by else ""
    picture.alt = f"Waterfall of a loss{of}: {parts}; they add up to the total, {total:.4g}."
    return picture


def _bars(explanation, keys):
    """Return (name, contribution), the largest first, the smallest together in one bar."""
    found = sorted(explanation.by(*keys).items(), key=lambda item: -abs(item[1]))
    bars = [(_name(keys, labels), value) for labels, value in found[:_BARS]]
    rest = [value for _, value in found[_BARS:]]
    return [*bars, (f"{len(rest)} others", sum(rest))] if rest else bars


def _name(keys, labels):
    labels = (labels,) if len(keys) == 1 else labels
    return ", ".join(
        str(label) if isinstance(label, str) else f"{key.replace('_', ' ')} {label}"
        for key, label in zip(keys, labels, strict=True)
    )


def _short(name):
    return name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"


def heat_map(explanation: Explanation, output: str | None = None) -> Picture:
    """Draw what each position of an image-like output adds to the loss, over all samples.

    Surprise: it shows where the loss comes from, denominators and weights included; a masked
    position is blank, however wrong it is.

    Args:
        explanation: what `lossbook.explain` returns.
        output: the name of an output; None where there is one only.

    Returns:
        Picture: a Matplotlib figure; its gist in words is its `alt`.

    Raises:
        ValueError: for an unknown output, one without rows and columns, or nothing finite.

    Examples:
        >>> import keras, numpy as np, lossbook as lb
        >>> model = keras.Sequential([keras.Input((1, 2, 1)), keras.layers.Identity(name="map")])
        >>> model.compile(loss="mse")
        >>> e = lb.explain(model, np.ones((2, 1, 2, 1)), np.zeros((2, 1, 2, 1)))
        >>> print(lb.plots.heat_map(e).alt[-29:])
        most at row 0, column 0, 0.5.
    """
    check_is("explanation", explanation, "outputs", "what lossbook.explain returns")
    names = [name for name, *_ in explanation.outputs]
    if output is None and len(names) == 1:
        output = names[0]
    if not isinstance(output, str) or output not in names:
        raise ValueError(
            f"heat_map needs one of the outputs: {', '.join(names)}. "
            f"Received: output={described(output)}."
        )
    found = {
        place: value
        for (name, place), value in explanation.by("output", "position").items()
        if name == output
    }
    if not all(isinstance(place, tuple) and len(place) == 2 for place in found):
        raise ValueError(
            f"Output {output!r} has no rows and columns: a heat map needs predictions "
            "(batch, rows, columns, classes). See by('position')."
        )
    shape = tuple(1 + max(place[axis] for place in found) for axis in (0, 1))
    grid = np.zeros(shape)
    for place, value in found.items():
        grid[place] = value
    grid = np.where(np.isfinite(grid), grid, np.nan)
    if np.isnan(grid).all():
        raise ValueError(
            f"No position of output {output!r} adds a finite number to the loss: there is nothing "
            "to draw. lossbook.audit says where NaN or infinity comes from."
        )
    peak = np.nanmax(np.abs(grid)) or 1.0
    colours: matplotlib.colors.Colormap = matplotlib.colors.LinearSegmentedColormap.from_list(
        "contributions",
        [(0.0, BLUE), (0.5, "#ffffff"), (0.9, ORANGE), (1.0, mix(ORANGE, INK, 0.5))],
    ).with_extremes(bad=MUTED)
    side = WIDTH - 2 * PAD
    tall = min(side, side * shape[0] / shape[1])
    wide = tall * shape[1] / shape[0]
    top = PAD + 34
    with matplotlib.rc_context(STYLE):
        picture, ax = canvas(top + tall + 44)
        write(ax, PAD, PAD + 8, f"contributions to the loss, {_short(output)}", 15, weight="bold")
        low = -peak if np.nanmin(grid) < 0 else 0.0
        strip, y = np.linspace(low, peak, 128)[None], top + tall + 22
        how = {"cmap": colours, "norm": matplotlib.colors.Normalize(-peak, peak)}
        how |= {"aspect": "auto", "interpolation": "nearest"}
        ax.imshow(grid, extent=(PAD, PAD + wide, top + tall, top), gid="heat map", **how)
        ax.imshow(strip, extent=(WIDTH - PAD - 130, WIDTH - PAD - 60, y + 7, y - 7), **how)
        write(ax, WIDTH - PAD - 136, y, f"{low:.3g}".replace("-", "−"), 14, ha="right")
        write(ax, WIDTH - PAD - 54, y, f"{peak:.3g}", 14)
        ax.add_patch(Rectangle((PAD, top), wide, tall, fill=False, edgecolor=LINE, linewidth=0.8))
        ax.set(xlim=(0, WIDTH), ylim=(top + tall + 44, 0))
        write(ax, PAD, y, f"they sum to {np.nansum(grid):.4g}", 14, color=MUTED)
    place = tuple(int(i) for i in np.unravel_index(np.nanargmax(grid), shape))
    picture.alt = (
        f"Heat map of what each of {shape[0]} × {shape[1]} positions of output {output} adds to "
        f"the loss, {np.nansum(grid):.4g} in all: most at row {place[0]}, column {place[1]}, "
        f"{np.nanmax(grid):.3g}."
    )
    return picture
