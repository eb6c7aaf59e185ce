"""The drift watch: what moved is told in the book's words. No release is installed here."""

import copy
import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from tests.atlas.atlas_path import CASES
from tools.watch import drift, matrix
from tools.watch import drift_words as words

ROOT = Path(__file__).resolve().parents[2]
TITLES = {case["id"]: case["title"] for case in CASES}
RECORDS = drift.recorded()
NEWEST = RECORDS["keras-3.15.1"]


def report(before, after, form=words.text, version="Keras 3.16.0", others=()):
    found = words.moves(before, after, TITLES, others)
    return form(version, "keras-3.15", found, len(after))


def changed(case, change):
    """The newest run, with the outcomes of one case changed."""
    run = {**NEWEST, case: copy.deepcopy(NEWEST[case])}
    for methods, outcome in list(run[case].items()):
        run[case][methods] = change(outcome)
    return run


# --- what counts as moved


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1.0, 1.0 + 2.9e-6, True),
        (1.0, 1.0 + 3.1e-6, False),
        (1000.0, 1000.002, True),
        (1000.0, 1000.003, False),
        ("nan", "nan", True),
        ("nan", 1.0, False),
        ("inf", "inf", True),
        ("inf", "-inf", False),
        (1.0, "inf", False),
        ([1.0, 2.0], [1.0, 2.0], True),
        ([1.0, 2.0], [1.0, 2.1], False),
        ([1.0], [1.0, 1.0], False),
        (None, None, True),
        (None, 0.0, False),
        (0.0, None, False),
    ],
)
def test_the_same_number_up_to_rounding(one, other, same):
    assert words.same(one, other) is same


def test_a_run_that_moved_nothing():
    assert report(NEWEST, copy.deepcopy(NEWEST)) == (
        "Keras 3.16.0 follows the rule keras-3.15 in all of 255 cases: nothing moved."
    )


def test_a_number_that_moved_is_told_in_words():
    run = changed("mask-mse-r3", lambda outcome: {**outcome, "loss": 0.5})
    assert report(NEWEST, run) == (
        "Keras 3.16.0 does not follow the rule keras-3.15 any more: 1 case of 255 moved.\n\n"
        'Rule "a mask takes the padding out of the sum and out of the denominator" (keras-3.15) '
        "no longer holds for Keras 3.16.0:\n"
        "  mask-mse-r3: mask (B, T)\n"
        "    evaluate, test_on_batch, train_on_batch, fit: 1.074 -> 0.5000\n"
        "  Chapters: 4 Masks, 15 The atlas of releases"
    )


def test_a_refusal_is_told_in_words_and_its_message_is_not():
    run = changed("sw-mse-r2-b", lambda outcome: {"error": "ValueError: no weights today"})
    told = report(NEWEST, run)
    assert " -> refused" in told and "ValueError" not in told
    assert 'Rule "Keras divides by how many values there are, not by how much they weigh"' in told


def test_a_number_in_place_of_a_refusal():
    case = "two-sw-dict-y-dict"
    assert set(words.numbers(NEWEST[case]).values()) == {None}
    assert "refused -> 1.500" in report(NEWEST, changed(case, lambda outcome: {"loss": 1.5}))


def test_numbers_whose_first_four_digits_agree_get_more():
    number = words.numbers(NEWEST["loss-mse-r2"])["evaluate"]
    run = changed("loss-mse-r2", lambda outcome: {"loss": number + 1e-5})
    assert f": {number:.9g} -> {number + 1e-5:.9g}" in report(NEWEST, run)


def test_nan_is_a_number_too():
    assert "-> nan" in report(NEWEST, changed("loss-mse-r2", lambda outcome: {"loss": "nan"}))
    assert math.isnan(words.alike.flat(["nan"])[0])


