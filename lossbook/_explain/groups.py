"""The contributions of a whole pass, added up in groups that stay small.

What leaves the step is collected, and added up on the host in float64. Kept are

    every single contribution                               while there are up to RAW of them

and, of more,

    by sample, by position, by class and by true class      always
    by class × true class, position × class                 while they have up to TABLE entries
    by sample × class × true class                          while it has up to TABLE entries

so that the memory is that of samples + classes + positions, and a constant.
"""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from lossbook._core import to_numpy
from lossbook._explain import tables as small
from lossbook._explain.blocks import NONE, UNMARKED, Block, Raw, along, coordinates_of
from lossbook._explain.labels import by_place, true_classes
from lossbook._explain.parts import Axes

KEYS = ("output", "source", "batch", "replica", "sample", "position", "class", "true_class")
RAW, TABLE = 2**20, small.TABLE
_WAITING = 2**17  # elements that are collected before they are added up
_EPSILON = {"float16": 2**-10, "bfloat16": 2**-7, "float32": 2**-23}
_ROW_KEYS = {"batch", "replica", "sample"}


class Groups:
    """All contributions of a pass; `add` takes a batch, `by` returns sums.

    A view is a list of blocks that holds all contributions, added up over the keys that it lacks.
    """

    def __init__(self):
        self.rows, self.weight, self.batch_sizes = 0, 0, []
        self.magnitude, self.dtypes = 0.0, set()
        self.raw, self.raw_room = [], RAW  # None once there are too many
        self.summed = False  # whether what is raw is in the views, too
        self._empty_views()
        self.waiting, self.waiting_elements = {}, 0

    def _empty_views(self):
        self.views = {  # the smallest first
            **{name: ({name}, {}) for name in ("position", "class", "true_class")},
            "samples": (_ROW_KEYS, {}),
            "classes": ({"class", "true_class"}, {}),
            "places": ({"position", "class"}, {}),
            "table": ({*_ROW_KEYS, "class", "true_class"}, {}),
        }
        self.room = {"table": TABLE, "places": TABLE, "classes": TABLE}

    def drop_parts(self):
        """Forget all parts; the rows and batches that follow are numbered after those before."""
        rows, batch_sizes = self.rows, self.batch_sizes
        self.__init__()
        self.rows, self.batch_sizes = rows, batch_sizes

    def add(self, rows, parts, replica=0, weight=None):
        """Add one batch, or what a replica has of it: its rows, and (axes, arrays) of every part.

        The arrays are those of `tables.leaving`. Replicas are numbered; with 0 begins a new batch.
        `weight` is what the batch weighs in the epoch: its rows, unless a step has it otherwise.
        """
        if replica == 0:
            self.batch_sizes.append(0)
        weight = rows if weight is None else weight
        place = len(self.batch_sizes) - 1, replica, self.rows, rows, weight
        for axes, arrays in parts:
            self.dtypes.add(axes.dtype)
            if "values" in arrays:
                shape = np.shape(arrays["values"])
                self.waiting.setdefault((axes, shape[1:]), []).append((place, arrays))
                self.waiting_elements += math.prod(shape)
            else:
                self._give_up_raw()
                arrays = {name: _host(array) * weight for name, array in arrays.items()}
                samples = len(arrays["table" if "table" in arrays else "sample"])
                of_rows = _of_rows(axes, samples, *place[:-1])
                self._add_tables(axes, arrays, of_rows, axes.positions)
        self.rows, self.weight = self.rows + rows, self.weight + weight
        self.batch_sizes[-1] += rows
        if self.waiting_elements > _WAITING:
            self._collect()

    def add_unmarked(self, batches):
        """Add what no part covers, where it is not rounding: (batch, replica, weight, value)s."""
        if not abs(sum(w * value for _, _, w, value in batches)) > self.rounding * self.weight:
            return
        numbers, replicas, weights, values = map(np.array, zip(*batches, strict=True))
        axes = Axes(UNMARKED, UNMARKED, additional=True)
        rows = {"batch": numbers, "replica": replicas}
        self._take([Raw(axes, values[:, None, None], weights, None, rows, ())])

    def _collect(self):
        """Add up what has been waiting."""
        waiting, self.waiting, self.waiting_elements = self.waiting, {}, 0
        for (axes, _), batches in waiting.items():
            self._take(_joined(axes, batches))

    def _take(self, raws):
        """Keep single contributions, or what they add up to."""
        for raw in raws:
            self.magnitude += float(np.abs(raw.contributions).sum())
            self.raw_room -= raw.values.size
            if self.raw is not None and self.raw_room >= 0:
                self.raw.append(raw)
                if self.summed:
                    self._add_raw(raw)
            else:
                self._give_up_raw()
                self._add_raw(raw)

    def _give_up_raw(self):
        """Turn all single contributions into tables, for good."""
        self._sum_raw()
        self.raw = None

    def _sum_raw(self):
        """Add single contributions to the tables."""
        if self.summed or self.raw is None:
            return
        self._empty_views()  # an interrupted call may have left some
        for raw in self.raw:
            self._add_raw(raw)
        self.summed = True

    def _add_raw(self, raw):
        true_class = None if raw.true_class is None else lambda: raw.true_class
        arrays = small.tables(np, raw.axes, raw.contributions.transpose(0, 2, 1), true_class)
        del arrays["magnitude"]  # has been added
        self._add_tables(raw.axes, arrays, raw.rows, raw.positions)

    def _add_tables(self, axes, arrays, rows, positions):
        """Add the tables of a part to the views."""
        self.magnitude += float(arrays.pop("magnitude", 0.0))
        sample, places, table = (arrays.get(name) for name in ("sample", "place", "table"))
        sample = table.sum((1, 2)) if sample is None else sample
        if axes.additional:
            coordinates = coordinates_of(axes, rows, ())
            for view, (keys, _) in self.views.items():
                values = sample if keys & _ROW_KEYS else sample.sum(keepdims=True)
                self._keep(view, values[:, None, None, None], coordinates, axes, ())
            return
        by_position = (  # numpy.sum is slow along a short axis
            arrays["position"] if places is None else places @ np.ones(places.shape[1])
        )
        positions = _positions(positions or (), len(by_position))
        classes = len(arrays["class"]) if table is None else table.shape[1]
        coordinates = coordinates_of(axes, rows, (len(sample), classes, len(by_position)))
        if axes.true_classes:
            coordinates["true_class"] = along(3, np.arange(-1, axes.true_classes))
        if table is None:
            by_class = arrays["class"][None, :, None, None]
            by_true = arrays["true_class"][None, None, None, :]
        else:
            table = table[:, :, None, :]
            by_class = table.sum(axis=(0, 3), keepdims=True)
            by_true = table.sum(axis=(0, 1), keepdims=True)
        if axes.labelled:  # the class of an element is its true class
            coordinates["class"], by_class, places = coordinates["true_class"], by_true, None
        views = {
            "samples": sample[:, None, None, None],
            "position": by_position[None, None, :, None],
            "class": by_class,
            "true_class": by_true,
            "table": table,
            "classes": None if table is None else table.sum(0, keepdims=True),
            "places": None if places is None else places.T[None, :, :, None],
        }
        for view, values in views.items():
            self._keep(view, values, coordinates, axes, positions)

    def _keep(self, view, values, coordinates, axes, positions):
        """Add values to the block of their kind; those of other rows stand beside the others.

        Drop the view where it outgrows its room, or has no values.
        """
        keys, blocks = self.views[view]
        name = axes, positions, None if values is None else values.shape
        if keys & _ROW_KEYS:
            name = len(blocks)
        elif name in blocks:
            values = values + blocks[name].values
        if view in self.room and (values is None or name not in blocks):
            self.room[view] -= self.room[view] + 1 if values is None else values.size
        if self.room.get(view, 0) < 0:
            blocks.clear()
            return
        there = {key: coordinates[key] for key in keys if key in coordinates}
        blocks[name] = Block(axes, values, there, positions)

    @property
    def _all(self) -> float:
        """What all batches weigh; a metric divides nothing by 0."""
        return self.weight or 1.0

    @property
    def total(self) -> float:
        """Everything, added up."""
        self._collect()
        if self.raw is None:
            sums = [block.values.sum() for block in self._blocks(())]
        else:
            sums = [raw.contributions.sum() for raw in self.raw]
        return float(sum(sums)) / self._all

    @property
    def scale(self) -> float:
        """The magnitudes of everything, added up."""
        self._collect()
        return self.magnitude / self._all

    @property
    def rounding(self) -> float:
        """How far rounding alone can put Keras's sum from ours."""
        return rounding(self.scale, len(self.batch_sizes), self.dtypes)

    def by(self, *keys: str) -> dict[Any, float]:
        """Return {key: sum}, or {(key, ...): sum} for several keys."""
        unknown = [key for key in keys if key not in KEYS]
        if not keys or unknown:
            raise ValueError(
                f"by() takes one or several of {', '.join(KEYS)}. "
                f"Received: {', '.join(map(repr, keys)) or 'nothing'}."
            )
        found: dict[tuple[Any, ...], float] = {}
        for block in self._blocks(keys):
            block.add_to(found, keys)
        scaled = {
            labels: value / self._all
            for labels, value in found.items()
            if value or NONE not in labels
        }
        return {k[0]: v for k, v in scaled.items()} if len(keys) == 1 else scaled

    def _blocks(self, keys):
        """Return the blocks of the smallest view that knows these keys."""
        self._collect()
        self._sum_raw()
        wanted = set(keys) - {"output", "source"}
        for view, (kept_keys, blocks) in self.views.items():
            if wanted <= kept_keys and self.room.get(view, 0) >= 0:
                return list(blocks.values())
        if self.raw is not None:
            return [raw.block() for raw in self.raw]
        raise ValueError(
            f"by({', '.join(map(repr, keys))}) needs more sums than were kept: this data has "
            f"too many elements. Explain a part of it (up to {RAW:,} elements keep every "
            "grouping), or group by fewer keys."
        )


