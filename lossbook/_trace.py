"""trace(): the whole path of one output, from elementwise losses to the scalar, stage by stage."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lossbook import reduction as keras3
from lossbook._arrays import (
    asarray,
    check_dtype,
    dtype_name,
    namespace,
    shape_of,
    size,
    squeeze_or_expand_to_same_rank,
    to_numpy,
    warn,
)
from lossbook._render import trace_html, trace_text
from lossbook._stages import loss_stages, reduction_stages
from lossbook.elementwise import LOSSES
from lossbook.rules import resolve

# Every other name that Keras takes for these losses.
_ALIASES = {
    "mse": "mean_squared_error",
    "MSE": "mean_squared_error",
    "mae": "mean_absolute_error",
    "MAE": "mean_absolute_error",
    "bce": "binary_crossentropy",
    "BCE": "binary_crossentropy",
    "MeanSquaredError": "mean_squared_error",
    "MeanAbsoluteError": "mean_absolute_error",
    "BinaryCrossentropy": "binary_crossentropy",
    "CategoricalCrossentropy": "categorical_crossentropy",
    "SparseCategoricalCrossentropy": "sparse_categorical_crossentropy",
}
_OPTIONS = {
    "binary_crossentropy": ("from_logits", "label_smoothing", "axis"),
    "categorical_crossentropy": ("from_logits", "label_smoothing", "axis"),
    "sparse_categorical_crossentropy": ("from_logits", "axis"),
    "mean_squared_error": (),
    "mean_absolute_error": (),
}


@dataclass(frozen=True, repr=False)
class Trace:
    """The path of one output: its stages, the coefficient of every element, the total.

    `trace["values"]` is the stage of that name. `coefficients * elementwise` are the
    `contributions`, and their sum is the `total`.
    """

    loss: str
    reduction: str
    rule: str
    dtype: str
    stages: tuple
    elementwise: Any
    coefficients: Any
    total: Any

    @cached_property
    def contributions(self):
        """Coefficient times elementwise loss: what every element adds to the total."""
        return self.coefficients * self.elementwise

    def __getitem__(self, name):
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise KeyError(f"no stage {name!r}; this trace has {[s.name for s in self.stages]}")

    def __repr__(self):
        return trace_text(self)

    def _repr_html_(self):
        return trace_html(self)


def trace(
    loss,
    y_true,
    y_pred,
    sample_weight=None,
    mask=None,
    reduction="sum_over_batch_size",
    rule="keras-3",
    dtype="float32",
    **loss_options,
):
    """Follow a loss from elementwise to the scalar, and show every stage on the way.

    Surprise: everything that happens after the elementwise loss is a choice of coefficients; the
    trace holds them, one for each element, and total = sum of coefficient · elementwise.

    Args:
        loss: Keras's name of a loss, its function, or a `keras.losses.Loss` object (then its own
            options, dtype and reduction are used).
        y_true: labels or targets, `(batch, *positions)`.
        y_pred: predictions, `(batch, *positions)`. A mask or logits that Keras has attached to
            the tensor are used as Keras uses them.
        sample_weight: weights that broadcast with the values from the last axis, or None.
        mask: array of bool (True = keep), or None.
        reduction: one of Keras's five reductions.
        rule: a key of `lossbook.RULES`, or an exact release.
        dtype: the dtype that the loss computes in, as `Loss(dtype=...)`.
        **loss_options: `from_logits`, `label_smoothing`, `axis`, as the Keras loss takes them.

    Returns:
        Trace: stages, elementwise, coefficients, contributions, total (a float; for reduction
        None the array that Keras returns). It prints as a table, in a notebook as HTML.

    Raises:
        ValueError: for shapes that Keras refuses, an axis out of range, an empty batch, unknown
            names. The message says what was expected, what was received and how to mend it.
        TypeError: for options that the loss does not take, and for tensors of another framework.

    Warns:
        UserWarning: where Keras computes without a word what hardly anyone can mean: weights that
            meet the wrong axis, shapes that are broadcast, NaN or infinity among the values.

    Examples:
        >>> import lossbook as lb
        >>> y_true = [[1, 0], [1, 1]]
        >>> y_pred = [[0.9, 0.2], [0.6, 0.5]]
        >>> t = lb.trace("binary_crossentropy", y_true, y_pred)
        >>> print(f"{t.total:.4f}")
        0.3831
        >>> print(t.coefficients)
        [[0.25 0.25]
         [0.25 0.25]]

    References:
        keras/src/losses/loss.py::Loss.__call__, Keras 3.15.1.
    """
    rule = resolve(rule)
    loss, reduction, dtype, options = _settings(loss, reduction, dtype, loss_options)
    xp = namespace(y_true=y_true, y_pred=y_pred, sample_weight=sample_weight, mask=mask)
    if mask is None:
        mask = getattr(y_pred, "_keras_mask", None)
    logits = _recovered_logits(loss, y_true, y_pred, dtype)
    y_true, y_pred = asarray(xp, y_true, dtype), asarray(xp, y_pred, dtype)
    for name, array in (("y_pred", y_pred), ("y_true", y_true)):
        keras3.check_not_empty(name, shape_of(array))
    given = shape_of(y_true), shape_of(y_pred)
    y_true, y_pred = squeeze_or_expand_to_same_rank(xp, y_true, y_pred)
    if sample_weight is not None or mask is not None:
        _check_alignment(*given, shape_of(y_pred))
        _check_mask(mask)

    function, operation = LOSSES[loss]
    arguments = dict(options)
    if logits is not None:
        y_pred, arguments["from_logits"] = asarray(xp, logits, dtype), True
    if loss == "binary_crossentropy":
        arguments.pop("axis", None)
    elementwise = function(y_true, y_pred, **arguments)
    _check_elementwise(loss, elementwise, *given)

    axis = options.get("axis", -1)
    values = keras3.class_axis(elementwise, operation, axis)
    masked, weight, weighted, total = keras3.walk(values.value, sample_weight, mask, reduction)
    return Trace(
        loss=loss,
        reduction=reduction,
        rule=rule.name,
        dtype=dtype,
        stages=(
            *loss_stages(loss, arguments, logits is not None, elementwise, values, axis),
            *reduction_stages(reduction, masked, weight, weighted, total),
        ),
        elementwise=elementwise,
        coefficients=_spread(xp, total.coefficients, values.coefficients, operation, axis),
        total=total.value if reduction == "none" else float(to_numpy(total.value)),
    )


def _settings(loss, reduction, dtype, options):
    """Return the loss's name, its reduction, dtype and options; a Loss object brings its own."""
    if not isinstance(loss, str) and hasattr(loss, "reduction"):
        name = type(loss).__name__
        if name not in _ALIASES or not type(loss).__module__.startswith("keras."):
            raise ValueError(
                f"{name} is not a loss that trace knows as a sum over elements. "
                f"Known: {', '.join(LOSSES)}."
            )
        if options or reduction not in ("sum_over_batch_size", loss.reduction):
            extra = [*options, *(["reduction"] if not options else [])]
            raise TypeError(
                f"{', '.join(extra)}: a Loss object brings its own options. "
                f"Set them there, as in {name}({extra[0]}=...), or pass the loss by name."
            )
        if getattr(loss, "ignore_class", None) is not None:
            raise ValueError(f"{name}(ignore_class={loss.ignore_class}) cannot be traced yet.")
        loss, reduction, dtype, given = _ALIASES[name], loss.reduction, loss.dtype, loss
        options = {o: getattr(given, o) for o in _OPTIONS[loss] if hasattr(given, o)}
    elif callable(loss):
        loss = loss.__name__
    loss = _ALIASES.get(loss, loss)
    if loss not in LOSSES:
        raise ValueError(f"Unknown loss {loss!r}. Known losses: {', '.join(LOSSES)}.")
    unknown = [o for o in options if o not in _OPTIONS[loss]]
    if unknown:
        takes = ", ".join(_OPTIONS[loss]) or "no options"
        raise TypeError(f"{loss} takes {takes}. Received: {', '.join(unknown)}.")
    return loss, keras3.standardize_reduction(reduction), check_dtype(dtype), options


