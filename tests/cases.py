"""Random calls of the five losses, drawn from a fixed seed, and what each caller meant.

Every combination of loss, reduction, rank, mask, weights, from_logits and label_smoothing occurs at
least once in an orderly call; three more calls for each take whatever shape a user might try.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np

LOSSES = (
    "binary_crossentropy",
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
    "mean_squared_error",
    "mean_absolute_error",
)
REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", None)
RANKS = (1, 2, 3, 4)
WILD = 3  # calls with odd shapes for each loss, reduction, rank, mask and weights
ORDERLY = ("full", "column", "scalar")  # shapes that Keras can only take as they are meant


@dataclass(frozen=True)
class Case:
    """One call, and (`meant...`) the same arrays in the shapes that the caller had in mind.

    `meant_y` is None where no meaning can be made of the labels; so for mask and weights. `values`
    is the shape of the values that the caller had in mind.
    """

    loss: str
    reduction: str | None
    dtype: str
    options: dict
    y_true: np.ndarray
    y_pred: np.ndarray
    sample_weight: np.ndarray | None
    mask: np.ndarray | None
    kinds: dict
    meant_y: np.ndarray | None
    meant_p: np.ndarray
    values: tuple
    meant: dict

    @property
    def stratum(self):
        """What the coverage is counted over."""
        return (
            self.loss,
            self.reduction,
            self.y_pred.ndim,
            self.mask is not None,
            self.sample_weight is not None,
        )

    @property
    def orderly(self):
        """Whether every array has a shape that can only be read in one way."""
        kinds = self.kinds
        return kinds["y"] in ("same", "extra") and all(
            kinds[k] in (None, *ORDERLY) for k in ("sample_weight", "mask")
        )

    def __str__(self):
        """Name the call, so that a failure can be repeated."""
        shapes = {
            name: getattr(self, name).shape
            for name in ("y_true", "y_pred", "sample_weight", "mask")
            if getattr(self, name) is not None
        }
        return f"{self.loss} {self.reduction} {self.dtype} {self.options} {shapes} {self.kinds}"


def draw(seed=2):
    """Return all cases, in an order that does not change."""
    rng = np.random.default_rng(seed)
    cases = []
    for loss, reduction, rank, mask, weight in product(
        LOSSES, REDUCTIONS, RANKS, (False, True), (False, True)
    ):
        for from_logits, smoothing in _orderly_options(loss):
            options = {"from_logits": from_logits, "label_smoothing": smoothing}
            options = {name: value for name, value in options.items() if value}
            cases.append(_case(rng, loss, reduction, rank, mask, weight, options, wild=False))
        for _ in range(WILD):
            options = _wild_options(rng, loss, rank)
            cases.append(_case(rng, loss, reduction, rank, mask, weight, options, wild=True))
    return cases


def _orderly_options(loss):
    logits = (False, True) if loss.endswith("crossentropy") else (False,)
    smoothing = (0, 0.1) if loss in LOSSES[:2] else (0,)
    return product(logits, smoothing)


def _wild_options(rng, loss, rank):
    options = {}
    if loss.endswith("crossentropy"):
        options["from_logits"] = bool(rng.random() < 0.3)
    if loss in LOSSES[:2]:
        options["label_smoothing"] = float(rng.choice([0, 0, 0.2, 1]))
        if rng.random() < 0.3:
            options["axis"] = int(rng.integers(-rank - 1, rank + 1))
    return options


def _case(rng, loss, reduction, rank, mask, weight, options, wild):
    shape = tuple(int(n) for n in rng.integers(1, 5, size=rank))
    if wild and rng.random() < 0.4:  # lengths that coincide let wrong axes pass without an error
        shape = (int(rng.integers(2, 5)),) * rank
    dtype = str(rng.choice(["float32"] * 12 + ["float64", "float16"])) if wild else "float32"
    y_pred = _predictions(rng, loss, shape, options.get("from_logits"))
    y_true, meant_p = labels(rng, loss, shape), y_pred
    kinds, meant_y = {"y": "same"}, y_true
    if wild and rng.random() < 0.4:
        kinds["y"], y_true, meant_y = _odd_labels(rng, loss, y_true, shape)
    if rank == 1 and kinds["y"] == "extra" and not loss.startswith("sparse"):
        meant_p, meant_y = y_pred[:, None], y_true  # labels (n, 1) say: n samples
    axis, values = options.get("axis", -1), list(meant_p.shape)
    values.pop(axis if -len(values) <= axis < len(values) else -1)
    arrays, meant = {"mask": None, "sample_weight": None}, {}
    for name, wanted in (("sample_weight", weight), ("mask", mask)):
        kinds[name] = None
        if wanted:
            kinds[name], form = _form(rng, tuple(values), shape, wild)
            draw = _weights if name == "sample_weight" else _mask
            arrays[name] = draw(rng, form)
            meant[name] = _as_meant(arrays[name], kinds[name], tuple(values))
    return Case(
        loss,
        reduction,
        dtype,
        options,
        y_true,
        y_pred,
        **arrays,
        kinds=kinds,
        meant_y=meant_y,
        meant_p=meant_p,
        values=tuple(values),
        meant=meant,
    )


def _predictions(rng, loss, shape, from_logits):
    kind = np.float64 if rng.random() < 0.3 else np.float32
    if from_logits:
        return (rng.normal(size=shape) * rng.choice([1, 30, 1000], p=[0.6, 0.3, 0.1])).astype(kind)
    if not loss.endswith("crossentropy"):
        return rng.normal(size=shape).astype(kind)
    p = rng.uniform(0.01, 0.99, shape)
    if loss != "binary_crossentropy":
        p /= p.sum(-1, keepdims=True)
    exact = rng.random(shape if loss == "binary_crossentropy" else (*shape[:-1], 1)) < 0.5
    if rng.random() < 0.4:
        p = np.where(exact, labels(rng, loss.removeprefix("sparse_"), shape), p)
    return p.astype(kind)


def labels(rng, loss, shape):
    """Return labels or targets that suit the loss, for predictions of that shape."""
    if loss.startswith("sparse"):
        return rng.integers(0, shape[-1], shape[:-1])
    if loss == "categorical_crossentropy":
        return np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])]
    if loss == "binary_crossentropy":
        return rng.integers(0, 2, shape)
    return rng.normal(size=shape)


def _odd_labels(rng, loss, y, shape):
    """Return the kind, the labels in an odd shape, and in the shape meant (None: no telling)."""
    kind = rng.choice(["extra", "short", "longer", "one"], p=[0.5, 0.3, 0.1, 0.1])
    meant = None
    if kind == "extra":
        y, meant = y[..., None], y[..., None] if loss.startswith("sparse") else y
    elif kind == "short":
        if y.ndim == 0:
            return "same", y, y
        if y.shape[-1] == 1:
            meant = None if loss.startswith("sparse") else y
        y = y[..., 0]
    else:
        if y.ndim == 0:
            return "same", y, y
        axis = int(rng.integers(y.ndim))
        first = y.take([0], axis)
        odd = np.concatenate([y, first], axis) if kind == "longer" else first
        if odd.shape == y.shape:
            return "same", y, y
        y = odd
    return str(kind), y, meant


def _form(rng, values, shape, wild):
    """Return the kind and the shape of weights (or a mask) for values of that shape."""
    ones = (1,) * (len(values) - 1)
    forms = {"full": values, "column": values[:1] + ones, "scalar": ()}
    chances = {"full": 5, "column": 3, "scalar": 1}
    if wild or not values:
        forms |= {
            "full1": (*values, 1),
            "sample": values[:1] or shape[:1],
            "sample1": (values[:1] or shape[:1]) + (1,),
            "leading": values[:-1],
            "trailing": values[-1:],
            "classes": (*values, *shape[-1:]),
            "wrong": tuple(n + 1 for n in values[:1]) + values[1:],
        }
        chances = dict.fromkeys(forms, 1) | {"sample": 3, "trailing": 3, "wrong": 2}
        chances["leading"] = 8 if len(values) > 2 else 1  # else it is one of the others
    p = np.array([chances[k] for k in forms], float)
    form = forms[str(rng.choice(list(forms), p=p / p.sum()))]
    return next(kind for kind in forms if forms[kind] == form), form


def _weights(rng, shape):
    w = np.asarray(rng.uniform(0, 3, shape))
    kind = rng.choice(
        ["plain", "zeros", "negative", "none", "integer", "cancel"],
        p=[0.45, 0.2, 0.1, 0.1, 0.1, 0.05],
    )
    if kind == "zeros":
        w = w * (rng.random(shape) < 0.5)
    elif kind == "negative":
        w = w - 1.5
    elif kind == "none":
        w = w * 0
    elif kind == "cancel":  # a sum of exactly 0, if there is an even number of them
        w = np.where(np.arange(w.size) % 2, -1.0, 1.0).reshape(shape)
    elif kind == "integer":
        return np.asarray(rng.integers(0, 3, shape))
    return w.astype(rng.choice([np.float32, np.float64]))


def _mask(rng, shape):
    share = rng.choice([0.6, 0.3, 0.0, 1.0], p=[0.6, 0.2, 0.1, 0.1])
    return np.asarray(rng.random(shape) < share)


def _as_meant(array, kind, values):
    """Bring weights into the shape of the values as their giver meant it; None: no telling."""
    if array.size == 1:
        return array.reshape(())
    if kind in ("wrong", "classes") or not values:
        return None
    if kind == "full1":
        return array.reshape(values)
    if kind in ("sample", "sample1", "leading"):
        if kind == "sample1" and len(values) == 1:
            return array.reshape(values)
        rows = array.shape[: len(values)]
        return array.reshape(rows + (1,) * (len(values) - len(rows)))
    return array
