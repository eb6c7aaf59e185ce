"""Random states of the interactive ledger, and what lossbook says about each."""

import math
import warnings

import numpy as np

import lossbook as lb
from lossbook._interact.state import RULES, State
from lossbook.reduction import REDUCTIONS

# What chance draws too seldom: 0/0 of every kind, a NaN where nothing is kept, weights all 0.
EDGES = [
    f"1~2x2~none~{losses}~{mask}~{weights}~{rule}~{reduction}"
    for losses in ("1_2_3_4", "1_nan_3_4")
    for mask, weights in (("0000", "none"), ("all", "2x2_0_0_0_0"), ("0110", "2x2_1_-1_1_2"))
    for rule, reduction in (
        ("keras-3.15", "mean"),
        ("keras-3.7", "mean_with_sample_weight"),
        ("keras-2.2", "sum_over_batch_size"),
        ("keras-2.2.5", "sum_over_batch_size"),
        ("tf.keras-2.11", "sum_over_batch_size"),
        ("pytorch", "mean"),
        ("pytorch-elementwise", "batchmean"),
        ("sklearn", "mean"),
    )
]
LIBRARIES = ("PyTorch", "optax", "Transformers")  # their masks leave out, instead of times 0


def draw(rng):
    """One state: any rule and reduction, odd shapes, masks and weights; edge values in a fifth."""
    values = tuple(rng.integers(1, 5, size=rng.integers(1, 3)).tolist())
    class_axis = str(rng.choice(["none", "mean", "sum"]))
    classes = () if class_axis == "none" else (int(rng.integers(1, 4)),)
    losses = _numbers(rng.gamma(1.5, 0.6, values + classes))
    odd = rng.random() < 0.2
    if odd:
        losses.flat[rng.integers(losses.size)] = rng.choice([np.nan, np.inf, 0.0, -1.5, 3e-7, 2e9])
    mask = None
    if rng.random() < 0.6:
        mask = rng.random(values) < rng.choice([0.0, 0.5, 0.5, 0.8])
    weight = None
    if rng.random() < 0.7:
        shapes = [values[:1], values[:1] + (1,) * (len(values) - 1), values]
        shape = shapes[rng.integers(3)]
        weight = _numbers(rng.choice([0, 1, 2, 0.5, 1 / 3, 10], shape))
        weight = weight * rng.choice([0, -1, 1], p=[0.1, 0.1, 0.8])
        if rng.random() < 0.1:
            weight.flat[:] = np.resize([1.0, -1.0], weight.size)  # the sum may be 0
    families = sorted({family for several in RULES.values() for family in several})
    rule = str(rng.choice(["keras-3.15", "keras-2.2", *families]))
    return State(losses, class_axis, mask, weight, rule, str(rng.choice(REDUCTIONS)))


def _numbers(array):
    """Keep the digits that the text of a state keeps."""
    return np.reshape([float(f"{x:.7g}") for x in np.ravel(array)], np.shape(array))


def expected(state):
    """What a ledger has to show: numbers as floats, None for a refusal; whether it must warn."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with np.errstate(all="ignore"):
            values = state.values
            try:
                made = lb.aggregate(
                    values,
                    state.weight,
                    None if state.mask is None or state.mask.all() else state.mask,
                    state.rule,
                    state.reduction,
                )
            except ValueError:
                return None
            per_class = 1 / state.losses.shape[-1] if state.class_axis == "mean" else 1
            coefficients = made.coefficients * per_class
            spread = coefficients if state.class_axis == "none" else coefficients[..., None]
            contributions = spread * state.losses
            if lb.RULES[state.rule].framework in LIBRARIES and state.mask is not None:
                keep = state.mask if state.class_axis == "none" else state.mask[..., None]
                contributions = np.where(keep, contributions, 0)
    said = " ".join(str(w.message) for w in caught)
    return {
        "values": values.ravel(),
        "coefficients": coefficients.ravel(),
        "contributions": contributions.ravel(),
        "denominator": float(made.denominator),
        "total": np.asarray(made.total),
        "wrong_axis": "it acts on axis" in said,
        "few_weights": "divides by the sum of the weights" in said,
    }


def number(text):
    """Read a number that the ledger shows; "1/6" is one too."""
    text = text.replace("−", "-").replace("∞", "inf")
    top, _, under = text.partition("/")
    return float(top) / float(under or 1)


def shows(text, value, unit=None):
    """Say whether a text with 4 significant digits stands for a value (in units of its sums)."""
    if not math.isfinite(value):
        return str(number(text)) == str(value)
    if "/" in text:
        return math.isclose(number(text), value, rel_tol=1e-8)
    exponent = math.floor(math.log10(abs(value))) if value else 0
    half = 0.5000001 * 10.0 ** (exponent - 3)
    return abs(number(text) - value) <= max(half, 1e-12 * (unit or 0))
