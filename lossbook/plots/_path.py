"""The path of the whole book: its eight stages one below the other, or in a strip."""

import matplotlib
from matplotlib.patches import Circle, FancyBboxPatch, Rectangle

from lossbook._core import described
from lossbook.plots._canvas import (
    BLUE,
    INK,
    LINE,
    MUTED,
    PAD,
    PAPER,
    STYLE,
    WIDTH,
    Picture,
    arrow,
    canvas,
    mix,
    write,
)

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
STAGES = tuple(stage[0] for stage in _PATH)


def path(highlight: str | None = None) -> Picture:
    """Draw the path of the whole book: the eight stages from a tensor to the reported loss.

    Surprise: only the stages up to the reduction belong to the loss; what comes after them is done
    by the model and by the loop over the batches. Mask and reduction are those of Keras's default,
    "sum_over_batch_size".

    Args:
        highlight: name of a stage, as the picture writes it: a strip, 64 pixels high, where this
            stage is lit. None: the whole path, with formulas and shapes.

    Returns:
        Picture: a Matplotlib figure; the same in words is its `alt`.

    Raises:
        ValueError: for an unknown name; the message lists the names.

    Examples:
        >>> import lossbook as lb
        >>> print(lb.plots.path("mask").alt[-68:])
        mask (here), weights, reduction, outputs, additional losses, epochs.

    References:
        keras/src/losses/loss.py::Loss.__call__, keras/src/trainers/compile_utils.py::CompileLoss
        and keras/src/trainers/trainer.py::Trainer.compute_loss, Keras 3.15.1.
    """
    if highlight is not None and (not isinstance(highlight, str) or highlight not in STAGES):
        raise ValueError(
            f"Unknown stage {described(highlight)}. Expected None or one of: {', '.join(STAGES)}."
        )
    with matplotlib.rc_context(STYLE):
        return _whole() if highlight is None else _strip(highlight)


def _whole():
    step, height, left, top = 72, 56, 54, 50
    picture, ax = canvas(top + step * len(_PATH) - (step - height) + PAD)
    right = WIDTH - PAD - 14
    write(ax, left + 12, 24, "y_true, y_pred", 15)
    write(ax, right, 24, "(B, H, W, C)", 14, ha="right")
    for i, (name, formula, shape, _) in enumerate(_PATH):
        y = top + step * i
        box = FancyBboxPatch(
            (left, y), WIDTH - PAD - left, height, boxstyle="round,pad=0,rounding_size=7",
            facecolor=PAPER, edgecolor=LINE, linewidth=0.8, gid=f"stage {name}",
        )  # fmt: skip
        ax.add_patch(box)
        arrow(ax, left + 30, y - 13, y - 3)
        _icon(ax, left + 30, y + height / 2, name)
        write(ax, left + 60, y + 18, name, 16, weight="bold")
        write(ax, left + 60, y + 39, formula, 14)
        write(ax, right, y + 18, shape, 14, ha="right")
    for group in dict.fromkeys(stage[3] for stage in _PATH):
        rows = [i for i, stage in enumerate(_PATH) if stage[3] == group]
        ends = top + step * rows[0], top + step * rows[-1] + height
        ax.plot([left - 11] * 2, ends, color=MUTED, linewidth=1.5)
        write(ax, left - 25, sum(ends) / 2, group, 14, ha="center", va="center", rotation=90)
    shapes = dict.fromkeys(stage[2] for stage in _PATH)
    parts = [f"{x} after {', '.join(s[0] for s in _PATH if s[2] == x)}" for x in shapes]
    picture.alt = f"The path from a tensor to one number: {'; '.join(parts)}."
    return picture


def _strip(highlight):
    """Draw stops on a line, their names above and below it in turn."""
    height, step = 64, (WIDTH - 2 * PAD) / len(STAGES)
    picture, ax = canvas(height)
    ax.plot([PAD, WIDTH - PAD], [height / 2] * 2, color=LINE, linewidth=2, zorder=0)
    for i, name in enumerate(STAGES):
        x, y, on = PAD + step * (i + 0.5), height / 2, name == highlight
        dot = Circle(
            (x, y), 7 if on else 4.5, facecolor=BLUE if on else PAPER,
            edgecolor=INK, linewidth=3 if on else 1.2, gid=f"stage {name}",
        )  # fmt: skip
        ax.add_patch(dot)
        side = {0: "left", len(STAGES) - 1: "right"}.get(i, "center")
        at = {"left": PAD, "right": WIDTH - PAD, "center": x}[side]
        weight, shift = "bold" if on else "normal", 21 if i % 2 else -21
        write(ax, at, y + shift, name, 13, ha=side, weight=weight)
    stops = ", ".join(f"{name} (here)" if name == highlight else name for name in STAGES)
    picture.alt = f"The path of a loss, eight stages in a row: {stops}."
    return picture


def _icon(ax, x, y, name):
    """Draw what a stage leaves: a stack of grids, a grid, or dots."""
    tones = {
        "elementwise": [0.35] * 9,
        "class axis": [0.35] * 9,
        "mask": [0.35, 0.35, 0.35, 0.35, 0.35, 0, 0.35, 0, 0],
        "weights": [0.9, 0.9, 0.9, 0.15, 0.15, 0, 0.45, 0, 0],
    }
    for shift in (5, 0, -5) if name == "elementwise" else (0,):
        for i, tone in enumerate(tones.get(name, ())):
            corner = x - 13.5 + shift + 9 * (i % 3), y - 13.5 - shift + 9 * (i // 3)
            tint = mix(INK, PAPER, tone)
            ax.add_patch(Rectangle(corner, 9, 9, facecolor=tint, edgecolor=INK, linewidth=0.6))
    dots = {
        "reduction": [(0, 6)],
        "outputs": [(-8, 7), (8, 4)],
        "additional losses": [(-8, 7)],
        "epochs": [(-13, 5), (0, 5), (11, 3)],
    }
    for shift, radius in dots.get(name, ()):
        ax.add_patch(Circle((x + shift, y), radius, facecolor=INK, edgecolor="none"))
    if name == "additional losses":
        write(ax, x + 9, y, "+", 20, color=INK, ha="center", weight="bold")
