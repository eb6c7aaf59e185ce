"""What the drift watch says of numbers that moved. No release is installed here."""

import copy

import pytest

from lossbook.rules import resolve
from records.atlas import build
from tools.watch import drift, environments

NEWEST = build.saved("keras-3.15.1")["results"]


def told(run):
    return drift.report("Keras 3.16.0", drift.NEWEST, drift.moves(NEWEST, run))


def changed(case, change):
    """The newest run, with the outcomes of one case changed."""
    run = {**NEWEST, case: copy.deepcopy(NEWEST[case])}
    for methods, outcome in list(run[case].items()):
        run[case][methods] = change(outcome)
    return run


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1.0, 1.0 + 2.9e-6, True),
        (1.0, 1.0 + 3.1e-6, False),
        ("nan", "nan", True),
        ("nan", 1.0, False),
        ("inf", "-inf", False),
        ([1.0, 2.0], [1.0, 2.1], False),
        ([1.0], [1.0, 1.0], False),
        (None, None, True),
        (None, 0.0, False),
        (0.0, None, False),
    ],
)
def test_the_same_number_up_to_rounding(one, other, same):
    assert drift.same(one, other) is same


def test_a_run_that_moved_nothing():
    assert told(copy.deepcopy(NEWEST)) == (
        "## Keras 3.16.0 and the rule keras-3.15: all 255 cases hold\n"
    )


@pytest.mark.parametrize(
    ("case", "change", "line"),
    [
        (
            "mask-mse-r3",
            lambda outcome: {**outcome, "loss": 0.5},
            "mask (B, T)), evaluate, test_on_batch, train_on_batch, fit: 1.074 -> 0.5000",
        ),
        ("sw-mse-r2-b", lambda outcome: {"error": "ValueError: no weights today"}, " -> refused"),
        ("two-sw-dict-y-dict", lambda outcome: {"loss": 1.5}, ": refused -> 1.500"),
        ("loss-mse-r2", lambda outcome: {"loss": "nan"}, " -> nan"),
        (
            "two-lw-list",
            lambda outcome: {
                **outcome,
                "logs": {name: 2 * number for name, number in outcome["logs"].items()},
            },
            "evaluate b_loss, test_on_batch b_loss, train_on_batch b_loss, fit b_loss: "
            "0.9371 -> 1.874",
        ),
    ],
)
def test_what_moved_is_told(case, change, line):
    said = told(changed(case, change))
    assert said.startswith("## Keras 3.16.0 and the rule keras-3.15: 1 of 255 cases moved\n")
    assert f"- {case} (" in said and line in said and "ValueError" not in said


def test_numbers_whose_first_four_digits_agree_get_more():
    number = drift.numbers(NEWEST["loss-mse-r2"])["evaluate"]
    said = told(changed("loss-mse-r2", lambda outcome: {"loss": number + 1e-5}))
    assert f": {number:.9g} -> {number + 1e-5:.9g}" in said


def test_an_old_release_is_held_to_a_rule():
    old = build.saved("keras-3.5.0")["results"]
    found = drift.moves(NEWEST, old)
    assert len({move.case for move in found}) == 51
    assert (
        "- reg-activity (L2 penalty on the activity), evaluate, test_on_batch, train_on_batch, "
        "fit: 1.251 -> 1.663"
    ) in drift.report("Keras 3.5.0", drift.NEWEST, found)
    assert drift.record_of("keras-3.5") == "keras-3.6.0"
    assert drift.moves(build.saved("keras-3.6.0")["results"], old) == []


def test_the_rule_of_colab_and_the_newest_have_records():
    assert drift.record_of("keras-3.13") == f"keras-{drift.COLAB}"
    assert drift.record_of(drift.NEWEST) == "keras-3.15.1"
    names = sorted(pin.partition("==")[0] for pin in drift.PINS)
    assert names == ["keras", "numpy", "tensorflow"]


def test_a_release_with_a_rule_of_its_own_is_said_to_have_one():
    assert drift.own_rule("3.5.0", "keras-3.15") == (
        "The book knows Keras 3.3 to 3.6: there its rule is keras-3.3."
    )
    assert drift.own_rule("3.15.1", "keras-3.15") == ""
    assert drift.own_rule("3.16.0.dev2026102704", "keras-3.15") == (
        "The book has no rule for Keras 3.16.0.dev2026102704 yet, and takes it for keras-3.15."
    )


@pytest.mark.parametrize("moved", [True, False])
def test_a_watch_says_whether_something_moved(monkeypatch, tmp_path, moved):
    """With the recorded run of an older release where its Keras would run."""
    release = "keras-3.5.0" if moved else "keras-3.15.1"
    versions = {"keras": release[6:], "backend": "tensorflow", "backend_version": "2.18.1"}
    versions |= {"python": "3.12.1", "device": "cpu"}
    monkeypatch.setattr(environments, "versions", lambda python: versions)
    monkeypatch.setattr(build, "run", lambda *arguments: build.saved(release))
    monkeypatch.setattr(build, "freeze", lambda: tmp_path)
    page = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    assert drift.watch(release[6:], "python") is moved
    said = page.read_text()
    assert ("51 of 255 cases moved" if moved else "all 255 cases hold") in said
    assert ("there its rule is" in said) is moved
    if moved:
        assert drift.watch(release[6:], "python", resolve("keras-3.5").name) is False
