"""The catalogue of Keras's losses: the function of each, and what becomes of its class axis."""

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lossbook import elementwise


@dataclass(frozen=True)
class KerasLoss:
    """A loss of `keras.losses`: what it takes, what it computes, how it leaves the class axis.

    `target` says what `y_true` holds: "binary" labels, "categorical" rows over the classes,
    "sparse" class numbers, a "regression" target, a "region" (a mask of pixels), class numbers of
    an "embedding", or a "sequence" of them.
    `target_range` is the lowest and highest target that makes sense, and what to call them.
    `activation` makes the predictions that the loss takes for probabilities; None where any number
    will do.
    """

    function: Callable | None  # None: no sum over elements; what Keras returns is its finest grain
    class_axis: str  # "mean", "sum", or "none" where the function leaves no class axis
    formula: str = ""
    options: tuple[str, ...] = ()
    names: tuple[str, ...] = ()  # what else Keras calls it
    target: str = "regression"
    target_range: tuple[float, float, str] | None = None
    activation: str | None = None
    finds_logits: bool = False  # Keras on TensorFlow looks for the logits behind y_pred
    clips_logits: bool = False  # from_logits=True takes their probabilities, and clips those

    @property
    def atomic(self) -> bool:
        """Whether it is no sum over elements."""
        return self.function is None

    @property
    def takes_logits(self) -> bool:
        """Whether it has the option `from_logits`."""
        return "from_logits" in self.options

    def finds_logits_with(self, options: Mapping[str, Any]) -> bool:
        """Whether Keras on TensorFlow, with these options, computes from logits behind y_pred."""
        new_sigmoid = self.clips_logits and options.get("from_logits")
        return self.finds_logits and options.get("ignore_class") is None and not new_sigmoid

    @property
    def numbered(self) -> bool:
        """Whether targets are class numbers: they have no entry for every entry of y_pred."""
        return self.target in ("sparse", "embedding", "sequence")


_CROSSENTROPY = ("from_logits", "label_smoothing", "axis")
_PROBABILITIES = (0, 1, "probabilities from 0 to 1")
_SIGNS = (-1, 1, "labels -1 and 1, or 0 and 1")

