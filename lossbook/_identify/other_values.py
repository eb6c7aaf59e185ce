"""Candidates that aggregate other values than those of the loss: what people compute instead.

All pairs of targets and predictions, an activation taken twice, an atomic loss by image, a sum that
float32 has rounded.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np

from lossbook._core import collected_warnings
from lossbook._identify.arguments import Arguments
from lossbook._identify.batches import batching
from lossbook._identify.by_rule import by_preference, rule_candidates
from lossbook._identify.candidates import Candidate
from lossbook._identify.data import Data
from lossbook._losses import entry_of
from lossbook.elementwise import softmax

FIRST_RANK = 10**5
_MEANS = ("sum_over_batch_size", "mean")
_MOST_ROWS = 2000  # whose pairs are compared
_MOST_BATCHES = 1000  # of an atomic loss
DEFAULT_SIZE = 32  # of fit and evaluate
_COARSE = 2e-6  # from here on float32 has lost something that a printed number shows


def other_candidates(
    data: Data, batch_size: int | Sequence[int] | None, given: Arguments | None
) -> Iterator[Candidate]:
    """Yield what the installed Keras makes of other values than these."""
    installed, rank = by_preference()[0], FIRST_RANK
    for values, note in _others(data, batch_size, given):
        weight, alike = data.sample_weight, values.shape == data.values.shape
        fits = alike or (weight is not None and weight.shape == values.shape[:1])
        other = Data(values, weight if fits else None, data.mask if alike else None)
        asked = batching(other.rows, batch_size) if alike else None
        for candidate in rule_candidates(other, asked, [installed]):
            if isinstance(candidate, ValueError) or candidate.slips:
                continue
            rank += 1
            yield replace(
                candidate,
                rule=None,
                reduction=None,
                notes=(note, f"They are reduced by {candidate.reduction}.", *candidate.notes),
                slips=1 + (candidate.reduction not in _MEANS),
                rank=rank,
                kind="other",
            )
    yield from _rounded_sums(data, given)


def _others(
    data: Data, batch_size: int | Sequence[int] | None, given: Arguments | None
) -> Iterator[tuple[np.ndarray, str]]:
    """Yield other values of a loss, and what to say of them."""
    if given is None:
        return
    with collected_warnings(), np.errstate(all="ignore"):
        with suppress(ValueError):  # the loss refuses what it gets
            yield from _activations(given)
        yield from _pairs(given, batch_size)
        if entry_of(given.loss).target == "region" and not data.values.shape:
            with suppress(ValueError):
                yield from _alone(given, batch_size)


def _activations(given: Arguments) -> Iterator[tuple[np.ndarray, str]]:
    """Yield the values where an activation is taken twice, or not at all."""
    entry = entry_of(given.loss)
    if entry.activation is None:
        return
    if entry.activation == "sigmoid":
        active = 1 / (1 + np.exp(-given.y_pred))
    else:
        active = softmax(np, given.y_pred, given.options.get("axis", -1))
    twice = f"The {entry.activation} is taken twice"
    if not entry.takes_logits:
        yield given.values(given.y_true, active), f"{twice}: once more of these predictions."
    elif given.options.get("from_logits"):
        why = f"{twice}: by the output layer, and by from_logits=True."
        yield given.values(given.y_true, active), why
        why = f"No {entry.activation} is taken: the logits pass for probabilities."
        yield given.values(given.y_true, given.y_pred, from_logits=False), why
    else:
        why = f"{twice}: from_logits=True takes these probabilities for logits."
        yield given.values(given.y_true, given.y_pred, from_logits=True), why


def _pairs(
    given: Arguments, batch_size: int | Sequence[int] | None
) -> Iterator[tuple[np.ndarray, str]]:
    """Yield the values of all pairs, as y (n,) and p (n, 1) make them in NumPy."""
    n = len(given.y_pred) if given.y_pred.ndim else 1
    sizes = {given.y_true.size, given.y_pred.size}
    if entry_of(given.loss).class_axis != "mean" or sizes != {n} or not 1 < n <= _MOST_ROWS:
        return
    y_true = np.broadcast_to(given.y_true.reshape(1, n, 1), (n, n, 1))
    y_pred = np.broadcast_to(given.y_pred.reshape(n, 1, 1), (n, n, 1))
    options = {"axis": -1} if "axis" in given.options else {}
    why = (
        f"All pairs are compared: y of shape ({n},) and p of shape ({n}, 1) are broadcast to "
        f"({n}, {n})."
    )
    pairs = given.values(y_true, y_pred, **options)
    yield pairs, why
    asked = batching(n, batch_size)
    if asked:
        ends = np.cumsum(asked.row_counts())
        blocks = [
            pairs[end - rows : end, end - rows : end].mean(1)
            for rows, end in zip(asked.row_counts(), ends, strict=True)
        ]
        yield np.concatenate(blocks), f"{why} So it is in each batch."


def _alone(
    given: Arguments, batch_size: int | Sequence[int] | None
) -> Iterator[tuple[np.ndarray, str]]:
    """Yield the values of an atomic loss by image, and by batch."""
    of_each = f"It is the mean of the {given.loss} of each"
    rows, axes = len(given.y_pred), tuple(range(1, given.y_pred.ndim))
    yield given.values(given.y_true, given.y_pred, axis=axes), f"{of_each} image (row)."
    asked = batching(rows, DEFAULT_SIZE if batch_size is None else batch_size)
    if asked is None or asked.count > _MOST_BATCHES:
        return
    sizes = asked.row_counts()
    ends = np.cumsum(sizes)
    values = [
        float(given.values(given.y_true[end - n : end], given.y_pred[end - n : end]))
        for n, end in zip(sizes, ends, strict=True)
    ]
    by_row = np.repeat(np.array(values), sizes)
    yield by_row, f"{of_each} batch ({asked.count} batches), by their rows."


def _rounded_sums(data: Data, given: Arguments | None) -> Iterator[Candidate]:
    """Yield means that NumPy takes along the outer axes, one float32 after the other."""
    values = data.values if given is None else given.elementwise
    if values.ndim < 2 or values.dtype != np.float32 or not np.isfinite(values.sum()):
        return
    exact = float(values.mean(dtype="float64"))
    tried: set[float] = set()
    for outer in range(1, values.ndim):
        axes = tuple(range(outer))
        value = float(values.mean(axis=axes).mean())
        if value in tried or abs(value - exact) <= _COARSE * abs(exact):
            continue
        tried.add(value)
        coefficient = 1 / values.size
        marks = 2 * [values.size * coefficient]
        magnitude = float(np.abs(values[:1]).mean(dtype="float64"))
        yield Candidate(
            value,
            np.array([exact, *marks, magnitude, 1.0]),
            lambda: np.full(data.values.shape, 1 / data.values.size),
            notes=(
                f"A float32 mean over the axes {axes}, then over the others: along outer axes "
                "NumPy (and TensorFlow on a CPU) adds one number after the other, and the sum "
                f"loses digits. The exact mean is {exact:.6g}.",
            ),
            slips=1,
            rank=FIRST_RANK,
            kind="other",
        )
