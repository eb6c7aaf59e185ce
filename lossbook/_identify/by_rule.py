"""What every rule and reduction makes of the data, whole or in batches.

Small data go through the rule itself. In place of large data a rule sees a few made-up
values of like shapes: its coefficients tell which formula it is, and that takes the data piece by
piece.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from lossbook._core import collected_warnings, size
from lossbook._identify.batches import Batching
from lossbook._identify.candidates import Candidate
from lossbook._identify.data import Data, Piece, float64, sums_of_rows
from lossbook._identify.formulas import Formula, by_shares, divisors_of, products_of, sums_of
from lossbook._rules import Rule, batches_alike
from lossbook.reduction import Step
from lossbook.rules import RULES, resolve
from lossbook.total import reported_loss

LARGE = 100_000  # values; or so many batches:
_MOST_BATCHES = 1000
_PROBE = 3000  # at least so many values, that an epsilon beside their number is rounding
GENERATOR = "It is `evaluate` on a generator."


def by_preference() -> list[Rule]:
    """Return all rules: the installed Keras, other releases from the newest on, the rest."""
    installed, rules = resolve("keras-3"), list(RULES.values())
    frameworks = list(dict.fromkeys(rule.framework for rule in rules))
    newest = sorted(rules[::-1], key=lambda rule: frameworks.index(rule.framework))
    return [installed, *(rule for rule in newest if rule is not installed)]


def rule_candidates(
    data: Data, asked: Batching | None = None, rules: Sequence[Rule] = ()
) -> Iterator[Candidate | ValueError]:
    """Yield what rules (all) and reductions make of the data, or the error of one that refuses."""
    known = _Recognised(data) if _by_formula(data, asked) else None
    for rank, rule in enumerate(rules or by_preference()):
        for reduction in reductions_of(rule):
            try:
                formula = known and known.formula(rule, reduction)
                if known and formula:
                    known.keep(rule, reduction, rank, formula, asked)
                    continue
                for candidate in _direct(data, rule, reduction, asked):
                    yield replace(candidate, rank=rank)
            except ValueError as error:
                yield error
    if known is not None:
        yield from known.summed()


def reductions_of(rule: Rule) -> list[str]:
    """Return the reductions that give one number, without the second name of the mean.

    Of "none" Keras reports the mean.
    """
    alias = "mean" if rule.reductions[0] != "mean" else "sum_over_batch_size"
    reported = rule.framework == "keras"
    return [r for r in rule.reductions if r != alias and (reported or r != "none")]


def _direct(data, rule, reduction, asked):
    step = _step(rule, *_whole(data), reduction)
    whole = _of_steps(data, rule, reduction, [step], (1.0,), float(step.value))
    if asked is None:
        note = _epochs(rule, reduction)[0][1] if reduction == "none" else ()
        return [replace(whole, denominator=float(step.denominator), notes=note)]
    found = [replace(whole, notes=("All rows make one batch.",), slips=1)]
    sizes = asked.row_counts()
    steps = [_step(rule, *batch, reduction) for batch in data.slices(sizes)]
    losses = [float(step.value) for step in steps]
    for epoch, note, slips in _epochs(rule, reduction):
        reported = epoch(losses, sizes)
        of = _of_steps(data, rule, reduction, steps, reported.coefficients, reported.value, asked)
        found.append(replace(of, notes=note, slips=slips))
    return found


def _whole(data: Data) -> tuple[Any, Any, Any]:
    return float64(data.values), float64(data.sample_weight), float64(data.mask)


def _step(rule: Rule, values: Any, sample_weight: Any, mask: Any, reduction: str) -> Step:
    step = rule.coefficients(values, sample_weight, mask, reduction)
    if reduction != "none":
        return step
    count = float(np.size(step.value))
    return Step(np.mean(step.value), step.coefficients / count, count)


def _of_steps(data, rule, reduction, steps, shares, value, asked=None):
    """Keep the sums of a rule's coefficients; the coefficients are made again if asked for."""
    sizes = [data.rows] if asked is None else asked.row_counts()

    def joined(steps):
        parts = [share * step.coefficients for share, step in zip(shares, steps, strict=True)]
        return np.concatenate(parts) if len(parts) > 1 else parts[0]

    def build():
        with np.errstate(all="ignore"), collected_warnings():
            batches = [_whole(data)] if asked is None else data.slices(sizes)
            return joined([_step(rule, *batch, reduction) for batch in batches])

    coefficients, sums = joined(steps).reshape(data.rows, -1), np.zeros(5)
    for start, stop, pieces in data.blocks():
        first = 0
        for piece in pieces:
            after = first + piece.values.shape[1]
            sums = sums + sums_of_rows(piece, coefficients[start:stop, first:after]).sum(1)
            first = after
    batch_size = asked and (asked.sizes or asked.size)
    return Candidate(value, sums, build, rule.name, reduction, batch_size)


def _epochs(rule, reduction):
    """Return what a rule may make of batches, what is to be said of it, and slips."""
    if reduction == "none":  # what is averaged are the entries of the array, not the batches
        note = "`evaluate` reports the mean of what reduction none leaves."
        return [(reported_loss, (note,), 0)]
    try:
        rule.epoch([1.0], [1])
    except ValueError:
        return [(batches_alike, ("The batches are averaged, each counting once.",), 0)]
    if rule.from_generator is rule.epoch:
        return [(rule.epoch, (), 0)]
    of_generator = rule.from_generator
    last_alone = of_generator([1.0, 2.0], [1, 1]).value == 2.0  # as any loop may print
    return [(rule.epoch, (), 0), (of_generator, (GENERATOR,), 2 * last_alone)]