def rounding(magnitude: float, batches: int, dtypes: Iterable[str], trees: float = 16) -> float:
    """Return how far two sums of terms of that magnitude in all can lie apart.

    A batch adds up in a tree, an epoch one batch after the other: with B batches the relative error
    is at most (trees + B / 2) times the distance of two neighbouring numbers.
    """
    epsilon = max(_EPSILON.get(dtype, 0.0) for dtype in ("float32", *dtypes))
    return (trees + batches / 2) * epsilon * magnitude


def _of_rows(axes, length, batch, replica, start, rows):
    """Return the numbers of batch, replica and sample for every entry of the first axis."""
    numbers = {"batch": np.full(length, batch), "replica": np.full(length, replica)}
    if axes.samples:
        numbers["sample"] = start + np.arange(length) if length == rows else np.full(length, -2)
    elif not axes.additional:
        numbers["sample"] = np.full(length, -2)
    return numbers


def _joined(axes, batches):
    """Yield Raws: the batches that have the same classes and positions in one."""
    places = [place for place, _ in batches]
    values = [to_numpy(arrays["values"]) for _, arrays in batches]
    label = None
    if axes.labels is not None:
        label = _true_classes(axes.labels, values, [arrays["y_true"] for _, arrays in batches])
        if axes.true_classes is None:
            classes = 1 + int(label.max(initial=0))
            axes = axes._replace(labels=axes.labels._replace(classes=classes))
        label = label.astype(np.min_scalar_type(-axes.true_classes - 1))
        label = np.split(label, np.cumsum([len(each) for each in values])[:-1])
    apart = [
        i for i, (_, _, _, rows, _) in enumerate(places) if axes.samples and len(values[i]) != rows
    ]
    for i in apart:  # the model has folded positions into the first axis
        folded = values[i].reshape(1, -1, values[i].shape[2]).transpose(0, 2, 1)
        lengths = _positions((len(values[i]), *(axes.positions or ())), folded.shape[2])
        of_all = None if label is None else label[i].reshape(1, -1)
        rows = _of_rows(axes, 1, *places[i][:-1])
        yield Raw(axes, folded, np.array(places[i][-1:]), of_all, rows, lengths)
    whole = [i for i in range(len(batches)) if i not in apart]
    if not whole:
        return
    lengths = [len(values[i]) for i in whole]
    of_rows = [_of_rows(axes, n, *places[i][:-1]) for i, n in zip(whole, lengths, strict=True)]
    joined = np.concatenate([values[i] for i in whole]).transpose(0, 2, 1)
    yield Raw(
        axes,
        joined,
        np.repeat([places[i][-1] for i in whole], lengths),
        None if label is None else np.concatenate([label[i] for i in whole]),
        {key: np.concatenate([numbers[key] for numbers in of_rows]) for key in of_rows[0]},
        _positions(axes.positions or (), joined.shape[2]),
    )


def _true_classes(labels, values, targets):
    """Return the class numbers of all batches, `(samples, positions)`."""
    placed = [
        by_place(np, labels, _host(y_true), *each.shape[:2])
        for each, y_true in zip(values, targets, strict=True)
    ]
    if labels.classes is None:  # each batch may have another number of them
        return np.concatenate([true_classes(np, labels, each) for each in placed])
    return true_classes(np, labels, np.concatenate(placed))


def _positions(lengths, count):
    """Return the shape of the positions; one length that a step does not know is what is left."""
    if lengths.count(None) > 1:
        return (count,)
    known = math.prod(n for n in lengths if n is not None)
    return tuple(count // known if n is None else n for n in lengths)


def _host(x):
    """Copy a tensor to the host, in float64 if it holds floats."""
    x = to_numpy(x)
    return x.astype(np.float64) if x.dtype.kind == "f" else x
