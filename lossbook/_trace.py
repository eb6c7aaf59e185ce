"""trace(): the whole path of one output, from elementwise losses to the scalar, stage by stage."""

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Any

import numpy as np

from lossbook import reduction as keras3
from lossbook._arrays import (
    asarray,
    attached_mask,
    check_dtype,
    dtype_name,
    namespace,
    shape_of,
    squeeze_or_expand_to_same_rank,
    to_numpy,
    warn,
)
from lossbook._checks import (
    check_axis,
    check_broadcast,
    check_finite,
    check_mask,
    check_not_empty,
    check_values_exist,
    warn_lost_axis,
)
from lossbook._losses import ALIASES, ATOMIC, LOSSES, options_of
from lossbook._render import trace_html, trace_text
from lossbook._stages import loss_stages, reduction_stages
from lossbook.elementwise import softmax
from lossbook.rules import resolve


@dataclass(frozen=True, repr=False)
class Trace:
    """The path of one output: its stages, the coefficient of every element, the total.

    `trace["values"]` is the stage of that name. `coefficients * elementwise` are the
    `contributions`, and their sum is the `total`. `class_axis` is the axis of `elementwise` that
    the loss function reduces, None where it leaves none; of an atomic loss, which is no sum over
    elements, `elementwise` holds what the loss function returns.
    """

    loss: str
    reduction: str
    rule: str
    dtype: str
    class_axis: int | None
    stages: tuple
    elementwise: Any
    coefficients: Any
    total: Any

    @cached_property
    def contributions(self):
        """Coefficient times elementwise loss: what every element adds to the total."""
        with np.errstate(invalid="ignore"):  # 0 times infinity; the trace has warned of it
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
        mask = attached_mask(y_pred)
    received = y_pred
    y_true, y_pred = asarray(xp, y_true, dtype, "y_true"), asarray(xp, y_pred, dtype, "y_pred")
    check_values_exist(xp, y_pred)
    logits = _recovered_logits(loss, y_true, received, dtype, options)
    for name, array in (("y_pred", y_pred), ("y_true", y_true)):
        check_not_empty(name, shape_of(array))
    given = shape_of(y_true), shape_of(y_pred)
    y_true, y_pred = squeeze_or_expand_to_same_rank(xp, y_true, y_pred)
    check_mask(mask)

    axis = options.get("axis", -1)
    with np.errstate(all="ignore"):  # NaN and infinity get a warning of ours
        if loss in ATOMIC:
            elementwise, valid = _atomic(xp, loss, y_true, y_pred, options)
        else:
            elementwise, valid = _elementwise(xp, loss, y_true, y_pred, logits, options)
        operation = "none" if loss in ATOMIC else LOSSES[loss].class_axis
        values = keras3.class_axis(elementwise, operation, axis)
        mask = _merge_masks(xp, mask, valid)
        masked, weight, weighted, total = keras3.walk(values.value, sample_weight, mask, reduction)
    weighed = sample_weight is not None or mask is not None
    same_mean = not weighed and reduction not in ("sum", "none") and operation == "mean"
    if len(shape_of(y_pred)) < len(given[1]) and not same_mean:
        warn_lost_axis(*given, shape_of(values.value))
    if loss not in ATOMIC:
        check_broadcast(shape_of(elementwise), *given)
    check_finite(elementwise, weight, total.value, total.denominator, dtype)
    return Trace(
        loss=loss,
        reduction=reduction,
        rule=rule.name,
        dtype=dtype,
        class_axis=None if operation == "none" else axis,
        stages=(
            *loss_stages(loss, options, logits is not None, elementwise, values),
            *reduction_stages(reduction, masked, weight, weighted, total),
        ),
        elementwise=elementwise,
        coefficients=_spread(xp, total.coefficients, values.coefficients, operation, axis),
        total=total.value if reduction == "none" else float(to_numpy(total.value)),
    )


def _settings(loss, reduction, dtype, options):
    """Return the loss's name, its reduction, dtype and options; a Loss object brings its own."""
    received = loss
    if not isinstance(loss, str) and hasattr(loss, "reduction"):
        name = type(loss).__name__
        if options or reduction not in ("sum_over_batch_size", loss.reduction):
            extra = [*options, *(["reduction"] if not options else [])]
            raise TypeError(
                f"{', '.join(extra)}: a Loss object brings its own options. "
                f"Set them there, as in {name}({extra[0]}=...), or pass the loss by name."
            )
        # Keras's losses are wrappers: the function, and the options that it is called with.
        options = dict(getattr(loss, "_fn_kwargs", {}))
        reduction, dtype = loss.reduction, loss.dtype
        loss = getattr(loss, "fn", None) if type(loss).__module__.startswith("keras.") else None
    if callable(loss):
        of_keras = str(getattr(loss, "__module__", "")).startswith("keras.")
        loss = getattr(loss, "__name__", None) if of_keras else None
    if loss not in (*LOSSES, *ATOMIC, *ALIASES):
        _refuse_loss(received)
    loss = ALIASES.get(loss, loss)
    unknown = [o for o in options if o not in options_of(loss)]
    if unknown:
        takes = ", ".join(options_of(loss)) or "no options"
        raise TypeError(f"{loss} takes {takes}. Received: {', '.join(unknown)}.")
    return loss, keras3.standardize_reduction(reduction), check_dtype(dtype), options


