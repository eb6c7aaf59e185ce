"""How a number depends on the size of its batch: measured on the same rows at b and 2 b."""

from dataclasses import dataclass

import numpy as np

_TOLERANCE = 1e-3
_ROWS = 16
FACTORS = {"mean": 0.5, "sum": 1.0, "divided": 0.25}  # of the sum over both halves


@dataclass(frozen=True)
class Growth:
    """`kind` is "mean", "sum", "divided" (by the rows, and once more), or "mixed".

    `whole` is the number of `rows` rows in one batch, `half` the mean over both halves, `doubled`
    that of every row twice, where that tells the kind.
    """

    kind: str
    rows: int
    whole: float
    half: float
    doubled: float | None = None

    @property
    def evidence(self):
        """The two numbers, by the size of their batches."""
        return {
            f"in batches of {self.rows // 2}": self.half,
            f"in one batch of {self.rows}": self.whole,
        } | ({} if self.doubled is None else {"every row twice": self.doubled})


def growth(number, rows, twice=lambda rows: np.nan):
    """Return the Growth of `number(start, stop)`, a scalar of some rows; None if nothing is known.

    A mean over both halves is the whole's. A sum is twice as large in the whole, a number that is
    divided by the rows twice half as large; another one mixes its rows. So does one that is divided
    by what a batch has of something as well: `twice(rows)`, the number of the first rows, all of
    them two times, shows what else it does.
    """
    rows = min(rows, _ROWS) // 2 * 2
    first, second, whole, again = (
        number(*ends) for ends in ((0, rows // 2), (rows // 2, rows), (0, rows), (0, rows))
    )
    numbers = np.array([first, second, whole, again])
    scale = np.abs(numbers).max()
    if not np.isfinite(numbers).all() or scale < 1e-7 or abs(whole - again) > 1e-5 * scale:
        return None  # nothing, or random
    both = first + second
    kinds = [k for k, f in FACTORS.items() if abs(whole - f * both) <= _TOLERANCE * scale]
    if kinds or not whole:
        return Growth(kinds[0] if kinds else "mixed", rows, float(whole), float(both / 2))
    doubled = twice(rows)  # as large for a mean, and for a ratio, which is none
    for kind in ("sum", "divided"):
        if abs(doubled / whole - 2 * FACTORS[kind]) < _TOLERANCE:
            return Growth(kind, rows, float(whole), float(both / 2), doubled)
    return Growth("mixed", rows, float(whole), float(both / 2))
