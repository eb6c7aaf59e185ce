"""Contributions with the keys that they stand for, as NumPy arrays."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from lossbook._explain.parts import Axes

ADDITIONAL, ATOMIC, NONE = "(additional)", "(atomic)", "(none)"
UNMARKED = "(unmarked)"
_CODES = {-1: NONE, -2: ATOMIC}


@dataclass(frozen=True)
class Block:
    """Some contributions, added up: values, and along each axis the key that it stands for.

    `coordinates` maps a key to integers that broadcast against `values`: the number of the batch,
    sample, class or position (counted through `positions`), -1 for none, -2 for atomic.
    """

    axes: Axes
    values: np.ndarray
    coordinates: dict[str, np.ndarray]
    positions: tuple[int, ...] = ()

    def label(self, key, code):
        """Return what a number along an axis stands for."""
        if code < 0:
            return _CODES[code]
        if key != "position":
            return int(code)
        place = tuple(int(i) for i in np.unravel_index(code, self.positions))
        return place[0] if len(place) == 1 else place

    def add_to(self, found, keys):
        """Add what this block holds to a dict of sums, by tuples of keys."""
        fixed = {"output": self.axes.output, "source": self.axes.source}
        none = self.axes.output if self.axes.additional else ADDITIONAL
        along = [key for key in keys if key not in fixed and key in self.coordinates]
        codes, index = [], np.zeros((1,) * self.values.ndim, np.int64)
        for key in along:
            distinct, where = np.unique(self.coordinates[key], return_inverse=True)
            index = index * len(distinct) + where.reshape(np.shape(self.coordinates[key]))
            codes.append(distinct)
        summed = tuple(i for i, n in enumerate(index.shape) if n == 1)  # no key is along these
        values = self.values.sum(axis=summed, keepdims=True)
        index = np.broadcast_to(index, values.shape).ravel()
        there, index = np.unique(index, return_inverse=True)
        sums = np.bincount(index.ravel(), values.ravel(), len(there))
        places = np.unravel_index(there, [len(distinct) for distinct in codes]) if along else ()
        numbers = {
            key: distinct[place] for key, distinct, place in zip(along, codes, places, strict=True)
        }
        for i, value in enumerate(sums):
            labels = tuple(
                self.label(key, numbers[key][i]) if key in numbers else fixed.get(key, none)
                for key in keys
            )
            found[labels] = found.get(labels, 0.0) + float(value)


@dataclass(frozen=True)
class Raw:
    """All single contributions of some rows: `(samples, classes, positions)`, and their labels.

    `values` are as they left the step, to be multiplied by the `weights` of the samples; `rows`
    maps "batch", "replica", "sample" to an integer for every entry of the first axis.
    """

    axes: Axes
    values: np.ndarray
    weights: np.ndarray
    true_class: np.ndarray | None
    rows: dict[str, np.ndarray]
    positions: tuple[int, ...]

    @property
    def contributions(self):
        """The weighted values, in float64."""
        return self.values * self.weights.astype(np.float64)[:, None, None]

    def block(self):
        """Return this as a Block."""
        coordinates = coordinates_of(self.axes, self.rows, self.values.shape)
        if self.true_class is not None:
            coordinates["true_class"] = self.true_class[:, None, :, None]
            if self.axes.labelled:  # the class of an element is its true class
                coordinates["class"] = coordinates["true_class"]
        return Block(self.axes, self.contributions[..., None], coordinates, self.positions)


def coordinates_of(
    axes: Axes, rows: dict[str, np.ndarray], lengths: tuple[int, ...]
) -> dict[str, np.ndarray]:
    """Return the coordinates along (samples, classes, positions, true classes)."""
    found = {key: along(0, numbers) for key, numbers in rows.items()}
    if axes.additional:
        return found
    _, classes, positions = lengths
    found["class"] = along(1, np.arange(classes), axes.classes)
    found["position"] = along(2, np.arange(positions), axes.positions is not None)
    found["true_class"] = along(3, [-2 if axes.atomic else -1])
    return found


def along(axis: int, numbers: Any, there: bool = True) -> np.ndarray:
    """Return the coordinates along one of four axes; atomic where there is no such axis."""
    numbers = np.asarray(numbers if there else [-2])
    return numbers.reshape([-1 if i == axis else 1 for i in range(4)])
