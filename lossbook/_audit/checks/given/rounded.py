"""Whole targets that float32 cannot hold, and that are closer to each other than it rounds."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from lossbook._audit.checks.given.differences import index_of
from lossbook._audit.examples import drawn, passing
from lossbook._audit.finding import Finding, Hazard
from lossbook._core import four_digits
from lossbook._model import leaves

TARGETS_ROUNDED = Hazard(
    "targets-rounded",
    "warning",
    "01_one_number.ipynb",
    5,
    means="Whole numbers among the targets are rounded, by as much as they differ.",
    why=(
        "A loss casts its targets to float32, which holds all whole numbers up to 2**24, "
        "16,777,216: of larger ones every second, fourth, eighth and so on. Times in seconds since "
        "1970 are rounded to 128."
    ),
    ignore="If differences of that size do not matter.",
    symptoms=("by-hand", "stuck"),
)
_SHARE = 0.01  # of the spread of the targets


def findings(y: Any) -> Iterator[Finding]:
    """Yield a finding for each array of targets that float32 rounds by a part of its spread."""
    for path, leaf in leaves(y).items():
        if not isinstance(leaf, np.ndarray) or leaf.dtype.kind not in "iuf" or not leaf.size:
            continue
        if leaf.dtype.itemsize < 4 or leaf.dtype == np.float32:
            continue
        largest = max(abs(float(leaf.min())), abs(float(leaf.max())))
        if not largest > 2**24:
            continue
        exact = leaf.astype(np.float64)
        if not np.isfinite(exact).all():
            continue
        off = np.abs(exact - exact.astype(np.float32))
        spread = float(exact.std())
        if off.mean() <= _SHARE * spread or not off.any():
            continue
        where = "y" + index_of(path)
        yield TARGETS_ROUNDED.found(
            f"{where} has numbers as large as {largest:.0f}, which a loss takes as float32. "
            f"That rounds them by up to {off.max():.0f}; their standard deviation is "
            f"{four_digits(spread)}.",
            f"Take away what all have in common, in their own dtype: `{where} = {where} - "
            f"{where}.min()`.",
            {"dtype": str(leaf.dtype), "rounded by up to": off.max(), "spread": spread},
        )


@TARGETS_ROUNDED.example("Seconds since the first of them")
def seconds_since_1970(mended=0):
    """Times of the same minutes."""
    y = 1_700_000_000 + np.arange(0, 320, 40)[:, None]
    return passing(drawn(8, 1), y - y.min() if mended else y, "mse")
