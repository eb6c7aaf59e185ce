"""How rows are cut into batches, what share of the number each has, and the sums over them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Batching:
    """Batches of `size` rows (the last may have fewer), or of the rows that `sizes` lists.

    `how` says what becomes of their losses: averaged by "rows" or "alike", "added", the "first" or
    the "last" alone, or the "running" mean after `after` of them. `replicas` is the number of parts
    that each batch is cut into; the losses of the parts are added.
    """

    rows: int
    size: int | None = None
    sizes: tuple[int, ...] | None = None
    how: str = "rows"
    after: int = 0
    replicas: int = 1

    @property
    def cut(self) -> tuple:
        """What tells where batches start."""
        return self.size, self.sizes, self.replicas

    @cached_property
    def count(self) -> int:
        """The number of batches, or of their parts."""
        regular = self.sizes is None and self.replicas == 1
        return -(-self.rows // (self.size or self.rows)) if regular else len(self._listed)

    def starts(self, first: int, stop: int) -> np.ndarray:
        """Return the rows from first to stop (without it) at which a batch, or a part, starts."""
        if self.sizes is not None or self.replicas > 1:
            begin, end = np.searchsorted(self._listed, (first, stop))
            return self._listed[begin:end]
        step = self.size or self.rows
        return np.arange(-(-first // step) * step, stop, step)

    @cached_property
    def _listed(self) -> np.ndarray:
        sizes = self.row_counts()
        ends = np.cumsum(sizes)
        begins = ends - sizes
        if self.replicas == 1:
            return begins
        parts = -(-np.asarray(sizes) // self.replicas)
        starts = begins[:, None] + parts[:, None] * np.arange(self.replicas)
        return np.unique(np.minimum(starts, ends[:, None] - 1))

    def row_counts(self) -> list[int]:
        """Return the rows of each batch, as `fit` cuts them."""
        if self.sizes is not None:
            return list(self.sizes)
        step = self.size or self.rows
        return [min(step, self.rows - start) for start in range(0, self.rows, step)]

    def rows_of(self, batches: int) -> int:
        """Return the rows of the first batches together."""
        if self.sizes is not None:
            return sum(self.sizes[:batches])
        return min(batches * (self.size or self.rows), self.rows)

    def shares(self, index: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        """Return the factors of the losses of some batches, by their numbers and rows."""
        if self.replicas > 1 and (self.size or self.sizes):
            return self.replicas * sizes / self.rows
        if self.how == "alike":
            return np.full(len(index), 1 / self.count)
        if self.how == "added" or self.replicas > 1:
            return np.ones(len(index))
        if self.how in ("first", "last"):
            alone = 0 if self.how == "first" else self.count - 1
            return (index == alone).astype("float64")
        if self.how == "running":
            return np.where(index < self.after, sizes / self.rows_of(self.after), 0)
        return sizes / self.rows


def batching(rows: int, batch_size: int | Sequence[int] | None) -> Batching | None:
    """Return the batches that are asked for; None if they are one, or none are asked for."""
    if isinstance(batch_size, (int, np.integer)):
        return Batching(rows, int(batch_size)) if batch_size < rows else None
    sizes = () if batch_size is None else tuple(int(size) for size in batch_size)
    return Batching(rows, sizes=sizes) if len(sizes) > 1 else None


class Batches:
    """The sums over batches, from sums over rows that come block by block."""

    def __init__(self, batching: Batching) -> None:
        self.batching = batching
        self._open: Any = 0.0
        self._rows = self._closed = 0

    def add(self, start: int, stop: int, table: np.ndarray) -> tuple[Any, Any, Any]:
        """Take a table `(sums, rows)`; return numbers, rows and sums of the batches it ends."""
        starts = self.batching.starts(start, stop)
        cuts = starts if len(starts) and starts[0] == start else np.append(start, starts)
        parts = np.add.reduceat(table, cuts - start, axis=1)
        sizes = np.diff(np.append(cuts, stop))
        if cuts is not starts:
            parts[:, 0] += self._open
            sizes[0] += self._rows
        ends = stop == self.batching.rows or len(self.batching.starts(stop, stop + 1))
        closed = len(sizes) - (not ends)
        self._open, self._rows = parts[:, closed:].sum(1), int(sizes[closed:].sum())
        index = np.arange(self._closed, self._closed + closed)
        self._closed += closed
        return index, sizes[:closed], parts[:, :closed]
