"""A candidate for the rule behind a number: a choice of coefficients, and what the rules make.

A candidate is kept as five sums over the values, so that hundreds of them cost little memory, and
two that have the same coefficients can be recognised.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from lossbook._core import collected_warnings
from lossbook._rules import batches_alike
from lossbook.reduction import Step
from lossbook.rules import RULES, resolve
from lossbook.total import reported_loss

MOST_SLIPS = 2


@dataclass(frozen=True)
class Candidate:
    """A choice of coefficients: who makes it, in words and in figures.

    `sums` are those of coefficient · value, of coefficient times two fixed random tensors, of
    |coefficient · value| and of |coefficient|; `build()` returns the coefficients.
    """

    value: float
    sums: np.ndarray
    build: Callable
    rule: str | None = None
    reduction: str | None = None
    batch_size: int | None = None
    product: str = ""
    divisor: str = ""
    denominator: float | None = None
    notes: tuple = ()
    slips: int = 0
    rank: int = 0

    def same_as(self, other, precision):
        """Say whether the coefficients and the number are the same, to a precision."""
        of_values, of_marks = float(self.sums[3]), float(self.sums[4])
        scales = (of_values, of_marks, of_marks, of_values, of_marks, of_values + abs(self.value))
        ours, theirs = (*self.sums.tolist(), self.value), (*other.sums.tolist(), other.value)
        return all(
            a == b or abs(a - b) <= precision * scale or (a != a and b != b)
            for a, b, scale in zip(ours, theirs, scales, strict=True)
        )


class Data:
    """Values, weights and mask as float64 NumPy arrays, and the sums that a candidate keeps."""

    def __init__(self, values, sample_weight=None, mask=None):
        """Take arrays; weights and mask need not fit the values, for releases differ in that."""
        self.values, self.sample_weight, self.mask = values, sample_weight, mask
        self.rows = values.shape[0] if values.ndim else 1
        flat = values.reshape(self.rows, -1)
        marks = np.random.default_rng(0).uniform(0.5, 1.5, (2, *flat.shape))
        self._tensors = (flat, *marks)
        self._magnitudes = np.where(np.isfinite(flat), np.abs(flat), 0)  # NaN has no rounding

    def sums_of_rows(self, factors):
        """Return the five sums of every row, `(rows, 5)`."""
        factors = factors.reshape(self.rows, -1)
        signed = [np.einsum("rp,rp->r", factors, tensor) for tensor in self._tensors]
        factors = np.abs(factors)
        magnitude = np.einsum("rp,rp->r", factors, self._magnitudes)
        return np.stack([*signed, magnitude, factors.sum(-1)], axis=-1)

    def slices(self, batch_size):
        """Return values, weights and mask of every batch, as `fit` cuts them: by rows."""
        for start in range(0, self.rows, batch_size):
            yield tuple(
                x[start : start + batch_size] if np.shape(x)[:1] == (self.rows,) else x
                for x in (self.values, self.sample_weight, self.mask)
            )


def by_preference():
    """Return all rules: the installed Keras, other releases from the newest on, the rest."""
    installed, rules = resolve("keras-3"), list(RULES.values())
    frameworks = list(dict.fromkeys(rule.framework for rule in rules))
    newest = sorted(rules[::-1], key=lambda rule: frameworks.index(rule.framework))
    return [installed, *(rule for rule in newest if rule is not installed)]


def rule_candidates(data, batch_size=None):
    """Yield what every rule and reduction makes of the data, or the error of one that refuses."""
    for rank, rule in enumerate(by_preference()):
        for reduction in _reductions(rule):
            try:
                step = _step(rule, data.values, data.sample_weight, data.mask, reduction)
                whole = _of_rule(data, rule, reduction, [step], (1.0,), float(step.value))
                if batch_size is None:
                    note = _epochs(rule, reduction)[0][1] if reduction == "none" else ()
                    one = float(step.denominator)
                    yield replace(whole, rank=rank, denominator=one, notes=note)
                    continue
                yield replace(whole, rank=rank, notes=("All rows make one batch.",), slips=1)
                steps = [_step(rule, *b, reduction) for b in data.slices(batch_size)]
            except ValueError as error:
                yield error
                continue
            for epoch, note in _epochs(rule, reduction):
                losses = [float(step.value) for step in steps]
                reported = epoch(losses, [len(step.coefficients) for step in steps])
                shares, total = reported.coefficients, reported.value
                of = _of_rule(data, rule, reduction, steps, shares, total, batch_size)
                yield replace(of, rank=rank, notes=note)


def _reductions(rule):
    """Return the reductions that give one number, without the second name of the mean.

    Of "none" Keras reports the mean.
    """
    alias = "mean" if rule.reductions[0] != "mean" else "sum_over_batch_size"
    reported = rule.framework == "keras"
    return [r for r in rule.reductions if r != alias and (reported or r != "none")]


def _step(rule, values, sample_weight, mask, reduction):
    step = rule.coefficients(values, sample_weight, mask, reduction)
    if reduction != "none":
        return step
    count = float(np.size(step.value))
    return Step(np.mean(step.value), step.coefficients / count, count)


def _of_rule(data, rule, reduction, steps, shares, value, batch_size=None):
    """Keep the sums of a rule's coefficients; the coefficients are made again if asked for."""

    def joined(steps):
        parts = [share * step.coefficients for share, step in zip(shares, steps, strict=True)]
        return np.concatenate(parts) if len(parts) > 1 else parts[0]

    def build():
        with np.errstate(all="ignore"), collected_warnings():
            batches = data.slices(batch_size or data.rows)
            return joined([_step(rule, *batch, reduction) for batch in batches])

    sums = data.sums_of_rows(joined(steps)).sum(axis=0)
    return Candidate(value, sums, build, rule.name, reduction, batch_size)


def _epochs(rule, reduction):
    """Return what a rule may make of batches, each with what is to be said of it."""
    if reduction == "none":  # what is averaged are the entries of the array, not the batches
        return [(reported_loss, ("`evaluate` reports the mean of what reduction none leaves.",))]
    try:
        rule.epoch([1.0], [1])
    except ValueError:
        return [(batches_alike, ("The batches are averaged, each counting once.",))]
    if rule.from_generator is rule.epoch:
        return [(rule.epoch, ())]
    return [(rule.epoch, ()), (rule.from_generator, ("It is `evaluate` on a generator.",))]


def variants(candidate, class_axis=None, loss_weight=1.0, additional=0.0):
    """Yield a candidate with loss weight and additional losses, and with what may be forgotten.

    `class_axis` is the factor of the slip there and what to say of it.
    """
    for factor, note in ((1.0, ()), *([class_axis] if class_axis else [])):
        for weight in dict.fromkeys((loss_weight, 1.0)):
            for extra in dict.fromkeys((additional, 0.0)):
                notes = [*candidate.notes, *note]
                if weight != loss_weight:
                    notes.append(f"The loss weight, {loss_weight:.6g}, is missing.")
                if extra != additional:
                    notes.append(f"The additional losses, {additional:.6g}, are missing.")
                missing = weight != loss_weight or extra != additional
                slips = candidate.slips + bool(note) + missing
                if slips <= MOST_SLIPS:
                    yield _scaled(candidate, factor * weight, extra, tuple(notes), slips)


def _scaled(candidate, factor, constant, notes, slips):
    return replace(
        candidate,
        value=factor * candidate.value + constant,
        sums=candidate.sums * np.array([factor] * 3 + [abs(factor)] * 2),
        build=lambda: factor * candidate.build(),
        notes=notes,
        slips=slips,
    )
