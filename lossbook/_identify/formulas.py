"""Formulas of coefficients: a product, what its sum is divided by, and how batches are averaged.

They are what rules do, and what people do instead: the usual slips.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from lossbook._identify.batches import Batches, Batching
from lossbook._identify.data import Data, Piece, sums_of_rows

KERAS_DIVIDES = ("valid", "weights", "nothing")  # the divisors of Keras's own reductions


@dataclass(frozen=True)
class Product:
    """What the values are multiplied by: mask, weights (their number in the data), a power."""

    words: str
    masked: bool
    weight: int | None = None
    power: int = 1
    factor: float = 1.0
    notes: tuple[str, ...] = ()
    slips: int = 0

    def factors(self, piece: Piece) -> np.ndarray:
        """Return the factor of every value of a piece."""
        factors = np.full(piece.values.shape, self.factor)
        if self.masked:
            factors *= piece.masks[0]
        if self.weight is not None and self.power:
            factors *= piece.weights[self.weight] ** self.power
        return factors


@dataclass(frozen=True)
class Divisor:
    """What the sum of a product is divided by: a constant, or what sums over a batch make.

    `of_rows(piece, factors)` are terms of these sums, `(rows,)` or `(sums, rows)`; `make` turns
    several sums into the denominator.
    """

    kind: str
    words: str
    slips: int
    constant: float | None = None
    of_rows: Callable[[Piece, np.ndarray], np.ndarray] | None = None
    sums: int = 1
    make: Callable[..., np.ndarray] = np.asarray

    def denominators(self, sums: np.ndarray) -> np.ndarray:
        """Return the denominators of batches from their sums."""
        return self.make(*sums)


@dataclass(frozen=True)
class Formula:
    """A product, a divisor, and what becomes of batches; with `no_nan`, 0/0 is 0."""

    product: Product
    divisor: Divisor
    batching: Batching
    no_nan: bool = False

    def coefficients(self, data: Data) -> np.ndarray:
        """Return the factor of every value, in the shape of the values."""
        with np.errstate(all="ignore"):  # 0/0 is 0/0
            scales = np.concatenate([scale for _, scale, _ in _batches(data, [self])])
        starts = self.batching.starts(0, data.rows)
        of_rows = np.repeat(scales, np.diff(np.append(starts, data.rows)))
        rows = [
            np.concatenate([self.product.factors(piece) for piece in pieces], axis=1)
            for *_, pieces in data.blocks()
        ]
        return (np.concatenate(rows) * of_rows[:, None]).reshape(data.values.shape)


def sums_of(data: Data, formulas: list[Formula]) -> tuple[np.ndarray, np.ndarray]:
    """Return what a Candidate keeps of each formula, `(formulas, 5)`, and the last denominators."""
    totals, denominators = np.zeros((len(formulas), 5)), np.full(len(formulas), np.nan)
    places = {id(formula): n for n, formula in enumerate(formulas)}
    for formula, scale, parts in _batches(data, formulas, denominators):
        n = places[id(formula)]
        parts, scale = parts[:, scale != 0], scale[scale != 0]  # NaN elsewhere is not in the number
        totals[n] += np.concatenate([parts[:3] @ scale, parts[3:] @ np.abs(scale)])
    return totals, denominators


def batch_losses(data: Data, formulas: list[Formula]) -> list[np.ndarray]:
    """Return, for each formula whose batches are "added", their losses and magnitudes."""
    places = {id(formula): n for n, formula in enumerate(formulas)}
    losses: list[list[np.ndarray]] = [[] for _ in formulas]
    for formula, scale, parts in _batches(data, formulas):
        losses[places[id(formula)]].append(parts[[0, 3]] * [scale, np.abs(scale)])
    return [np.concatenate(parts, axis=1) for parts in losses]


def _batches(
    data: Data, formulas: list[Formula], denominators: np.ndarray | None = None
) -> Iterator[tuple[Formula, np.ndarray, np.ndarray]]:
    """Yield formula, factors and sums `(5, batches)` of the batches, as the rows come.

    `denominators` gets the denominator of each formula in the last batch that was seen.
    """
    groups: dict[tuple, list[int]] = {}
    for n, formula in enumerate(formulas):
        groups.setdefault((formula.product, formula.batching.cut), []).append(n)
    products: dict[Product, list[Divisor]] = {product: [] for product, _ in groups}
    places = {}  # of the sums of a formula's divisor in the table of its product
    for n, formula in enumerate(formulas):
        known, divisor = products[formula.product], formula.divisor
        if divisor.of_rows is not None:
            if divisor not in known:
                known.append(divisor)
            first = 5 + sum(other.sums for other in known[: known.index(divisor)])
            places[n] = slice(first, first + divisor.sums)
    sums = {key: Batches(formulas[group[0]].batching) for key, group in groups.items()}
    for start, stop, pieces in data.blocks():
        tables = _tables(pieces, products)
        for key, group in groups.items():
            index, sizes, parts = sums[key].add(start, stop, tables[key[0]])
            if not len(index):
                continue
            for n in group:
                formula = formulas[n]
                constant = formula.divisor.constant
                if constant is None:
                    divided_by = formula.divisor.denominators(parts[places[n]])
                else:
                    divided_by = np.full(len(index), constant)
                if denominators is not None:
                    denominators[n] = divided_by[-1]
                shares = formula.batching.shares(index, sizes)
                zero = (shares == 0) | (formula.no_nan & (divided_by == 0))
                yield formula, np.where(zero, 0, shares / divided_by), parts[:5]


def _tables(pieces: Iterable[Piece], products: dict[Product, list[Divisor]]) -> dict:
    """Return, for each product, its five sums of every row and below them its divisors' rows."""
    tables: dict[Product, np.ndarray] = {}
    for piece in pieces:
        for product, divisors in products.items():
            factors = product.factors(piece)
            rows = [np.atleast_2d(of.of_rows(piece, factors)) for of in divisors if of.of_rows]
            table = np.concatenate([sums_of_rows(piece, factors), *rows])
            tables[product] = tables[product] + table if product in tables else table
    return tables


