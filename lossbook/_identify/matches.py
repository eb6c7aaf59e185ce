"""What identify() gives back: candidates with the same coefficients, grouped and put into words."""

import math
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from lossbook._identify.by_rule import GENERATOR
from lossbook._identify.chance import LIKELY
from lossbook._identify.printed import ROUNDING
from lossbook._identify.rendering import identified_html, identified_text, sentence


@dataclass(frozen=True, repr=False)
class Match:
    """One choice of coefficients: who makes it, the number it gives, and what it does, in words.

    `rule` and `reduction` name the rule of `lb.RULES`; both are None where no rule does this, but
    people do. `indistinguishable` holds the other rules with the same coefficients on this data,
    as pairs of rule and reduction, and `also` says what else comes to the same here. `slips` counts
    what no rule does, such as a forgotten mask; `batch_size` is None where all rows are one batch.
    `chance` is the share of such numbers that fit something which assumes no more: from 1 % on a
    slip may fit by chance, and is no fact.
    """

    rule: str | None
    reduction: str | None
    value: float
    relative_error: float
    sentence: str
    denominator: float | None = None
    batch_size: int | tuple[int, ...] | None = None
    slips: int = 0
    chance: float = 0.0
    indistinguishable: tuple[tuple[str, str], ...] = ()
    also: tuple[str, ...] = ()
    _build: Any = field(default=None, compare=False)

    @property
    def coefficients(self) -> np.ndarray:
        """The factor of each value in the number, a NumPy array in the shape of the values.

        Where other values are aggregated, as the sentence then says, it has their shape.
        """
        return self._build()

    @property
    def by_chance(self) -> bool:
        """Whether so many others were tried nearby that chance alone may explain a slip's fit."""
        return self.slips > 0 and self.chance >= LIKELY

    def __getstate__(self) -> dict[str, Any]:
        """Return what can be pickled: the coefficients instead of what builds them."""
        return {**vars(self), "_build": partial(np.asarray, self.coefficients)}

    def __repr__(self) -> str:
        name = "a slip" if self.rule is None else f"{self.rule}, {self.reduction}"
        return f"Match({name}: {self.value:.6g}. {self.sentence})"


@dataclass(frozen=True, repr=False)
class Identified:
    """What may have made a number: `matches`, best first; `nearest` where nothing fits.

    `value` is the number, `tolerance` half a unit of its last printed digit (or what rtol gives),
    `keras` what the installed Keras makes of the same data, None where it refuses them. `ignored`
    names arguments that made no difference.
    """

    value: float
    tolerance: float
    matches: tuple[Match, ...]
    nearest: Match | None
    keras: Match | None
    ignored: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return identified_text(self)

    def _repr_html_(self) -> str:
        return identified_html(self)


def order(candidate):
    """Return what candidates are sorted by: slips, then the rank of rule or slip."""
    return candidate.slips, candidate.rank


def order_of_matches(group, installed):
    """Return what the groups that fit are sorted by: the installed rule before the others."""
    return group[0].slips, group[0].rule != installed, group[0].rank


def group_of(lead, candidates, precision):
    """Return the candidates that have the coefficients of one, the plainest first."""
    return sorted((c for c in candidates if lead.same_as(c, precision)), key=order)


def groups(candidates, precision):
    """Yield the candidates in groups with the same coefficients, the plainest first."""
    rest = sorted(candidates, key=order)
    while rest:
        group = group_of(rest[0], rest, precision)
        yield group
        rest = [c for c in rest if all(c is not other for other in group)]


def error(value, number):
    """Return the difference relative to the number; to the other one where the number is 0."""
    if value == number or (math.isnan(value) and math.isnan(number)):
        return 0.0
    if not (math.isfinite(value) and math.isfinite(number)):
        return math.inf
    return abs(value - number) / abs(number or value)


def plainest_formula(lead, found):
    """Return the plainest formula with the coefficients of a candidate, to float32; or None."""
    formulas = group_of(lead, (c for c in found if c.product), ROUNDING["float32"])
    notes = set(lead.notes)
    return min(formulas, key=lambda c: (len(set(c.notes) - notes), *order(c)), default=None)


def match_of(group, number, found, keras, chance=0.0):
    """Make a Match of candidates with the same coefficients; `found` are all candidates."""
    lead = group[0]
    rules = [(c.rule, c.reduction) for c in group if c.rule and c.slips == lead.slips]
    others = [pair for pair in dict.fromkeys(rules) if pair != (lead.rule, lead.reduction)]
    formula = plainest_formula(lead, found) or lead
    rest = [c for c in group if c.product and c is not formula]
    generators = [c for c in group if GENERATOR in c.notes and c.slips > lead.slips]
    if not lead.slips:
        rest = [c for c in rest if not c.kind or (c.kind == "factor" and c.factor in (0.5, 2.0))]
    if not formula.batch_size and lead.kind != "factor":  # sizes that were only tried are no news
        rest = [c for c in rest if not c.guessed]
    return Match(
        rule=lead.rule,
        reduction=lead.reduction,
        value=lead.value,
        relative_error=error(lead.value, number),
        sentence=sentence(lead, formula, keras),
        denominator=formula.denominator,
        batch_size=lead.batch_size,
        indistinguishable=tuple(others),
        also=tuple(
            dict.fromkeys(
                [sentence(c, c) for c in rest]
                + [f"{c.rule}, {c.reduction}: {' '.join(c.notes)}" for c in generators]
            )
        ),
        slips=lead.slips,
        chance=chance,
        _build=lead.build,
    )
