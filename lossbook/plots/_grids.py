"""Grids of numbers: what the class axis does to a trace, and a loss by two keys at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib
import numpy as np

from lossbook._core import shape_of, size, to_numpy
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
from lossbook.plots._ledger import draw_cell, texts

if TYPE_CHECKING:
    from lossbook._explain import Explanation
    from lossbook._trace import Trace

_ROWS, _COLUMNS, _LINE = 12, 8, 22


def collapse(*traces: Trace) -> Picture:
    """Draw what becomes of the elementwise losses: a grid, a column of values, one number.

    Surprise: binary crossentropy takes the mean of a row, categorical crossentropy the sum; where
    both see the same classifier, the first is the smaller by about the number of classes.

    Args:
        *traces: one or several Traces, with their classes on the last axis: at most 8 of them, and
            12 values. They stand one below the other.

    Returns:
        Picture: a Matplotlib figure; its gist in words is its `alt`.

    Raises:
        ValueError: for traces with more elements, or without a class axis at the end.

    Examples:
        >>> import lossbook as lb
        >>> t = lb.trace("categorical_crossentropy", [[1, 0], [0, 1]], [[0.9, 0.1], [0.6, 0.4]])
        >>> print(lb.plots.collapse(t).alt)
        categorical_crossentropy: 4 elementwise losses, sum of each row of 2, 2 values, their mean \
