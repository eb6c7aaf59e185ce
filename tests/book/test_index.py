"""The table on the first page, row by row in real Keras, and its example, run.

The row of the outputs is that of question 5, in test_questions.py.
"""

import doctest
import re
from pathlib import Path

import keras
import numpy as np
import pytest

from tests.book.replay import VALUES, evaluate, model_of, replay

INDEX = Path(__file__).parents[2] / "book" / "index.md"


def test_the_example_prints_what_the_page_says():
    (block,) = re.findall(r"```pycon\n(.*?)```", INDEX.read_text(), flags=re.DOTALL)
    test = doctest.DocTestParser().get_doctest(block, {}, "index.md", str(INDEX), 0)
    failures = []
    runner = doctest.DocTestRunner(verbose=False)
    runner.run(test, out=failures.append)
    assert runner.summarize(verbose=False).attempted >= 4
    assert not failures, "".join(failures)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("binary_crossentropy", -np.log(0.8) / 2 - np.log(0.7) / 2),
        ("mean_squared_error", (0.2**2 + 0.3**2) / 2),
        ("mean_absolute_error", (0.2 + 0.3) / 2),
        ("categorical_crossentropy", -np.log(0.8 / 1.1)),
    ],
)
def test_class_axis_mean_or_sum(loss, expected):
    values = keras.losses.get(loss)(np.array([[1.0, 0.0]]), np.array([[0.8, 0.3]]))
    np.testing.assert_allclose(np.asarray(values), [expected], rtol=1e-6)


def test_masked_values_leave_the_denominator_and_zero_weights_stay():
    loss = keras.losses.MeanAbsoluteError()
    values = keras.ops.convert_to_tensor(VALUES[None, :, None])
    weight = np.array([[1.0, 1.0, 0.0, 0.0]])
    assert float(loss(0 * values, values, sample_weight=weight)) == pytest.approx(3 / 4)
    values._keras_mask = keras.ops.convert_to_tensor(weight.astype(bool))
    assert float(loss(0 * values, values)) == pytest.approx(3 / 2)
    masked_and_weighted = loss(0 * values, values, sample_weight=np.full((1, 4), 3.0))
    assert float(masked_and_weighted) == pytest.approx(9 / 2)


def test_reduction_divides_by_values_not_by_the_batch_size():
    pixels = np.ones((2, 3, 4, 1), "float32") * VALUES[:2, None, None, None]
    assert float(keras.losses.MeanAbsoluteError()(0 * pixels, pixels)) == pytest.approx(1.5)
    total = keras.losses.MeanAbsoluteError(reduction="sum")(0 * pixels, pixels)
    assert float(total) / 1.5 == pytest.approx(2 * 3 * 4)


def test_additional_losses_are_added_undivided():
    layer = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
    layer.kernel_regularizer = keras.regularizers.L2(0.5)
    model = model_of(layer, loss="mean_absolute_error")
    assert evaluate(model) == pytest.approx(VALUES.mean() + 0.5)
    assert evaluate(model, batch_size=1) == pytest.approx(VALUES.mean() + 0.5)


def test_batches_count_with_their_number_of_rows():
    weight = np.array([1.0, 1.0, 1.0, 0.0])
    short_last_batch = evaluate(replay(), batch_size=3)
    assert short_last_batch == pytest.approx(VALUES.mean())
    assert short_last_batch != pytest.approx((VALUES[:3].mean() + VALUES[3]) / 2)
    weighted = evaluate(replay(), sample_weight=weight, batch_size=3)
    assert weighted == pytest.approx(7 / 4)