# --- which products, which divisors


def products_of(data: Data) -> Iterator[Product]:
    """Yield what the values are multiplied by, by rules or by people."""
    masks = [(True, "mask · ", ())] if data.masks else []
    without = (False, "", ("The mask is ignored.",) if data.mask is not None else ())
    for masked, mask, notes in (*masks, without):
        for n, side in enumerate(data.sides):
            remarks = (*notes, side) if len(data.sides) > 1 else notes
            slips = len(notes) + n
            yield Product(f"{mask}weight · value", masked, n, 1, 1.0, remarks, slips)
            twice = (*remarks, "The weights are multiplied twice.")
            yield Product(f"{mask}weight² · value", masked, n, 2, 1.0, twice, slips + 1)
            mean = (
                *remarks,
                "So a loss that is one number meets weights: their mean multiplies it.",
            )
            factor = data.total(lambda piece, n=n: piece.weights[n]) / data.values.size  # type: ignore[misc]
            words = f"{mask}mean weight · value"
            yield Product(words, masked, None, 0, factor, mean, slips + 2)
        if data.sample_weight is not None:
            notes = (*notes, "The weights are ignored.")
        words = "mask · value" if masked else "the values"
        yield Product(words, masked, None, 0, 1.0, notes, int(bool(notes)))


def divisors_of(data: Data, product: Product, named: float | None = None) -> Iterator[Divisor]:
    """Yield what the sum of a product may be divided by; `named` is the user's own divisor."""
    if product.masked:
        yield Divisor(
            "valid",
            "the number of values that the mask keeps",
            0,
            of_rows=lambda piece, _: piece.masks[0].sum(-1),
        )
        yield Divisor("count", "the number of all values, masked ones too", 1, of_rows=_count)
    else:
        yield Divisor("valid", "the number of values", 0, of_rows=_count)
    yield Divisor("nothing", "", 1, 1.0)
    if named is not None:
        yield Divisor("named", "the divisor that you name", 1, named)
    if data.positions > 1:
        yield Divisor("rows", "the number of rows", 1, of_rows=_one)
        if data.rows > 1:
            words = "the number of values of a row"
            yield Divisor("positions", words, 1, float(data.positions))
    if product.weight is None:
        return
    n = product.weight
    if product.masked:
        words = "the sum of the weights that the mask keeps"
        yield Divisor(
            "weights",
            words,
            1,
            of_rows=lambda piece, _: (piece.masks[0] * piece.weights[n]).sum(-1),
        )
        words = "the sum of all weights, masked ones too"
        yield Divisor("weights", words, 1, of_rows=lambda piece, _: piece.weights[n].sum(-1))
        words = (
            "the number of values, times the share that the mask keeps, times the share of the "
            "weights that are not 0"
        )
        yield by_shares(n, words)
    else:
        words = "the sum of the weights"
        yield Divisor("weights", words, 1, of_rows=lambda piece, _: piece.weights[n].sum(-1))
    given = data.sample_weight
    if given is not None and given.size != data.values.size:
        words = "the sum of the weights as they were given"
        if data.given_by_row:
            yield Divisor("given", words, 1, of_rows=_given)
        else:
            yield Divisor("given", words, 1, float(np.sum(given, dtype="float64")))
    words = "the number of values whose weight is not 0"
    yield Divisor("nonzero", words, 1, of_rows=lambda _, factors: (factors != 0.0).sum(-1) * 1.0)


def by_shares(weight: int | None, words: str = "", guard: float = 0.0) -> Divisor:
    """Return the divisor of Keras 2.2: the number of values times shares; 2.2.5 guarded one."""

    def terms(piece: Piece, _: np.ndarray) -> np.ndarray:
        count = _count(piece, _)
        nonzero = count if weight is None else (piece.weights[weight] != 0).sum(-1)
        return np.stack([piece.masks[0].sum(-1), nonzero, count])

    def make(kept: np.ndarray, nonzero: np.ndarray, count: np.ndarray) -> np.ndarray:
        return (kept + guard * count) * nonzero / count

    return Divisor("shares", words, 1, of_rows=terms, sums=3, make=make)


def _count(piece, factors):
    return np.full(len(piece.values), float(piece.values.shape[1]))


def _one(piece, factors):
    return np.full(len(piece.values), float(piece.first))


def _given(piece, factors):
    return piece.first * piece.given.reshape(len(piece.values), -1).sum(-1, dtype="float64")
