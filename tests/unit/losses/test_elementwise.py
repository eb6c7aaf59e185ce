"""Elementwise losses against numbers worked out by hand or in float64, with their own formulas."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from lossbook import elementwise
from lossbook.elementwise import _crossentropy, _inputs

E = 1e-7  # Keras's epsilon


def column(*numbers, dtype="float32"):
    return np.array(numbers, dtype)[:, None]


def pretend(monkeypatch, backend):
    """Let lossbook take another backend for the active one."""
    for module in (_crossentropy, _inputs):
        monkeypatch.setattr(module, "active_backend", lambda: backend)


# --- what the clip caps a crossentropy at


@pytest.mark.parametrize(
    ("dtype", "low", "high"),
    [
        # -log(1e-7): the same in float32 and float64
        # 1 - 1e-7 is 1 - 2**-23 in float32, 1 - 1e-7 in float64: -log(1 - p) is 23 log 2, 7 log 10
        ("float32", 7 * math.log(10), 23 * math.log(2)),
        ("float64", 7 * math.log(10), 7 * math.log(10)),
    ],
)
def test_a_totally_wrong_probability_costs_a_cap(dtype, low, high):
    p, y = column(0, 1, dtype=dtype), column(1, 0, dtype=dtype)
    loss = elementwise.binary_crossentropy(y, p)
    assert loss.dtype == dtype
    np.testing.assert_allclose(loss[:, 0], [low, high], rtol=1e-6)


def test_in_float16_the_upper_clip_is_1_and_the_loss_no_number():
    # 1 - 1e-7 rounds to 1, and log(1 - 1) is minus infinity; 1e-7 rounds to 2 * 2**-24
    with np.errstate(all="ignore"):
        loss = elementwise.binary_crossentropy(
            column(1, 0, 1, dtype="float16"), column(0, 1, 1, dtype="float16")
        )
    np.testing.assert_allclose(loss[0, 0], 23 * math.log(2), rtol=1e-3)
    assert loss[1, 0] == np.inf and np.isnan(loss[2, 0])


# --- formulas


def test_logits_are_probabilities_before_the_sigmoid_and_are_not_clipped():
    z, y = np.linspace(-5, 5, 21), np.arange(21) % 2
    p = 1 / (1 + np.exp(-z))
    np.testing.assert_allclose(
        elementwise.binary_crossentropy(y, z, from_logits=True),
        elementwise.binary_crossentropy(y, p),
        rtol=1e-6,
    )
    wrong = elementwise.binary_crossentropy(column(1, 0), column(-1000, 1000), from_logits=True)
    np.testing.assert_array_equal(wrong, [[1000], [1000]])
    right = elementwise.binary_crossentropy(column(0, 1), column(-1000, 1000), from_logits=True)
    np.testing.assert_array_equal(right, [[0], [0]])
    assert type(right) is np.ndarray


def test_logits_in_tensors_go_through_keras_own_operations():
    """To the last bit: so a step that has both computes them once."""
    z = tf.constant(np.random.default_rng(1).normal(0, 4, 1000), tf.float32)
    y = tf.cast(z > 1, tf.float32)
    theirs = tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=z)
    ours = elementwise.binary_crossentropy(y, z, from_logits=True)
    np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(_inputs.softplus(keras.ops, z), keras.ops.softplus(z))


def test_a_binary_crossentropy_is_a_categorical_one_of_two_logits():
    z, y = column(-2, -0.5, 0, 3), column(1, 0, 1, 0)
    two = elementwise.categorical_crossentropy(
        np.hstack([1 - y, y]), np.hstack([0 * z, z]), from_logits=True
    )
    one = elementwise.binary_crossentropy(y, z, from_logits=True)
    np.testing.assert_allclose(two.sum(-1, keepdims=True), one, rtol=1e-6)


def test_categorical_logits_do_not_overflow_and_shifts_do_not_matter():
    y, z = np.array([[0, 1, 0]], np.float32), np.array([[1.0, 2.0, 4.0]], np.float32)
    expected = -math.log(math.exp(2) / (math.exp(1) + math.exp(2) + math.exp(4)))
    for shift in (0, 1000, -1000):
        loss = elementwise.categorical_crossentropy(y, z + shift, from_logits=True)
        np.testing.assert_allclose(loss, [[0, expected, 0]], rtol=1e-6)


@pytest.mark.parametrize("from_logits", [False, True])
def test_sparse_is_categorical_with_one_hot_labels(from_logits):
    rng = np.random.default_rng(2)
    p = rng.uniform(0.05, 0.95, (4, 3, 5)).astype(np.float32)
    labels = rng.integers(0, 5, (4, 3))
    categorical = elementwise.categorical_crossentropy(np.eye(5)[labels], p, from_logits)
    for form in (labels, labels[..., None], labels + 0.9):  # fractions are cut off
        sparse = elementwise.sparse_categorical_crossentropy(form, p, from_logits)
        assert sparse.shape == (4, 3)
        np.testing.assert_allclose(sparse, categorical.sum(-1), rtol=1e-6)


@pytest.mark.parametrize("as_given", [list, np.array])
def test_sparse_takes_class_numbers_that_float32_cannot_hold(as_given):
    p = np.zeros((1, 2**24 + 2), np.float32)
    p[0, 2**24 + 1] = 100  # its neighbour, 2**24, would cost 100
    labels = as_given([2**24 + 1])
    loss = elementwise.sparse_categorical_crossentropy(labels, p, from_logits=True)
    np.testing.assert_array_equal(loss, [0])


def test_no_loss_is_minus_zero():
    sure = np.array([[200.0, 0.0]])
    sparse = elementwise.sparse_categorical_crossentropy([0], sure, from_logits=True)
    categorical = elementwise.categorical_crossentropy([[1, 0]], sure, from_logits=True)
    assert not np.signbit(sparse).any() and not np.signbit(categorical).any()


@pytest.mark.parametrize("loss", [elementwise.mean_squared_error, elementwise.mean_absolute_error])
def test_errors_add_or_drop_a_last_axis_of_1(loss):
    y, p = np.arange(6.0).reshape(3, 2), np.ones((3, 2))
    assert loss(y[..., None], p).shape == (3, 2)
    assert loss(y, p[..., None]).shape == (3, 2)
    assert loss(y[:, 0], p[:, :1]).shape == (3, 1)


# --- label smoothing


def test_smoothing_keeps_the_sum_over_the_classes():
    y = np.eye(4)[[0, 3]]
    smoothed = elementwise.smooth_labels(y, 0.2, classes=4)
    np.testing.assert_allclose(smoothed.sum(-1), 1)
    np.testing.assert_allclose(smoothed[0], [0.85, 0.05, 0.05, 0.05])
    assert elementwise.smooth_labels(y, 0) is y
    np.testing.assert_allclose(elementwise.smooth_labels([0, 1], 0.2), [0.1, 0.9], rtol=1e-6)


def test_smoothing_is_a_mixture_of_losses():
    rng = np.random.default_rng(3)
    y, p = np.eye(3)[rng.integers(0, 3, 6)], rng.dirichlet(np.ones(3), 6)
    plain = elementwise.categorical_crossentropy(y, p)
    uniform = elementwise.categorical_crossentropy(np.full((6, 3), 1 / 3), p)
    smoothed = elementwise.categorical_crossentropy(y, p, label_smoothing=0.3)
    np.testing.assert_allclose(smoothed, 0.7 * plain + 0.3 * uniform, rtol=1e-9)


def test_smoothing_counts_the_last_axis_even_where_the_classes_are_elsewhere():
    y = np.array([[[1.0, 1.0, 1.0, 1.0, 1.0], [0, 0, 0, 0, 0]]])  # classes on axis 1, of length 2
    p = np.full((1, 2, 5), 0.5)
    loss = elementwise.categorical_crossentropy(y, p, label_smoothing=0.5, axis=1)
    # 0.5 y + 0.5 / 5, not 0.5 y + 0.5 / 2
    np.testing.assert_allclose(loss[0, :, 0], [0.6 * math.log(2), 0.1 * math.log(2)])


# --- axes, epsilon, dtypes, arrays


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("axis", [0, 1, 2, 3, -1])
def test_an_axis_is_a_moveaxis(axis, from_logits):
    rng = np.random.default_rng(4)
    y = np.eye(4)[rng.integers(0, 4, (2, 3, 5))]
    p = rng.uniform(0.05, 0.95, y.shape)
    last = elementwise.categorical_crossentropy(y, p, from_logits)
    moved = elementwise.categorical_crossentropy(
        np.moveaxis(y, -1, axis), np.moveaxis(p, -1, axis), from_logits, axis=axis
    )
    np.testing.assert_allclose(np.moveaxis(moved, axis, -1), last, rtol=1e-12)


@pytest.fixture
def coarse_epsilon():
    before = keras.config.epsilon()
    keras.config.set_epsilon(1e-3)
    yield
    keras.config.set_epsilon(before)


def test_keras_own_epsilon_is_the_clip(coarse_epsilon):
    loss = elementwise.binary_crossentropy(column(1, 0), column(0, 1))
    np.testing.assert_allclose(loss[:, 0], [math.log(1000), math.log(1000)], rtol=1e-4)
    loss = elementwise.categorical_crossentropy([[1, 0]], [[0, 1]])
    np.testing.assert_allclose(loss, [[math.log(1000), 0]], rtol=1e-4)
    loss = elementwise.sparse_categorical_crossentropy([0], [[0, 1]])
    np.testing.assert_allclose(loss, [math.log(1000)], rtol=1e-3)


# --- options and numbers at the edge


def test_an_ignored_position_costs_nothing():
    p = np.array([[0.5, 0.5], [0.25, 0.75], [1.0, 0.0]], np.float32)
    loss = elementwise.sparse_categorical_crossentropy([0, 255, 1], p, ignore_class=255)
    np.testing.assert_allclose(loss, [math.log(2), 0, -math.log(E / (1 + E))], rtol=1e-5)


def test_a_probability_above_1_is_clipped(coarse_epsilon):
    for p in ([[1.0, 0.5]], [[1.5, 0.5]]):
        loss = elementwise.sparse_categorical_crossentropy([0], p)
        np.testing.assert_allclose(loss, [-math.log(0.999 / 1.499)], rtol=1e-5)
        theirs = keras.losses.sparse_categorical_crossentropy(np.array([0]), tf.constant(p))
        np.testing.assert_allclose(loss, theirs, rtol=1e-5)


def test_a_perfect_prediction_costs_the_clip_in_focal_crossentropy_too(coarse_epsilon):
    y, p = np.array([[1.0, 0.0]]), np.array([[1.0, 0.0]], np.float32)
    loss = elementwise.categorical_focal_crossentropy(y, p, gamma=0.0)
    np.testing.assert_allclose(loss, [[-0.25 * math.log(0.999), 0]], rtol=1e-4)


def test_class_balancing_weighs_label_1_by_a_quarter():
    y, p = column(1, 0), column(0.5, 0.5)
    loss = elementwise.binary_focal_crossentropy(y, p, apply_class_balancing=True)
    focal = 0.25 * math.log(2)  # (1 - p_t)² · crossentropy
    np.testing.assert_allclose(loss, [[0.25 * focal], [0.75 * focal]], rtol=1e-6)


def test_large_logits_leave_the_other_rows_alone():
    y, z = np.eye(2), np.array([[1000.0, 999.0], [0.0, 1.0]])
    near, far = math.log1p(math.exp(-1)), math.log1p(math.exp(1))
    loss = elementwise.categorical_crossentropy(y[[0, 0]], z, from_logits=True)
    np.testing.assert_allclose(loss, [[near, 0], [far, 0]])
    loss = elementwise.sparse_categorical_crossentropy([0, 0], z, from_logits=True)
    np.testing.assert_allclose(loss, [near, far])
    loss = elementwise.categorical_focal_crossentropy(y[[0, 0]], z, 1.0, 0.0, from_logits=True)
    np.testing.assert_allclose(loss, [[near, 0], [far, 0]])


@pytest.mark.parametrize("smoothing", [0, 1])
def test_no_smoothing_and_full_smoothing_are_no_mistake(smoothing):
    loss = elementwise.binary_crossentropy([1], [0.8], label_smoothing=smoothing)
    expected = [-math.log(0.8), -(math.log(0.8) + math.log(0.2)) / 2]
    np.testing.assert_allclose(loss, expected[smoothing], rtol=1e-6)  # and no warning


# --- options of the focal losses, and shapes of class numbers, by hand


@pytest.mark.parametrize("from_logits", [False, True])
def test_binary_focal_crossentropy_of_smoothed_labels(from_logits):
    rng = np.random.default_rng(5)
    z, y = rng.normal(size=(4, 3)), rng.integers(0, 2, (4, 3))
    p, t = 1 / (1 + np.exp(-z)), 0.8 * y + 0.1
    p_t = t * p + (1 - t) * (1 - p)
    expected = (1 - p_t) ** 1.5 * -(t * np.log(p) + (1 - t) * np.log(1 - p))
    for balance, factor in ((False, 1), (True, 0.6 * t + 0.4 * (1 - t))):
        loss = elementwise.binary_focal_crossentropy(
            y, z if from_logits else p, balance, 0.6, 1.5, from_logits, 0.2
        )
        np.testing.assert_allclose(loss, factor * expected, rtol=1e-9)


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("axis", [1, -1])
def test_categorical_focal_crossentropy_of_smoothed_labels(axis, from_logits):
    rng = np.random.default_rng(6)
    z, y = rng.normal(size=(3, 5, 4)), rng.uniform(size=(3, 5, 4))
    p, t = np.exp(z) / np.exp(z).sum(axis, keepdims=True), 0.8 * y + 0.2 / 4  # of the last axis
    expected = -0.6 * (1 - p) ** 1.5 * t * np.log(p)
    loss = elementwise.categorical_focal_crossentropy(
        y, z if from_logits else 7 * p, 0.6, 1.5, from_logits, 0.2, axis
    )
    np.testing.assert_allclose(loss, expected, rtol=1e-9)


@pytest.mark.parametrize("as_given", [np.asarray, tf.constant], ids=["arrays", "tensors"])
def test_only_the_last_axis_of_class_numbers_is_dropped(as_given):
    p = as_given(np.full((1, 3, 4), 0.25, np.float32))
    for y in (np.array([[0, 1, -1]]), np.array([[[0], [1], [-1]]])):
        loss = elementwise.sparse_categorical_crossentropy(as_given(y), p, ignore_class=-1)
        np.testing.assert_allclose(loss, [[math.log(4), math.log(4), 0]], rtol=1e-6)


def test_generalized_crossentropy_of_many_positions():
    rng = np.random.default_rng(7)
    p, y = rng.dirichlet(np.ones(5), (4, 2, 3)), rng.integers(0, 5, (4, 2, 3))
    likelihood = [p[(*place, y[place])] for place in np.ndindex(y.shape)]
    expected = (1 - np.reshape(likelihood, y.shape) ** 0.7) / 0.7
    loss = elementwise.categorical_generalized_cross_entropy(y, p, q=0.7)
    np.testing.assert_allclose(loss, expected, rtol=1e-12)


def test_jax_and_pytorch_divide_by_the_sum_before_they_clip(monkeypatch):
    """What the backends themselves say is the matter of `make backends`."""
    p = np.array([[[0.0, 0.4, 0.4], [0.1, 0.1, 0.3]], [[1.0, 0.0, 0.0], [2.0, 1.0, 1.0]]])
    y, total = [[0, 2], [1, 0]], 7 * math.log(10)
    loss = elementwise.sparse_categorical_crossentropy(y, p)
    np.testing.assert_allclose(loss[0, 0], total + math.log(0.8), rtol=1e-6)
    pretend(monkeypatch, "jax")
    loss = elementwise.sparse_categorical_crossentropy(y, p)
    np.testing.assert_allclose(loss, [[total, -math.log(0.6)], [total, math.log(2)]])


def test_a_single_label_is_for_all_classes_of_a_focal_loss():
    p = [[0.2, 0.3, 0.5]]
    loss = elementwise.categorical_focal_crossentropy(1.0, p)
    np.testing.assert_array_equal(loss, elementwise.categorical_focal_crossentropy([[1, 1, 1]], p))


@pytest.mark.parametrize("alpha", [[0.5], [0.1, 0.2, 0.3]])
def test_alpha_may_be_one_for_each_class(alpha):
    y, p, alpha = (
        np.ones((2, 1, 3)),
        np.full((2, 1, 3), [0.2, 0.3, 0.5], "float32"),
        np.array(alpha),
    )
    loss = elementwise.categorical_focal_crossentropy(y, p, alpha=alpha)
    expected = alpha * elementwise.categorical_focal_crossentropy(y, p, alpha=1.0)
    np.testing.assert_allclose(loss, expected, rtol=1e-6)
    assert loss.dtype == np.float32
    theirs = keras.losses.categorical_focal_crossentropy(y, p, alpha=alpha)
    np.testing.assert_allclose(loss.sum(-1), theirs, rtol=1e-6)


def test_on_pytorch_a_small_probability_is_not_rounded_away(monkeypatch):
    p, y = column(1e-4, 0.25), column(0, 0)
    expected = [-math.log1p(-float(np.float32(1e-4))), math.log(4 / 3)]
    rounded = [-math.log(float(np.float32(1) - np.float32(1e-4))), math.log(4 / 3)]
    loss = elementwise.binary_crossentropy(y, p)
    np.testing.assert_allclose(loss[:, 0], rounded, rtol=2e-7)
    assert abs(rounded[0] / expected[0] - 1) > 1e-4
    pretend(monkeypatch, "torch")
    loss = elementwise.binary_crossentropy(y, p)
    np.testing.assert_allclose(loss[:, 0], expected, rtol=2e-7)


def test_class_numbers_are_int32_in_tensors_of_jax_only(monkeypatch):
    assert _inputs.integers(np) == _inputs.integers(keras.ops) == "int64"
    pretend(monkeypatch, "jax")
    assert _inputs.integers(keras.ops) == "int32"
    # arrays keep 64 bits: this is no class 1
    y, p = np.array([2**32 + 1]), np.array([[0.2, 0.8]])
    loss = elementwise.categorical_generalized_cross_entropy(y, p)
    np.testing.assert_array_equal(loss, [2])
    with pytest.raises(ValueError, match="y_true holds the class number"):
        elementwise.sparse_categorical_crossentropy(y, p)


def test_large_logits_overflow_without_a_warning():
    z = column(-1000, 1000)
    for loss in ("binary_crossentropy", "binary_focal_crossentropy"):
        cost = getattr(elementwise, loss)(column(0, 1), z, from_logits=True)
        np.testing.assert_array_equal(cost, [[0], [0]])
    for loss in ("categorical_crossentropy", "categorical_focal_crossentropy"):
        cost = getattr(elementwise, loss)(column(0, 1).T, z.T, from_logits=True)
        np.testing.assert_allclose(cost, [[0, 0]], atol=1e-6)
