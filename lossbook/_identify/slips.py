"""The usual slips: what people multiply and divide by instead, as formulas of coefficients."""

from dataclasses import replace

import numpy as np

from lossbook._core import size, squeeze_or_expand_to_same_rank
from lossbook._identify.candidates import MOST_SLIPS, Candidate
from lossbook.rules import RULES
from lossbook.total import reported_loss

_KERAS_DIVIDES = ("valid", "weights", "nothing")  # the divisors of Keras's own reductions
_USUAL_SIZES = (1, 2, 4, 8, 10, 16, 20, 32, 50, 64, 100, 128, 200, 256, 500, 512, 1000, 1024)


def slip_candidates(data, batch_size=None):
    """Yield the formulas: a product, what its sum is divided by, and how batches are averaged."""
    rank = len(RULES)
    for factors, product, masked, weight, notes, slips in _products(data):
        rows = data.sums_of_rows(factors)
        for kind, divisor, of_rows, more in _divisors(data, factors, masked, weight):
            if slips and kind not in (*_KERAS_DIVIDES, "rows"):
                continue
            for batches, alike, extra in _batchings(data, batch_size, kind, slips + more):
                if slips + more + extra > MOST_SLIPS:
                    continue
                rank += 1
                formula = _formula(data, factors, rows, of_rows, batches, alike)
                yield replace(
                    formula,
                    product=product,
                    divisor=divisor,
                    notes=notes + _batch_notes(data, batches, alike, batch_size),
                    slips=slips + more + extra,
                    rank=rank,
                )


def _formula(data, factors, rows, of_rows, batch_size, alike):
    """Divide the sum of every batch, and average the batches."""
    starts = np.arange(0, data.rows, batch_size or data.rows)
    sizes = np.diff([*starts, data.rows])
    constant = np.ndim(of_rows) == 0
    denominators = np.full(len(starts), of_rows) if constant else np.add.reduceat(of_rows, starts)
    shares = reported_loss(np.zeros(len(starts)), 1 if alike else sizes).coefficients
    scale = np.asarray(shares) / denominators
    batches = np.add.reduceat(rows, starts, axis=0)
    sums = np.concatenate([scale @ batches[:, :3], np.abs(scale) @ batches[:, 3:]])

    def build():
        flat = factors.reshape(data.rows, -1) * np.repeat(scale, sizes)[:, None]
        return flat.reshape(data.values.shape)

    one = float(denominators[0]) if batch_size is None else None
    return Candidate(float(sums[0]), sums, build, batch_size=batch_size, denominator=one)


def _products(data):
    """Yield what the values are multiplied by: factors, words, mask?, weights, notes, slips."""
    ones = np.ones(data.values.shape)
    weights = list(_aligned(data.sample_weight, data.values))
    mask = next((mask for mask, _ in _aligned(data.mask, data.values)), None)
    masks = [] if mask is None else [(mask, "mask · ", ())]
    without = (ones, "", ("The mask is ignored.",) if data.mask is not None else ())
    for kept, masked, notes in (*masks, without):
        also = bool(masked)
        for n, (weight, side) in enumerate(weights):
            remarks = (*notes, side) if len(weights) > 1 else notes
            slips = len(notes) + n
            yield kept * weight, f"{masked}weight · value", also, weight, remarks, slips
            twice = (*remarks, "The weights are multiplied twice.")
            yield kept * weight**2, f"{masked}weight² · value", also, weight, twice, slips + 1
            mean = (
                *remarks,
                "So a loss that is one number meets weights: their mean multiplies it.",
            )
            one = kept * np.mean(weight)
            yield one, f"{masked}mean weight · value", also, None, mean, slips + 2
        if data.sample_weight is not None:
            notes = (*notes, "The weights are ignored.")
        yield kept, "mask · value" if masked else "the values", also, None, notes, bool(notes)


def _aligned(array, values):
    """Yield an array in the shape of the values: as Keras 3 takes it, then by its first axes."""
    if array is None:
        return
    found = []
    _, keras = squeeze_or_expand_to_same_rank(np, values, array)
    missing = (1,) * (values.ndim - array.ndim)
    for one, note in (
        (keras, "The weights are matched from the last axis."),
        (array.reshape(array.shape + missing), "The weights are matched from the first axis."),
    ):
        try:
            full = np.broadcast_to(one, values.shape)
        except ValueError:
            continue
        if not any(np.array_equal(full, other) for other in found):
            found.append(full)
            yield full, note


def _divisors(data, factors, masked, weight):
    """Yield kind, words, the denominator (by row, or constant), slips."""
    shape = (data.rows, -1)
    positions = size(data.values.shape) // data.rows
    count = np.full(data.rows, float(positions))
    if masked:
        mask = next(_aligned(data.mask, data.values))[0]
        kept = mask.reshape(shape).sum(-1)
        yield "valid", "the number of values that the mask keeps", kept, 0
        yield "count", "the number of all values, masked ones too", count, 1
    else:
        yield "valid", "the number of values", count, 0
    yield "nothing", "", 1.0, 1
    if positions > 1:
        yield "rows", "the number of rows", np.ones(data.rows), 1
        if data.rows > 1:
            yield "positions", "the number of values of a row", float(positions), 1
    if weight is None:
        return
    full = weight.reshape(shape)
    weights = (mask.reshape(shape) * full if masked else full).sum(-1)
    kept = " that the mask keeps" if masked else ""
    yield "weights", f"the sum of the weights{kept}", weights, 1
    if masked:
        yield "weights", "the sum of all weights, masked ones too", full.sum(-1), 1
        both = "the number of values, times the share that the mask keeps, times the share of the"
        shares = float(mask.sum() * np.mean(full != 0))
        yield "shares", f"{both} weights that are not 0", shares, 1
    if data.sample_weight.size != data.values.size:
        given = data.sample_weight
        cut = np.shape(given)[:1] == (data.rows,)
        total = given.reshape(shape).sum(-1) if cut else float(given.sum())
        yield "given", "the sum of the weights as they were given", total, 1
    nonzero = (factors != 0).reshape(shape).sum(-1).astype(float)
    yield "nonzero", "the number of values whose weight is not 0", nonzero, 1


def _batchings(data, batch_size, kind, slips):
    """Yield batch size (None: the whole), whether each batch counts alike, slips."""
    if batch_size is not None:
        if kind != "shares":
            yield batch_size, False, 0
            yield batch_size, True, 1
        yield None, False, 1
        return
    yield None, False, 0
    if kind in _KERAS_DIVIDES and slips <= 1:
        for usual in (n for n in _USUAL_SIZES if n < data.rows):
            yield usual, False, 1
            if data.rows % usual:
                yield usual, True, 1


def _batch_notes(data, batch_size, alike, asked):
    if batch_size is None:
        return ("All rows make one batch.",) if asked else ()
    if batch_size == 1:
        return ("Each row is averaged alone, then the rows.",)
    how = ", each counting once" if alike else " by their rows"
    return (f"That is done in batches of {batch_size}, which are averaged{how}.",)