def test_a_line_of_a_log_is_its_own_topic():
    def change(outcome):
        return {**outcome, "logs": {name: 2 * n for name, n in outcome["logs"].items()}}

    told = report(NEWEST, changed("two-lw-list", change))
    assert 'Rule "the line of an output is before its loss weight; TensorFlow counts' in told
    assert "b_loss of evaluate, test_on_batch, train_on_batch, fit: 0.9371 -> 1.874" in told


# --- a deliberate change: an old release against the newest rule


def test_an_old_release_gets_a_readable_report():
    told = report(NEWEST, RECORDS["keras-3.5.0"], version="Keras 3.5.0", others=RECORDS)
    assert told.startswith(
        "Keras 3.5.0 does not follow the rule keras-3.15 any more: 51 cases of 255 moved.\n"
    )
    assert (
        "  reg-activity: L2 penalty on the activity\n"
        "    evaluate, test_on_batch, train_on_batch, fit: 1.251 -> 1.663\n"
        "      the new number is also that of Keras 2, Keras 3.0.5 to 3.13.2\n"
    ) in told
    assert (
        'Rule "a call for one batch returns the loss of that batch alone" (keras-3.15) '
        "no longer holds for Keras 3.5.0:"
    ) in told
    assert "Traceback" not in told and "Error" not in told


def test_an_old_release_follows_its_own_rule():
    base = drift.record_of("keras-3.5", RECORDS)
    assert base == "keras-3.6.0"
    assert words.moves(RECORDS[base], RECORDS["keras-3.5.0"], TITLES) == []
    assert drift.record_of("keras-3.13", RECORDS) == f"keras-{drift.COLAB}"
    assert drift.record_of(drift.NEWEST, RECORDS) == "keras-3.15.1"


def test_the_markdown_has_a_row_for_every_move():
    found = words.moves(NEWEST, RECORDS["keras-3.5.0"], TITLES, RECORDS)
    page = words.markdown("Keras 3.5.0", "keras-3.15", found, 255, ["A note."])
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert len(rows) == len(found) > 60
    assert {row.count(" | ") for row in rows} == {4}
    assert page.startswith("## Keras 3.5.0\n\nKeras 3.5.0 does not follow")
    assert page.endswith("\n\nA note.\n")


def test_a_release_with_a_rule_of_its_own_is_said_to_have_one():
    assert drift.own_rule("3.5.0", "keras-3.15") == (
        "The book knows Keras 3.3 to 3.6: there its rule is keras-3.3.",
    )
    assert drift.own_rule("3.15.1", "keras-3.15") == ()
    assert drift.own_rule("3.16.0.dev2026102704", "keras-3.15") == (
        "The book has no rule for Keras 3.16 yet, and takes it for keras-3.15.",
    )


# --- the probes beside the atlas


def line(case, ours, printed):
    return {
        "case": case,
        "title": "a mask before an LSTM layer",
        "rule": {"evaluate": {"loss": ours}},
        "printed": {"evaluate": {"loss": printed}},
    }


def test_a_lost_mask_is_told_in_words():
    found, count = drift.moved_probes([line("through-lstm", 0.452, 0.376)])
    told = words.text("Keras 3.16.0.dev1", "keras-3.15", found, count)
    assert told == (
        "Keras 3.16.0.dev1 does not follow the rule keras-3.15 any more: 1 case of 1 moved.\n\n"
        'Rule "a layer that keeps the steps passes the mask on to the loss" (keras-3.15) no longer '
        "holds for Keras 3.16.0.dev1:\n"
        "  through-lstm: a mask before an LSTM layer\n"
        "    evaluate: 0.4520 -> 0.3760\n"
        "  Chapters: 4 Masks, 13 Your own model"
    )
    assert drift.moved_probes([line("through-lstm", 0.452, 0.452)]) == ([], 1)