def _refuse_loss(loss):
    hint = "Of any other loss pass the values to aggregate()."
    if isinstance(loss, str):
        name = repr(loss)
        if loss in ("crossentropy", "ce"):
            hint = "compile() picks one of the three crossentropies by the shapes: name it."
        elif near := get_close_matches(loss, [*LOSSES, *ATOMIC], n=1):
            hint = f"Did you mean {near[0]!r}?"
    else:
        owner = loss if hasattr(loss, "__name__") else type(loss)
        name = f"{owner.__module__}.{owner.__name__}".removeprefix("builtins.")
    raise ValueError(f"Unknown loss {name}. Known: Keras's {', '.join([*LOSSES, *ATOMIC])}. {hint}")


def _recovered_logits(loss, y_true, y_pred, dtype, options):
    """Return the logits that Keras finds behind y_pred, None where it finds none.

    On TensorFlow an activation leaves them on its output. They are lost when the tensor is cast
    or reshaped before the loss, which includes Keras's own alignment of ranks.
    References: keras/src/backend/tensorflow/nn.py::_get_logits, Keras 3.15.1.
    """
    logits = getattr(y_pred, "_keras_logits", None)
    name = LOSSES[loss].activation if loss in LOSSES else None
    if logits is None or name is None or options.get("ignore_class") is not None:
        return None
    if loss == "binary_focal_crossentropy" and options.get("from_logits"):
        return None  # a new sigmoid stands between
    from keras import backend, ops

    _, aligned = squeeze_or_expand_to_same_rank(ops, y_true, y_pred)
    cast_or_reshaped = dtype_name(y_pred) != dtype or len(aligned.shape) != len(y_pred.shape)
    if backend.backend() != "tensorflow" or cast_or_reshaped:
        return None
    axis = check_axis(options.get("axis", -1), shape_of(y_pred))
    expected = ops.sigmoid(logits) if name == "sigmoid" else softmax(ops, logits, axis)
    if bool(ops.any(ops.abs(expected - y_pred) > 1e-3)):
        warn(
            f"{loss} takes the logits that Keras finds behind y_pred for those of a {name}, but "
            f"another activation made y_pred: this is the loss of {name}(logits), not of y_pred. "
            f"Use a {name} output, or the crossentropy that fits the activation."
        )
    elif options.get("from_logits"):
        warn(
            f"from_logits=True, but y_pred came out of a {name}: Keras finds the logits behind it "
            "and uses those, so from_logits makes no difference here. Leave it out."
        )
    return logits


def _elementwise(xp, loss, y_true, y_pred, logits, options):
    """Return the elementwise losses, and which positions the loss itself keeps (None: all)."""
    arguments = dict(options)
    if LOSSES[loss].activation == "sigmoid":
        arguments.pop("axis", None)  # the axis of the mean, which comes later
    if logits is not None:
        logits = asarray(xp, logits, dtype_name(y_pred))
        if loss == "binary_focal_crossentropy":
            arguments["logits"] = logits
        else:
            y_pred, arguments["from_logits"] = logits, True
    elementwise = LOSSES[loss].function(y_true, y_pred, **arguments)
    valid = None
    if options.get("ignore_class") is not None:
        valid = xp.reshape(y_true, shape_of(elementwise)) != options["ignore_class"]
    return elementwise, valid


def _atomic(xp, loss, y_true, y_pred, options):
    """Return what Keras's own function returns, and the mask that it attaches, if any."""
    from keras import losses, ops

    y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
    try:
        values = losses.get(loss)(y_true, y_pred, **options)
    except Exception as error:
        raise ValueError(
            f"Keras's {loss} refuses y_true of shape {shape_of(y_true)} with y_pred of shape "
            f"{shape_of(y_pred)}: {str(error).splitlines()[0]}"
        ) from error
    valid = attached_mask(values)
    if xp is np:
        values, valid = to_numpy(values), None if valid is None else to_numpy(valid)
    return values, valid


def _merge_masks(xp, mask, valid):
    """Keep what both masks keep: that of y_pred, and that of the loss itself."""
    if mask is None or valid is None:
        return valid if mask is None else mask
    return xp.logical_and(asarray(xp, mask) != 0, valid)


def _spread(xp, coefficients, class_coefficients, operation, axis):
    """Give every element the coefficient of its value times its factor in the class axis."""
    if operation == "none":
        return coefficients
    expanded = xp.expand_dims(coefficients, axis)
    first = class_coefficients[(0,) * len(class_coefficients.shape)]
    return xp.broadcast_to(expanded * first, shape_of(class_coefficients))
