"""`lossbook.atlas` says what the recorded results say."""

import subprocess
import sys

import numpy as np
import pytest

from lossbook import atlas
from records.atlas.releases import RELEASES
from records.atlas.summary import outcomes
from tools.notebooks.files import ROOT


def test_the_summary_is_made_of_the_results():
    code = "from records.atlas import summary; print(end=summary.summary())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == (ROOT / "lossbook" / "_atlas.json").read_text("utf8")


@pytest.mark.parametrize("method", ["evaluate", "fit", "test_on_batch", "train_on_batch"])
def test_each_number_is_the_recorded_one(method):
    """Read again without the summary: up to the rounding that makes two numbers one."""
    assert set(atlas.releases()) == set(RELEASES)
    for case in atlas.cases():
        for release, number in atlas.recorded(f"{case} {method}").items():
            found = outcomes(release)[case][method]
            if "error" in found:
                assert number is None, (case, release)
            else:
                ours, theirs = np.array(number, float), np.array(found["loss"], float)
                np.testing.assert_allclose(
                    ours, theirs, rtol=4e-6, atol=2e-6, err_msg=f"{case} {release}"
                )


def test_other_methods_and_logs():
    calls = atlas.recorded("epoch-mse test_on_batch_calls")["keras-3.8.0"]
    found = outcomes("keras-3.8.0")["epoch-mse"]["test_on_batch_calls"]["calls"]
    np.testing.assert_allclose(calls, [call["loss"] for call in found], rtol=4e-6)
    logged = atlas.recorded("two-lw-list evaluate b_loss")
    found = outcomes("keras-3.5.0")["two-lw-list"]["evaluate"]
    assert logged["keras-3.5.0"] == pytest.approx(found["logs"]["b_loss"], rel=4e-6)
    assert logged["keras-3.0.5"] is None  # the loss was reported, this wasn't


def test_groups_hold_every_release_once():
    for case in atlas.cases():
        names = [name for _, group in atlas.groups(case) for name in group]
        assert sorted(names) == sorted(atlas.releases())
        numbers = [repr(number) for number, _ in atlas.groups(case)]
        assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["keras-2.2.4"], "Keras 2.2.4"),
        (["keras-2.2.4", "keras-2.3.1"], "Keras 2.2.4, 2.3.1"),
        (["tf.keras-2.0.4", "tf.keras-2.1.4", "tf.keras-2.2.3"], "tf.keras 2.0.4 to 2.2.3"),
        (["tf_keras-2.16.0", "tf_keras-2.21.0", "keras-3.0.5"], "tf_keras, Keras 3.0.5"),
        ([], ""),
    ],
)
def test_spans(names, words):
    assert atlas.spans(names) == words


def test_all_releases_in_words():
    assert atlas.spans(atlas.releases()) == "Keras 2, tf.keras 1, tf.keras 2, tf_keras, Keras 3"


def test_unknown_names():
    with pytest.raises(ValueError, match=r"^No case 'sw' in the atlas\. `lossbook\.atlas\.cases"):
        atlas.recorded("sw")
    with pytest.raises(
        ValueError, match=r"^Case 'two-plain' has no 'predict'\. It has: evaluate, "
    ):
        atlas.groups("two-plain predict")


def test_the_text_of_a_case(snapshot):
    assert atlas.text("two-lw-list evaluate b_loss") == snapshot
    lines = atlas.text("add-rows").splitlines()
    assert "  0.9752 1.182 1.253 1.104" in lines
    assert lines[lines.index("  refused") + 1].startswith("      tf.keras 2.2.3 to 2.15.1")
    assert "  nan" in atlas.text("mask-mse-r3-nothing").splitlines()
    wrapped = [line for case in atlas.cases() for line in atlas.text(case).split("\n")[1:]]
    assert all(len(line) <= 40 for line in wrapped if line.startswith("      "))
