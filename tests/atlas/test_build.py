"""Which cases of the atlas moved from one run to another. No release is installed here."""

import copy

import pytest

from records.atlas import build

NEWEST = build.saved("keras-3.15.1")


def changed(case, change):
    """The newest run, with the outcomes of one case changed."""
    run = copy.deepcopy(NEWEST)
    run["results"][case] = {key: change(one) for key, one in run["results"][case].items()}
    return run


def louder(outcome):
    return {**outcome, "logs": {name: 2 * loss for name, loss in outcome["logs"].items()}}


@pytest.mark.parametrize(
    ("case", "change"),
    [
        ("mask-mse-r3", lambda outcome: {**outcome, "loss": outcome["loss"] + 1e-5}),
        ("sw-mse-r2-b", lambda outcome: {"error": "ValueError: no weights today"}),
        ("two-sw-dict-y-dict", lambda outcome: {"loss": 1.5}),
        ("loss-mse-r2", lambda outcome: {"loss": "nan"}),
        ("two-lw-list", louder),
    ],
)
def test_a_case_that_moved_is_named(monkeypatch, tmp_path, case, change):
    monkeypatch.setattr(build, "freeze", lambda: tmp_path)
    monkeypatch.setattr(build, "run", lambda *_: changed(case, change))
    assert build.moved("python") == [case]
    assert build.differences(changed(case, change), NEWEST) == [case]


def test_rounding_and_the_words_of_a_refusal_do_not_move_a_case(monkeypatch, tmp_path):
    monkeypatch.setattr(build, "freeze", lambda: tmp_path)
    rounded = changed("mask-mse-r3", lambda outcome: {**outcome, "loss": outcome["loss"] + 1e-6})
    reworded = changed("two-sw-dict-y-dict", lambda outcome: {"error": "ValueError: other words"})
    for run in (rounded, reworded):
        monkeypatch.setattr(build, "run", lambda *_, run=run: run)
        assert build.moved("python") == []
        assert len(build.differences(run, NEWEST)) == 1  # a check of the same release is exact


@pytest.mark.parametrize(
    ("error", "same"),
    [
        ("InvalidArgumentError: Incompatible shapes: [4,5] vs. [4]", True),
        ("InvalidArgumentError: Incompatible shapes: [4] vs. [4,5]", True),
        ("InvalidArgumentError: Incompatible shapes: [4,6] vs. [4]", False),
        ("ValueError: Incompatible shapes: [4] vs. [4,5]", False),
    ],
)
def test_the_shapes_of_a_refusal_come_in_any_order(error, same):
    """Of two operations that fail at once, the loss and its gradient, either words the error."""
    assert NEWEST["results"]["sw-bce-r3-b"]["evaluate"] != NEWEST["results"]["sw-bce-r3-b"]["fit"]
    run = copy.deepcopy(NEWEST)
    run["results"]["sw-bce-r3-b"]["fit"] = {"error": error}
    assert (build.differences(run, NEWEST) == []) is same
