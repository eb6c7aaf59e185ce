"""identify(): given the number and the tensors, which rule made it?"""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from lossbook._core import (
    Array,
    ArrayLike,
    check_not_empty,
    collected_warnings,
    dtype_name,
    is_float,
    namespace,
)
from lossbook._identify.arguments import check_settings, check_sizes, from_loss, host, missing
from lossbook._identify.batches import batching
from lossbook._identify.by_rule import by_preference, rule_candidates
from lossbook._identify.candidates import Candidate, variants
from lossbook._identify.chance import chance_of
from lossbook._identify.data import Data
from lossbook._identify.matches import (
    Identified,
    Match,
    error,
    group_of,
    groups,
    match_of,
    order,
    order_of_matches,
    plainest_formula,
)
from lossbook._identify.other_values import other_candidates
from lossbook._identify.printed import ROUNDING, Fit, read
from lossbook._identify.slips import running_candidates, slip_candidates
from lossbook.rules import RULES
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
    batch_size: int | Sequence[int] | None = None,
    loss_weight: float | None = None,
    additional: float | Sequence[float] | None = None,
    divisor: float | None = None,
    rtol: float | None = None,
    dtype: Any = None,
    **loss_options: Any,
) -> Identified:
    """Find the rules, releases and slips that make a number of these values.

    Surprise: on some data different rules have the same coefficients (without weights and mask
    nearly all): those are named together. Unequal weights, and more digits, tell them apart. Where
    many slips come near the number, one may fit by chance: `by_chance` of a match says so.

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
        batch_size: rows of a batch, if the number is the mean over batches, or a list with the rows
            of each batch; None tries the usual.
        loss_weight: the factor of this output in the number, or None; it may have been forgotten.
        additional: additional losses (regularisers) in the number, a number or a list; they may be
            missing from it.
        divisor: a number by which you think the sum was divided, or None.
        rtol: relative tolerance, instead of half a unit of the last printed digit.
        dtype: as in `lb.trace`, with `loss`.
        **loss_options: as in `lb.trace`, with `loss`.

    Returns:
        Identified: matches, those that assume least first, nearest, and what was ignored; prints
        as a list, in a notebook as HTML.

    Raises:
        ValueError: for a value that is no number, an empty batch, shapes that no rule takes.
        TypeError: for values and loss together, or neither; for tensors of another framework.

    Examples:
        >>> import lossbook as lb
        >>> m = lb.identify("2.333", [1.0, 2.0, 6.0], sample_weight=[2.0, 1.0, 0.5])
        >>> m.matches[0].reduction, m.matches[0].denominator
        ('sum_over_batch_size', 3.0)
        >>> m = lb.identify("72.5", [0.0, 1, 4, 9, 16, 25, 36, 49, 64, 81], batch_size=4)
        >>> print(m.matches[0].sentence[-52:])
        That is one batch alone, the last of 3 batches of 4.
        >>> m = lb.identify("1.4", [1.0, 2.0, 6.0], sample_weight=[2.0, 2.0, 1.0])
        >>> m.matches
        ()

    References:
        keras/src/losses/loss.py::reduce_weighted_values, Keras 3.15.1; `lb.RULES` for the others.
    """
    printed = read(value)
    check_settings(batch_size, divisor, rtol, loss_options)
    ignored = []
    class_axis = given = None
    if loss is not None:
        if values is not None:
            raise TypeError("identify takes values, or loss= with y_true= and y_pred=, not both.")
        values, mask, class_axis, given = from_loss(loss, y_true, y_pred, mask, dtype, loss_options)
    elif values is None or loss_options:
        raise TypeError(missing(loss_options))
    else:
        beside = {"y_true": y_true, "y_pred": y_pred, "dtype": dtype}
        ignored = [f"{name}=" for name, x in beside.items() if x is not None]
    namespace(values=values, sample_weight=sample_weight, mask=mask)  # refuses other frameworks
    made_in = dtype_name(values) if is_float(values) else "float64"
    precision = max(ROUNDING[made_in], ROUNDING[printed.dtype])
    values = host("values", values)
    check_not_empty("values", values.shape)
    data = Data(values, host("sample_weight", sample_weight), host("mask", mask))
    check_sizes(batch_size, data.rows if given is None else len(given.y_pred))
    fit = Fit(printed, precision if rtol is None else 0.0, ABSOLUTE if given else 0.0, rtol)
    factor = 1.0 if loss_weight is None else weighted_losses([1.0], [loss_weight]).value
    extra = [] if additional is None else additional
    constant = batch_loss([], None, extra if isinstance(extra, (list, tuple)) else [extra]).value
    asked = batching(data.rows, batch_size)
    rows = data.rows / (1 if asked is None else asked.count)
    found, running = _candidates(data, asked, batch_size, divisor, given, fit, factor, constant)
    found = [
        variant
        for candidate in found
        for variant in variants(candidate, class_axis, factor, constant, rows)
    ]
    return _identified(fit, found, running, min(precision, ROUNDING["float32"]), tuple(ignored))


def _identified(
    fits: Fit,
    found: list[Candidate],
    running: np.ndarray,
    precision: float,
    ignored: tuple[str, ...],
) -> Identified:
    """Group the candidates that fit, and put them into order and words."""
    number, installed = fits.printed.number, by_preference()[0].name
    own = next((c for c in found if c.rule == installed and not c.slips), None)
    same = group_of(own, found, precision) if own else ()
    own_formula = own and plainest_formula(own, found)
    own_formula = own_formula and replace(own_formula, rule=installed)

    def match(group: list[Candidate]) -> Match:
        width = fits.width(group[0].sums[3], group[0].sums[4])
        chance = chance_of(group[0], group, found, running, number, float(width))
        return match_of(group, number, found, own_formula, chance)

    fitting = sorted(
        groups(filter(fits, found), precision),
        key=lambda group: order_of_matches(group, installed),
    )
    near = min(
        (c for c in found if math.isfinite(c.value) and not c.kind),
        key=lambda c: (error(c.value, number), *order(c)),
        default=None,
    )
    return Identified(
        value=number,
        tolerance=fits.tolerance,
        matches=tuple(match(group) for group in fitting),
        nearest=match(group_of(near, found, precision)) if near else None,
        keras=match(list(same)) if own else None,
        ignored=ignored,
    )


def _candidates(data, asked, batch_size, divisor, given, fit, factor, constant):
    """Return all candidates, and the running means that were tried.

    Raise what the installed Keras raises if no rule takes the shapes.
    """

    def may_be(values, magnitudes):  # before loss weight and additional losses
        fits = np.zeros(values.shape, bool)
        for weight, extra in product({factor, 1.0}, {constant, 0.0}):
            off = np.abs(weight * values + extra - fit.printed.number)
            fits |= off <= fit.width(abs(weight) * magnitudes)
        return fits

    with collected_warnings(), np.errstate(all="ignore"):  # it tries what nobody asked for
        tried = list(rule_candidates(data, asked))
        rules = [candidate for candidate in tried if not isinstance(candidate, ValueError)]
        if not rules:
            raise tried[0]
        slips = slip_candidates(data, asked, divisor, len(RULES))
        running, means = running_candidates(data, asked, may_be)
        others = other_candidates(data, batch_size, given)
        return [*rules, *slips, *running, *others], np.concatenate([[], *means])