def test_the_pinned_keras_follows_the_probes(tmp_path):
    path = tmp_path / "answers.jsonl"
    command = [sys.executable, "-m", "tools.watch.drift_probes", drift.NEWEST, path]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    lines = [json.loads(text) for text in path.read_text().splitlines()][1:]
    found, count = drift.moved_probes(lines)
    assert found == []
    assert count > 25
    assert {next(iter(one["rule"])) for one in lines} == {"evaluate", "loss", "function"}
    assert {"through-lstm", "smooth-axis-1", "region-tversky-0.25", "loss-huber"} <= {
        one["case"] for one in lines
    }


# --- topics, releases, the command


def test_every_case_has_a_topic_and_every_topic_a_chapter():
    assert {words.topic_of(case["id"]) for case in CASES} | {
        "passing masks",
        "regions",
        "calls for one batch",
        "lines of outputs",
    } == set(words.TOPICS)
    for topic, (rule, names, _) in words.TOPICS.items():
        assert rule[0].islower() or rule.startswith(("Keras", "Dice"))
        assert all((ROOT / "book" / f"{name}.ipynb").exists() for name in names), topic
    assert words.chapters("passing masks") == "4 Masks, 13 Your own model"


def test_an_unknown_release_is_refused(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["drift.py", "2.2.4"])
    with pytest.raises(SystemExit, match=r"^Expected newest, nightly, colab or a Keras"):
        drift.main()


def test_a_nightly_that_does_not_install_is_said_plainly(monkeypatch, tmp_path):
    def environment(release, folder):
        if release == "nightly":
            raise subprocess.CalledProcessError(1, "uv")
        return folder / release

    monkeypatch.setattr(matrix, "environment", environment)
    python, notes = drift.environment("nightly", tmp_path)
    assert python == tmp_path / "newest"
    assert notes == (
        "There is no nightly of Keras that installs here: this is the newest release instead.",
    )


def test_colab_gets_its_own_pins(monkeypatch, tmp_path):
    installed = []
    monkeypatch.setattr(matrix, "environment", lambda release, folder: folder / release)
    monkeypatch.setattr(drift.subprocess, "run", lambda command, check: installed.append(command))
    assert drift.environment("colab", tmp_path) == (tmp_path / drift.COLAB, ())
    names = [package.partition("==")[0] for package in installed[0][-3:]]
    assert sorted(names) == ["keras", "numpy", "tensorflow"]
    assert f"keras=={drift.COLAB}" in installed[0]


@pytest.mark.parametrize(
    ("moved", "cells", "code"), [([], [], 0), (["a move"], [], 1), ([], ["a cell"], 1)]
)
def test_the_command_fails_where_something_moved(monkeypatch, moved, cells, code):
    held = {}

    def watch(release, rule, records):
        held[release] = rule
        printed = (f"Keras {release}", cells, {}) if release == "nightly" else None
        return (f"Keras {release}", rule, moved, 255, ()), printed

    monkeypatch.setattr(sys, "argv", ["drift.py"])
    monkeypatch.setattr(drift, "watch", watch)
    monkeypatch.setattr(drift, "publish", lambda reports: None)
    assert drift.main() == code
    assert held == {"newest": "keras-3.15", "nightly": "keras-3.15", "colab": "keras-3.13"}


def test_the_report_reaches_the_page_of_a_run(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(drift, "FOLDER", tmp_path)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    (tmp_path / "summary.md").write_text("Before.\n")
    reports = (
        ("Keras 3.15.1", "keras-3.15", [], 255, ()),
        ("Keras 3.15.1", [], {"04_masks": {"passed": 35, "failed": 0}}),
    )
    drift.publish([reports, (reports[0], None)])
    told = capsys.readouterr().out
    assert told.count("nothing moved") == 2 and told.count("all of 35 cells") == 1
    page = (tmp_path / "report.md").read_text()
    assert page.count("nothing moved") == 2 and page.count("all of 35 cells") == 1
    assert (tmp_path / "summary.md").read_text() == f"Before.\n{page}"