LOSSES = {
    "binary_crossentropy": KerasLoss(
        elementwise.binary_crossentropy,
        "mean",
        "-[y log p + (1 - y) log(1 - p)]",
        _CROSSENTROPY,
        ("bce", "BCE", "BinaryCrossentropy"),
        "binary",
        _PROBABILITIES,
        "sigmoid",
        finds_logits=True,
    ),
    "binary_focal_crossentropy": KerasLoss(
        elementwise.binary_focal_crossentropy,
        "mean",
        "-[y log p + (1 - y) log(1 - p)] (1 - p_t)^gamma",
        ("apply_class_balancing", "alpha", "gamma", *_CROSSENTROPY),
        ("BinaryFocalCrossentropy",),
        "binary",
        _PROBABILITIES,
        "sigmoid",
        finds_logits=True,
        clips_logits=True,
    ),
    "categorical_crossentropy": KerasLoss(
        elementwise.categorical_crossentropy,
        "sum",
        "-y log p",
        _CROSSENTROPY,
        ("CategoricalCrossentropy",),
        "categorical",
        _PROBABILITIES,
        "softmax",
        finds_logits=True,
    ),
    "categorical_focal_crossentropy": KerasLoss(
        elementwise.categorical_focal_crossentropy,
        "sum",
        "-alpha y log p (1 - p)^gamma",
        ("alpha", "gamma", *_CROSSENTROPY),
        ("CategoricalFocalCrossentropy",),
        "categorical",
        _PROBABILITIES,
        "softmax",
        clips_logits=True,
    ),
    "sparse_categorical_crossentropy": KerasLoss(
        elementwise.sparse_categorical_crossentropy,
        "none",
        "-log p[y]",
        ("from_logits", "ignore_class", "axis"),
        ("SparseCategoricalCrossentropy",),
        "sparse",
        activation="softmax",
        finds_logits=True,
    ),
    "categorical_generalized_cross_entropy": KerasLoss(
        elementwise.categorical_generalized_cross_entropy,
        "none",
        "(1 - p[y]^q) / q",
        ("q",),
        ("CategoricalGeneralizedCrossEntropy",),
        "sparse",
        activation="softmax",
    ),
    "mean_squared_error": KerasLoss(
        elementwise.mean_squared_error,
        "mean",
        "(y_true - y_pred)²",
        names=("mse", "MSE", "MeanSquaredError"),
    ),
    "mean_absolute_error": KerasLoss(
        elementwise.mean_absolute_error,
        "mean",
        "|y_true - y_pred|",
        names=("mae", "MAE", "MeanAbsoluteError"),
    ),
    "mean_absolute_percentage_error": KerasLoss(
        elementwise.mean_absolute_percentage_error,
        "mean",
        "100 |y_true - y_pred| / |y_true|",
        names=("mape", "MAPE", "MeanAbsolutePercentageError"),
    ),
    "mean_squared_logarithmic_error": KerasLoss(
        elementwise.mean_squared_logarithmic_error,
        "mean",
        "(log(1 + y_pred) - log(1 + y_true))²",
        names=("msle", "MSLE", "MeanSquaredLogarithmicError"),
        target_range=(0, math.inf, "targets from 0 on"),
    ),
    "huber": KerasLoss(
        elementwise.huber,
        "mean",
        "e² / 2 where |e| <= delta, else delta |e| - delta² / 2",
        ("delta",),
        ("Huber",),
    ),
    "log_cosh": KerasLoss(elementwise.log_cosh, "mean", "log cosh e", names=("LogCosh",)),
    "poisson": KerasLoss(
        elementwise.poisson,
        "mean",
        "y_pred - y_true log y_pred",
        names=("Poisson",),
        target_range=(0, math.inf, "counts, from 0 on"),
    ),
    "kl_divergence": KerasLoss(
        elementwise.kl_divergence,
        "sum",
        "y log(y / p)",
        (),
        ("kld", "KLD", "KLDivergence"),
        "categorical",
        _PROBABILITIES,
        "softmax",
    ),
    "hinge": KerasLoss(
        elementwise.hinge,
        "mean",
        "max(1 - y_true y_pred, 0)",
        (),
        ("Hinge",),
        "binary",
        _SIGNS,
    ),
    "squared_hinge": KerasLoss(
        elementwise.squared_hinge,
        "mean",
        "max(1 - y_true y_pred, 0)²",
        (),
        ("SquaredHinge",),
        "binary",
        _SIGNS,
    ),
    "categorical_hinge": KerasLoss(
        elementwise.categorical_hinge,
        "none",
        "max(1 + best wrong score - true score, 0)",
        (),
        ("CategoricalHinge",),
        "categorical",
    ),
    "cosine_similarity": KerasLoss(
        elementwise.cosine_similarity,
        "sum",
        "-u_true u_pred, both of length 1",
        ("axis",),
        ("CosineSimilarity",),
    ),
}


def _atomic(name, options, alias, target, *more):
    formula = f"{name}(y_true, y_pred)"
    return KerasLoss(None, "none", formula, options, (alias,), target, *more)


ATOMIC = {
    "dice": _atomic("dice", ("axis",), "Dice", "region", _PROBABILITIES, "sigmoid"),
    "tversky": _atomic(
        "tversky", ("alpha", "beta", "axis"), "Tversky", "region", _PROBABILITIES, "sigmoid"
    ),
    "circle": _atomic("circle", ("gamma", "margin", "remove_diagonal"), "Circle", "embedding"),
    "ctc": _atomic("ctc", (), "CTC", "sequence"),
}

ALIASES = {alias: name for name, loss in (LOSSES | ATOMIC).items() for alias in loss.names}


def loss_named(name: str | None) -> KerasLoss | None:
    """Return the entry of a loss by its name, None for a loss that is not Keras's."""
    return (LOSSES | ATOMIC).get(name or "")


def entry_of(name: str) -> KerasLoss:
    """Return the entry of one of Keras's losses."""
    return (LOSSES | ATOMIC)[name]


def known_options(name: str, function: Callable, options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a Loss object without what a newer Keras has added, at its default.

    Such an option, `label_smoothing=0.0` of the sparse crossentropy of 3.16 say, changes nothing.
    """
    new = set(options) - set(options_of(name))
    taken = inspect.signature(function).parameters if new else {}
    at_default = {o for o in new if o in taken and _equal(options[o], taken[o].default)}
    return {o: value for o, value in options.items() if o not in at_default}


def _equal(value, default):
    plain = isinstance(value, bool | int | float | str)
    return value is default or (plain and type(default) is type(value) and value == default)


def options_of(name: str) -> tuple[str, ...]:
    """Return the names of the options that a loss takes."""
    return entry_of(name).options
