"""The budget bar: coefficients as lengths, one after the other, and a mark at 1."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby, pairwise
from typing import Any

import matplotlib
import numpy as np
from matplotlib.patches import Rectangle

from lossbook._core import described, simple_fraction, to_numpy
from lossbook.plots._canvas import (
    BLUE,
    INK,
    LINE,
    MUTED,
    ORANGE,
    PAD,
    STYLE,
    WIDTH,
    Picture,
    canvas,
    mix,
    write,
)

_BAR, _ROW = 26, 66


def budget(rows: Mapping[str, Any], groups: Any = None) -> Picture:
    """Draw coefficients as lengths on a bar, one bar for each entry, with a mark at 1.

    Surprise: a masked value leaves, and the others grow to fill the bar; a weight of 0 leaves a
    hole, which is hatched. Weights above 1 on average stick out over the mark.

    Args:
        rows: {name: coefficients}, an array, or anything that has `coefficients`, as what
            `lossbook.trace` and `lossbook.aggregate` return.
        groups: one entry for each coefficient, such as its batch: neighbours of another group have
            another shade.

    Returns:
        Picture: a Matplotlib figure; its gist in words is its `alt`.

    Raises:
        ValueError: for no rows, negative coefficients or ones that are not finite, or groups of
            another length.

    Examples:
        >>> import lossbook as lb
        >>> values = [0.5, 1.0, 1.5, 2.0]
        >>> mask = lb.aggregate(values, mask=[1, 1, 1, 0])
        >>> zero = lb.aggregate(values, [1, 1, 1, 0])
        >>> print(lb.plots.budget({"mask": mask, "weight 0": zero}).alt)
        Budget bars, coefficients as lengths. mask: 3 of 4 count, together 1; weight 0: 3 of 4 \
count, together 3/4, the rest to 1 is a hole.
    """
    if not isinstance(rows, Mapping) or not rows:
        raise ValueError(f"budget takes {{name: coefficients}}. Received: {described(rows)}.")
    if groups is not None and not np.iterable(groups):
        raise ValueError(
            f"groups needs one entry for each coefficient. Received: {described(groups)}."
        )
    groups = None if groups is None else [str(group) for group in groups]
    bars = {name: _lengths(name, given) for name, given in rows.items()}
    longest = max(1.0, *(bar.sum() for bar in bars.values()))
    scale, left = (WIDTH - 2 * PAD) / longest, PAD
    with matplotlib.rc_context(STYLE):
        picture, ax = canvas(len(bars) * _ROW + 56)
        write(ax, PAD, PAD + 6, _title(groups), 13, color=MUTED)
        for i, (name, bar) in enumerate(bars.items()):
            _draw(ax, PAD + 26 + i * _ROW, name, bar, _shades(bar, groups), scale)
        side = "center" if longest > 1.01 else "right"
        write(ax, left + scale, len(bars) * _ROW + 40, "1", 14, ha=side)
    picture.alt = (
        f"Budget bars, coefficients as lengths. {'; '.join(map(_says, bars, bars.values()))}."
    )
    return picture


def _title(groups):
    names = list(dict.fromkeys(groups or []))
    shades = f": {names[0]} dark, {names[1]} light" if len(names) == 2 else ""
    return f"coefficients as lengths, a mark at 1{shades}"


def _lengths(name, given):
    try:
        bar = np.ravel(to_numpy(getattr(given, "coefficients", given))).astype(float)
    except (TypeError, ValueError):
        bar = np.array([])
    if not bar.size or not np.isfinite(bar).all() or (bar < 0).any():
        raise ValueError(
            f"A budget bar has lengths: finite coefficients, at least one, none below 0. Received "
            f"for {name!r}: {described(given)}."
        )
    return bar


def _shades(bar, groups):
    """Return a colour for each coefficient: two blues, in turn from group to group."""
    if groups is None:
        return [mix(BLUE, "#ffffff", 0.62)] * len(bar)
    if len(groups) != len(bar):
        raise ValueError(
            f"groups needs one entry for each of {len(bar)} coefficients. Received {len(groups)}."
        )
    turn = np.cumsum([0, *(a != b for a, b in pairwise(groups))]) % 2
    return [mix(BLUE, "#ffffff", (0.62, 0.3)[t]) for t in turn]


def _draw(ax, top, name, bar, shades, scale):
    """Draw one bar: a piece for each coefficient, a hatched hole for what is left to 1."""
    x, y, taken = PAD, top + 24, bar.sum()
    write(ax, PAD, top + 9, name, 14, weight="bold")
    write(ax, WIDTH - PAD, top + 9, _sum(bar), 14, ha="right", color=MUTED)
    ax.plot([PAD + scale] * 2, [y - 4, y + _BAR + 6], color=INK, linewidth=2.5, zorder=3)
    for i, (length, shade) in enumerate(zip(bar, shades, strict=True)):
        if not length:
            continue
        how = {"facecolor": shade, "edgecolor": INK, "linewidth": 0.8, "gid": f"{name} {i}"}
        ax.add_patch(Rectangle((x, y), length * scale, _BAR, **how))
        text = _number(length)
        if 8 * len(text) + 4 < length * scale:
            how = {"ha": "center", "color": "#000000"}
            write(ax, x + length * scale / 2, y + _BAR / 2, text, 13, **how)
        x += length * scale
    if taken < 1 - 1e-6:
        how = {"facecolor": "none", "edgecolor": LINE, "hatch": "////", "gid": f"{name} hole"}
        ax.add_patch(Rectangle((x, y), (1 - taken) * scale, _BAR, linewidth=0.8, **how))
    if taken > 1 + 1e-6:
        how = {"facecolor": ORANGE, "gid": f"{name} over"}
        ax.add_patch(Rectangle((PAD + scale, y + _BAR + 2), (taken - 1) * scale, 5, **how))


def _sum(bar):
    """Write a bar as a sum: 15 × 1/30 + 5 × 1/10 = 1, where that is short."""
    runs = [(number, len(list(run))) for number, run in groupby(map(_number, bar[bar > 0]))]
    terms = [f"{count} × {number}" if count > 1 else number for number, count in runs]
    sum_ = _number(bar.sum())
    return f"{' + '.join(terms)} = {sum_}" if len(terms) <= 3 else f"together {sum_}"


def _number(x):
    return simple_fraction(float(x), 1e-6) or f"{x:.3g}"


def _says(name, bar):
    taken, count = bar.sum(), int((bar > 0).sum())
    rest = ", the rest to 1 is a hole" if taken < 1 - 1e-6 else ""
    rest = ", over the mark at 1" if taken > 1 + 1e-6 else rest
    return f"{name}: {count} of {len(bar)} count, together {_number(taken)}{rest}"