is 0.5108.
    """
    for trace in traces:
        check_is("trace", trace, "elementwise", "what lossbook.trace returns")
        shape = shape_of(trace.elementwise)
        last = trace.class_axis is not None and trace.class_axis % len(shape) == len(shape) - 1
        if not last or shape_of(trace["values"].value) != shape[:-1] or shape_of(trace.total):
            raise ValueError(
                "collapse needs traces with classes on the last axis that end in one number. "
                f"Received: {trace.loss} of shape {shape}."
            )
        if shape[-1] > _COLUMNS or size(shape[:-1]) > _ROWS:
            raise ValueError(
                f"collapse has room for {_COLUMNS} classes and {_ROWS} values. Received: shape "
                f"{shape}. Trace a part."
            )
    tall = [46 + _LINE * size(shape_of(trace.elementwise)[:-1]) + 12 for trace in traces]
    with matplotlib.rc_context(STYLE):
        picture, ax = canvas(PAD + sum(tall))
        said = [_collapse(ax, PAD + sum(tall[:i]), t, str(i)) for i, t in enumerate(traces)]
    picture.alt = f"{'; '.join(said)}."
    return picture


def _collapse(ax, top, trace, gid):
    """Draw one trace, its cells named with `gid`, and return it in words."""
    grid = to_numpy(trace.elementwise).astype(float)
    grid, values = grid.reshape(-1, grid.shape[-1]), to_numpy(trace["values"].value).ravel()
    count, classes = grid.shape
    mean = bool(np.allclose(values, grid.mean(-1), rtol=1e-4, atol=1e-6))
    verb = "mean" if mean and classes > 1 else "sum"
    wide, start, bottom = 46, top + 46, top + 46 + _LINE * count
    full = np.abs(grid).max() or 1.0
    write(ax, PAD, top + 8, trace.loss, 15, weight="bold")
    write(ax, PAD, top + 32, f"{grid.size} elementwise losses", 13, color=MUTED)
    for (i, j), loss in np.ndenumerate(grid):
        _cell(
            ax, (PAD + j * wide, start + i * _LINE, wide, _LINE), loss, full, BLUE, f"{gid} {i} {j}"
        )
    end, column, last = PAD + classes * wide, WIDTH - PAD - 164, WIDTH - PAD - 62
    write(ax, column, top + 32, f"{count} values", 13, color=MUTED)
    for i, value in enumerate(values):
        y = start + (i + 0.5) * _LINE
        ax.plot([end + 4, column - 4], [y, y], color=LINE, linewidth=1)
        _cell(ax, (column, y - _LINE / 2, 52, _LINE), value, full, ORANGE, f"{gid} value {i}")
        ax.plot([column + 56, last - 4], [y, (start + bottom) / 2], color=LINE, linewidth=1)
    middle = (end + column) / 2
    write(ax, middle, top + 32, f"{verb} of {classes}", 13, ha="center", weight="bold")
    write(
        ax, last + 31, (start + bottom) / 2 - 25, f"mean of {count}", 13, ha="center", weight="bold"
    )
    where = (last, (start + bottom) / 2 - 14, 62, 28)
    _cell(ax, where, float(trace.total), np.abs(values).max() or 1.0, GREEN, f"{gid} total", 15)
    return (
        f"{trace.loss}: {grid.size} elementwise losses, {verb} of each row of {classes}, {count} "
        f"values, their mean is {trace.total:.4g}"
    )


def _cell(ax, place, number, full, hue, gid, letters=13):
    """Draw one number in a tint that says how large it is beside `full`."""
    tint = mix(hue, "#ffffff", 0.55 * min(1.0, abs(number) / full))
    text = texts(np.array(number), (place[2] - 8) / letters).item().replace("-", "−")
    draw_cell(ax, place, tint, text, letters, gid=gid)


def table(explanation: Explanation, rows: str, columns: str) -> Picture:
    """Draw a loss by two keys at once: what each pair adds to it, sums at the ends.

    Args:
        explanation: what `lossbook.explain` returns.
        rows: a key of `explanation.by`, such as "true_class", "output", "replica".
        columns: another one, such as "class".

    Returns:
        Picture: a Matplotlib figure; its gist in words is its `alt`.

    Raises:
        ValueError: for unknown keys, or more than 12 rows or 8 columns.

    Examples:
        >>> import keras, numpy as np, lossbook as lb
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Identity()])
        >>> model.compile(loss="binary_crossentropy")
        >>> e = lb.explain(model, np.array([[0.9, 0.1], [0.6, 0.4]]), np.eye(2))
        >>> print(lb.plots.table(e, "true_class", "class").alt)
        Loss 0.5108 by true class and class: most in true class 1, class 0, 0.2291.
    """
    check_is("explanation", explanation, "by", "what lossbook.explain returns")
    found = explanation.by(rows, columns)
    down = list(dict.fromkeys(pair[0] for pair in found))
    across = list(dict.fromkeys(pair[1] for pair in found))
    if len(down) > _ROWS or len(across) > _COLUMNS:
        raise ValueError(
            f"A table has room for {_ROWS} rows and {_COLUMNS} columns. Received: {len(down)} of "
            f"{rows}, {len(across)} of {columns}. See by({rows!r}, {columns!r})."
        )
    names = [_label(rows, label) for label in down], [_label(columns, label) for label in across]
    left, line = PAD + 116, 30
    wide = (WIDTH - PAD - left) / (len(across) + 1)
    top, full = PAD + 66, max(map(abs, found.values()), default=0) or 1.0
    with matplotlib.rc_context(STYLE):
        picture, ax = canvas(top + line * (len(down) + 1) + PAD)
        title = f"{rows} × {columns}".replace("_", " ")
        write(ax, PAD, PAD + 8, f"loss {explanation.total:.4g}, by {title}", 15, weight="bold")
        for j, name in enumerate([*names[1], "sum"]):
            fits = name if 8 * len(name) <= wide else name.rsplit(" ")[-1]
            write(ax, left + (j + 0.5) * wide, top - 14, fits[: int(wide // 8)], 13, ha="center")
        if names[1][0].rsplit(" ")[-1] != names[1][0]:
            write(ax, left - 8, top - 14, columns.replace("_", " "), 13, ha="right", color=MUTED)
        for i, name in enumerate([*names[0], "sum"]):
            y = top + (i + 0.5) * line
            write(ax, left - 8, y, name if len(name) <= 15 else f"{name[:14]}…", 13, ha="right")
        for i, a in enumerate(down):
            for j, b in enumerate(across):
                number = found.get((a, b), 0.0)
                hue = BLUE if number < 0 else ORANGE
                place = (left + j * wide, top + i * line, wide, line)
                _cell(ax, place, number, full, hue, f"{i} {j}")
            total = sum(v for (one, _), v in found.items() if one == a)
            write(
                ax, WIDTH - PAD - wide / 2, top + (i + 0.5) * line, f"{total:.3g}", 13, ha="center"
            )
        y = top + (len(down) + 0.5) * line
        for j, b in enumerate(across):
            total = sum(v for (_, one), v in found.items() if one == b)
            write(ax, left + (j + 0.5) * wide, y, f"{total:.3g}", 13, ha="center")
        how = {"ha": "center", "weight": "bold", "color": INK}
        write(ax, WIDTH - PAD - wide / 2, y, f"{explanation.total:.3g}", 13, **how)
    (a, b), most = max(found.items(), key=lambda item: abs(item[1]))
    title = f"{rows} and {columns}".replace("_", " ")
    picture.alt = (
        f"Loss {explanation.total:.4g} by {title}: most in {_label(rows, a)}, "
        f"{_label(columns, b)}, {most:.4g}."
    )
    return picture


def _label(key, label):
    return str(label) if isinstance(label, str) else f"{key.replace('_', ' ')} {label}"
