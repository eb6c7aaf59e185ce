"""The contributions of a whole pass, added up in groups that stay small.

Of every batch the device adds up small tables; the host adds those up in float64 and keeps

    by sample, by position, by class and by true class      always
    by class × true class, position × class                 while they have up to TABLE entries
    by sample × class × true class                          while it has up to TABLE entries
    every single contribution                               while there are up to RAW of them

so that the memory is that of samples + classes + positions, and a constant.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from lossbook._core import shape_of
from lossbook._explain.parts import host

KEYS = ("output", "source", "batch", "sample", "position", "class", "true_class")
ADDITIONAL, ATOMIC, NONE = "(additional)", "(atomic)", "(none)"
RAW, TABLE = 2**20, 2**20
_FEW = 32  # true classes that are added up on the device, one after the other
_CODES = {-1: NONE, -2: ATOMIC}


@dataclass(frozen=True)
class Block:
    """Some contributions, added up: values, and along each axis the key that it stands for.

    `coordinates` maps a key to integers that broadcast against `values`: the number of the batch,
    sample, class or position (counted through `positions`), -1 for none, -2 for atomic.
    """

    output: str
    source: str
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
        fixed = {"output": self.output, "source": self.source}
        axes = [key for key in keys if key not in fixed and key in self.coordinates]
        codes, index = [], np.zeros(self.values.shape, np.int64)
        for key in axes:
            distinct, where = np.unique(self.coordinates[key], return_inverse=True)
            index = index * len(distinct) + where.reshape(np.shape(self.coordinates[key]))
            codes.append(distinct)
        there, index = np.unique(index.ravel(), return_inverse=True)
        sums = np.bincount(index.ravel(), self.values.ravel(), len(there))
        places = np.unravel_index(there, [len(distinct) for distinct in codes]) if axes else ()
        numbers = {
            key: distinct[place] for key, distinct, place in zip(axes, codes, places, strict=True)
        }
        for i, value in enumerate(sums):
            labels = tuple(
                self.label(key, numbers[key][i]) if key in numbers else fixed.get(key, ADDITIONAL)
                for key in keys
            )
            found[labels] = found.get(labels, 0.0) + float(value)


class Groups:
    """All contributions of a pass; `add` takes a batch, `by` returns sums.

    A view is a list of blocks that holds all contributions, added up over the keys that it lacks.
    """

    def __init__(self):
        self.rows = self.batches = 0
        self.views = {  # the smallest first
            **{name: ({name}, {}) for name in ("position", "class", "true_class")},
            "samples": ({"batch", "sample"}, {}),
            "classes": ({"class", "true_class"}, {}),
            "places": ({"position", "class"}, {}),
            "table": ({"batch", "sample", "class", "true_class"}, {}),
            "raw": ({"batch", "sample", "position", "class", "true_class"}, {}),
        }
        self.sizes = {"raw": RAW, "table": TABLE, "places": TABLE, "classes": TABLE}  # room left
        self.additional = []

    def add(self, rows, parts, additional):
        """Add one batch: its rows, (output, source, Part) of every output, additional losses."""
        for output, source, part in parts:
            self._add_part(rows, output, source, part)
        for source, value in additional:
            coordinates = {"batch": np.array([self.batches])}
            self.additional.append(Block(ADDITIONAL, source, np.array([value * rows]), coordinates))
        self.rows += rows
        self.batches += 1

    def _add_part(self, rows, output, source, part):
        """Add up one part on the device, in the tables of the views, and keep those."""
        from keras import ops

        tensor, shape = part.contributions, shape_of(part.contributions)
        axes = {  # (samples, classes, positions) and then true classes
            "batch": _along(0, [self.batches]),
            "sample": _along(0, self.rows + np.arange(shape[0]), part.samples),
            "class": _along(1, np.arange(shape[1]), part.classes),
            "position": _along(2, np.arange(shape[2]), part.positions),
            "true_class": _along(3, [-2 if part.atomic else -1]),
        }
        by_place = None
        if shape[1] * shape[2] <= TABLE:
            by_place = host(ops.sum(tensor, axis=0))[None, :, :, None]
            places = by_place.sum(axis=1, keepdims=True)
        else:
            places = host(ops.sum(tensor, axis=(0, 1)))[None, None, :, None]
        by_class = host(ops.sum(tensor, axis=2))[:, :, None, None]
        raw = dict(axes)
        if part.true_class is None:
            table = by_class
            by_true = by_class.sum(axis=(0, 1), keepdims=True)
        else:
            axes["true_class"] = _along(3, np.arange(-1, part.true_classes))
            table = by_true = None
            if part.true_classes <= _FEW:
                table = _by_few(ops, part)
                by_true = table.sum(axis=(0, 1), keepdims=True)
            else:
                by_true = _by_many(ops, part)
        by_class = by_class.sum(axis=0, keepdims=True)
        if part.labelled:  # the class of an element is its true class
            axes["class"], by_class = axes["true_class"], by_true
            by_place = None

        def keep(view, values, alone=None):
            self._keep(view, values, axes, (output, source, part.positions), rows, alone)

        keep("samples", host(ops.sum(tensor, axis=(1, 2)))[:, None, None, None], self.batches)
        keep("class", by_class)
        keep("true_class", by_true)
        keep("table", table, self.batches)
        keep("classes", None if table is None else table.sum(axis=0, keepdims=True))
        keep("places", by_place)
        keep("position", places)
        if self._room("raw", int(np.prod(shape))):
            if part.true_class is not None:
                raw["true_class"] = host(part.true_class)[:, None, :, None]
            if part.labelled:
                raw["class"] = raw["true_class"]
            axes = raw
            keep("raw", host(tensor)[..., None], self.batches)

    def _room(self, view, size):
        """Say whether a view may grow by so many entries; drop it where it may not."""
        self.sizes[view] -= size
        if self.sizes[view] < 0:
            self.views[view][1].clear()
        return self.sizes[view] >= 0

    def _keep(self, view, values, axes, about, rows, alone):
        """Add values to the block of their kind, or (`alone`) keep them beside the others."""
        keys, blocks = self.views[view]
        output, source, positions = about
        name = (*about, None if values is None else values.shape, alone)
        new = values is None or name not in blocks
        if view in self.sizes and view != "raw" and new:
            size = self.sizes[view] + 1 if values is None else values.size
            if not self._room(view, size):
                return
        coordinates = {key: axes[key] for key in keys}
        values = values * rows if new else values * rows + blocks[name].values
        blocks[name] = Block(output, source, values, coordinates, positions or ())

    @property
    def total(self) -> float:
        """Everything, added up."""
        blocks = [*self.views["samples"][1].values(), *self.additional]
        return float(sum(block.values.sum() for block in blocks)) / self.rows

    def by(self, *keys: str) -> dict[Any, float]:
        """Return {key: sum}, or {(key, ...): sum} for several keys."""
        unknown = [key for key in keys if key not in KEYS]
        if not keys or unknown:
            raise ValueError(
                f"by() takes one or several of {', '.join(KEYS)}. "
                f"Received: {', '.join(map(repr, keys)) or 'nothing'}."
            )
        wanted = set(keys) - {"output", "source"}
        kept = (
            blocks
            for view, (kept_keys, blocks) in self.views.items()
            if wanted <= kept_keys and self.sizes.get(view, 0) >= 0
        )
        blocks = next(kept, None)
        if blocks is None:
            raise ValueError(
                f"by({', '.join(map(repr, keys))}) needs more sums than were kept: this data has "
                f"too many elements. Explain a part of it (up to {RAW:,} elements keep every "
                "grouping), or group by fewer keys."
            )
        found: dict[tuple[Any, ...], float] = {}
        for block in [*blocks.values(), *self.additional]:
            block.add_to(found, keys)
        scaled = {
            labels: value / self.rows
            for labels, value in found.items()
            if value or NONE not in labels
        }
        return {k[0]: v for k, v in scaled.items()} if len(keys) == 1 else scaled


def _along(axis, numbers, there=0):
    """Return the coordinates along one of four axes; atomic where there is no such axis."""
    numbers = np.array([-2]) if there is None else np.asarray(numbers)
    return numbers.reshape([-1 if i == axis else 1 for i in range(4)])


def _by_few(ops, part):
    """Add up over positions, for each true class: (samples, classes, 1, true classes)."""
    labels, tensor = part.true_class[:, None, :], part.contributions
    zero = ops.zeros_like(tensor)
    sums = [
        ops.sum(ops.where(labels == k, tensor, zero), axis=2) for k in range(-1, part.true_classes)
    ]
    return host(ops.stack(sums, axis=-1))[:, :, None, :]


def _by_many(ops, part):
    """Add up by true class on the host, where there are too many for `_by_few`."""
    values, labels = host(ops.sum(part.contributions, axis=1)), host(part.true_class)
    sums = np.bincount(labels.ravel() + 1, values.ravel(), part.true_classes + 1)
    return sums[None, None, None, :]
