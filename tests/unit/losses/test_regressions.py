"""Regressions and divergences where their formula has a corner, by hand and against Keras."""

import math

import keras
import numpy as np
import pytest

from lossbook import elementwise
from lossbook.elementwise import _inputs


def test_probabilities_above_1_count_as_1_in_a_divergence():
    y, p = np.array([[1.5, 0.5, 0.5]]), np.array([[0.5, 1.5, 0.25]])
    loss = elementwise.kl_divergence(y, p)
    np.testing.assert_allclose(loss, [[math.log(2), 0.5 * math.log(0.5), 0.5 * math.log(2)]])
    theirs = keras.losses.kl_divergence(y, p)
    np.testing.assert_allclose(loss.sum(-1), theirs, rtol=1e-6)


@pytest.mark.parametrize("delta", [0.5, 1.0, 3.0])
def test_the_parabola_of_huber_meets_its_line(delta):
    e = delta * np.array([[0.5, 1 - 1e-6, 1, 1 + 1e-6, 2]])
    loss = elementwise.huber(0 * e, e, delta)
    near, far = e[0, :2] ** 2 / 2, delta * e[0, 3:] - delta**2 / 2
    np.testing.assert_allclose(loss[0], [*near, delta**2 / 2, *far], rtol=1e-12)


def test_a_single_number_is_a_vector_of_one():
    np.testing.assert_allclose(elementwise.cosine_similarity(2.0, [3.0, 4.0]), [-0.6, -0.8])


@pytest.mark.parametrize(
    ("y", "p", "message"),
    [
        ((3,), (2, 3), "y_true has shape (3,), so axis must be between -1 and 0."),
        ((2, 3), (3,), "y_pred has shape (3,), so axis must be between -1 and 0."),
    ],
)
def test_an_axis_has_to_be_there_in_both(y, p, message):
    with pytest.raises(ValueError) as caught:
        elementwise.cosine_similarity(np.ones(y), np.ones(p), axis=-2)
    assert str(caught.value) == f"axis=-2 is out of range: {message}"


def test_the_positive_part_and_what_is_left_of_the_softplus():
    x = np.array([-1000.0, -0.5, 0.0, 0.5, 1000.0])
    positive, rest = _inputs.positive_part(np, x)
    np.testing.assert_array_equal(positive, [0, 0, 0, 0.5, 1000])
    half = math.log1p(math.exp(-0.5))
    np.testing.assert_allclose(rest, [0, half, math.log(2), half, 0])
