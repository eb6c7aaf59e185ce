"""Lines over an axis that all panels share: a loss over epochs, or over what a network predicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.ticker import MaxNLocator

from lossbook._core import described, to_numpy
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
    write,
)

# No two of the first six have both colour and dashes in common.
_LOOKS = ((BLUE, "-"), (ORANGE, (0, (6, 2))), (GREEN, (0, (2, 1.5))), (INK, (0, (7, 2, 1.5, 2))),
          (MUTED, "-"), (BLUE, (0, (2, 1.5))))  # fmt: skip
_LEFT, _RIGHT, _TALL, _GAP = PAD + 48, WIDTH - PAD - 122, 125, 56


def lines(
    panels: Mapping[str, Mapping[str, Sequence[float]]],
    x: str = "epoch",
    at: Sequence[float] | None = None,
) -> Picture:
    """Draw lines in one or more panels, one below the other, over the same axis.

    Every line bears its name at its end, and differs in colour and in dashes. NaN and infinity
    leave a gap.

    Args:
        panels: {what is measured: {name of a line: its numbers}}, all of one length; six lines in
            a panel at most. Or what `fit` returns, or its dict: losses above, the parts that
            `lossbook.explain.callback` logs below.
        x: what the axis says.
        at: where the numbers stand on it; 1, 2, 3, ... by default.

    Returns:
        Picture: a Matplotlib figure; its gist in words is its `alt`.

    Raises:
        ValueError: for lines of unequal lengths, more than six in a panel, or no finite number.

    Examples:
        >>> import lossbook as lb
        >>> print(lb.plots.lines({"loss": {"train": [3, 2, 1], "val": [3, 3, 4]}}).alt)
        Lines over epoch, 1 to 3. loss: train from 3 to 1, val from 3 to 4.
    """
    found = _panels(panels)
    first = next(iter(next(iter(found.values())).values()))
    place = 1.0 + np.arange(first.size) if at is None else _numbers("at", at)
    for lines_of in found.values():
        for name, numbers in lines_of.items():
            if numbers.shape != place.shape or numbers.ndim != 1:
                raise ValueError(
                    f"Every line needs one number for each place on the axis. Line {name!r} has "
                    f"shape {numbers.shape}. Expected {place.shape}."
                )
        if len(lines_of) > len(_LOOKS) or not np.isfinite([*lines_of.values()]).any():
            raise ValueError(
                f"A panel has room for 1 to {len(_LOOKS)} lines with a finite number. Received: "
                f"{len(lines_of)} lines."
            )
    with matplotlib.rc_context(STYLE):
        picture, ax = canvas(PAD + 26 + len(found) * (_TALL + _GAP) - 8)
        for i, (title, lines_of) in enumerate(found.items()):
            _panel(ax, PAD + 26 + i * (_TALL + _GAP), title, lines_of, place)
        bottom = PAD + 26 + len(found) * (_TALL + _GAP) - 24
        write(ax, (_LEFT + _RIGHT) / 2, bottom, x, 14, ha="center", weight="bold")
    told = [
        f"{title}: {', '.join(_says(name, numbers) for name, numbers in lines_of.items())}"
        for title, lines_of in found.items()
    ]
    picture.alt = f"Lines over {x}, {place[0]:.4g} to {place[-1]:.4g}. {'; '.join(told)}."
    return picture


def _panels(panels: Any) -> dict[str, dict[str, np.ndarray]]:
    """Return {title: {name: numbers}}; a History is sorted into losses and their parts."""
    history = getattr(panels, "history", panels)
    if not isinstance(history, Mapping) or not any(history.values()):
        raise ValueError(
            "lines takes {what is measured: {name: numbers}}, or what fit returns. Received: "
            f"{described(panels)}."
        )
    if not all(isinstance(value, Mapping) for value in history.values()):
        sorted_: dict[str, dict[str, Any]] = {}
        for name, numbers in history.items():
            whole, _, part = name.rpartition("/")
            kind, _, label = part.partition("_")
            title = f"{whole}, by {kind}" if whole else "loss" if "loss" in name else name
            sorted_.setdefault(title, {})[f"{kind} {label}" if whole else name] = numbers
        history = sorted_
    return {
        title: {name: _numbers(name, numbers) for name, numbers in lines_of.items()}
        for title, lines_of in history.items()
        if lines_of
    }


def _numbers(name, numbers):
    try:
        return np.asarray(to_numpy(numbers), float)
    except (TypeError, ValueError):
        raise ValueError(
            f"Line {name!r} takes numbers, one for each place on the axis. Received: "
            f"{described(numbers)}."
        ) from None


def _panel(ax, top, title, lines_of, place):
    """Draw one panel: its title, two axes, its lines and their names."""
    finite = np.concatenate([v[np.isfinite(v)] for v in lines_of.values()])
    low, high = min(0.0, finite.min()), max(finite.max(), 0.0)
    ticks = MaxNLocator(4).tick_values(low, high)
    low, high = ticks[0], ticks[-1]
    across = lambda v: _LEFT + (v - place[0]) / ((place[-1] - place[0]) or 1) * (_RIGHT - _LEFT)  # noqa: E731
    down = lambda v: top + (high - v) / (high - low) * _TALL  # noqa: E731
    write(ax, PAD, top - 20, title, 15, weight="bold")
    for tick in ticks:
        ax.plot([_LEFT, _RIGHT], [down(tick)] * 2, color=LINE, linewidth=0.5, zorder=0)
        write(ax, _LEFT - 7, down(tick), f"{tick:.4g}".replace("-", "−"), 13, ha="right")
    whole = bool(np.all(place == np.round(place)))
    for tick in MaxNLocator(6, integer=whole).tick_values(place[0], place[-1]):
        if place[0] <= tick <= place[-1]:
            ax.plot([across(tick)] * 2, [top + _TALL, top + _TALL + 4], color=LINE, linewidth=1)
            number = f"{tick:.4g}".replace("-", "−")
            write(ax, across(tick), top + _TALL + 13, number, 13, ha="center")
    ends = {}
    for (name, numbers), (colour, dashes) in zip(lines_of.items(), _LOOKS, strict=False):
        kept = np.where(np.isfinite(numbers), numbers, np.nan)
        style = {"color": colour, "linestyle": dashes, "linewidth": 2.2, "gid": f"{title} {name}"}
        ax.plot(across(place), down(kept), **style)
        shown = kept[np.isfinite(kept)]
        ends[name] = (down(shown[-1]) if shown.size else top + _TALL, colour, dashes)
    names = sorted(ends, key=lambda name: ends[name][0])
    heights = _apart([ends[name][0] for name in names], top, top + _TALL)
    for name, y in zip(names, heights, strict=True):
        start, colour, dashes = ends[name]
        link = {"color": colour, "linewidth": 1.2}
        ax.plot([_RIGHT + 2, _RIGHT + 12, _RIGHT + 18], [start, y, y], **link)
        write(ax, _RIGHT + 22, y, name if len(name) <= 15 else f"{name[:14]}…", 13)


def _apart(heights, low, high, room=17):
    """Move names that would overlap, down first, then up from the end."""
    moved = list(heights)
    for i in range(1, len(moved)):
        moved[i] = max(moved[i], moved[i - 1] + room)
    limit = high
    for i in reversed(range(len(moved))):
        moved[i] = min(moved[i], limit)
        limit = moved[i] - room
    return [max(y, low - 8) for y in moved]


def _says(name, numbers):
    shown = numbers[np.isfinite(numbers)]
    return f"{name} from {shown[0]:.3g} to {shown[-1]:.3g}" if shown.size else f"{name} nowhere"
