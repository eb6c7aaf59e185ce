"""`aggregate` says what every release would have printed, and refuses where that release did.

Two judges, both runs of real releases: the cells of the atlas that have one output and one batch,
and a table of shapes that hardly anyone means.
"""

import re
import warnings
from collections import Counter
from functools import cache

import numpy as np
import pytest

import lossbook as lb
from records.atlas.summary import outcomes
from tests.atlas.path import CASES, factors, output_rule, values_of, weights_of
from tests.atlas.test_rules import ATOL, REASON, RELEASES, RTOL, reported

# Why `aggregate` gives a number where a release refused: the refusal came before any value was
# there. A closed list: what the error says, and the cases.
REFUSED_ELSEWHERE = {
    "the release has no such loss class": (
        "has no attribute",
        "loss-huber-r2 loss-mse-r3-class loss-mae-r3-class loss-mae-r2-class sw-mae-r2-class-b "
        "red-sum_over_batch_size-r2 red-auto-r2 bce-logits cce-logits scce-logits "
        "bce-sigmoid-class bce-logits-sigmoid cce-logits-softmax scce-logits-softmax "
        "smooth-bce-r2 smooth-cce-r2 smooth-cce-r3 smooth-cce-r4 smooth-cce-logits ignore-r2 "
        "ignore-r3",
    ),
    "the loss class does not take these options or targets": (
        "unexpected keyword|logits and labels must|Dimensions must be equal, but are 4 and 5|"
        "must have the same shape up until|Graph execution error",
        "cce-logits cce-logits-softmax smooth-cce-r2 smooth-cce-r3 smooth-cce-r4 "
        "smooth-cce-logits ignore-r2 ignore-r3 ignore-r3-sw",
    ),
    "another name of the reduction": (
        "Invalid Reduction Key|Invalid value for argument `reduction`",
        "red-auto-r2 red-auto-r3-sw red-python-none-r2 red-python-none-r3-sw",
    ),
    "loss_weights of one output": (
        "loss_weights",
        "one-lw-float one-lw-list one-lw-dict one-sw-lw",
    ),
    "the shape of the target": (
        "checking target|A target array with shape|Incompatible shapes",
        "cw-scce-r3-bt cw-scce-r3-square target-b1-b target-b1-bc target-bc-b1 target-bt-bt1 "
        "target-bt1-bt target-scce-bt target-custom-bt-bt1",
    ),
    "predictions of shape (batch,)": (
        r"to have 1 dimensions|data\[0\].shape = \[2\] does not start",
        "loss-mse-r1 loss-bce-r1 sw-bce-r1-b target-b1-b",
    ),
    "class_weight, before it becomes weights": (
        r"class_weight|Python scalars|is not in \[0, |Graph execution error|"
        "Cannot convert a partially known",
        "cw-missing-used cw-missing-last cw-missing-unused cw-sw-cce cw-sw-bce cw-cce-r3 "
        "cw-scce-r3 cw-scce-r3-bt seed-segmentation-cw mask-cw-scce",
    ),
    "weights (batch, time) without sample_weight_mode='temporal'": (
        "In order to use timestep-wise",
        "sw-mse-r3-bt",
    ),
    "float16 beside float32": ("float16", "f16-mse f16-mae f16-bce"),
}
REFUSED_ELSEWHERE = {
    reason: (pattern, cases.split()) for reason, (pattern, cases) in REFUSED_ELSEWHERE.items()
}
# In TensorFlow 2.10 the mask of the loss itself is another mask than that of the predictions.
OWN_MASK = ("ignore-r2", "ignore-r3", "ignore-r3-sw")


def asked(case, method):
    """Say whether this cell has one output and one batch, and nothing is added."""
    output, one_batch = case["outputs"][0], case["batch_size"] >= len(case["outputs"][0]["y_true"])
    plain = not output["penalties"] and output["add_loss"] is None and output["loss"] is not None
    whole = method in ("test_on_batch", "train_on_batch")
    return len(case["outputs"]) == 1 and plain and (whole or (one_batch and "_" not in method))


