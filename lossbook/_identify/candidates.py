"""A candidate for what made a number: a choice of coefficients, in words and in figures.

A candidate is kept as five sums over the values, so that hundreds of them cost little memory, and
two that have the same coefficients can be recognised.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

MOST_SLIPS = 2


@dataclass(frozen=True)
class Candidate:
    """A choice of coefficients: who makes it, in words and in figures.

    `sums` are those of coefficient · value, of coefficient times two fixed random tensors, of
    |coefficient · value| and of |coefficient|; `build()` returns the coefficients. `kind` is
    "factor" where a plain factor multiplies what a formula makes, "other" where other values are
    aggregated, "batches" where a part of the batches is, and "" for rules and usual slips.
    `factor` is that factor. `guessed` says that the batch size is one of the usual, not given.
    `slips` and `rank` put candidates into order, the plainest first.
    """

    value: float
    sums: np.ndarray
    build: Callable[[], np.ndarray]
    rule: str | None = None
    reduction: str | None = None
    batch_size: int | tuple[int, ...] | None = None
    guessed: bool = False
    product: str = ""
    divisor: str = ""
    denominator: float | None = None
    notes: tuple[str, ...] = ()
    slips: int = 0
    rank: int = 0
    factor: float = 1.0
    kind: str = ""

    def same_as(self, other: "Candidate", precision: float) -> bool:
        """Say whether the coefficients and the number are the same, to a precision."""
        of_values, of_marks = float(self.sums[3]), float(self.sums[4])
        scales = (of_values, of_marks, of_marks, of_values, of_marks, of_values + abs(self.value))
        ours, theirs = (*self.sums.tolist(), self.value), (*other.sums.tolist(), other.value)
        return all(
            a == b or abs(a - b) <= precision * scale or (a != a and b != b)
            for a, b, scale in zip(ours, theirs, scales, strict=True)
        )

    def times(
        self,
        factor: float,
        note: tuple[str, ...] = (),
        slips: int = 0,
        constant: float = 0.0,
        kind: str = "",
    ) -> "Candidate":
        """Return the same coefficients times a factor, and a constant beside them."""
        if factor == 1.0 and not note and not constant:
            return self
        build = self.build
        return replace(
            self,
            value=factor * self.value + constant,
            sums=self.sums * np.array([factor] * 3 + [abs(factor)] * 2),
            build=lambda: factor * build(),
            notes=self.notes + note,
            slips=self.slips + slips,
            factor=self.factor * factor if kind else self.factor,
            kind=kind or self.kind,
        )


def variants(
    candidate: Candidate,
    class_axis: tuple[float, tuple[str, ...]] | None = None,
    loss_weight: float = 1.0,
    additional: float = 0.0,
    rows: float = 1,
) -> Iterator[Candidate]:
    """Yield a candidate with loss weight and additional losses, and with what may be forgotten.

    `class_axis` is the factor of the slip there and what to say of it, `rows` those of a batch.
    """
    half = candidate.kind == "factor" and abs(candidate.factor - 0.5) < 1e-12
    if additional and candidate.slips == half:  # scikit-learn's estimators
        penalty = additional / (2 * rows)
        what = f"The additional losses, {additional:.6g}, are divided by 2n, n the {rows:g} rows, "
        note = f"{what}as in scikit-learn's `loss_`."
        yield candidate.times(loss_weight, (note,), 1 - half, penalty)
    if additional and candidate.kind == "factor" and candidate.slips < MOST_SLIPS:
        note = "So it does with the additional losses."
        yield candidate.times(loss_weight, (note,), 1, candidate.factor * additional)
    for factor, said in ((1.0, ()), *([class_axis] if class_axis else [])):
        for weight in dict.fromkeys((loss_weight, 1.0)):
            for extra in dict.fromkeys((additional, 0.0)):
                notes = list(said)
                if weight != loss_weight:
                    notes.append(f"The loss weight, {loss_weight:.6g}, is missing.")
                if extra != additional:
                    notes.append(f"The additional losses, {additional:.6g}, are missing.")
                missing = weight != loss_weight or extra != additional
                slips = bool(said) + missing
                if candidate.slips + slips <= MOST_SLIPS:
                    yield candidate.times(factor * weight, tuple(notes), slips, extra)
