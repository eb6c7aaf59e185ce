"""What the pictures that move show: real Keras prints it; the extension puts it in its place."""

import json
import re
import warnings
from dataclasses import replace
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from docutils import nodes
from keras import layers

from lossbook._interact.bar import budget, svg
from lossbook._interact.state import parse
from tests.browser.ledger.cases import draw, expected
from tools.sphinx_extensions import islands
from tools.sphinx_extensions.islands import forgotten, means, stages


def test_the_stages_are_those_of_keras():
    """Two outputs, a mask, weights, a penalty; then two batches, the last one short."""
    left = stages.numbers()
    loss = keras.losses.MeanAbsoluteError()
    values = keras.ops.convert_to_tensor(stages.Y_PRED.astype("float32"))
    values._keras_mask = keras.ops.convert_to_tensor(stages.MASK)
    first = float(loss(0 * stages.Y_PRED, values, sample_weight=stages.WEIGHT))
    assert first == pytest.approx(left["reduction"], rel=1e-6)

    inputs = keras.Input((2,))

    class Penalty(layers.Layer):
        def call(self, x):
            self.add_loss(0 * keras.ops.mean(x) + stages.PENALTY)
            return x

    one, other = Penalty()(inputs[:, :1]), inputs[:, 1:]
    model = keras.Model(inputs, [one, other])
    model.compile(loss=["mae", "mae"], loss_weights=[stages.LOSS_WEIGHT, 1.0])
    batch = np.array([[first, stages.OTHER_OUTPUT]] * 2, "float32")
    short = (stages.OTHER_BATCH - stages.PENALTY) / (stages.LOSS_WEIGHT + 1)
    rows = np.vstack([batch, [[short, short]]]).astype("float32")

    def evaluate(rows):
        zeros = np.zeros((len(rows), 1), "float32")
        return model.evaluate(rows, [zeros, zeros], batch_size=2, verbose=0, return_dict=True)

    assert evaluate(batch)["loss"] == pytest.approx(left["additional losses"], rel=1e-6)
    assert evaluate(rows)["loss"] == pytest.approx(left["epochs"], rel=1e-6)


def test_the_coefficients_of_the_first_loss_are_measured():
    """By how much the number of a stage moves with the first loss, which the page says."""
    before = stages.numbers()
    whole = stages.Y_PRED.copy()
    stages.Y_PRED[0, 0, 0] += 1
    try:
        after = stages.numbers()
    finally:
        stages.Y_PRED[:] = whole
    for (name, value), told in zip(before.items(), stages.coefficients(), strict=True):
        top, _, under = told.partition("/")
        moved = np.ravel(after[name])[0] - np.ravel(value)[0]
        assert moved == pytest.approx(int(top) / int(under or 1), rel=1e-9), name


def test_the_sentences_of_the_stages_are_true():
    left, said = stages.numbers(), {name: text for name, (text, _) in stages.SAID.items()}
    assert str(stages.Y_PRED.size) in said["elementwise"]
    assert left["weights"].sum() == pytest.approx(16.8) and "16.8" in said["reduction"]
    assert (
        f"{stages.LOSS_WEIGHT}" in said["outputs"] and f"{stages.OTHER_OUTPUT}" in said["outputs"]
    )
    assert f"{stages.PENALTY}" in said["additional losses"]
    assert 2 * left["additional losses"] + stages.OTHER_BATCH == pytest.approx(4.8)


def test_the_forgotten_class_is_the_riddle_of_chapter_1():
    """0.0034 where all of it is found, 0.0164 where nothing is: the numbers of the chapter."""
    share = 100 * 697 / 65536
    assert forgotten.numbers(share, 100, 1)["loss"] == pytest.approx(0.0034, abs=5e-5)
    assert forgotten.numbers(share, 0, 1)["loss"] == pytest.approx(0.0164, abs=5e-5)
    top = forgotten.numbers(share, 100 * 162 / 697, 1)
    assert top["loss"] == pytest.approx(0.0134, abs=1e-4)
    assert top["iou"] == pytest.approx(0.2324, abs=2e-3)


def test_the_means_are_those_of_chapter_10():
    here = means.numbers("AAAABBBB")
    assert here["losses"] == pytest.approx([1.6, 7.2])
    assert (here["by_rows"], here["by_steps"]) == (pytest.approx(4.4), pytest.approx(3.0))
    assert here["gap"] == pytest.approx(here["by_rows"] - here["by_steps"])