def aggregated(case, release, training, eager):
    """Return what `aggregate` answers for a case: an array, or None where it refuses."""
    output = case["outputs"][0]
    values, own_mask = values_of(output, release, slice(None), eager)
    mask = own_mask if output["mask"] is None else output["mask"] != 0
    weight = weights_of(case, release, 0, slice(None), training)
    reduction = output["options"].get("reduction", "sum_over_batch_size")
    reduction = "sum_over_batch_size" if reduction == "auto" else reduction
    rule = output_rule(output, release)
    name = release if rule is lb.rules.resolve(release) else rule.name
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            answer = lb.aggregate(values, weight, mask, rule=name, reduction=reduction)
    except ValueError:
        return None
    return np.ravel(answer.total).astype("float64") * factors(case)[0]


def same(ours, printed):
    """Say whether these are the same numbers; what was printed may be the mean of ours."""
    if ours.size != printed.size:
        ours = ours.mean(keepdims=True)
    equal = (ours == printed) | (np.isnan(ours) & np.isnan(printed))
    with np.errstate(invalid="ignore"):
        near = np.abs(ours - printed) <= RTOL * np.abs(printed) + ATOL
    return bool(np.all(equal | (near & np.isfinite(printed))))


def verdict(case, release, outcome, ours):
    """Say how the answer and the outcome compare, in words; "other" for a difference."""
    printed = reported(outcome)
    if printed is not None:
        if ours is not None and same(ours, printed):
            return "equal"
        if release.startswith("tf.keras-2.10.") and case in OWN_MASK:
            return "a mask of the loss itself"
        return REASON.get(case, "other") if ours is not None else "other"
    if ours is None:
        return "both refuse"
    for reason, (pattern, cases) in REFUSED_ELSEWHERE.items():
        if case in cases and re.search(pattern, outcome["error"]):
            return reason
    return "other"


@cache
def verdicts(release):
    """Return {(case id, method): verdict} of the cells that are asked."""
    answers, found = {}, {}
    for case in CASES:
        for method, outcome in outcomes(release).get(case["id"], {}).items():
            if not asked(case, method):
                continue
            key = case["id"], method.startswith(("train", "fit")), "on_batch" in method
            if key not in answers:
                answers[key] = aggregated(case, release, *key[1:])
            found[case["id"], method] = verdict(case["id"], release, outcome, answers[key])
    return found


@pytest.mark.parametrize("release", RELEASES)
def test_aggregate_answers_as_the_release_did(release):
    others = [cell for cell, kind in verdicts(release).items() if kind == "other"]
    assert not others, f"{release}: {len(others)} cells, such as {others[:10]}"
    assert len(verdicts(release)) > 700


def test_few_answers_need_a_reason_and_every_reason_is_needed():
    counts = Counter(kind for release in RELEASES for kind in verdicts(release).values())
    print(f"{len(RELEASES)} releases, {counts.total()} cells: {dict(counts)}")
    assert counts["equal"] > 25_000
    assert counts["both refuse"] > 3_000
    assert counts["equal"] + counts["both refuse"] > 0.93 * counts.total()
    found = {(kind, case) for r in RELEASES for (case, _), kind in verdicts(r).items()}
    listed = {(reason, case) for reason, (_, cases) in REFUSED_ELSEWHERE.items() for case in cases}
    assert listed <= found, f"listed without need: {sorted(listed - found)}"


# --- shapes that hardly anyone means

