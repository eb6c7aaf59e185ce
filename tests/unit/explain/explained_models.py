"""Random compiled models for explain: every kind of output, loss, weight and structure.

Each is compared with `evaluate`: `total` and `reported`, and that every grouping adds up. The tests
take a few of them, `make fuzz` many.
"""

import functools
import itertools
import operator
import os
import warnings
from dataclasses import dataclass, field
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from keras import layers, ops

import lossbook as lb
from lossbook._losses.catalogue import LOSSES as SUMS
from lossbook.rules import resolve
from tests.real_keras.whole_models import (
    ACTIVATIONS,
    REAL,
    AddsLoss,
    body,
    dense,
    labels,
    packed,
    weight_for,
)

BACKEND = keras.backend.backend()
VERSION = tuple(int(part) for part in keras.__version__.split(".")[:2])
REDUCTIONS = resolve("keras-3").reductions
assert REDUCTIONS[-1] == "none"
LABELLED = ("hinge", "squared_hinge", "categorical_hinge", "categorical_focal_crossentropy")
BY_CLASS = ("class", "true_class", "position", "sample")


def mean_error(y_true, y_pred):
    return ops.mean(ops.square(y_true - y_pred), axis=-1)


def every_error(y_true, y_pred):
    return ops.abs(y_true - y_pred)


def scalar_error(y_true, y_pred):
    return ops.mean(ops.square(y_true - y_pred))


