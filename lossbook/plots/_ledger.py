"""The ledger of a trace: elementwise losses, coefficients and contributions, cell by cell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from matplotlib.patches import Rectangle

from lossbook._core import shape_of, simple_fraction, size, to_numpy
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
    ink_on,
    mix,
    write,
)

if TYPE_CHECKING:
    from lossbook._trace import Trace

_ELEMENTS, _COLUMNS, _ROWS = 64, 8, 16  # what a ledger has room for


def ledger(trace: Trace) -> Picture:
    """Draw the ledger of a trace: elementwise losses × coefficients = contributions, cell by cell.

    Surprise: a cell whose coefficient is 0 (hatched) has a loss all the same; it only doesn't
    count. The colours are scaled within each grid and repeat what the numbers say.

    Formula: contribution = coefficient · elementwise; total = sum of contributions.

    Args:
        trace: a Trace of up to 64 elements, in at most 8 columns (its class axis or else its last
            axis) and 16 rows (all other axes).

    Returns:
        Picture: a Matplotlib figure; its gist in words is its `alt`.

    Raises:
        ValueError: for more elements; the message says how to trace a part.

    Examples:
        >>> import lossbook as lb
        >>> t = lb.trace("binary_crossentropy", [[1, 0], [1, 1]], [[0.9, 0.2], [0.6, 0.5]])
        >>> print(lb.plots.ledger(t).alt[-83:])
        times coefficients (1/4), give the contributions; they add up to the total, 0.3831.
    """
    check_is("trace", trace, "elementwise", "what lossbook.trace returns")
    names, grids = _grids(trace)
    shape = grids[0].shape
    if size(shape) > _ELEMENTS or shape[-1] > _COLUMNS or size(shape[:-1]) > _ROWS:
        part = ", ".join([":2"] * (len(shape) - 1) + [":4"] * (shape[-1] > _COLUMNS))
        raise ValueError(
            f"A ledger has room for {_ELEMENTS} elements: at most {_COLUMNS} along the class axis "
            f"(or the last one) and {_ROWS} along all others. This trace has shape "
            f"{shape_of(trace.elementwise)}. Trace a part, as in y_true[{part}], y_pred[{part}]; "
            "its coefficients are its own, for it divides by fewer values."
        )
    with matplotlib.rc_context(STYLE):
        picture = _draw_ledger(trace, names, grids)
    picture.alt = _ledger_alt(trace, grids)
    return picture


def _grids(trace):
    """Return the names of the axes and the three arrays of a ledger, the class axis last."""
    with np.errstate(invalid="ignore"):  # 0 times infinity is NaN, and the cell says so
        arrays = [trace.elementwise, trace.coefficients, trace.contributions]
    arrays = [to_numpy(a).astype(np.float64) for a in arrays]
    names = ["sample"] + ["position"] * (arrays[0].ndim - 1)
    axis = trace.class_axis
    if axis is not None and len(names) > 1:
        names[axis] = "class"
        names.append(names.pop(axis))
        arrays = [np.moveaxis(a, axis, -1) for a in arrays]
    return names, arrays


def _draw_ledger(trace, names, grids):
    """Lay three grids side by side where they are narrow, else one below the other."""
    shape = grids[0].shape
    blocks, rows = _labels(names, shape)
    columns, beside = shape[-1], len(shape) > 1 and shape[-1] <= 2
    grids = [grid.reshape(len(blocks), len(rows), columns) for grid in grids]
    zero = grids[1] == 0

    line, height, gutter, gap = 26, 34, 86, 26 if beside else 12
    cell = (WIDTH - 2 * PAD - gutter - 2 * gap * beside) / (columns * (3 if beside else 1))
    block = line * bool(blocks[0]) + height * len(rows)
    tall = 2 * line + block * len(blocks)
    across, down = (columns * cell + gap, 0) if beside else (0, tall + gap)
    left, top, right = PAD + gutter, PAD + line, WIDTH - PAD
    bottom = top + 2 * down + tall
    numbers = [texts(grid, (cell - 6) / 12.4, fractions=k == 1) for k, grid in enumerate(grids)]
    letters = min(15, (cell - 6) / max(_ems(text) for text in np.ravel(numbers)))

    picture, ax = canvas(bottom + line + 20 + line * zero.any())
    write(ax, PAD, PAD + 8, f"{trace.loss}, {trace.reduction}", 14, color=MUTED)
    titles = ("elementwise", "coefficients", "contributions")
    for k, (title, hue) in enumerate(zip(titles, (BLUE, ORANGE, GREEN), strict=True)):
        x, y = left + k * across, top + k * down
        middle, sign_at = (columns * cell / 2, gap / 2) if beside else (0, 16)
        place = {"ha": "center" if beside else "left", "weight": "bold"}
        write(ax, x + middle, y + line / 2, title, 14, **place)
        write(ax, x - sign_at, y + line / 2, " ×="[k], 20, ha="center", weight="bold")
        for j in range(columns):
            write(ax, x + (j + 0.5) * cell, y + 1.5 * line, str(j), 14, ha="center")
        if x == left:
            write(ax, left - 8, y + 1.5 * line, names[-1], 14, ha="right")
        tints = _tints(grids[k], hue)
        for b, i, j in np.ndindex(tints.shape):
            cell_y = y + 2 * line + b * block + line * bool(blocks[b]) + i * height
            if x == left and i == j == 0:
                write(ax, PAD, cell_y - 10, blocks[b], 14)
            if x == left and j == 0:
                write(ax, left - 8, cell_y + height / 2, rows[i], 14, ha="right")
            draw_cell(
                ax, (x + j * cell, cell_y, cell, height), tints[b, i, j], numbers[k][b, i, j],
                letters, hatch=k > 0 and zero[b, i, j], gid=f"{title} {b} {i} {j}",
            )  # fmt: skip

    if shape_of(trace.total):
        result = f"reduction none: no sum, an array of shape {shape_of(trace.total)}"
    else:
        result = f"sum of contributions = total = {trace.total:#.4g}"
        for shift in (4, 7):
            ax.plot([left + 2 * across, right], [bottom + shift] * 2, color=INK, linewidth=1)
    write(ax, right, bottom + 24, result, 15, ha="right", weight="bold")
    if zero.any():
        draw_cell(ax, (PAD, bottom + line + 14, 26, 16), "#ffffff", "", 1, hatch=True)
        note = "coefficient 0: there is a loss, it does not count"
        write(ax, PAD + 34, bottom + line + 22, note, 14)
    return picture


def _labels(names, shape):
    """Name the blocks of rows, and the rows in each: blocks are samples from rank 3 on."""
    if len(shape) < 3:
        return [""], [f"{names[0]} {i}" for i in range(shape[0])] if len(shape) == 2 else [""]
    rows = [f"{names[1]} {', '.join(map(str, i))}" for i in np.ndindex(*shape[1:-1])]
    return [f"{names[0]} {b}" for b in range(shape[0])], rows


def draw_cell(ax, rectangle, tint, text, letters, hatch=False, gid=None):
    """Draw one cell; its number is black or white, whichever reads better on the tint."""
    x, y, width, height = rectangle
    how = {"facecolor": tint, "edgecolor": LINE, "linewidth": 0.8, "gid": gid}
    ax.add_patch(Rectangle((x, y), width, height, hatch="////" if hatch else None, **how))
    if text:
        how = {"ha": "center", "color": ink_on(tint), "gid": gid}
        if hatch:
            how["bbox"] = {"facecolor": tint, "edgecolor": "none", "pad": 2}
        write(ax, x + width / 2, y + height / 2, text, letters, **how)


def texts(values, room=10.0, fractions=False):
    """Write numbers with 4 digits, with fewer where they have less room (in em), or as 1/12."""

    def write(x):
        ratio = simple_fraction(x, 1e-6) if fractions and np.isfinite(x) else None
        if ratio:
            return ratio
        for digits in (4, 3, 2):
            text = f"{x:.{digits - 1}e}" if 0 < abs(x) < 1e-3 else f"{x:#.{digits}g}"
            text = re.sub(r"\.?e([+-])0*", lambda e: "e" + e[1].strip("+"), text).rstrip(".")
            if _ems(text) <= room:
                break
        return text if x else "0"

    written = [write(x) for x in values.ravel().tolist()]
    return np.array(written, dtype=object).reshape(values.shape)


def _ems(text):
    """Measure a number: in DejaVu Sans digits are 0.64 em wide, points and slashes half that."""
    return sum(0.34 if c in "./-" else 0.64 for c in text)


def _tints(values, hue):
    """Return a colour for each value, full for the largest magnitude, grey for NaN."""
    finite = np.isfinite(values)
    full = np.abs(values[finite]).max(initial=0) or 1.0
    shares = np.where(finite, np.abs(values) / full, np.nan)
    colours = [LINE if np.isnan(s) else mix(hue, "#ffffff", 0.5 * s) for s in shares.flat]
    return np.array(colours, dtype=object).reshape(values.shape)


def _ledger_alt(trace, grids):
    """Say in words what a ledger shows."""
    low, high = np.fmin.reduce(grids[0], axis=None), np.fmax.reduce(grids[0], axis=None)
    found = list(dict.fromkeys(texts(np.unique(grids[1]), fractions=True)))
    each = ", ".join(found) if len(found) <= 4 else f"between {found[0]} and {found[-1]}"
    zeros = " Where the coefficient is 0, the cells are hatched." if "0" in found else ""
    result = f"add up to the total, {trace.total:#.4g}" if not shape_of(trace.total) else (
        f"are not added up, for the result is an array of shape {shape_of(trace.total)}"
    )  # fmt: skip
    return (
        f"Ledger of {trace.loss}, {trace.reduction}, shape {grids[0].shape}: elementwise losses "
        f"from {low:.4g} to {high:.4g}, times coefficients ({each}), give the contributions; "
        f"they {result}.{zeros}"
    )