# Printed by test_on_batch (and evaluate) of a compiled model, sample_weight_mode="temporal" for
# weights of two axes: the shapes of values, weights and mask, one digit for each axis, then what
# each release reported. "?": the loss there is another one.
COLUMNS = (
    *("keras-2.2.4", "keras-2.3.1", "tf.keras-1.13.1", "tf.keras-1.13-class", "tf.keras-1.14.0"),
    *("tf.keras-1.15.5", "tf.keras-2.4.4", "tf.keras-2.7.4", "tf.keras-2.15.1"),
)
SHAPES = """\
()  -   4    1.072896 0.804672  refused        ?  refused  refused  refused  refused  refused
()  -   45   1.121069  refused 1.121069        ?  refused  refused 0.672642 0.672642 1.121069
()  -   425  1.128066  refused 1.128066        ?  refused  refused 0.676840 0.676840 1.128066
()  4   45   1.363472  refused 1.072896        ?  refused  refused 0.613563 0.613563 1.022604
()  45  45   1.287632  refused 1.121069        ?  refused  refused 0.733950 0.733950 1.223250
4   -   41   1.072896 0.707397 0.943197        ? 0.707397 0.707397 0.707397 0.707397 0.943197
4   -   44   1.126487  refused  refused        ?  refused  refused  refused  refused  refused
4   -   45    refused  refused  refused        ?  refused  refused  refused  refused  refused
41  -   4    1.072896 0.707397 0.943197 0.707397 0.707397 0.707397 0.707397 0.707397 0.943197
41  -   45   1.072896 0.643738  refused  refused  refused  refused 0.643738 0.643738 1.072896
41  -   444  1.126485  refused  refused        ?  refused  refused  refused  refused  refused
45  -   451   refused  refused 1.022814        ? 0.613688 0.613688 0.613688 0.613688 1.022814
45  4   4     refused 0.595090 1.136889 0.595090 0.595090 0.595090 0.595090 0.595090 0.793454
45  45  4     refused  refused  refused  refused  refused  refused  refused  refused  refused
45  4   45   1.203411 0.541535 0.946946 0.541535 0.541535 0.541535 0.541535 0.541535 0.902558
45  4   451   refused  refused  refused  refused  refused  refused 0.541535  refused  refused
44  4   4    1.406389 0.563030 1.075640 0.563030 0.563030 0.563030 0.563030 0.563030 0.750707
44  45  -     refused  refused  refused  refused  refused  refused  refused  refused  refused
451 4   -    1.436017 1.077013 1.129981 1.077013 1.077013  refused 1.077013 1.068519 1.068519
451 -   4    1.121069 0.840678 1.120904 0.840678 0.840678  refused 0.840802 0.840802 1.121069
451 4   45    refused 0.541535 0.946946 0.541535 0.541535 0.541535 0.541535 0.541535 0.902558
441 -   44   1.126080 0.617416 0.987866 0.617416 0.617416 0.617416 0.617416 0.617416 0.987866
451 4   451  1.203411 0.584922  refused  refused  refused  refused 0.541535 0.584922 0.974869
425 -   4     refused 0.850608 1.134144 0.850608 0.850608  refused  refused  refused  refused
425 4   -    1.424099 1.068074 1.120603 1.068074 1.068074  refused 1.068074  refused  refused
425 -   425  1.138183  refused 1.138184 0.682910 0.682910 0.682910 0.682910 0.682910 1.138184
425 4   425  1.339728  refused  refused  refused  refused  refused 0.602877  refused  refused
425 4   4     refused 0.591194 1.129445 0.591194 0.591194  refused  refused  refused  refused
425 4   42    refused 0.775234 1.121242 0.775234 0.775234 0.775234 0.775234 0.775234 1.240374
425 42  42    refused 0.582058 1.128840 0.582058 0.582058 0.582058 0.582058 0.582058 0.931293
444 4   -    1.433505 1.075129 1.128004 1.075129 1.075129  refused 1.075129 1.074533 1.074533
444 -   4    1.127065 0.845581 1.127441 0.845581 0.845581  refused 0.845299 0.845299 1.127065
444 4   444  1.402363 0.626754 1.101796 0.626754 0.626754 0.626754 0.640924 0.626754 1.028519
444 4   44   1.246599 0.657400 1.129492 0.657400 0.657400 0.657400 0.657400 0.657400 1.051839
444 44  4    1.259073  refused  refused  refused  refused  refused  refused  refused  refused
444 4   4    1.432375 0.590089 1.127334 0.590089 0.590089  refused 0.589008 0.589008 0.785344"""


