"""Real Keras is the judge: random calls of every loss, against the loss objects of Keras.

cases.py draws the calls, judge.py compares one of them, tolerances.py says how closely. Here it is
a seventh of the combinations; `make fuzz` draws as many more as you like.
"""

from collections import Counter
from functools import cache

import keras
import numpy as np
import pytest
from keras import ops

import lossbook as lb
from tests.real_keras.draw.arrays import labels
from tests.real_keras.draw.cases import DTYPES, LOSSES, RANKS, REDUCTIONS, STRATA, draw, sample
from tests.real_keras.draw.options import CLASSES, CROSSENTROPIES, known, options_of
from tests.real_keras.judge import problems, traced
from tests.real_keras.reference import host, outcome, set_mask
from tests.real_keras.tolerances import allowance

CASES = sample()
FIVE = (  # the losses that the book computes by hand
    "binary_crossentropy",
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
    "mean_squared_error",
    "mean_absolute_error",
)
KNOWN = [loss for loss in LOSSES if loss in CLASSES]
all_drawn = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow" or len(KNOWN) < len(LOSSES),
    reason="this Keras lacks some calls, or has errors and warnings of its own",
)


@cache
def every_call():
    """Return one call for each combination; `make fuzz` compares them."""
    return [draw(seed) for seed in range(len(STRATA))]


ODD = ("extra", "short", "longer", "one")


@pytest.mark.parametrize("rank", RANKS)
@pytest.mark.parametrize("loss", KNOWN)
def test_every_call_is_keras_own(loss, rank):
    def of_both(cases):
        return [case for case in cases if STRATA[case.seed][2] == rank and case.loss == loss]

    # Keras 3.5 knows none of the sample's calls of Tversky at rank 3: it has no axis there.
    drawn = of_both(CASES) or [case for case in of_both(every_call()) if known(case)]
    found = [f"{case}\n    {problem}" for case in drawn for problem in problems(case)]
    assert drawn and not found, f"{len(found)} problems\n" + "\n".join(found[:20])


def test_the_same_seed_draws_the_same_call():
    for seed in (0, 2001, 123_456):
        one, other = draw(seed), draw(seed)
        assert str(one) == str(other)
        np.testing.assert_array_equal(one.y_pred, other.y_pred)


@all_drawn
def test_the_calls_cover_what_they_claim():
    """Each combination once orderly and once wild; each option, shape and edge often enough."""
    assert len(STRATA) == 2 * len(LOSSES) * len(REDUCTIONS) * len(RANKS) * 2 * 2
    for loss in LOSSES:
        drawn = [case for case in every_call() if case.loss == loss]
        options = options_of(loss) - {"self", "args", "kwargs", "name", "reduction", "dtype"}
        for option in options:
            assert sum(option in case.options for case in drawn) >= 5, (loss, option)
        for option in options & {"from_logits", "label_smoothing"}:
            for reduction in REDUCTIONS:
                some = {bool(c.options.get(option)) for c in drawn if c.reduction == reduction}
                assert some == {True, False}, (loss, option, reduction)
        assert {case.dtype for case in drawn} == set(DTYPES), loss


def count(wanted):
    return sum(bool(wanted(case)) for case in every_call())


