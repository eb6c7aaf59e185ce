"""Every number that a release reported is the number that its rule gives, or carries a reason."""

from collections import Counter
from functools import cache

import numpy as np
import pytest

import lossbook as lb
from records.atlas.releases import RELEASES as RECORDED
from records.atlas.summary import outcomes
from tests.atlas.path import BY_ID, expected

RELEASES = sorted(RECORDED)
# Reported and computed in float32, in graphs that add up in another order.
RTOL, ATOL = 2e-6, 1e-6

# Why a number may be another one: a closed list, each with the cases it holds for.
REASONS = {
    "elementwise: another clip at probabilities of exactly 0 or 1": (
        "bce-exact",
        "bce-sigmoid-times",
    ),
    "elementwise: probabilities near 0 and 1, where float32 has few digits": (
        "seed-segmentation-logits",
        "bce-sigmoid",
        "bce-sigmoid-class",
    ),
    "elementwise: label smoothing counts the classes along axis 1": (
        "smooth-cce-r3",
        "smooth-cce-r4",
    ),
    "elementwise: the loss is computed in float16": ("f16-mse", "f16-mae", "f16-bce"),
    "elementwise: a cosine similarity, with the sign of a similarity": (
        "loss-cosine_similarity-r2",
    ),
    "an argument that does not travel: weights for one output of two": (
        "two-sw-dict-one",
        "two-sw-none-first",
        "two-sw-dict-one-y-dict",
    ),
    "an argument that does not travel: predictions of shape (batch,)": (
        "loss-mse-r1",
        "loss-bce-r1",
        "target-b1-b",
    ),
}
REASON = {case: reason for reason, cases in REASONS.items() for case in cases}


@cache
def cells(release):
    """Return {(case, method): what was reported, flat; None for an error} of a release."""
    return {
        (case, method): reported(outcome)
        for case, cell in outcomes(release).items()
        for method, outcome in cell.items()
    }


def reported(result):
    if "error" in result:
        return None
    calls = result.get("calls", [result])
    return np.array(flat([call["loss"] for call in calls]), float)


def flat(nested):
    if isinstance(nested, (list, tuple, np.ndarray)):
        return [float(x) for part in nested for x in flat(part)]
    return [float(nested)]


def reproduced(release, case, method, numbers):
    """Say whether the rule of the release gives these numbers."""
    try:
        ours = np.array(flat(expected(BY_ID[case], release, method)))
    except ValueError:
        return False
    if ours.shape != numbers.shape:
        return False
    same = (ours == numbers) | (np.isnan(ours) & np.isnan(numbers))
    with np.errstate(invalid="ignore"):
        near = np.abs(ours - numbers) <= RTOL * np.abs(numbers) + ATOL
    return bool(np.all(same | (near & np.isfinite(numbers))))


@cache
def verdicts(release):
    """Return {(case, method): "reproduced", a reason, or "other"} for every number."""
    found = {}
    for (case, method), numbers in cells(release).items():
        if numbers is not None:
            well = reproduced(release, case, method, numbers)
            found[case, method] = "reproduced" if well else REASON.get(case, "other")
    return found


@pytest.mark.parametrize("release", RELEASES)
def test_every_number_is_the_one_of_its_rule_or_has_a_reason(release):
    others = [cell for cell, verdict in verdicts(release).items() if verdict == "other"]
    assert not others, f"{release}: {len(others)} numbers, such as {others[:10]}"


def test_few_numbers_need_a_reason():
    counts = Counter(verdict for release in RELEASES for verdict in verdicts(release).values())
    total = counts.total()
    reasons = total - counts["reproduced"] - counts["other"]
    print(f"{len(RELEASES)} releases: {total} numbers, {reasons} with a reason, {counts['other']}")
    assert len(RELEASES) == 40
    assert reasons <= 0.05 * total
    assert set(REASONS) == set(counts) - {"reproduced", "other"}, "a reason that nothing needs"


@pytest.mark.parametrize("release", RELEASES)
def test_a_vector_given_to_add_loss(release):
    """Where the release refuses it, the rule does; elsewhere the number is compared above."""
    add_loss = lb.rules.resolve(release).extras["add_loss"]
    refused = cells(release)["add-rows", "evaluate"] is None
    try:
        add_loss(np.array([1.0, 2.0]))
    except ValueError as error:
        assert refused
        assert str(error).startswith("add_loss takes one number here, and received an array of")
    else:
        assert not refused
    assert np.all(add_loss(np.float64(1.5)) == 1.5)
