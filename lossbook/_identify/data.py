"""The values, weights and mask of identify(), in pieces: few of them are float64 at a time."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from lossbook._core import size, squeeze_or_expand_to_same_rank

CHUNK = 2**16  # values of a piece


class Piece(NamedTuple):
    """Some values as `(rows, n)` of float64, with mask and weights of them.

    `marks` are two fixed random tensors; `first` says whether it is the first piece of its rows;
    `given` are the weights of these rows as they were given, if they are given by row.
    """

    values: np.ndarray
    marks: list[np.ndarray]
    masks: list[np.ndarray]
    weights: list[np.ndarray]
    first: bool
    given: np.ndarray | None


class Data:
    """Values, weights and mask; weights and mask need not fit the values: releases differ there.

    `masks` and `weights` are those that fit, in the shape of the values: the weights as Keras 3
    takes them, then by their first axes.
    """

    def __init__(
        self,
        values: np.ndarray,
        sample_weight: np.ndarray | None = None,
        mask: np.ndarray | None = None,
    ) -> None:
        self.values, self.sample_weight, self.mask = values, sample_weight, mask
        self.rows = values.shape[0] if values.ndim else 1
        self.positions = size(values.shape) // self.rows
        self.masks = [full for full, _ in _aligned(mask, values)][:1]
        aligned = list(_aligned(sample_weight, values))
        self.weights = [full for full, _ in aligned]
        self.sides = [note for _, note in aligned]
        given = sample_weight
        self.given_by_row = given is not None and np.shape(given)[:1] == (self.rows,)

    def blocks(self) -> Iterator[tuple[int, int, Iterator[Piece]]]:
        """Yield first row, last row, and the pieces that hold them."""
        at_a_time = max(CHUNK // self.positions, 1)
        marks = np.random.default_rng(0)
        for start in range(0, self.rows, at_a_time):
            stop = min(start + at_a_time, self.rows)
            yield start, stop, self._pieces(start, stop, marks)

    def _pieces(self, start: int, stop: int, marks: np.random.Generator) -> Iterator[Piece]:
        values, *others = (
            x[start:stop].reshape(stop - start, -1) if x.ndim else x.reshape(1, 1)
            for x in (self.values, *self.masks, *self.weights)
        )
        for first in range(0, self.positions, CHUNK):
            cut = slice(first, first + CHUNK)
            piece = values[:, cut].astype("float64")
            full = [x[:, cut].astype("float64") for x in others]
            masks, weights = full[: len(self.masks)], full[len(self.masks) :]
            drawn = list(marks.uniform(0.5, 1.5, (2, *piece.shape)))
            weight = self.sample_weight if self.given_by_row else None
            given = None if weight is None else weight[start:stop]
            yield Piece(piece, drawn, masks, weights, not first, given)

    def total(self, of: Callable[[Piece], np.ndarray]) -> float:
        """Add up what a function makes of all pieces."""
        return float(sum(np.sum(of(piece)) for *_, pieces in self.blocks() for piece in pieces))

    def slices(self, sizes: list[int]) -> Iterator[tuple[Any, ...]]:
        """Yield values, weights and mask of every batch in float64, as `fit` cuts them: by rows."""
        start = 0
        arrays = [float64(x) for x in (self.values, self.sample_weight, self.mask)]
        for rows in sizes:
            yield tuple(
                x[start : start + rows] if x is not None and x.shape[:1] == (self.rows,) else x
                for x in arrays
            )
            start += rows


def float64(x: np.ndarray | None) -> np.ndarray | None:
    """Return an array in float64, None as None."""
    return None if x is None else np.asarray(x, "float64")


def sums_of_rows(piece: Piece, factors: np.ndarray) -> np.ndarray:
    """Return five sums of every row, `(5, rows)`: what a Candidate keeps of its coefficients."""
    signed = [np.einsum("rp,rp->r", factors, x) for x in (piece.values, *piece.marks)]
    factors = np.abs(factors)
    finite = np.where(np.isfinite(piece.values), np.abs(piece.values), 0)  # NaN has no rounding
    return np.stack([*signed, np.einsum("rp,rp->r", factors, finite), factors.sum(-1)])


def _aligned(array, values):
    """Yield an array in the shape of the values: as Keras 3 takes it, then by its first axes."""
    if array is None:
        return
    found = []
    _, keras = squeeze_or_expand_to_same_rank(np, values, array)
    missing = (1,) * (values.ndim - array.ndim)
    for one, note in (
        (keras, "The weights are matched from the last axis."),
        (array.reshape(array.shape + missing), "The weights are matched from the first axis."),
    ):
        try:
            full = np.broadcast_to(one, values.shape)
        except ValueError:
            continue
        if not any(np.array_equal(full, other) for other in found):
            found.append(full)
            yield full, note
