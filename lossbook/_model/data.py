"""The data of a pass: how many rows they have, and a few of them."""

import itertools
from typing import Any

from lossbook._core import keras


class Batches(list):
    """What a generator has yielded, kept because it is read more than once."""


def again(data):
    """Return the data of a pass, for another pass as well: of batches that were kept."""
    x = data["x"]
    return {**data, "x": (batch for batch in x)} if isinstance(x, Batches) else data


def rows_of(x):
    """Return the rows of inputs that are arrays or tensors, None of anything else."""
    if hasattr(x, "element_spec") or hasattr(x, "__next__"):
        return None
    shapes = [getattr(leaf, "shape", None) for leaf in keras.tree.flatten(x)]
    return next((shape[0] for shape in shapes if shape), None)


def refuse_nothing(rows, x, caller):
    """Raise a ValueError if there are no rows; None stands for a number that is not known yet."""
    if rows == 0:
        shape = getattr(x, "shape", None)
        received = type(x).__name__ if shape is None else f"{type(x).__name__} of shape {shape}"
        raise ValueError(
            f"{caller} needs data with at least one row. Received: none, from x of type {received}."
            " Pass the data that evaluate is to see; a generator that has been read is empty, and "
            "has to be made again."
        )


def first_rows(data, share=None, forms=False):
    """Return (the data of a first batch, all data): what a generator yields first is put back.

    With a share, of arrays, as few rows as 1 / share of all. With `forms` a short batch as well,
    where there is one and TensorFlow compiles a single step for both: else it compiles another.
    """
    x, rows = data["x"], rows_of(data["x"])
    if rows is not None:
        few, short = data["batch_size"] or 32, 0
        if share:
            few = min(few, max(2, rows // share))
        elif forms and keras.backend.backend() == "tensorflow":
            short = rows % few
        first = {name: cut(data[name], 0, few + short) for name in ("x", "y", "sample_weight")}
        return {**first, "batch_size": few}, data
    if hasattr(x, "__next__"):
        batch = next(x, None)
        if batch is not None:
            data = {**data, "x": (each for each in itertools.chain([batch], x))}
    elif hasattr(x, "__getitem__") and hasattr(x, "num_batches"):  # a PyDataset
        batch = x[0] if x.num_batches != 0 else None
    else:
        batch = next(iter(x), None)
    return (None if batch is None else batch_data(batch)), data


def form_of(first, data):
    """Return what decides whether a compiled step is compiled again: kinds, shapes and dtypes."""
    leaves = keras.tree.flatten([first["x"], first["y"], first["sample_weight"]])
    rows = rows_of(data["x"])
    return (
        type(data["x"]).__name__,
        rows is not None and rows % first["batch_size"] == 0,
        tuple((str(getattr(x, "shape", "")), str(getattr(x, "dtype", ""))) for x in leaves),
    )


def ranks_of(data):
    """Return how many axes each array has, or each tensor that a `tf.data.Dataset` yields."""
    given = getattr(data["x"], "element_spec", [data["x"], data["y"], data["sample_weight"]])
    shapes = [getattr(x, "shape", ()) for x in keras.tree.flatten(given)]
    return tuple(shape.rank if hasattr(shape, "rank") else len(shape) for shape in shapes)


def batch_data(batch):
    """Return what evaluate takes for one batch that a dataset has yielded."""
    batch = batch if isinstance(batch, (list, tuple)) else (batch,)
    x, y, weight = (*batch, None, None)[:3]
    return {"x": x, "y": y, "sample_weight": weight, "batch_size": 2**31}


def cut(structure: Any, start: int, stop: int) -> Any:
    """Return some rows of all arrays of a structure."""

    def rows(leaf):
        if leaf is None:  # an output without targets
            return None
        if hasattr(leaf, "dense_shape"):
            import tensorflow as tf

            rest = tuple(leaf.shape[1:])
            return tf.sparse.slice(leaf, [start, *[0] * len(rest)], [stop - start, *rest])
        leaf = leaf.tocsr() if hasattr(leaf, "tocsr") else leaf  # SciPy's others have no rows
        return getattr(leaf, "iloc", leaf)[start:stop]

    return keras.tree.map_structure(rows, structure)
