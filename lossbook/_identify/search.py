"""identify(): given the number and the tensors, which rule made it?"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lossbook._core import (
    Array,
    ArrayLike,
    asarray,
    check_not_empty,
    collected_warnings,
    dtype_name,
    is_float,
    namespace,
    to_numpy,
)
from lossbook._identify.candidates import Data, by_preference, rule_candidates, variants
from lossbook._identify.matches import (
    Identified,
    error,
    group_of,
    groups,
    match_of,
    plainest_formula,
)
from lossbook._identify.printed import ROUNDING, read
from lossbook._identify.slips import slip_candidates
from lossbook._losses import loss_named, of_keras
from lossbook._trace import trace
from lossbook.total import batch_loss, weighted_losses

ABSOLUTE = 1e-7  # rounding of a loss near 0 that is computed in float32: 1 - p, say


def identify(
    value: str | float | Array,
    values: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    *,
    loss: Any = None,
    y_true: ArrayLike | None = None,
    y_pred: ArrayLike | None = None,
    batch_size: int | None = None,
    loss_weight: float | None = None,
    additional: float | Sequence[float] | None = None,
    rtol: float | None = None,
    dtype: Any = None,
    **loss_options: Any,
) -> Identified:
    """Find the rules, releases and slips that make a number of these values.

    Surprise: on some data different rules have the same coefficients (without weights and mask
    nearly all): those are named together. Unequal weights, and more digits, tell them apart.

    Formula: |sum of coefficient · value − number| <= half a unit of its last digit.

    Args:
        value: the number as it was printed, a text such as "0.3471" or "1.2e-03". Of a number that
            is no text the shortest digits count, four at least: 0.5 is read as 0.5000.
        values: what a Keras loss function returns (after the class axis), `(batch, *positions)`.
        sample_weight: weights that any release takes for these values, or None.
        mask: array of bool (True = keep), or None.
        loss: instead of `values`: a loss as `lb.trace` takes it, with its options.
        y_true: then also the targets,
        y_pred: and the predictions.
        batch_size: rows of a batch, if the number is the mean over batches; None tries the usual.
        loss_weight: the factor of this output in the number, or None; it may have been forgotten.
        additional: additional losses (regularisers) in the number, a number or a list; they may be
            missing from it.
        rtol: relative tolerance, instead of half a unit of the last printed digit.
        dtype: as in `lb.trace`, with `loss`.
        **loss_options: as in `lb.trace`, with `loss`.

    Returns:
        Identified: matches, best first, and nearest; prints as a list, in a notebook as HTML.

    Raises:
        ValueError: for a value that is no number, an empty batch, shapes that no rule takes.
        TypeError: for values and loss together, or neither; for tensors of another framework.

    Examples:
        >>> import lossbook as lb
        >>> m = lb.identify("2.333", [1.0, 2.0, 6.0], sample_weight=[2.0, 1.0, 0.5])
        >>> m.matches[0].reduction, m.matches[0].denominator
        ('sum_over_batch_size', 3.0)
        >>> m = lb.identify("1.4", [1.0, 2.0, 6.0], sample_weight=[2.0, 2.0, 1.0])
        >>> m.matches
        ()

    References:
        keras/src/losses/loss.py::reduce_weighted_values, Keras 3.15.1; `lb.RULES` for the others.
    """
    printed = read(value)
    _check_settings(batch_size, rtol, loss_options)
    class_axis = None
    if loss is not None:
        if values is not None:
            raise TypeError("identify takes values, or loss= with y_true= and y_pred=, not both.")
        values, mask, class_axis = _from_loss(loss, y_true, y_pred, mask, dtype, loss_options)
    elif values is None or loss_options:
        raise TypeError(_missing(loss_options))
    namespace(values=values, sample_weight=sample_weight, mask=mask)  # refuses other frameworks
    made_in = dtype_name(values) if is_float(values) else "float64"
    precision = max(ROUNDING[made_in], ROUNDING[printed.dtype])
    values = _host("values", values)
    check_not_empty("values", values.shape)
    data = Data(values, _host("sample_weight", sample_weight), _host("mask", mask))
    factor = 1.0 if loss_weight is None else weighted_losses([1.0], [loss_weight]).value
    extra = [] if additional is None else additional
    constant = batch_loss([], None, extra if isinstance(extra, (list, tuple)) else [extra]).value
    found = [
        variant
        for candidate in _candidates(data, batch_size)
        for variant in variants(candidate, class_axis, factor, constant)
    ]
    tolerance = printed.half_unit if rtol is None else rtol * abs(printed.number)
    relative, absolute = (
        (precision, ABSOLUTE if loss is not None else 0.0) if rtol is None else (0, 0)
    )

    def fits(candidate):
        if not math.isfinite(printed.number):
            return np.array_equal(candidate.value, printed.number, equal_nan=True)
        rounding = relative * candidate.sums[3] + absolute * candidate.sums[4]
        return abs(candidate.value - printed.number) <= tolerance * (1 + 1e-9) + rounding

    return _identified(printed.number, tolerance, found, fits, min(precision, ROUNDING["float32"]))


def _identified(number, tolerance, found, fits, precision):
    """Group the candidates that fit, and put them into order and words."""
    installed = by_preference()[0].name
    own = next((c for c in found if c.rule == installed and not c.slips), None)
    same = group_of(own, found, precision) if own else ()
    own_formula = own and plainest_formula(own, found)
    own_formula = own_formula and replace(own_formula, rule=installed)
    matches = sorted(
        (
            match_of(group, number, found, own_formula)
            for group in groups(filter(fits, found), precision)
        ),
        key=lambda match: (match.slips, match.rule != installed, match.relative_error),
    )
    near = min(
        (c for c in found if math.isfinite(c.value)),
        key=lambda c: (error(c.value, number), c.slips, c.rank),
        default=None,
    )
    return Identified(
        value=number,
        tolerance=tolerance,
        matches=tuple(matches),
        nearest=match_of(group_of(near, found, precision), number, found, own_formula)
        if near
        else None,
        keras=match_of(same, number, found, own_formula) if own else None,
    )


def _check_settings(batch_size, rtol, loss_options):
    asked = [name for name in ("reduction", "rule") if name in loss_options]
    if asked:
        raise TypeError(
            f"identify tries every rule and reduction: leave {' and '.join(asked)} out, or ask "
            "trace() for one of them."
        )
    whole = isinstance(batch_size, (int, np.integer)) and not isinstance(batch_size, bool)
    if batch_size is not None and not (whole and batch_size > 0):
        raise ValueError(
            f"batch_size must be a positive whole number, or None. Received: {batch_size!r}."
        )
    number = isinstance(rtol, (int, float, np.number)) and not isinstance(rtol, bool)
    if rtol is not None and not (number and 0 <= rtol < math.inf):
        raise ValueError(
            f"rtol must be a number from 0 on, such as 1e-3, or None. Received: {rtol!r}."
        )


def _missing(loss_options):
    if loss_options:
        return (
            f"{', '.join(loss_options)}: not an argument of identify, unless it is an option of a "
            "loss, and loss= is missing."
        )
    return (
        "identify needs the losses that the number was made of: pass values, or loss= with "
        "y_true= and y_pred=."
    )


def _from_loss(loss, y_true, y_pred, mask, dtype, options):
    """Return the values of a loss, the mask, and the slip in the class axis."""
    missing = [name for name, x in (("y_true=", y_true), ("y_pred=", y_pred)) if x is None]
    if missing:
        raise TypeError(f"identify needs {' and '.join(missing)} with loss=.")
    path = trace(loss, y_true, y_pred, mask=mask, dtype=dtype, **options)
    if path.mask is not mask:  # found on y_pred, or made by the loss
        kept = [stage.value for stage in path.stages if stage.name == "mask_weight"]
        mask = to_numpy(kept[0]) != 0 if kept else mask
    name, slip = path.loss, None
    entry = loss_named(name)
    how = entry.class_axis
    if how != "none":
        classes = path.elementwise.shape[path.class_axis]
    elif entry.target == "sparse" and entry.takes_logits:
        _, _, bound = of_keras(loss) or (None, None, {})
        classes = to_numpy(y_pred).shape[{**bound, **options}.get("axis", -1)]
        how = "sum"
    if how == "mean":
        slip = classes, (f"The class axis is summed, which {name} averages.",)
    elif how == "sum":
        slip = 1 / classes, (f"The class axis is averaged, which {name} sums.",)
    return path["values"].value, mask, slip


def _host(name, x):
    """Return an array or tensor as a float64 NumPy array, None as None."""
    if x is None:
        return None
    is_array = hasattr(x, "dtype")
    return asarray(np, to_numpy(x) if is_array else x, "float64", name)


def _candidates(data, batch_size):
    """Return all candidates; raise what the installed Keras raises if no rule takes the shapes."""
    if batch_size is not None and batch_size >= data.rows:
        batch_size = None
    with collected_warnings(), np.errstate(all="ignore"):  # it tries what nobody asked for
        tried = list(rule_candidates(data, batch_size))
        rules = [candidate for candidate in tried if not isinstance(candidate, ValueError)]
        if not rules:
            raise tried[0]
        return [*rules, *slip_candidates(data, batch_size)]
