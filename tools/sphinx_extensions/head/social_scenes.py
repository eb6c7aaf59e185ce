"""What the picture of a link shows of a page where something moves: how it begins.

An address behind # stays in the browser: who draws a link's preview never hears of it.
"""

import numpy as np
from matplotlib.patches import Circle, Rectangle

from lossbook._interact.bar import alt, budget
from lossbook._interact.state import parse
from tools.sphinx_extensions.islands import forgotten, means

LEFT, TOP, WIDTH, HEIGHT = 680, 165, 450, 300  # of the drawing, beside the question
WHITE, GREY, BLUE, PALE, GREEN, ORANGE = (
    "#ffffff", "#5f6b7c", "#4f6fe3", "#b3c3ff", "#2fa185", "#e2702d",
)  # fmt: skip


def _box(ax, x, y, width, height, fill, **how):
    ax.add_patch(Rectangle((x, y), width, height, facecolor=fill, **how))


def _line(ax, y, text, width=WIDTH):
    ax.plot([LEFT, LEFT + width], [y, y], color=ORANGE, linewidth=3, linestyle=(0, (3, 1.5)))
    where = {"ha": "right", "va": "bottom", "weight": "bold"}
    ax.text(LEFT + WIDTH, y - 6, text, color=ORANGE, fontsize=20, **where)


def ledger(ax, state):
    """Draw coefficients as lengths, the contributions below, the loss as a line."""
    state = parse(state)
    pieces = budget(state)
    scale = WIDTH / max(1.0, pieces[-1].start + pieces[-1].length + pieces[-1].hole)
    values, total = np.abs(np.ravel(state.values)), float(state.aggregate().total)
    counted = [value for value, piece in zip(values, pieces, strict=True) if piece.length]
    tall = 190 / max([total, *counted])
    bottom = TOP + HEIGHT
    for value, piece in zip(values, pieces, strict=True):
        x = LEFT + piece.start * scale
        if piece.length:
            _box(ax, x, TOP, piece.length * scale - 3, 70, BLUE)
            _box(ax, x, bottom - value * tall, piece.length * scale - 3, value * tall, GREEN)
        if piece.hole:
            how = {"edgecolor": GREY, "hatch": "//", "linewidth": 1.5}
            _box(ax, x + piece.length * scale, TOP, piece.hole * scale - 3, 70, "none", **how)
    ax.plot([LEFT + scale] * 2, [TOP - 22, bottom], color=WHITE, linewidth=3)
    ax.text(LEFT + scale - 12, TOP - 18, "1", color=WHITE, fontsize=20, ha="right", va="center")
    _line(ax, bottom - total * tall, f"loss {total:.4g}", scale)
    return alt(pieces)


def of_means(ax, _):
    """Draw the two batches, as wide as their rows, and their mean."""
    now = means.numbers(means.START)
    bottom, tall = TOP + HEIGHT, HEIGHT / 10
    for i, (loss, name) in enumerate(zip(now["losses"], "AB", strict=True)):
        x, width = LEFT + i * WIDTH / 2, WIDTH / 2 - 4
        _box(ax, x, bottom - loss * tall, width, loss * tall, (BLUE, PALE)[i])
        words = {"ha": "center", "va": "top", "fontsize": 20}
        ax.text(x + width / 2, bottom + 14, f"batch {name}: {loss:.4g}", color=WHITE, **words)
    _line(ax, bottom - now["by_rows"] * tall, "")
    ax.text(LEFT, bottom - now["by_rows"] * tall - 8, f"mean {now['by_rows']:.4g}", color=ORANGE,
            fontsize=22, weight="bold", va="bottom")  # fmt: skip
    ax.plot([LEFT, LEFT + WIDTH], [bottom] * 2, color=WHITE, linewidth=2)
    return (
        f"Two batches as bars, as high as their losses, {now['losses'][0]:.4g} and "
        f"{now['losses'][1]:.4g}; the mean is {now['by_rows']:.4g}."
    )


def of_forgotten(ax, _):
    """Draw the image with its rare class, the loss and the IoU as bars."""
    now = forgotten.numbers(**forgotten.START)
    side, unit = 200, 2.0
    for i, fill in enumerate(("#3a56bd", "#2a3f8f", "#4f6fe3", "#3a56bd")):
        _box(ax, LEFT + i % 2 * side / 2, TOP - 40 + i // 2 * side / 2, side / 2, side / 2, fill)
    wide = 10 * np.sqrt(forgotten.START["share"]) * unit
    x, y = LEFT + 20 * unit, TOP - 40 + 62 * unit
    _box(ax, x, y, wide, wide, WHITE, edgecolor=ORANGE, linewidth=2)
    _box(ax, x, y, wide, wide * forgotten.START["found"] / 100, ORANGE)
    ax.add_patch(Circle((x + wide / 2, y + wide / 2), 28, fill=False, edgecolor=ORANGE, lw=3))
    for i, (name, share, text) in enumerate((
        ("loss", now["loss"] / np.log(2), f"{now['loss']:.4f}"),
        ("IoU of the class", now["iou"], f"{now['iou']:.2f}"),
    )):  # fmt: skip
        top = TOP + 205 + 80 * i
        ax.text(LEFT, top - 20, name, color=WHITE, fontsize=20, va="center")
        ax.text(LEFT + WIDTH, top - 20, text, color=ORANGE, fontsize=22, weight="bold", va="center",
                ha="right")  # fmt: skip
        _box(ax, LEFT, top, WIDTH, 24, "none", edgecolor=GREY, linewidth=1.5)
        _box(ax, LEFT, top, WIDTH * share, 24, PALE)
    return (
        f"An image with a rare class, of which {forgotten.START['found']} % are found: the loss "
        f"is {now['loss']:.4f}, the IoU of the class {now['iou']:.2f}."
    )


SCENES = {"means": of_means, "forgotten": of_forgotten}
