"""The page of questions: what its answers say is what real Keras does; its links and numbers hold.

The chapters prove the answers at length; here each of the twelve has one run, on data so small that
the expected number is plain arithmetic; 3 and 9 have theirs in test_index.py.
"""

import json
import re
from pathlib import Path

import keras
import numpy as np
import pytest

import lossbook as lb
from tests.book.replay import VALUES, ZEROS, evaluate, model_of, replay

pytestmark = pytest.mark.filterwarnings("ignore:The model does not have any trainable weights")

BOOK = Path(__file__).parents[2] / "book"
TEXT = (BOOK / "questions.md").read_text(encoding="utf-8")
QUESTIONS = dict(re.findall(r"^### (.+?)\n(.+?)(?=^##|\Z)", TEXT, flags=re.DOTALL | re.MULTILINE))


def chapters(answer):
    return re.findall(r"\((\w+)\.ipynb#", answer)


def outputs(chapter):
    """All that the cells of a chapter print."""
    notebook = json.loads((BOOK / f"{chapter}.ipynb").read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return "".join("".join(out.get("text", "")) for cell in cells for out in cell["outputs"])


# The page


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_has_one_sentence_and_a_link_to_a_chapter(question):
    answer = QUESTIONS[question]
    assert re.match(r"\n?\*\*[^*]+[.]\*\*\n", answer), "the answer is one paragraph in bold"
    assert question.endswith("?")
    assert chapters(answer), "See [the section](NN_chapter.ipynb#section)"


def test_the_twelve_have_other_wordings():
    first, _ = TEXT.split("## The prediction and its elements")
    assert first.count("\n### ") == first.count("*Also asked as:*") == 12


@pytest.mark.parametrize("number", sorted(set(re.findall(r"(?<!Keras )\b\d+\.\d{2,}\b", TEXT))))
def test_a_number_is_printed_by_a_chapter_that_the_answer_links_to(number):
    answers = [answer for answer in QUESTIONS.values() if number in answer]
    for answer in answers:
        assert any(number in outputs(chapter) for chapter in chapters(answer)), number


def test_every_chapter_answers_a_question():
    linked = {chapter for answer in QUESTIONS.values() for chapter in chapters(answer)}
    assert linked == {path.stem for path in BOOK.glob("[0-9][0-9]_*.ipynb")}


# The twelve answers


def test_1_fit_sees_other_weights_dropout_and_class_weight():
    moving = model_of(keras.layers.Dense(1), loss="mse", optimizer=keras.optimizers.SGD(0.01))
    history = moving.fit(VALUES[:, None], VALUES, batch_size=4, verbose=0)
    after = moving.evaluate(VALUES[:, None], VALUES, verbose=0)
    assert history.history["loss"][0] != pytest.approx(after, rel=0.01)
    still = replay(optimizer=keras.optimizers.SGD(0.0))
    data = {"x": VALUES[:, None], "y": ZEROS[:, None], "verbose": 0}
    fitted = still.fit(**data, class_weight={0: 3.0}, validation_data=(data["x"], data["y"]))
    assert fitted.history["loss"][0] == pytest.approx(3 * VALUES.mean())
    assert fitted.history["val_loss"][0] == pytest.approx(VALUES.mean())
    drops = model_of(keras.layers.Dropout(0.5, seed=1), loss="mae")
    fitted = drops.fit(**data)
    assert fitted.history["loss"][0] != pytest.approx(VALUES.mean(), rel=1e-3)
    assert evaluate(drops) == pytest.approx(VALUES.mean())


def test_2_the_logit_behind_a_sigmoid_is_not_clipped():
    model = model_of(keras.layers.Activation("sigmoid"), loss="binary_crossentropy")
    x, y = np.array([[-40.0]], "float32"), np.ones((1, 1), "float32")
    by_hand = keras.losses.binary_crossentropy(y, model.predict(x, verbose=0))
    assert float(by_hand[0]) == pytest.approx(16.118, abs=5e-4)
    found = keras.backend.backend() == "tensorflow"
    assert model.evaluate(x, y, verbose=0) == pytest.approx(40.0 if found else 16.118, abs=5e-4)


def test_4_class_weight_divides_by_the_number_of_values():
    labels, weights = np.array([0, 1, 1, 1]), np.array([1.0, 10.0])
    model = replay(loss=lambda y, p: keras.ops.abs(p[:, 0]), optimizer=keras.optimizers.SGD(0.0))
    fitted = model.fit(
        VALUES[:, None], labels, class_weight=dict(enumerate(weights)), verbose=0
    ).history["loss"][0]
    assert fitted == pytest.approx((1 + 10 * (2 + 4 + 9)) / 4)
    by_hand = model.evaluate(VALUES[:, None], labels, sample_weight=weights[labels], verbose=0)
    assert by_hand == pytest.approx(fitted)


def test_5_the_total_is_the_weighted_sum_and_the_additional_losses():
    inputs = keras.Input((1,))
    ones = {"use_bias": False, "kernel_initializer": "ones", "kernel_regularizer": "l2"}
    heads = [
        keras.layers.Dense(1, name="a", **ones)(inputs),
        keras.layers.Identity(name="b")(inputs),
    ]
    model = keras.Model(inputs, heads)
    metrics = [[keras.metrics.MeanAbsoluteError()], [keras.metrics.MeanSquaredError()]]
    model.compile(loss=["mae", "mse"], loss_weights=[2.0, 10.0], metrics=metrics)
    zeros = ZEROS[:, None]
    logs = model.evaluate(VALUES[:, None], [zeros, zeros], verbose=0, return_dict=True)
    assert logs["loss"] == pytest.approx(2 * 4 + 10 * np.mean(VALUES**2) + 0.01, rel=1e-5)
    # Before Keras 3.7 the lines were weighted.
    if tuple(map(int, keras.__version__.split(".")[:2])) >= (3, 7):
        assert logs["a_loss"] == pytest.approx(4.0)
        assert logs["b_loss"] == pytest.approx(np.mean(VALUES**2))


def test_6_the_loss_divides_by_n_and_the_metric_by_the_weights():
    weight = np.array([1.0, 1.0, 0.0, 0.0])
    model = replay(weighted_metrics=["mae"])
    assert evaluate(model, sample_weight=weight) == pytest.approx([3 / 4, 3 / 2])
    loss = keras.losses.MeanAbsoluteError(reduction="mean_with_sample_weight")
    assert evaluate(replay(loss=loss), sample_weight=weight) == pytest.approx(3 / 2)


@pytest.mark.parametrize(("layer", "counts"), [("dense", False), ("times one", True)])
def test_7_targets_under_the_padding_tell_whether_the_mask_arrived(layer, counts):
    inputs = keras.Input((3,), dtype="int32")
    x = keras.layers.Embedding(5, 2, mask_zero=True)(inputs)
    x = x * 1 if layer == "times one" else x
    model = keras.Model(inputs, keras.layers.Dense(1)(x))
    model.compile(loss="mse")
    tokens, y = np.array([[1, 2, 0]]), np.zeros((1, 3, 1), "float32")
    changed = y.copy()
    changed[0, 2] = 5.0
    one, other = (model.evaluate(tokens, target, verbose=0) for target in (y, changed))
    assert (one != pytest.approx(other)) == counts


def test_8_penalties_are_added_to_val_loss_undivided():
    class Penalty(keras.layers.Layer):
        def call(self, inputs):
            self.add_loss(keras.ops.convert_to_tensor(2.0))
            return inputs

    model = keras.Sequential([keras.Input((1,)), Penalty()])
    model.compile(loss="mae", metrics=["mae"], optimizer=keras.optimizers.SGD(0.0))
    data = (VALUES[:, None], ZEROS[:, None])
    logs = model.fit(*data, validation_data=data, batch_size=2, verbose=0).history
    for key in ("loss", "val_loss"):
        assert logs[key][0] == pytest.approx(VALUES.mean() + 2.0)
    assert logs["val_mae"][0] == pytest.approx(VALUES.mean())


def test_10_a_subclass_broadcasts_and_a_scalar_is_weighted_by_the_mean():
    class Absolute(keras.losses.Loss):
        def call(self, y_true, y_pred):
            return keras.ops.abs(y_true - y_pred)

    y_true, y_pred = np.array([0.0, 1.0]), np.array([[0.0], [1.0]])
    assert float(Absolute()(y_true, y_pred)) == pytest.approx(0.5)  # all four pairs
    assert float(keras.losses.MeanAbsoluteError()(y_true, y_pred)) == 0.0
    weight = np.array([1.0, 1.0, 0.0, 0.0])
    scalar = replay(loss=lambda y, p: keras.ops.mean(keras.ops.abs(p - y)))
    assert evaluate(scalar, sample_weight=weight) == pytest.approx(VALUES.mean() * 0.5)
    rows = replay(loss=lambda y, p: keras.ops.mean(keras.ops.abs(p - y), axis=-1))
    assert evaluate(rows, sample_weight=weight) == pytest.approx(3 / 4)


@pytest.mark.parametrize(
    ("rule", "denominator"),
    [("keras-3", 4), ("pytorch", 5.0), ("sklearn", 5.0), ("keras-2.2.4", 3)],
)
def test_11_the_denominators_of_the_libraries(rule, denominator):
    """tests/rosetta/test_rosetta.py and the atlas hold these rules against runs of the
    libraries."""
    weight = np.array([2.0, 1.0, 2.0, 0.0])
    total = lb.aggregate(VALUES, sample_weight=weight, rule=rule).total
    assert float(total) == pytest.approx((2 * 1 + 1 * 2 + 2 * 4) / denominator)


def test_12_the_error_of_a_mean_of_means_is_a_covariance():
    means, sizes = np.array([1.0, 4.0, 2.0]), np.array([5.0, 1.0, 3.0])
    all_of_them = np.average(means, weights=sizes)
    covariance = np.mean((sizes - sizes.mean()) * (means - means.mean()))
    assert means.mean() - all_of_them == pytest.approx(-covariance / sizes.mean())
    mask = np.array([[True, True, True], [True, False, False]])
    values = np.array([[1.0, 2.0, 3.0], [8.0, 0.0, 0.0]])
    per_batch = [lb.aggregate(values[i : i + 1], mask=mask[i : i + 1]).total for i in (0, 1)]
    assert lb.epoch_loss(per_batch, 1) == pytest.approx((2 + 8) / 2)
    assert float(lb.aggregate(values, mask=mask).total) == pytest.approx(14 / 4)
