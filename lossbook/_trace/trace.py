"""trace(): the whole path of one output, from elementwise losses to the scalar, stage by stage."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lossbook import reduction as keras3
from lossbook._core import (
    asarray,
    attached_mask,
    check_broadcast,
    check_finite,
    check_mask,
    check_not_empty,
    check_values_exist,
    namespace,
    shape_of,
    squeeze_or_expand_to_same_rank,
    to_numpy,
    warn_lost_axis,
)
from lossbook._interact import ledger_of
from lossbook._losses import (
    atomic_values,
    elementwise_losses,
    loss_named,
    recovered_logits,
    settings,
)
from lossbook._trace.rendering import trace_html, trace_text
from lossbook._trace.stages import loss_stages, reduction_stages
from lossbook.rules import resolve


@dataclass(frozen=True, repr=False)
class Trace:
    """The path of one output: its stages, the coefficient of every element, the total.

    `trace["values"]` is the stage of that name. `coefficients * elementwise` are the
    `contributions`, and their sum is the `total`. `class_axis` is the axis of `elementwise` that
    the loss function reduces, None where it leaves none; of an atomic loss, which is no sum over
    elements, `elementwise` holds what the loss function returns. `sample_weight` and `mask` are the
    ones that were given (or found on the prediction, or made by the loss: `ignore_class`).
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
    sample_weight: Any = None
    mask: Any = None

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

    def interact(self):
        """Return a ledger to try things with: change losses, mask, weights, rule, reduction.

        In a notebook (Jupyter, VS Code, Colab) coefficients, contributions, denominator and total
        follow at once, and a link leads to the same numbers on the book's site. Where no script
        runs it is a table. It computes in float64, from losses rounded to 7 digits.

        Returns:
            Ledger: prints as a table, in a notebook as HTML that needs no network.

        Raises:
            ValueError: for atomic losses, for more than 200 elements, and for values of other
                shapes than `(batch,)` and `(batch, positions)`; the message says what to do.

        Examples:
            >>> import lossbook as lb
            >>> t = lb.trace("mae", [[1], [1], [2]], [[0.5], [1.25], [0]], [1, 1, 0])
            >>> t.interact()
            mean_absolute_error, reduction sum_over_batch_size, rule keras-3
            <BLANKLINE>
            sample  mask  loss    weight  coefficient  contribution
            ------  ----  ------  ------  -----------  ------------
            0       True  0.5000  1       1/3          0.1667
            1       True  0.2500  1       1/3          0.08333
            2       True  2       0       0            0
            <BLANKLINE>
            total = 0.7500 / 3 = 0.2500
        """
        return ledger_of(self)

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
    dtype=None,
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
        rule: "keras-3" (the installed release), a release such as "keras-2.2.4", or "pytorch".
        dtype: the dtype that the loss computes in, as `Loss(dtype=...)`; None is Keras's `floatx`,
            float32 unless you have set another.
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
    release = resolve(rule)
    loss, reduction, dtype, options = settings(loss, reduction, dtype, loss_options)
    entry = loss_named(loss)
    xp = namespace(y_true=y_true, y_pred=y_pred, sample_weight=sample_weight, mask=mask)
    if mask is None:
        mask = attached_mask(y_pred)
    received = y_pred
    y_true, y_pred = asarray(xp, y_true, dtype, "y_true"), asarray(xp, y_pred, dtype, "y_pred")
    check_values_exist(xp, y_pred)
    logits = recovered_logits(loss, y_true, received, dtype, options)
    for name, array in (("y_pred", y_pred), ("y_true", y_true)):
        check_not_empty(name, shape_of(array))
    given = shape_of(y_true), shape_of(y_pred)
    y_true, y_pred = squeeze_or_expand_to_same_rank(xp, y_true, y_pred)
    check_mask(mask)

    axis = options.get("axis", -1)
    with np.errstate(all="ignore"):  # NaN and infinity get a warning of ours
        if entry.atomic:
            elementwise, valid = atomic_values(xp, loss, y_true, y_pred, options)
        else:
            elementwise, valid = elementwise_losses(xp, loss, y_true, y_pred, logits, options)
        elementwise = asarray(xp, elementwise, dtype)  # a kernel may know float32 only, as CTC's
        operation = entry.class_axis
        values = keras3.class_axis(elementwise, operation, axis)
        masked, weight, weighted, total = release.stages_of_loss(
            values.value, sample_weight, mask, valid, reduction
        )
    weighed = not (sample_weight is mask is valid is None)
    same_mean = not weighed and reduction not in ("sum", "none") and operation == "mean"
    if len(shape_of(y_pred)) < len(given[1]) and not same_mean:
        warn_lost_axis(*given, shape_of(values.value))
    if entry.numbered:
        check_broadcast(shape_of(elementwise), *given, given[1][:-1])
    else:
        pairs = np.broadcast_shapes(shape_of(y_true), shape_of(y_pred))
        check_broadcast(pairs, *given, given[1])
    check_finite(elementwise, weight, total.value, total.denominator, dtype)
    return Trace(
        loss=loss,
        reduction=reduction,
        rule=rule,
        dtype=dtype,
        class_axis=None if operation == "none" else axis,
        stages=(
            *loss_stages(loss, options, logits is not None, elementwise, values),
            *reduction_stages(reduction, masked, weight, weighted, total),
        ),
        elementwise=elementwise,
        coefficients=_spread(xp, total.coefficients, values.coefficients, operation, axis),
        total=total.value if reduction == "none" else float(to_numpy(total.value)),
        sample_weight=sample_weight,
        mask=_both(xp, mask, valid),
    )


def _both(xp, mask, valid):
    """Return the positions that mask and loss both keep, None where neither drops any."""
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
