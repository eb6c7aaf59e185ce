"""The catalogue of Keras's losses: the function of each, and what becomes of its class axis."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass

from lossbook import elementwise


@dataclass(frozen=True)
class KerasLoss:
    """A loss of `keras.losses` that is a sum over elements, or over positions."""

    function: Callable
    class_axis: str  # "mean", "sum", or "none" where the function leaves no class axis
    formula: str
    options: tuple = ()
    names: tuple = ()  # what else Keras calls it
    activation: str | None = None  # whose logits Keras on TensorFlow finds behind y_pred


_CROSSENTROPY = ("from_logits", "label_smoothing", "axis")

LOSSES = {
    "binary_crossentropy": KerasLoss(
        elementwise.binary_crossentropy,
        "mean",
        "-[y log p + (1 - y) log(1 - p)]",
        _CROSSENTROPY,
        ("bce", "BCE", "BinaryCrossentropy"),
        "sigmoid",
    ),
    "binary_focal_crossentropy": KerasLoss(
        elementwise.binary_focal_crossentropy,
        "mean",
        "-[y log p + (1 - y) log(1 - p)] (1 - p_t)^gamma",
        ("apply_class_balancing", "alpha", "gamma", *_CROSSENTROPY),
        ("BinaryFocalCrossentropy",),
        "sigmoid",
    ),
    "categorical_crossentropy": KerasLoss(
        elementwise.categorical_crossentropy,
        "sum",
        "-y log p",
        _CROSSENTROPY,
        ("CategoricalCrossentropy",),
        "softmax",
    ),
    "categorical_focal_crossentropy": KerasLoss(
        elementwise.categorical_focal_crossentropy,
        "sum",
        "-alpha y log p (1 - p)^gamma",
        ("alpha", "gamma", *_CROSSENTROPY),
        ("CategoricalFocalCrossentropy",),
    ),
    "sparse_categorical_crossentropy": KerasLoss(
        elementwise.sparse_categorical_crossentropy,
        "none",
        "-log p[y]",
        ("from_logits", "ignore_class", "axis"),
        ("SparseCategoricalCrossentropy",),
        "softmax",
    ),
    "categorical_generalized_cross_entropy": KerasLoss(
        elementwise.categorical_generalized_cross_entropy,
        "none",
        "(1 - p[y]^q) / q",
        ("q",),
        ("CategoricalGeneralizedCrossEntropy",),
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
        elementwise.poisson, "mean", "y_pred - y_true log y_pred", names=("Poisson",)
    ),
    "kl_divergence": KerasLoss(
        elementwise.kl_divergence, "sum", "y log(y / p)", names=("kld", "KLD", "KLDivergence")
    ),
    "hinge": KerasLoss(elementwise.hinge, "mean", "max(1 - y_true y_pred, 0)", names=("Hinge",)),
    "squared_hinge": KerasLoss(
        elementwise.squared_hinge, "mean", "max(1 - y_true y_pred, 0)²", names=("SquaredHinge",)
    ),
    "categorical_hinge": KerasLoss(
        elementwise.categorical_hinge,
        "none",
        "max(1 + best wrong score - true score, 0)",
        names=("CategoricalHinge",),
    ),
    "cosine_similarity": KerasLoss(
        elementwise.cosine_similarity,
        "sum",
        "-u_true u_pred, both of length 1",
        ("axis",),
        ("CosineSimilarity",),
    ),
}

# No sums over elements: their finest grain is what Keras's own function returns.
ATOMIC = {
    "dice": (("axis",), "Dice"),
    "tversky": (("alpha", "beta", "axis"), "Tversky"),
    "circle": (("gamma", "margin", "remove_diagonal"), "Circle"),
    "ctc": ((), "CTC"),
}

ALIASES = {
    **{alias: name for name, loss in LOSSES.items() for alias in loss.names},
    **{alias: name for name, (_, alias) in ATOMIC.items()},
}


def known_options(name, function, options):
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


def options_of(name):
    """Return the names of the options that a loss takes."""
    return ATOMIC[name][0] if name in ATOMIC else LOSSES[name].options