def _recovered_logits(loss, y_true, y_pred, dtype):
    """Return the logits that Keras finds behind y_pred, None where it finds none.

    On TensorFlow an activation leaves them on its output. They are lost when the tensor is cast
    or reshaped before the loss, which includes Keras's own alignment of ranks.
    References: keras/src/backend/tensorflow/nn.py::_get_logits, Keras 3.15.1.
    """
    logits = getattr(y_pred, "_keras_logits", None)
    if logits is None or not loss.endswith("crossentropy"):
        return None
    from keras import backend, ops

    rank, aligned = len(y_pred.shape), y_pred
    if loss != "sparse_categorical_crossentropy" or rank != len(np.shape(y_true)) + 1:
        _, aligned = squeeze_or_expand_to_same_rank(ops, ops.convert_to_tensor(y_true), y_pred)
    if backend.backend() != "tensorflow" or dtype_name(y_pred) != dtype:
        return None
    if len(aligned.shape) != rank:
        return None
    name = "sigmoid" if loss == "binary_crossentropy" else "softmax"
    expected = getattr(ops, name)(logits)
    if bool(ops.any(ops.abs(expected - y_pred) > 1e-3)):
        warn(
            f"{loss} takes the logits that Keras finds behind y_pred for those of a {name}, but "
            f"another activation made y_pred: this is the loss of {name}(logits), not of y_pred. "
            f"Use a {name} output, or the crossentropy that fits the activation."
        )
    return logits


def _check_alignment(y_true, y_pred, aligned):
    """Warn where Keras drops the last axis of y_pred and the values lose an axis with it."""
    if len(aligned) < len(y_pred):
        warn(
            f"y_pred of shape {y_pred} loses its last axis to meet y_true of shape {y_true}: the "
            f"values have shape {aligned[:-1]}, and weights and masks meet those. "
            f"For one value per position give y_true the shape {(*y_true, 1)}."
        )


def _check_mask(mask):
    if mask is not None and not np.isin(to_numpy(mask), (0, 1)).all():
        warn(
            "mask holds other numbers than 0 and 1: Keras counts each valid position as often as "
            "its number says. Pass True (keep) and False; weights belong into sample_weight."
        )


def _check_elementwise(loss, elementwise, y_true, y_pred):
    """Warn where Keras computes without a word what hardly anyone can mean."""
    shape = shape_of(elementwise)
    if size(shape) > min(size(y_true), size(y_pred)):
        warn(
            f"y_true of shape {y_true} and y_pred of shape {y_pred} are broadcast to {shape}: "
            "every pair is compared, not each prediction with its own target. "
            f"Give y_true the shape {y_pred}."
        )
    values = to_numpy(elementwise).astype(np.float64)
    bad = ~np.isfinite(values)
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        warn(
            f"{bad.sum()} of {bad.size} elementwise losses are NaN or infinite, the first at index "
            f"{first}: no mask and no weight of 0 removes them, for 0 times NaN is NaN."
        )


def _spread(xp, coefficients, class_coefficients, operation, axis):
    """Give every element the coefficient of its value times its factor in the class axis."""
    if operation == "none":
        return coefficients
    expanded = xp.expand_dims(coefficients, axis)
    first = class_coefficients[(0,) * len(class_coefficients.shape)]
    return xp.broadcast_to(expanded * first, shape_of(class_coefficients))