@pytest.mark.parametrize("name", islands.NAMES)
def test_what_stands_there_without_a_script(name):
    html = islands.island(name)
    assert f'id="{name}"' in html and "\n\n" not in html
    assert html.count("<table") == html.count("<details") == html.count("<figcaption") == 1
    assert 'role="img" aria-label="' in html


def test_an_unknown_one_is_refused():
    with pytest.raises(ValueError, match="No picture that moves has the name 'nobody'"):
        islands.island("nobody")


def test_it_stands_at_the_end_of_its_section(monkeypatch):
    monkeypatch.setattr(islands, "PLACES", [{"page": "book/x", "section": "a", "island": "means"}])
    inner, outer = nodes.section(ids=["b"]), nodes.section(ids=["a"])
    outer += [nodes.title("", "A"), nodes.paragraph("", "text"), inner]
    page = nodes.Element("", outer)
    islands.place(SimpleNamespace(env=SimpleNamespace(docname="book/x")), page)
    assert [node.tagname for node in outer] == ["title", "paragraph", "raw", "section"]
    outer["ids"] = ["other"]
    with pytest.raises(ValueError, match="book/x has no section 'a'"):
        islands.place(SimpleNamespace(env=SimpleNamespace(docname="book/x")), page)


def test_each_knows_its_script_and_other_pages_have_none():
    context = {"body": '<figure data-island="x">', "pathto": lambda name, _: f"../{name}"}
    islands.name_script(None, "", "", context, None)
    assert context["body"] == '<figure data-script="../_static/islands.js" data-island="x">'
    plain = {"body": "<p>"}
    islands.name_script(None, "", "", plain, None)
    assert plain["body"] == "<p>"


def test_the_bar_that_stands_still_has_the_lengths_of_lossbook():
    rng = np.random.default_rng(5)
    drawn = 0
    for _ in range(300):
        state = draw(rng)
        if state.mask is not None and state.mask.all():
            state = replace(state, mask=None)
        right = expected(state)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of weights that meet another axis
            pieces = None if right is None else budget(state)
            picture = svg(state) if pieces else ""
        if pieces is None:
            continue
        drawn += 1
        np.testing.assert_allclose([p.length for p in pieces], right["lengths"], rtol=1e-12)
        ends = np.cumsum([p.length + p.hole for p in pieces])
        np.testing.assert_allclose([p.start for p in pieces], [0, *ends[:-1]], atol=1e-12)
        if any(p.hole for p in pieces):
            assert ends[-1] == pytest.approx(1)
        assert picture.count("<rect") >= sum(p.length > 0 for p in pieces)
    assert drawn > 80


@pytest.mark.parametrize(
    ("state", "holes"),
    [
        ("1~4~none~0.2_0.4_1_2~all~4_1_1_0_0~keras-3.15~mean", [0, 0, 0.25, 0.25]),
        ("1~4~none~0.2_0.4_1_2~1100~none~keras-3.15~mean", [0, 0, 0, 0]),
        ("1~4~none~0.2_0.4_1_2~1110~4_1_1_0_1~keras-3.15~mean", [0, 0, 1 / 3, 0]),
        ("1~4~none~0.2_0.4_1_2~1100~none~tf.keras-2.7~sum_over_batch_size", [0, 0, 0.25, 0.25]),
        ("1~4~none~0.2_0.4_1_2~all~4_1_1_0_0~keras-2.2~sum_over_batch_size", [0, 0, 0, 0]),
        ("1~4~none~0.2_0.4_1_2~all~4_2_1_0.5_0~keras-3.15~mean", [0, 0, 1 / 24, 1 / 12]),
        ("1~4~none~0.2_0.4_1_2~all~4_1_1_0_0~keras-3.15~sum", [0, 0, 0, 0]),
    ],
)
def test_a_weight_of_0_leaves_a_hole_and_a_mask_does_not(state, holes):
    found = [piece.hole for piece in budget(parse(state))]
    np.testing.assert_allclose(found, holes, atol=1e-12)


def test_the_frames_fit_their_picture():
    for boxes in stages.frames():
        assert len(boxes) == len(json.loads(json.dumps(boxes))) == 16
        for left, top, width, height, _, _ in boxes:
            assert left >= 0 and top >= 0 and left + width <= 100 and top + height <= 100
    assert re.search(r"\d", stages.html())