@all_drawn
def test_the_calls_hold_odd_shapes_and_edge_values():
    for name in ("sample_weight", "mask"):
        kinds = Counter(case.kinds[name] for case in every_call())
        shapes = ("full", "full1", "column", "sample", "leading", "trailing", "scalar", "wrong")
        assert all(kinds[kind] >= 20 for kind in (*shapes, "classes")), kinds
    assert all(count(lambda c, kind=kind: c.kinds["y"] == kind) >= 20 for kind in ODD)
    assert count(lambda c: c.mask is not None and not c.mask.any()) >= 100
    assert count(lambda c: c.mask is not None and not np.isin(c.mask, (0, 1)).all()) >= 10
    assert count(lambda c: c.sample_weight is not None and (c.sample_weight < 0).any()) >= 50
    cancelled = [c.sample_weight for c in every_call() if c.sample_weight is not None]
    assert sum(w.any() and not w.sum() for w in cancelled) >= 10
    probable = [
        c for c in every_call() if c.loss in CROSSENTROPIES and not c.options.get("from_logits")
    ]
    assert sum(bool(np.isin(c.y_pred, (0, 1)).any()) for c in probable) >= 100
    logits = [c for c in every_call() if c.options.get("from_logits")]
    assert sum(np.abs(c.y_pred).max() > 88 for c in logits) >= 30  # exp(88) is float32's end
    assert count(lambda c: np.abs(c.y_pred).max() > 1e10) >= 10  # whose square is infinite
    assert count(lambda c: c.loss == "cosine_similarity" and not c.y_pred.any()) >= 2
    negative = "mean_squared_logarithmic_error", "poisson"
    assert count(lambda c: c.loss in negative and (c.y_pred < 0).any()) >= 30
    assert count(lambda c: isinstance(c.options.get("axis"), tuple)) >= 50
    assert all(np.isfinite(c.y_pred).all() and np.isfinite(c.y_true).all() for c in every_call())


@all_drawn
def test_the_calls_hold_errors_warnings_and_silence():
    counts = Counter()
    for case in CASES:
        if case.dtype == "bfloat16":
            continue
        _, error, told = traced(case)
        counts["error" if error else "warning" if told else "silence"] += 1
        if case.orderly and not error and case.reduction != "mean_with_sample_weight":
            fair = ("one class", "NaN", "mask holds other numbers", "exceeds the largest")
            if case.y_pred.shape[-1] == 1:  # Keras takes it for an axis to drop, and then all slips
                fair += "loses its last axis", "every pair is compared", "multiply to"
            odd = [text for _, text in told if not any(words in text for words in fair)]
            assert not odd, f"{case}: {odd}"
    assert counts["error"] >= 15 and counts["warning"] >= 30 and counts["silence"] >= 150, counts


@pytest.mark.parametrize("loss", FIVE)
def test_a_large_batch_stays_within_the_tolerance(loss):
    rng = np.random.default_rng(3)
    y_pred = rng.uniform(0.01, 0.99, (2, 256, 256, 5)).astype(np.float32)
    y_true = labels(rng, loss, y_pred.shape)
    weight = rng.normal(size=(2, 256, 1)) * np.ones((2, 256, 256))
    mask = rng.random((2, 256, 256)) < 0.7
    tensor = ops.convert_to_tensor(y_pred)
    set_mask(tensor, ops.convert_to_tensor(mask))
    keras_total = float(CLASSES[loss]()(y_true, tensor, sample_weight=weight.copy()))
    for array in (y_pred, tensor):
        t = lb.trace(loss, y_true, array, sample_weight=weight, mask=mask)
        contributions = host(t.contributions)
        allowed = allowance("float32", np.abs(contributions).sum())
        assert abs(t.total - keras_total) <= allowed
        assert abs(contributions.sum() - keras_total) <= allowed


@pytest.mark.parametrize("reduction", [r for r in REDUCTIONS if r])
def test_more_values_than_float16_counts(reduction):
    """65792 values: Keras divides by infinity, and 65792 ones are infinite too; we say so."""
    y_true, y_pred = np.ones((256, 257, 1)), np.zeros((256, 257, 1), np.float32)
    loss, refused, _ = outcome(CLASSES["mean_squared_error"], reduction=reduction, dtype="float16")
    if refused:
        pytest.skip(f"Keras {keras.__version__} does not know {reduction}")
    theirs = host(loss(y_true, y_pred))
    for array in (y_pred, ops.convert_to_tensor(y_pred)):
        t, _, told = outcome(lb.trace, loss, y_true, array)
        np.testing.assert_array_equal(t.total, theirs)
        assert not np.isfinite(theirs) or theirs == 0
        assert len(told) == 1
