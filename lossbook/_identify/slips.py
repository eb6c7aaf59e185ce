"""The usual slips, as candidates: formulas, plain factors, one batch alone, replicas."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from lossbook._identify.batches import Batching
from lossbook._identify.candidates import MOST_SLIPS, Candidate
from lossbook._identify.data import Data
from lossbook._identify.formulas import (
    KERAS_DIVIDES,
    Formula,
    Product,
    batch_losses,
    divisors_of,
    products_of,
    sums_of,
)

_USUAL_SIZES = (  # Keras's own first
    *(32, 1, 2, 4, 8, 10, 16, 20, 50, 64, 100, 128, 200, 256, 500, 512, 1000, 1024),
)
_REPLICAS = (2, 4, 8)
_MOST_BATCHES = 1000  # of a guessed size, for a running mean
_MOST_RUNNING = 4  # running means of one cut that are listed
_FACTOR_RANK, _REPLICAS_RANK, _LAST = 10**4, 2 * 10**4, 10**6  # behind plain formulas
_MOST_PARTS = 100_000  # batches that a running mean, or replicas, may have
_ADDED = "The losses of the batches are added up, not averaged."


def slip_candidates(
    data: Data, asked: Batching | None, named: float | None, first_rank: int
) -> Iterator[Candidate]:
    """Yield the formulas: a product, what its sum is divided by, and how batches are averaged."""
    plans: list[tuple[Formula, int, tuple[str, ...], str]] = []
    for product in products_of(data):
        for divisor in divisors_of(data, product, named):
            if product.slips and divisor.kind not in (*KERAS_DIVIDES, "rows", "named"):
                continue
            slips = product.slips + divisor.slips
            for batching, more, kind in _batchings(data, asked, product, divisor.kind, slips):
                if slips + more <= MOST_SLIPS:
                    notes = product.notes + _batch_notes(batching, asked)
                    formula = Formula(product, divisor, batching)
                    plans.append((formula, slips + more, notes, kind))
    sums, denominators = sums_of(data, [plan[0] for plan in plans])
    made = []
    for n, (formula, slips, notes, kind) in enumerate(plans):
        batching = formula.batching
        one = float(denominators[n]) if batching.count == 1 else None
        rank = first_rank + n + (_REPLICAS_RANK if batching.replicas > 1 else 0)
        of = _candidate(data, formula, sums[n], asked, notes, slips, rank, kind)
        made.append(replace(of, denominator=one))
        yield made[-1]
    of_plain = [
        (formula.divisor.kind, candidate)
        for (formula, *_), candidate in zip(plans, made, strict=True)
        if not formula.product.slips and formula.batching == (asked or Batching(data.rows))
    ]
    for divisor_kind, candidate in of_plain:
        yield from _times_plain_factors(data, candidate, divisor_kind, asked)


def _candidate(data, formula, sums, asked, notes, slips, rank, kind=""):
    batching = formula.batching
    size = batching.sizes or batching.size
    return Candidate(
        value=float(sums[0]),
        sums=sums,
        build=lambda: formula.coefficients(data),
        batch_size=size,
        guessed=asked is None and size is not None,
        product=formula.product.words,
        divisor=formula.divisor.words,
        notes=notes,
        slips=slips,
        rank=rank,
        kind=kind,
    )


def _batchings(
    data: Data, asked: Batching | None, product: Product, kind: str, slips: int
) -> Iterator[tuple[Batching, int, str]]:
    """Yield what becomes of batches, slips, kind."""
    whole = Batching(data.rows)
    of_keras = kind in (*KERAS_DIVIDES, "named")
    if asked is not None:
        if kind != "shares":
            yield asked, 0, ""
            yield replace(asked, how="alike"), 1, ""
        yield whole, 1, ""
        if of_keras and not product.slips:
            for how in ("added", "last", "first"):
                yield replace(asked, how=how), 1, "batches"
    else:
        yield whole, 0, ""
        if kind in KERAS_DIVIDES and slips <= 1:
            for usual in (n for n in _USUAL_SIZES if n < data.rows):
                yield Batching(data.rows, usual), 1, ""
                if data.rows % usual:
                    yield Batching(data.rows, usual, how="alike"), 1, ""
                if kind == "valid" and not product.slips and usual > 1:
                    yield Batching(data.rows, usual, how="last"), 2, "batches"
                    yield Batching(data.rows, usual, how="first"), 2, "batches"
    if kind in ("valid", "weights") and not product.slips:
        for replicas in _REPLICAS:
            parts = replace(asked or whole, replicas=replicas)
            if replicas <= data.rows and replicas * (asked or whole).count <= _MOST_PARTS:
                yield parts, 1 + (replicas > 2) - (kind == "weights"), "batches"


def _batch_notes(batching: Batching, asked: Batching | None) -> tuple[str, ...]:
    if batching.replicas > 1:
        return (
            f"So {batching.replicas} replicas come to, each averaging its part of the batch, if "
            "all-reduce adds their losses up.",
        )
    if batching.how in ("first", "last"):
        return (f"That is one batch alone, the {batching.how} {_of_batches(batching)}.",)
    if batching.how == "running":
        return (f"That is the running mean after {batching.after} {_of_batches(batching)}.",)
    if batching.size is None and batching.sizes is None:
        return ("All rows make one batch.",) if asked else ()
    if batching.how == "added":
        return (f"That is done {_in_batches(batching)}.", _ADDED)
    if batching.size == 1:
        return ("Each row is averaged alone, then the rows.",)
    how = ", each counting once" if batching.how == "alike" else " by their rows"
    return (f"That is done {_in_batches(batching)}, which are averaged{how}.",)


def _in_batches(batching):
    if batching.sizes is None:
        return f"in batches of {batching.size}"
    return f"in the {batching.count} batches that you give"


def _of_batches(batching):
    if batching.sizes is None:
        return f"of {batching.count} batches of {batching.size}"
    return f"of the {batching.count} batches that you give"


# --- plain factors


def _times_plain_factors(data, candidate, divisor_kind, asked):
    """Yield a candidate times the factors that people multiply by, or leave out."""
    mean, keras = divisor_kind == "valid", divisor_kind in KERAS_DIVIDES
    plain = replace(candidate, slips=0) if keras else candidate
    if not keras and divisor_kind not in ("rows", "count"):
        return
    for factor, note, slips in _plain_factors(data, divisor_kind, asked):
        more = slips + (not mean and factor != 0.5)
        if plain.slips + more <= MOST_SLIPS:
            scaled = plain.times(factor, (note,), more, kind="factor")
            yield replace(scaled, rank=_FACTOR_RANK + plain.rank)


def _plain_factors(data, divisor_kind, asked):
    """Yield a factor, what to say of it, slips."""
    yield 0.5, "A plain factor of 1/2 halves that, as in half the squared error.", 1
    if divisor_kind == "count":
        return
    yield 2.0, "A plain factor of 2 doubles that.", 1
    rows, positions = data.rows, data.positions
    if divisor_kind == "nothing":
        if positions > 1:
            yield 0.5 / rows, f"A plain factor of 1/(2n), n the {rows} rows, multiplies that.", 1
        return
    if rows > 1:
        yield 1 / rows, f"It is divided once more by the number of rows, {rows}.", 1
        yield 0.5 / rows, f"A plain factor of 1/(2n), n the {rows} rows, multiplies that.", 2
    if positions > 1:
        n = f"the number of values of a row (pixels, positions), {positions}"
        yield 1 / positions, f"It is divided once more by {n}.", 1
        if rows > 1:
            n = f"the number of all values, {rows * positions}"
            yield 1 / (rows * positions), f"It is divided once more by {n}.", 1
    if data.values.ndim > 2 and divisor_kind == "valid":
        for axis, length in enumerate(data.values.shape[1:], start=1):
            if length > 1:
                note = f"Axis {axis}, of {length}, is summed instead of averaged."
                yield float(length), note, 1
    for replicas in _REPLICAS:
        note = f"It is divided once more by the number of replicas, if those are {replicas}."
        yield 1 / replicas, note, 2
    if asked is not None:
        batches = asked.count
        yield 1 / batches, f"It is divided once more by the number of batches, {batches}.", 1
        if asked.size:
            yield 1 / asked.size, f"It is divided once more by the batch size, {asked.size}.", 1


# --- the running mean


def running_candidates(
    data: Data, asked: Batching | None, fits: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> tuple[list[Candidate], list[np.ndarray]]:
    """Return the running means that fit, and all that were tried.

    `fits(values, magnitudes)` says which values may be the number.
    """
    formulas = []
    for product in products_of(data):
        for divisor in divisors_of(data, product) if not product.slips else ():
            kinds = KERAS_DIVIDES if asked else ("valid",)
            for batching in _for_running(data, asked) if divisor.kind in kinds else ():
                formulas.append(Formula(product, divisor, replace(batching, how="added")))
    found, tried = [], []
    for formula, (losses, magnitudes) in zip(formulas, batch_losses(data, formulas), strict=True):
        batching = formula.batching
        starts = batching.starts(0, data.rows)
        sizes = np.diff(np.append(starts, data.rows))
        means = (np.cumsum(losses * sizes) / np.cumsum(sizes))[1:-1]
        scales = (np.cumsum(magnitudes * sizes) / np.cumsum(sizes))[1:-1]
        tried.append(means)
        after = np.flatnonzero(fits(means, scales)) + 2
        more = len(after) - _MOST_RUNNING
        notes = (f"After {more} other numbers of batches it has the same digits.",) * (more > 0)
        for k in after[:_MOST_RUNNING].tolist():
            found.append(_running(data, formula, k, asked, notes))
    return found, tried


def _running(data, formula, after, asked, notes):
    batching = replace(formula.batching, how="running", after=after)
    formula = replace(formula, batching=batching)
    sums, _ = sums_of(data, [formula])
    notes = _batch_notes(batching, asked) + notes
    slips = 1 if asked else MOST_SLIPS
    return _candidate(data, formula, sums[0], asked, notes, slips, _LAST, "batches")


def _for_running(data, asked):
    if asked is not None:
        return [asked] if asked.count <= _MOST_PARTS else []
    usual = (Batching(data.rows, n) for n in _USUAL_SIZES if 1 < n < data.rows)
    return [batching for batching in usual if batching.count <= _MOST_BATCHES]
