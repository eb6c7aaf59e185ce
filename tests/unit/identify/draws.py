"""Numbers to identify: what random rules make of random data, and decoys that no rule makes."""

import warnings
from itertools import cycle

import numpy as np

import lossbook as lb


def names(found):
    """Return every (rule, reduction) that a result lists."""
    return {pair for m in found.matches for pair in ((m.rule, m.reduction), *m.indistinguishable)}


def draw(rng):
    """Return random values, weights and mask; of weights or a mask there may be none."""
    shape = [
        (rng.integers(3, 30),),
        (rng.integers(2, 12), rng.integers(2, 9)),
        (rng.integers(2, 7), rng.integers(2, 5), rng.integers(2, 5)),
    ][rng.integers(3)]
    values, weight, mask = rng.gamma(1.5, rng.choice([0.05, 0.5, 3]), shape), None, None
    if rng.random() < 0.7:
        full = rng.random() < 0.6
        weight = rng.uniform(0.1, 3, shape if full else shape[:1] + (1,) * (len(shape) - 1))
        kind = rng.random()
        if kind < 0.3:
            weight = weight * (rng.random(weight.shape) < 0.7)
        elif kind < 0.5:
            weight = rng.choice([1.0, 2.0, 5.0], weight.shape)
    if rng.random() < 0.5:
        mask = rng.random(shape) < 0.6
    return values, weight, mask


def draws(count, seed):
    """Yield random data with a rule, its reduction, and what it makes of them in float64."""
    rng, rules = np.random.default_rng(seed), list(lb.RULES.values())
    while count:
        data, rule = draw(rng), rules[rng.integers(len(rules))]
        reduction = rng.choice([r for r in rule.reductions if r != "none"])
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                answer = lb.aggregate(*data, rule.name, reduction)
        except ValueError:  # a rule that takes no such weights or mask
            continue
        if np.isfinite(answer.total) and answer.total != 0:
            count -= 1
            first = rule.reductions[0]  # the mean has two names
            alias = {"mean", "sum_over_batch_size"}
            yield data, answer, (rule.name, first if reduction in alias else reduction)


def listed(data, answer, pair, digits):
    """Say whether the rule that made a number is among those listed for so many digits of it."""
    return pair in names(lb.identify(f"{answer.total:#.{digits}g}", *data))


DECOYS = {
    "median": lambda v, w, m: np.median(v),
    "maximum": lambda v, w, m: v.max(),
    "geometric mean": lambda v, w, m: np.exp(np.log(v).mean()),
    "root mean square": lambda v, w, m: np.sqrt(np.mean(v**2)),
    "roots of the weights": lambda v, w, m: np.mean(np.sqrt(w) * v),
    "weights of mean 1 by row": lambda v, w, m: np.mean(w / w.mean(-1, keepdims=True) * v),
    "softmax of the weights": lambda v, w, m: np.sum(np.exp(w) * v) / np.exp(w).sum(),
    "the mask upside down": lambda v, w, m: np.sum(w * v * ~m) / (~m).sum(),
    "a factor": lambda v, w, m: 1.1 * np.mean(w * v),
    "the first row alone": lambda v, w, m: np.mean((w * v)[0]),
}


def decoys(count, seed):
    """Yield numbers that no rule makes of the data beside them."""
    rng = np.random.default_rng(seed)
    for _, formula in zip(range(count), cycle(DECOYS.values()), strict=False):
        values = rng.gamma(1.5, 1, (rng.integers(4, 10), rng.integers(3, 8)))
        weight, mask = rng.uniform(0.1, 3, values.shape), rng.random(values.shape) < 0.6
        yield formula(values, weight, mask), (values, weight, mask)


def decoy_hits(number, data):
    """Say whether four digits of a decoy fit something that is stated as a fact.

    What is listed does make these digits.
    """
    printed = f"{number:#.4g}"
    matches = lb.identify(printed, *data).matches
    half_unit = 0.51 * 10 ** (np.floor(np.log10(number)) - 3)
    assert all(abs(match.value - float(printed)) <= half_unit for match in matches)
    return any(not match.by_chance for match in matches)
