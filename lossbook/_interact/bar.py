"""The budget bar of a ledger, without its script: coefficients as lengths, a mark at 1."""

from dataclasses import dataclass
from hashlib import sha256
from html import escape

import numpy as np

from lossbook._core import simple_fraction
from lossbook._interact.state import State

WIDTH, RAIL, AREAS, TOP = 600, 26, 70, 16  # of the drawing, whose width is that of the page
BLUE, GREEN, ORANGE = "#4a6fe0", "#2a9a68", "#d9731a"  # on white and on black


@dataclass(frozen=True)
class Piece:
    """The place of a value on the bar: its coefficient, then what it leaves empty."""

    start: float
    length: float
    hole: float


def budget(state: State) -> list[Piece] | None:
    """Lay the coefficients of the values one after the other; None where there is no one sum.

    What the denominator counts and no weight takes stays empty, at the place of the values that
    take less than an equal share.
    """
    aggregate = state.aggregate()
    lengths = np.abs(np.ravel(aggregate.coefficients).astype(float))
    if state.reduction == "none" or not np.isfinite(lengths.sum()):
        return None
    mask = np.ones(len(lengths), bool) if state.mask is None else state.mask.ravel()
    counted = _counted(mask, float(aggregate.denominator), state.reduction)
    lacks = counted * np.maximum(0, 1 / max(counted.sum(), 1) - lengths)
    empty = 1 - lengths.sum()
    holes = lacks / lacks.sum() * empty if empty > 1e-6 and lacks.sum() else 0 * lacks
    ends = np.cumsum(lengths + holes)
    return [
        Piece(float(end - length - hole), float(length), float(hole))
        for end, length, hole in zip(ends, lengths, holes, strict=True)
    ]


def _counted(mask, denominator, reduction):
    """Say which values a mean divides by: all, those that the mask keeps, or none of them."""
    if reduction in ("sum_over_batch_size", "mean"):
        for counted in (np.ones_like(mask), mask):
            if abs(denominator - counted.sum()) <= 1e-5:
                return counted
    return np.zeros_like(mask)


def svg(state: State) -> str:
    """Draw the budget bar, the contributions as areas below it; "" where there is no one sum."""
    pieces = budget(state)
    if pieces is None:
        return ""
    values = [abs(x) if np.isfinite(x) else 0.0 for x in np.ravel(state.values).tolist()]
    total = float(state.aggregate().total)
    end = pieces[-1].start + pieces[-1].length + pieces[-1].hole
    scale, level = WIDTH / max(1.0, end), abs(total) if np.isfinite(total) else 0.0
    tallest = max([x for x, p in zip(values, pieces, strict=True) if p.length] + [level]) or 1.0
    hatch = "hatch-" + sha256(state.text().encode()).hexdigest()[:8]
    bottom = TOP + RAIL + 4 + AREAS
    parts = [
        f'<pattern id="{hatch}" width="6" height="6" patternTransform="rotate(45)" '
        'patternUnits="userSpaceOnUse"><path d="M0 0V6" stroke="currentColor"/></pattern>'
    ]
    for value, piece in zip(values, pieces, strict=True):
        x, width, height = piece.start * scale, piece.length * scale, value / tallest * AREAS
        if width:
            parts.append(_rect(x, TOP, width, RAIL, BLUE))
            parts.append(_rect(x, bottom - height, width, height, GREEN))
        if piece.hole:
            parts.append(_rect(x + width, TOP, piece.hole * scale, RAIL, f"url(#{hatch})"))
    if end > 1 + 1e-6:
        parts.append(_rect(scale, TOP, (end - 1) * scale, 5, ORANGE))
    y = bottom - level / tallest * AREAS
    parts += [
        f'<path d="M0 {y:.1f}H{scale:.1f}" stroke="{ORANGE}" stroke-width="3" '
        'stroke-dasharray="7 4"/>',
        f'<path d="M{scale - 1:.1f} 2V{bottom}" stroke="currentColor" stroke-width="2"/>',
        f'<path d="M0 {bottom}H{WIDTH}" stroke="currentColor"/>',
    ]
    return (
        f'<svg class="lossbook-ledger" role="img" viewBox="0 0 {WIDTH} {bottom + 2}" '
        f'width="{WIDTH}" style="max-width:100%;height:auto" aria-label="{escape(alt(pieces))}">'
        f"{''.join(parts)}</svg>"
    )


def alt(pieces: list[Piece]) -> str:
    """Say in words what the bar shows."""
    taken, empty = sum(p.length for p in pieces), sum(p.hole for p in pieces)
    hole = f"; {_number(empty)} of the budget stays empty, hatched" if empty else ""
    over = ", more than the mark at 1" if taken > 1 + 1e-6 else ""
    return (
        f"Budget bar: {len(pieces)} coefficients as lengths, one after the other, together "
        f"{_number(taken)}{over}{hole}. Below it the contributions as areas, as high as the "
        "losses; a dashed line shows the loss, as high as they are over the length 1."
    )


def _number(x):
    return simple_fraction(x, 1e-6) or f"{x:.4g}"


def _rect(x, y, width, height, fill):
    edge = ' stroke="currentColor" stroke-dasharray="3 2"' if fill.startswith("url") else ""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width - 1, 0.5):.1f}" height="{height:.1f}" '
        f'fill="{fill}"{edge}/>'
    )