class OwnCall(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return mean_error(y_true, y_pred)


class OwnReduction(keras.losses.Loss):
    def __call__(self, y_true, y_pred, sample_weight=None):
        return scalar_error(ops.cast(y_true, "float32"), ops.cast(y_pred, "float32"))

    def call(self, y_true, y_pred):
        raise NotImplementedError


class OwnOptions(keras.losses.BinaryCrossentropy):
    """Keras's loss under another name: it can still be split."""

    def __init__(self, **options):
        super().__init__(label_smoothing=0.2, **options)


USERS = {  # name: (what compile gets, finest grain)
    "function of values": lambda reduction: mean_error,
    "function of elements": lambda reduction: every_error,
    "scalar function": lambda reduction: scalar_error,
    "Loss subclass": lambda reduction: OwnCall(reduction=reduction),
    "own __call__": lambda reduction: OwnReduction(reduction=reduction),
    "subclass of Keras's": lambda reduction: OwnOptions(reduction=reduction),
    "partial": lambda reduction: functools.partial(keras.losses.huber, delta=0.5),
    "dice": lambda reduction: keras.losses.Dice(reduction=reduction),
    "dice per sample": lambda reduction: keras.losses.Dice(reduction=reduction, axis=(-1,)),
    "tversky": lambda reduction: keras.losses.Tversky(reduction=reduction),
}
SPLIT = ("subclass of Keras's", "partial")  # into classes, as Keras's own


class Sigmoid(layers.Layer):
    """The framework's sigmoid, not Keras's: a graph shows it, an eager tensor doesn't."""

    def call(self, x):
        if BACKEND != "tensorflow":
            return ops.sigmoid(x)
        import tensorflow as tf

        return tf.nn.sigmoid(x)


class Wrapped(keras.Model):
    """A subclassed model."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def call(self, x):
        return self.inner(x)


@dataclass
class Case:
    """A compiled model, its data as evaluate takes them, and what it covers."""

    model: Any
    data: dict
    class_weight: dict | None
    covers: set = field(default_factory=set)
    names: list = field(default_factory=list)  # of the losses, in Keras's order of outputs
    atomic: bool = False


def output(rng, x, covers, name, form, masked, plain):
    """Return (prediction, loss for compile, labels, name of the loss, shape of its values).

    `plain`: nothing is reduced, and nothing is added, for Keras adds no scalar to an array.
    """
    mixed = rng.random() < 0.15
    dtype = "mixed_float16" if mixed else None
    reduction = "none" if plain else str(rng.choice(REDUCTIONS[:-1]))
    units = int(rng.integers(2, 5))
    if rng.random() < 0.25:
        kind = str(rng.choice(list(USERS)))
        if masked and kind in ("function of elements", "dice per sample"):
            kind = "function of values"
        probabilities = kind in ("subclass of Keras's", "dice", "dice per sample", "tversky")
        y_pred = dense(
            rng, units, "sigmoid" if probabilities else None, dtype, name=name, plain=plain
        )(x)
        loss = USERS[kind](reduction)
        y = labels(rng, "binary_crossentropy" if probabilities else "huber", (*form, units))
        if "function" not in kind and kind not in ("own __call__", "partial"):
            covers.add(f"reduction {reduction}")
        covers.add("user or atomic loss")
        covers |= {"mixed precision"} if mixed else set()
        elements = kind == "function of elements"
        return y_pred, loss, y, kind, (*form, units) if elements else form
    chosen = str(rng.choice([*ACTIVATIONS, *ACTIVATIONS, *REAL, *LABELLED]))
    activation = {"categorical_focal_crossentropy": "softmax"}.get(chosen, ACTIVATIONS.get(chosen))
    squeezed = activation in (None, "sigmoid") and "categorical" not in chosen
    squeezed = squeezed and not (masked and len(form) > 1) and rng.random() < 0.3
    units = 1 if squeezed else units
    logits = chosen in ("binary_crossentropy", "categorical_crossentropy") and rng.random() < 0.2
    options = {"from_logits": True} if logits else {}
    if chosen in ("binary_crossentropy", "categorical_crossentropy") and rng.random() < 0.3:
        options["label_smoothing"] = 0.1
    scale = 60.0 if activation in ("sigmoid", "softmax") and rng.random() < 0.4 else 1.0
    after = (
        str(rng.choice(["", "reshape", "reshape", "framework", "framework"])) if not logits else ""
    )
    after = "" if activation != "sigmoid" else after
    inner = None if logits or after == "framework" else activation
    last = dense(rng, units, inner, dtype, scale, None if after else name, plain)
    y_pred = last(x)
    if after == "reshape":
        y_pred = layers.Reshape((*form[1:], units), name=name)(y_pred)
    elif after == "framework":
        y_pred = Sigmoid(name=name, dtype=dtype)(y_pred)
    elif mixed and rng.random() < 0.3:
        covers.add("cast back")
    y = labels(rng, chosen, (*form, units))
    if chosen == "sparse_categorical_crossentropy" and rng.random() < 0.3:
        options["ignore_class"] = 1
    if squeezed:
        y = y[..., 0]
    instance = getattr(keras.losses, SUMS[chosen].names[-1])(reduction=reduction, **options)
    by_name = reduction == "sum_over_batch_size" and not options and rng.random() < 0.5
    for feature, there in {
        "mixed precision": mixed,
        "squeezed target": squeezed,
        "reshape after sigmoid": after == "reshape",
        "framework's own sigmoid": after == "framework",
        "saturated sigmoid or softmax": scale > 1 and not logits,
        f"reduction {reduction}": True,
    }.items():
        covers |= {feature} if there else set()
    values = form[:-1] if squeezed and len(form) > 1 else form  # the last axis became the class's
    return y_pred, chosen if by_name else instance, y, chosen, values


def draw(seed):
    """Return the compiled model of that seed, its data, and what they cover."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a layer that destroys a mask is among the cases
        return _draw(seed)


def _draw(seed):
    rng = np.random.default_rng([seed, 5])
    keras.utils.set_random_seed(seed)
    covers = set()
    rows = int(rng.integers(3, 8))
    kind = str(rng.choice(["flat", "flat", "steps", "masking", "embedding", "image"]))
    form = (rows,)
    if kind in ("steps", "masking", "embedding"):
        form = (rows, int(rng.integers(2, 5)))
    elif kind == "image":
        form = (rows, int(rng.integers(2, 4)), int(rng.integers(2, 4)))
    inputs, data, x = body(rng, kind, form)
    masked = kind in ("masking", "embedding")
    plain = bool(rng.random() < 0.15)
    if rng.random() < 0.35 and not plain:
        x = AddsLoss(vector=bool(rng.random() < 0.5))(x)
        covers.add("add_loss")
    covers |= {"mask"} if masked else set()
    structures = ["single", "single", "list", "dict"] + ["nested"] * (VERSION >= (3, 7))
    structure = "single" if plain else str(rng.choice(structures))
    count = {"single": 1, "nested": 3}.get(structure, int(rng.integers(2, 4)))
    names = [f"out_{i}" for i in range(count)]
    drawn = [output(rng, x, covers, name, form, masked, plain) for name in names]
    y_preds, losses, targets, kinds, forms = (list(parts) for parts in zip(*drawn, strict=True))
    model = keras.Model(inputs, packed(y_preds, structure, names))
    if rng.random() < 0.35:
        model = Wrapped(model)
        covers.add("subclassed")
    loss_weights = None
    if structure != "nested" and rng.random() < 0.4:
        loss_weights = packed([float(w) for w in rng.uniform(0.1, 3, count)], structure, names)
        covers.add("loss weights")
    weights = class_weight = None
    weighed = rng.random() < 0.5
    if count == len(form) == 1 and rng.random() < 0.7:
        class_weight = {0: 0.5, 1: 2.0, 2: 1.5, 3: 0.25, 4: 1.0}
        covers.add("class_weight")
    elif weighed:
        weights = packed([weight_for(rng, values) for values in forms], structure, names)
        covers.add("per-output weights" if count > 1 else "weights")
    mode = str(rng.choice(["eager", "eager", "graph", "graph", "jit"]))
    how = {"run_eagerly": mode == "eager", "jit_compile": mode == "jit"}
    if BACKEND == "torch":
        how["jit_compile"] = False
    covers |= {f"structure {structure}", f"mode {mode}", f"input {kind}"}
    covers |= {"outputs nested or many"} if count > 1 else set()
    model.compile(
        keras.optimizers.SGD(0.0),
        loss=packed(losses, structure, names),
        loss_weights=loss_weights,
        **how,
    )
    y, batch_size = packed(targets, structure, names), int(rng.integers(1, rows + 1))
    covers |= {"short last batch"} if rows % batch_size else set()
    covers |= {"regularisers"} if _penalised(model) else set()
    settings = {"x": data, "y": y, "sample_weight": weights, "batch_size": batch_size}
    case = Case(model, settings, class_weight, covers, kinds)
    case.atomic = any(kind in USERS and kind not in SPLIT for kind in kinds)
    return case


def _penalised(model):
    inner = list(model._flatten_layers())
    return any(
        getattr(layer, name, None) is not None
        for layer in inner
        for name in ("kernel_regularizer", "bias_regularizer", "activity_regularizer")
    )


def close(a, b, bound):
    return (np.isnan(a) and np.isnan(b)) or abs(a - b) <= bound


def problems(case):
    """Return lines that say what differs; None if Keras itself refuses the case."""
    settings = dict(case.data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # broadcast weights and rows of several labels
        if case.class_weight is not None:
            settings["sample_weight"] = lb.reduction.class_weights(settings["y"], case.class_weight)
        try:
            expected = case.model.evaluate(**_copied(settings), verbose=0, return_dict=True)["loss"]
        except Exception as error:
            case.covers.add(f"refused: {str(error).splitlines()[0][:90]}")
            return None
        settings = {**_copied(case.data), "class_weight": case.class_weight}
        e = lb.explain(case.model, **settings, verbose=0)
    found = []
    fine = e.by(*("output", "source", "sample", "position", "class", "true_class"))
    magnitude = sum(map(abs, fine.values()))
    bound = 2e-6 * magnitude + 1e-7
    if not close(e.reported, expected, 1e-6 * abs(expected) + 1e-9):
        found.append(f"evaluate {expected}, reported {e.reported}")
    if not close(e.total, e.reported, bound):
        found.append(f"total {e.total}, reported {e.reported}, allowed {bound:.2g}")
    keys = ("output", "source", "batch", *BY_CLASS)
    for size in (1, 2, 3):
        for group in itertools.combinations(keys, size):
            sums = e.by(*group)
            if not close(sum(sums.values()), e.total, 1e-6 * magnitude + 1e-9):
                found.append(f"by{group} adds up to {sum(sums.values())}, total {e.total}")
    if not case.atomic:
        for key in ("class", "sample", "position"):
            if "(atomic)" in e.by(key) and "categorical_hinge" not in case.names:
                found.append(f"by({key!r}) has an atomic part: {case.names}")
    return found + of_unknown_lengths(case, expected, e, bound)


def of_unknown_lengths(case, expected, explained, bound):
    """Return what differs where TensorFlow gets the same batches and knows no length before."""
    settings = _copied(case.data)
    if BACKEND != "tensorflow" or "structure list" in case.covers:  # a tuple would come
        return []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if case.class_weight is not None:
            settings["sample_weight"] = lb.reduction.class_weights(settings["y"], case.class_weight)
        try:
            case.model.evaluate(_dataset(**settings), verbose=0)
        except Exception as error:
            case.covers.add(f"unknown lengths refused: {str(error).splitlines()[0][:90]}")
            return []
        e = lb.explain(case.model, _dataset(**settings), verbose=0)
    case.covers.add("unknown lengths")
    found = []
    if not (close(e.reported, expected, bound) and close(e.total, expected, bound)):
        found.append(f"unknown lengths: {e.total}, {e.reported}, evaluate {expected}")
    for key in ("output", "batch", "sample", "class", "true_class"):
        sums, before = e.by(key), explained.by(key)
        if sums.keys() != before.keys() or not all(close(sums[k], before[k], bound) for k in sums):
            found.append(f"unknown lengths: by({key!r}) {sums}, with arrays {before}")
    return found


def _dataset(x, y, sample_weight, batch_size):
    """Return the same batches as a tf.data.Dataset that knows the last lengths alone."""
    import tensorflow as tf

    given = (x, y) if sample_weight is None else (x, y, sample_weight)
    given = keras.tree.map_structure(np.asarray, given)

    def batches():
        for start in range(0, len(x), batch_size):
            rows = operator.itemgetter(slice(start, start + batch_size))
            yield keras.tree.map_structure(rows, given)

    def spec(array):
        last = array.shape[1:][-1:]
        return tf.TensorSpec((*[None] * (array.ndim - len(last)), *last), array.dtype)

    signature = keras.tree.map_structure(spec, given)
    return tf.data.Dataset.from_generator(batches, output_signature=signature)


def _copied(settings):
    """Copy weights: on PyTorch Keras multiplies the caller's own by the mask."""
    weights = settings["sample_weight"]
    copies = None if weights is None else keras.tree.map_structure(np.copy, weights)
    return {**settings, "sample_weight": copies}
