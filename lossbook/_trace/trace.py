"""trace(): the whole path of one output, from elementwise losses to the scalar, stage by stage."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lossbook import reduction as keras3
from lossbook._core import asarray, check_finite, shape_of, to_numpy, warn_lost_axis
from lossbook._interact import Ledger, ledger_of
from lossbook._losses import DEFAULT_REDUCTION, LossCall, loss_call
from lossbook._trace.rendering import trace_html, trace_text
from lossbook._trace.stages import Stage, loss_stages, reduction_stages
from lossbook.rules import resolve


@dataclass(frozen=True, repr=False, eq=False)
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
    stages: tuple[Stage, ...]
    elementwise: Any
    coefficients: Any
    total: Any
    sample_weight: Any = None
    mask: Any = None

    @cached_property
    def contributions(self) -> Any:
        """What every element adds to the total, its coefficient times its elementwise loss."""
        with np.errstate(invalid="ignore"):  # 0 times infinity; the trace has warned of it
            return self.coefficients * self.elementwise

    def __contains__(self, name: object) -> bool:
        return any(stage.name == name for stage in self.stages)

    def __getitem__(self, name: str) -> Stage:
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise KeyError(f"no stage {name!r}; this trace has {[s.name for s in self.stages]}")

    def plot(self) -> Any:
        """Draw the ledger of this trace; see `lossbook.plots.ledger`."""
        from lossbook import plots

        return plots.ledger(self)

    def interact(self) -> Ledger:
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

    def __repr__(self) -> str:
        return trace_text(self)

    def _repr_html_(self) -> str:
        return trace_html(self)


def trace(
    loss: Any,
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    mask: Any = None,
    reduction: str | None = DEFAULT_REDUCTION,
    rule: str = "keras-3",
    dtype: Any = None,
    **loss_options: Any,
) -> Trace:
    """Follow a loss from elementwise to the scalar, and show every stage on the way.

    Surprise: everything that happens after the elementwise loss is a choice of coefficients; the
    trace holds them, one for each element, and total = sum of coefficient · elementwise.

    Args:
        loss: Keras's name of a loss, its function (or a `functools.partial` of it), or a
            `keras.losses.Loss` object (then its own options, dtype and reduction are used; others
            beside it are refused). Another object is refused, whatever its name.
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
    call = loss_call(loss, y_true, y_pred, sample_weight, mask, reduction, dtype, loss_options)
    xp, how = call.xp, call.loss.class_axis
    with np.errstate(all="ignore"):  # NaN and infinity get a warning of ours
        elementwise, valid = call.elementwise()
        values = keras3.class_axis(elementwise, how, call.axis)
        reduced = release.stages_of_loss(
            values.value, sample_weight, call.mask, valid, call.reduction
        )
    masked, weight, weighted, total = reduced
    _warn_of_lost_axis(call, valid, values)
    call.check_pairs(elementwise)
    check_finite(elementwise, weight, total.value, total.denominator, call.dtype)
    return Trace(
        loss=call.name,
        reduction=call.reduction,
        rule=rule,
        dtype=call.dtype,
        class_axis=None if how == "none" else call.axis,
        stages=(
            *loss_stages(call, elementwise, values),
            *reduction_stages(call.reduction, masked, weight, weighted, total),
        ),
        elementwise=elementwise,
        coefficients=_spread(xp, total.coefficients, values.coefficients, how, call.axis),
        total=total.value if call.reduction == "none" else float(to_numpy(total.value)),
        sample_weight=sample_weight,
        mask=_kept_by_both(xp, call.mask, valid),
    )


def _warn_of_lost_axis(call: LossCall, valid: Any, values: keras3.Step) -> None:
    """Warn where y_pred has lost its last axis, unless the mean of all elements is the same."""
    whole = call.sample_weight is None and call.mask is None and valid is None
    whole = whole and call.loss.class_axis == "mean" and call.reduction not in ("sum", "none")
    if len(shape_of(call.y_pred)) < len(call.shapes[1]) and not whole:
        warn_lost_axis(*call.shapes, shape_of(values.value))


def _kept_by_both(xp: Any, mask: Any, valid: Any) -> Any:
    """Return the positions that mask and loss both keep, None where neither drops any."""
    if mask is None or valid is None:
        return valid if mask is None else mask
    return xp.logical_and(asarray(xp, mask) != 0, valid)


def _spread(xp: Any, coefficients: Any, class_coefficients: Any, operation: str, axis: int) -> Any:
    """Give every element the coefficient of its value times its factor in the class axis."""
    if operation == "none":
        return coefficients
    expanded = xp.expand_dims(coefficients, axis)
    first = class_coefficients[(0,) * len(class_coefficients.shape)]
    return xp.broadcast_to(expanded * first, shape_of(class_coefficients))