# --- large data


def _by_formula(data: Data, asked: Batching | None) -> bool:
    """Say whether formulas can stand for the rules: large data, finite, with a mask of 0 and 1."""
    large = data.values.size > LARGE or (asked is not None and asked.count > _MOST_BATCHES)

    def odd(piece: Piece) -> np.ndarray:
        masks = (~np.isin(mask, (0, 1)) for mask in piece.masks)
        return sum(masks, start=~np.isfinite(piece.values))

    return large and data.total(odd) == 0


class _Recognised:
    """The formulas of rules, found by a few made-up values of like shapes."""

    def __init__(self, data: Data) -> None:
        self.data = data
        self.probe = _like(data)
        formulas = list(_whole_formulas(self.probe))
        self.coefficients = [formula.coefficients(self.probe) for formula in formulas]
        of_data = {_key(data, formula): formula for formula in _whole_formulas(data)}
        self.formulas = [of_data[_key(data, formula)] for formula in formulas]
        self.pending: list[tuple[Formula, Candidate]] = []

    def formula(self, rule: Rule, reduction: str) -> Formula | None:
        """Return the formula of a rule, None where none is."""
        step = _step(rule, *_whole(self.probe), reduction)
        for formula, coefficients in zip(self.formulas, self.coefficients, strict=True):
            if np.allclose(step.coefficients, coefficients, rtol=1e-9, atol=0):
                return replace(formula, no_nan=self._no_nan(rule, reduction))
        return None

    def _no_nan(self, rule: Rule, reduction: str) -> bool:
        """Say whether the rule makes 0 of a batch of which nothing counts."""
        values, weight, mask = _whole(self.probe)
        weight, mask = (None if x is None else 0 * x for x in (weight, mask))
        try:
            nothing = _step(rule, values, weight, mask, reduction)
        except ValueError:
            return False
        return bool(np.isfinite(nothing.value))

    def keep(
        self, rule: Rule, reduction: str, rank: int, formula: Formula, asked: Batching | None
    ) -> None:
        """Keep what the rule makes for later, when all is added up in one pass: see `summed`."""
        build = partial(formula.coefficients, self.data)
        blank = Candidate(0.0, np.zeros(5), build, rule.name, reduction, rank=rank)
        if asked is None:
            note = _epochs(rule, reduction)[0][1] if reduction == "none" else ()
            self.pending.append((formula, replace(blank, notes=note)))
            return
        whole = replace(blank, notes=("All rows make one batch.",), slips=1)
        self.pending.append((formula, whole))
        for epoch, note, slips in _epochs(rule, reduction):
            how = {(0.25, 0.75): "rows", (0.5, 0.5): "alike", (0.0, 1.0): "last"}
            shares = tuple(epoch([1.0, 2.0], [1, 3]).coefficients)
            batches = replace(asked, how=how[shares])
            size = asked.sizes or asked.size
            formula = replace(formula, batching=batches)
            build = partial(formula.coefficients, self.data)
            of = replace(blank, build=build, notes=note, slips=slips, batch_size=size)
            self.pending.append((formula, of))

    def summed(self) -> Iterator[Candidate]:
        """Yield the candidates, now that all rules are known."""
        formulas = list(dict.fromkeys(formula for formula, _ in self.pending))
        sums, denominators = sums_of(self.data, formulas)
        for formula, candidate in self.pending:
            n = formulas.index(formula)
            whole = not candidate.slips and not candidate.batch_size
            yield replace(
                candidate,
                value=float(sums[n, 0]),
                sums=sums[n],
                denominator=float(denominators[n]) if whole else None,
            )


def _whole_formulas(data: Data) -> Iterator[Formula]:
    for product in products_of(data):
        for divisor in divisors_of(data, product):
            yield Formula(product, divisor, Batching(data.rows))
        if product.masked and product.power < 2:
            yield Formula(product, by_shares(product.weight, guard=1e-7), Batching(data.rows))


def _key(data: Data, formula: Formula) -> tuple:
    """Return what a formula has in common with that of other data of like shapes."""
    product, divisor = formula.product, formula.divisor
    weight = product.weight
    if weight is not None:  # made-up weights may fit in two ways, where those of the data are alike
        weight = min(weight, len(data.weights) - 1)
    return product.words, weight, divisor.kind, divisor.words


def _like(data: Data) -> Data:
    """Return made-up values, weights and mask of few entries.

    Every length of an axis has become a small one; lengths that were alike still are.
    """
    rng = np.random.default_rng(0)
    given = [x for x in (data.values, data.sample_weight, data.mask) if x is not None]
    lengths = sorted({n for x in given for n in x.shape if n > 1})
    for shortest in (5, 17, 61, 4001):
        small = {1: 1, **{n: shortest + 2 * i for i, n in enumerate(lengths)}}
        if size(tuple(small[n] for n in data.values.shape)) >= _PROBE:
            break

    def shape(x: np.ndarray) -> tuple[int, ...]:
        return tuple(small[n] for n in x.shape)

    weight, mask = data.sample_weight, data.mask
    if weight is not None:
        weight = rng.uniform(0.5, 1.5, shape(weight))
        weight.flat[1:2] = 0
    if mask is not None:
        mask = rng.random(shape(mask)) < 0.7
        mask.flat[:2] = (True, False)[: mask.size]
    return Data(rng.uniform(0.5, 1.5, shape(data.values)), weight, mask)