def shape(digits):
    return None if digits == "-" else tuple(int(digit) for digit in digits.strip("()"))


def wave(shape, phase, low=-1.0, high=1.0):
    """Return multiples of 1/64 between low and high, as in records/atlas/cases/data.py."""
    values = low + (high - low) * (0.5 + 0.5 * np.sin(1.7 * np.arange(np.prod(shape)) + phase))
    return (np.round(values * 64) / 64).reshape(shape).astype("float32")


def given(values, weight, mask):
    """Return the arrays of these shapes: values are means of squares over all axes left."""
    y = next(
        (s for s in (weight, mask if weight is None else None) if s and len(s) > len(values)),
        values,
    )
    y = (4, 3) if y == () else (*y, 3)
    array = np.square(wave(y, 2.0) - wave(y, 0.3)).mean(tuple(range(len(values), len(y))))
    if weight is not None:
        weight = wave(weight, 0.7, 0.25, 2.0)
        weight.ravel()[-1] = 0.0
    if mask is not None:
        mask = ((np.arange(np.prod(mask)) * 7 + 1) % 5 < 3).reshape(mask)
    return array, weight, mask


@pytest.mark.filterwarnings("ignore:.*(multiply to|multiplies the same|it acts on):UserWarning")
@pytest.mark.parametrize("row", SHAPES.splitlines())
def test_shapes_that_hardly_anyone_means(row):
    *shapes, rest = row.split(maxsplit=3)
    arrays = given(*map(shape, shapes))
    for release, printed in zip(COLUMNS, rest.split(), strict=True):
        if printed == "?":
            continue
        try:
            answer = lb.aggregate(*arrays, rule=release)
        except ValueError:
            assert printed == "refused", (release, "does not refuse", printed)
            continue
        assert printed != "refused", (release, "refuses", answer.total)
        assert float(answer.total) == pytest.approx(float(printed), abs=2e-6), release
        assert np.sum(answer.coefficients * arrays[0]) == pytest.approx(answer.total, abs=2e-6)
        assert np.shape(answer.coefficients) == np.shape(arrays[0])


# tf.keras 1.13 and 1.14 average images to the axes of their weights: a class with "sum" or "none"
# reports that, in 1.13 without weights too: there they are a single 1. Recorded as above.
AVERAGED = {
    ("tf.keras-1.13-class", "sum", True): 4.27229738,
    ("tf.keras-1.14.0", "sum", True): 4.27229738,
    ("tf.keras-1.13-class", "sum", False): 4.51226377,
    ("tf.keras-1.14.0", "sum", False): 45.1226387,
    ("tf.keras-1.13-class", "none", True): [1.9107697, 1.90752137, 0.454006135, 0.0],
    ("tf.keras-1.14.0", "none", True): [1.9107697, 1.90752137, 0.454006135, 0.0],
}


@pytest.mark.parametrize(("rule", "reduction", "weighed"), AVERAGED)
def test_images_are_averaged_to_the_axes_of_their_weights(rule, reduction, weighed):
    values, weight, _ = given((4, 2, 5), (4,), None)
    answer = lb.aggregate(values, weight if weighed else None, rule=rule, reduction=reduction)
    expected = AVERAGED[rule, reduction, weighed]
    np.testing.assert_allclose(answer.total, expected, rtol=2e-6, atol=1e-6)
    assert np.sum(answer.coefficients * values) == pytest.approx(np.sum(expected), rel=2e-6)
