"""Pictures: the path of the whole book, and the ledger of one trace.

The only module that imports Matplotlib. A `Picture` is a Matplotlib figure made without pyplot: as
the last line of a notebook cell it shows itself, once, and `picture.savefig("path.png")` keeps it.
`picture.alt` says in words what it shows.
"""

import io
import re
from fractions import Fraction

import matplotlib
import numpy as np
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch, Rectangle

from lossbook._arrays import shape_of, size, to_numpy

# Lengths and letters are in CSS pixels. 520 of them need no scaling on a desktop, and on a phone
# 390 wide letters of 14 are still 9.5 high.
_WIDTH, _PAD, _DPI = 520, 16, 96
_STYLE = {  # whatever the reader's own settings are
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
_INK, _MUTED, _LINE, _PAPER = "#1f2630", "#4a5568", "#8b95a5", "#f4f6fc"
_BLUE, _ORANGE, _GREEN = "#2b4fc7", "#d9731a", "#1f8a70"

# name, formula, shape of what comes out, who does it in Keras
_PATH = (
    ("elementwise", "one loss per element of y_pred", "(B, H, W, C)", "function"),
    ("class axis", "values = mean or sum over the last axis", "(B, H, W)", "function"),
    ("mask", "mask_weight = mask · total / valid", "(B, H, W)", "Loss object"),
    ("weights", "values · sample_weight · mask_weight", "(B, H, W)", "Loss object"),
    ("reduction", "output_loss = sum / number of values", "one number", "Loss object"),
    ("outputs", "sum of loss_weight · output_loss", "one number", "model"),
    ("additional losses", "batch_loss = that + additional_losses", "one number", "model"),
    ("epochs", "reported_loss = mean of batches, by rows", "one number", "epoch"),
)
_ELEMENTS, _COLUMNS, _ROWS = 64, 8, 16  # what a ledger has room for


class Picture(Figure):
    """A Matplotlib figure that shows itself in a notebook; `alt` says in words what it shows."""

    alt = ""

    def _repr_mimebundle_(self, include=None, exclude=None):
        file = io.StringIO()
        with matplotlib.rc_context(_STYLE):
            self.savefig(file, format="svg", metadata={"Title": self.alt, "Date": None})
        return {"image/svg+xml": file.getvalue(), "text/plain": self.alt}


def path(highlight=None):
    """Draw the path of the whole book: the eight stages from a tensor to the reported loss.

    Surprise: only the stages up to the reduction belong to the loss; what comes after them is done
    by the model and by the loop over the batches. Mask and reduction are those of Keras's default,
    "sum_over_batch_size".

    Args:
        highlight: name of the stage to stress, as the picture writes it, or None.

    Returns:
        Picture: a Matplotlib figure; the same in words is its `alt`.

    Raises:
        ValueError: for an unknown name; the message lists the names.

    Examples:
        >>> import lossbook as lb
        >>> print(lb.plots.path("mask").alt[-88:])
        one number after reduction, outputs, additional losses, epochs. Highlighted stage: mask.

    References:
        keras/src/losses/loss.py::Loss.__call__, keras/src/trainers/compile_utils.py::CompileLoss
        and keras/src/trainers/trainer.py::Trainer.compute_loss, Keras 3.15.1.
    """
    names = [stage[0] for stage in _PATH]
    if highlight is not None and highlight not in names:
        raise ValueError(
            f"Unknown stage {highlight!r}. Expected None or one of: {', '.join(names)}."
        )
    step, height, left, top = 72, 56, 54, 50
    with matplotlib.rc_context(_STYLE):
        picture, ax = _canvas(top + step * len(_PATH) - (step - height) + _PAD)
        picture.alt = _path_alt(highlight)
        right = _WIDTH - _PAD - 14
        _write(ax, left + 12, 24, "y_true, y_pred", 15)
        _write(ax, right, 24, "(B, H, W, C)", 14, ha="right")
        for i, (name, formula, shape, _) in enumerate(_PATH):
            y, on = top + step * i, name == highlight
            ink, weight = ("#ffffff", "bold") if on else (_INK, "normal")
            box = FancyBboxPatch(
                (left, y), _WIDTH - _PAD - left, height, boxstyle="round,pad=0,rounding_size=7",
                facecolor=_BLUE if on else _PAPER, edgecolor=_INK if on else _LINE,
                linewidth=3 if on else 0.8, gid=f"stage {name}",
            )  # fmt: skip
            ax.add_patch(box)
            _arrow(ax, left + 30, y - 13, y - 3)
            _icon(ax, left + 30, y + height / 2, name, ink)
            _write(ax, left + 60, y + 18, name, 16, color=ink, weight="bold")
            _write(ax, left + 60, y + 39, formula, 14, color=ink, weight=weight)
            _write(ax, right, y + 18, shape, 14, color=ink, weight=weight, ha="right")
        for group in dict.fromkeys(stage[3] for stage in _PATH):
            rows = [i for i, stage in enumerate(_PATH) if stage[3] == group]
            ends = top + step * rows[0], top + step * rows[-1] + height
            ax.plot([left - 11] * 2, ends, color=_MUTED, linewidth=1.5)
            _write(ax, left - 25, sum(ends) / 2, group, 14, ha="center", va="center", rotation=90)
    return picture


def _path_alt(highlight):
    """Say the path in words, the stages of one shape together."""
    shapes = dict.fromkeys(stage[2] for stage in _PATH)
    parts = [f"{x} after {', '.join(s[0] for s in _PATH if s[2] == x)}" for x in shapes]
    alt = f"The path from a tensor to one number: {'; '.join(parts)}."
    return f"{alt} Highlighted stage: {highlight}." if highlight else alt


def _icon(ax, x, y, name, ink):
    """Draw what a stage leaves: a stack of grids, a grid, or dots."""
    paper = _BLUE if ink == "#ffffff" else _PAPER
    tones = {
        "elementwise": [0.35] * 9,
        "class axis": [0.35] * 9,
        "mask": [0.35, 0.35, 0.35, 0.35, 0.35, 0, 0.35, 0, 0],
        "weights": [0.9, 0.9, 0.9, 0.15, 0.15, 0, 0.45, 0, 0],
    }
    for shift in (5, 0, -5) if name == "elementwise" else (0,):
        for i, tone in enumerate(tones.get(name, ())):
            corner = x - 13.5 + shift + 9 * (i % 3), y - 13.5 - shift + 9 * (i // 3)
            tint = _mix(ink, paper, tone)
            ax.add_patch(Rectangle(corner, 9, 9, facecolor=tint, edgecolor=ink, linewidth=0.6))
    dots = {
        "reduction": [(0, 6)],
        "outputs": [(-8, 7), (8, 4)],
        "additional losses": [(-8, 7)],
        "epochs": [(-13, 5), (0, 5), (11, 3)],
    }
    for shift, radius in dots.get(name, ()):
        ax.add_patch(Circle((x + shift, y), radius, facecolor=ink, edgecolor="none"))
    if name == "additional losses":
        _write(ax, x + 9, y, "+", 20, color=ink, ha="center", weight="bold")


def ledger(trace):
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
    with matplotlib.rc_context(_STYLE):
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
    cell = (_WIDTH - 2 * _PAD - gutter - 2 * gap * beside) / (columns * (3 if beside else 1))
    block = line * bool(blocks[0]) + height * len(rows)
    tall = 2 * line + block * len(blocks)
    across, down = (columns * cell + gap, 0) if beside else (0, tall + gap)
    left, top, right = _PAD + gutter, _PAD + line, _WIDTH - _PAD
    bottom = top + 2 * down + tall
    texts = [_texts(grid, (cell - 6) / 12.4, fractions=k == 1) for k, grid in enumerate(grids)]
    letters = min(15, (cell - 6) / max(_ems(text) for text in np.ravel(texts)))

    picture, ax = _canvas(bottom + line + 20 + line * zero.any())
    _write(ax, _PAD, _PAD + 8, f"{trace.loss}, {trace.reduction}", 14, color=_MUTED)
    titles = ("elementwise", "coefficients", "contributions")
    for k, (title, hue) in enumerate(zip(titles, (_BLUE, _ORANGE, _GREEN), strict=True)):
        x, y = left + k * across, top + k * down
        middle, sign_at = (columns * cell / 2, gap / 2) if beside else (0, 16)
        place = {"ha": "center" if beside else "left", "weight": "bold"}
        _write(ax, x + middle, y + line / 2, title, 14, **place)
        _write(ax, x - sign_at, y + line / 2, " ×="[k], 20, ha="center", weight="bold")
        for j in range(columns):
            _write(ax, x + (j + 0.5) * cell, y + 1.5 * line, str(j), 14, ha="center")
        if x == left:
            _write(ax, left - 8, y + 1.5 * line, names[-1], 14, ha="right")
        tints = _tints(grids[k], hue)
        for b, i, j in np.ndindex(tints.shape):
            cell_y = y + 2 * line + b * block + line * bool(blocks[b]) + i * height
            if x == left and i == j == 0:
                _write(ax, _PAD, cell_y - 10, blocks[b], 14)
            if x == left and j == 0:
                _write(ax, left - 8, cell_y + height / 2, rows[i], 14, ha="right")
            _cell(
                ax, (x + j * cell, cell_y, cell, height), tints[b, i, j], texts[k][b, i, j],
                letters, hatch=k > 0 and zero[b, i, j], gid=f"{title} {b} {i} {j}",
            )  # fmt: skip

    if shape_of(trace.total):
        result = f"reduction none: no sum, an array of shape {shape_of(trace.total)}"
    else:
        result = f"sum of contributions = total = {trace.total:#.4g}"
        for shift in (4, 7):
            ax.plot([left + 2 * across, right], [bottom + shift] * 2, color=_INK, linewidth=1)
    _write(ax, right, bottom + 24, result, 15, ha="right", weight="bold")
    if zero.any():
        _cell(ax, (_PAD, bottom + line + 14, 26, 16), "#ffffff", "", 1, hatch=True)
        note = "coefficient 0: there is a loss, it does not count"
        _write(ax, _PAD + 34, bottom + line + 22, note, 14)
    return picture


def _labels(names, shape):
    """Name the blocks of rows, and the rows in each: blocks are samples from rank 3 on."""
    if len(shape) < 3:
        return [""], [f"{names[0]} {i}" for i in range(shape[0])] if len(shape) == 2 else [""]
    rows = [f"{names[1]} {', '.join(map(str, i))}" for i in np.ndindex(*shape[1:-1])]
    return [f"{names[0]} {b}" for b in range(shape[0])], rows


def _cell(ax, rectangle, tint, text, letters, hatch=False, gid=None):
    """Draw one cell; its number is black or white, whichever reads better on the tint."""
    x, y, width, height = rectangle
    how = {"facecolor": tint, "edgecolor": _LINE, "linewidth": 0.8, "gid": gid}
    ax.add_patch(Rectangle((x, y), width, height, hatch="////" if hatch else None, **how))
    if text:
        how = {"ha": "center", "color": _ink_on(tint), "gid": gid}
        if hatch:
            how["bbox"] = {"facecolor": tint, "edgecolor": "none", "pad": 2}
        _write(ax, x + width / 2, y + height / 2, text, letters, **how)


def _texts(values, room=10.0, fractions=False):
    """Write numbers with 4 digits, with fewer where they have less room (in em), or as 1/12."""

    def write(x):
        if fractions and np.isfinite(x):
            ratio = Fraction(x).limit_denominator(999)
            if abs(ratio.numerator) < 10 and abs(x - ratio) <= 1e-6 * abs(x):
                return str(ratio)
        for digits in (4, 3, 2):
            text = f"{x:.{digits - 1}e}" if 0 < abs(x) < 1e-3 else f"{x:#.{digits}g}"
            text = re.sub(r"\.?e([+-])0*", lambda e: "e" + e[1].strip("+"), text).rstrip(".")
            if _ems(text) <= room:
                break
        return text if x else "0"

    texts = [write(x) for x in values.ravel().tolist()]
    return np.array(texts, dtype=object).reshape(values.shape)


def _ems(text):
    """Measure a number: in DejaVu Sans digits are 0.64 em wide, points and slashes half that."""
    return sum(0.34 if c in "./-" else 0.64 for c in text)


def _tints(values, hue):
    """Return a colour for each value, full for the largest magnitude, grey for NaN."""
    finite = np.isfinite(values)
    full = np.abs(values[finite]).max(initial=0) or 1.0
    shares = np.where(finite, np.abs(values) / full, np.nan)
    colours = [_LINE if np.isnan(s) else _mix(hue, "#ffffff", 0.5 * s) for s in shares.flat]
    return np.array(colours, dtype=object).reshape(values.shape)


def _mix(colour, paper, share):
    """Return `share` of the colour on the paper, as #rrggbb."""
    return to_hex(share * np.array(to_rgb(colour)) + (1 - share) * np.array(to_rgb(paper)))


def _ink_on(background):
    """Return black or white; the better one always has a contrast of at least 4.58 : 1."""
    channels = np.array(to_rgb(background))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    luminance = linear @ (0.2126, 0.7152, 0.0722)
    return "#000000" if (luminance + 0.05) ** 2 > 1.05 * 0.05 else "#ffffff"


def _ledger_alt(trace, grids):
    """Say in words what a ledger shows."""
    low, high = np.fmin.reduce(grids[0], axis=None), np.fmax.reduce(grids[0], axis=None)
    found = list(dict.fromkeys(_texts(np.unique(grids[1]), fractions=True)))
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


def _canvas(height):
    """Return a white picture and its one Axes, measured in CSS pixels from the top left."""
    picture = Picture(
        figsize=(_WIDTH / _DPI, height / _DPI), dpi=_DPI, facecolor="white", layout="none"
    )
    ax = picture.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, _WIDTH), ylim=(height, 0))
    ax.set_axis_off()
    return picture, ax


def _write(ax, x, y, text, size, color=_INK, **how):
    how = {"va": "center_baseline", "parse_math": False, **how}
    ax.text(x, y, text, fontsize=size * 72 / _DPI, color=color, **how)


def _arrow(ax, x, start, end):
    how = {"color": _MUTED, "linewidth": 1.5, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 10}
    how["arrowstyle"] = "-|>,head_width=.25,head_length=.4"
    ax.annotate("", (x, end), (x, start), arrowprops=how)
