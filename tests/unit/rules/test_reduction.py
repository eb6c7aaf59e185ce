"""The stages after the elementwise loss, on numbers small enough to check by hand."""

import numpy as np
import pytest
import tensorflow as tf

import lossbook as lb
from lossbook import reduction
from lossbook.reduction import REDUCTIONS

VALUES = np.array([[1.0, 3.0], [2.0, 6.0]])
WEIGHT = np.array([[2.0, 0.0], [1.0, 5.0]])
MASK = np.array([[True, True], [False, True]])


# --- the class axis


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
def test_the_class_axis_is_a_mean_or_a_sum(axis):
    x = np.random.default_rng(1).normal(size=(2, 3, 4))
    moved = np.moveaxis(x, axis, 0)
    for operation, times in (("mean", 1 / len(moved)), ("sum", 1)):
        step = reduction.class_axis(x, operation, axis)
        np.testing.assert_allclose(step.value, sum(moved) * times)
        np.testing.assert_array_equal(step.coefficients, np.full(x.shape, times))
        assert step.denominator == round(1 / times)
    np.testing.assert_array_equal(reduction.class_axis(np.ones((2, 0)), "sum").value, [0, 0])


@pytest.mark.parametrize(
    "step",
    [
        lambda: reduction.class_axis(VALUES, "none"),
        lambda: reduction.weigh(VALUES, None),
        lambda: reduction.reduce_values(VALUES, reduction=None),
        lambda: reduction.reduce_values(VALUES, WEIGHT, "none"),
    ],
)
def test_where_nothing_is_done_the_values_stay(step):
    value, coefficients, denominator = step()
    np.testing.assert_array_equal(value, VALUES)
    np.testing.assert_array_equal(coefficients, np.ones((2, 2)))
    assert denominator == 1


# --- mask and weights


def test_a_mask_is_scaled_up_so_that_its_mean_is_1():
    step = reduction.mask_weight(MASK)
    np.testing.assert_allclose(step.value, [[4 / 3, 4 / 3], [0, 4 / 3]])
    assert step.denominator == pytest.approx(3 / 4) and step.value.dtype == np.float32
    for name in ("sum", "mean_with_sample_weight", "none", None):
        step = reduction.mask_weight(MASK, name)
        np.testing.assert_array_equal(step.value, [[1, 1], [0, 1]])
        assert step.denominator == 1


def test_a_mask_of_nothing_weighs_nothing():
    step = reduction.mask_weight(MASK & False)
    np.testing.assert_array_equal(step.value, np.zeros((2, 2)))
    assert step.denominator == 0


def test_weights_and_mask_multiply_and_only_a_last_axis_of_1_is_added_or_dropped():
    assert reduction.effective_weight(None, None) is None
    np.testing.assert_array_equal(reduction.effective_weight([1, 2], None), [1, 2])
    np.testing.assert_array_equal(reduction.effective_weight(None, [1, 2]), [1, 2])
    assert isinstance(reduction.effective_weight([1, 2], None), np.ndarray)
    np.testing.assert_array_equal(reduction.effective_weight(WEIGHT, MASK), WEIGHT * MASK)
    shapes = {
        ((3,), (3, 1)): (3, 1),  # rank 1 is expanded
        ((3, 1), (3,)): (3, 1),
        ((3, 2), (3, 2, 1)): (3, 2),  # beyond it, the 1 is dropped
        ((3, 2, 1), (3, 2)): (3, 2),
        ((), (3, 2)): (3, 2),
    }
    for (left, right), product in shapes.items():
        assert reduction.effective_weight(np.ones(left), np.ones(right)).shape == product


def test_weighing_gives_each_value_its_weight_as_coefficient():
    step = reduction.weigh(VALUES, [[2.0], [1.0]])
    np.testing.assert_array_equal(step.value, [[2, 6], [2, 6]])
    np.testing.assert_array_equal(step.coefficients, [[2, 2], [1, 1]])
    assert step.denominator == 1


@pytest.mark.parametrize("as_given", [np.asarray, tf.constant], ids=["arrays", "tensors"])
def test_a_last_axis_of_1_is_no_obstacle_to_weights(as_given):
    flat, column = as_given([1.0, 3.0]), as_given([[2.0], [5.0]])
    for values, weight in ((flat, column), (column, flat)):
        step = reduction.weigh(values, weight)
        np.testing.assert_array_equal(step.value, [[2], [15]])
        np.testing.assert_array_equal(np.ravel(step.coefficients), np.ravel(weight))
        assert step.coefficients.shape == values.shape
        step = reduction.reduce_weighted_values(values, weight)
        assert float(step.value) == (2 + 15) / 2


def test_a_repeated_value_has_the_sum_of_its_weights_as_coefficient():
    values, weight = np.array([[[1.0], [2.0]]]), np.array([10.0, 20.0, 40.0])
    with pytest.warns(UserWarning, match="every value counts 3 times"):
        step = reduction.weigh(values, weight)
    np.testing.assert_array_equal(step.value, [[[10, 20, 40], [20, 40, 80]]])
    np.testing.assert_array_equal(step.coefficients, [[[70], [70]]])
    with pytest.warns(UserWarning, match="every value counts 2 times"):
        step = reduction.weigh([1.0, 2.0], [[1.0, 10.0], [2.0, 20.0]])
    np.testing.assert_array_equal(step.coefficients, [3, 30])


# --- the reduction


@pytest.mark.parametrize(
    ("name", "total", "denominator"),
    [
        ("sum_over_batch_size", 3, 4),
        ("mean", 3, 4),
        ("sum", 12, 1),
        ("mean_with_sample_weight", 12 / 8, 8),
    ],
)
def test_a_reduction_is_a_sum_over_a_denominator(name, total, denominator):
    step = reduction.reduce_values(VALUES, WEIGHT, name)
    assert step.value == total and step.denominator == denominator
    coefficients = np.ones((2, 2)) if name == "sum" else np.full((2, 2), 1 / denominator)
    np.testing.assert_array_equal(step.coefficients, coefficients)


def test_a_single_number_is_never_divided():
    for name in REDUCTIONS:
        step = reduction.reduce_values(np.float64(5), np.float64(2), name)
        assert step.value == 5 and step.denominator == 1


# the whole way: reduction -> (weights, mask) -> total, coefficients, denominator
W, M = WEIGHT, MASK
WAYS = [
    ("mean", None, None, 12 / 4, np.full((2, 2), 1 / 4), 4),
    ("mean", W, None, (2 + 2 + 30) / 4, W / 4, 4),
    ("mean", None, M, (1 + 3 + 6) / 3, M / 3, 3),
    ("mean", W, M, (2 + 30) / 3, W * M / 3, 3),
    ("sum", W, M, 32, W * M, 1),
    ("mean_with_sample_weight", W, None, 34 / 8, W / 8, 8),
    ("mean_with_sample_weight", None, M, 10 / 3, M / 3, 3),
    ("mean_with_sample_weight", W, M, 32 / 7, W * M / 7, 7),
    ("none", W, M, [[2, 0], [0, 30]], W * M, 1),
    # nothing left: 0, and no coefficient
    ("mean", None, M & False, 0, W * 0, 0),
    ("mean", W * 0, None, 0, W * 0, 4),
    ("mean_with_sample_weight", W * 0, None, 0, W * 0, 0),
    ("mean_with_sample_weight", W, M & False, 0, W * 0, 0),
    # weights that cancel: a sum of 0 divides nothing
    ("mean_with_sample_weight", [[1.0, -1.0], [1.0, -1.0]], None, 0, W * 0, 0),
    ("mean", [[1.0, -1.0], [1.0, 1.0]], None, 6 / 4, [[0.25, -0.25], [0.25, 0.25]], 4),
]


@pytest.mark.parametrize("as_given", [np.asarray, tf.constant], ids=["arrays", "tensors"])
@pytest.mark.parametrize("way", range(len(WAYS)))
def test_the_whole_way(way, as_given):
    name, weight, mask, total, coefficients, denominator = WAYS[way]
    weight, mask = (None if x is None else as_given(x) for x in (weight, mask))
    for result in (
        lb.aggregate(as_given(VALUES), weight, mask, reduction=name),
        reduction.reduce_weighted_values(as_given(VALUES), weight, mask, name),
    ):
        value = result.total if hasattr(result, "total") else result.value
        np.testing.assert_allclose(value, total, rtol=1e-12)
        np.testing.assert_allclose(result.coefficients, coefficients, rtol=1e-12)
        np.testing.assert_allclose(result.denominator, denominator, rtol=1e-12)
        assert tf.is_tensor(value) == (as_given is tf.constant)


def test_a_rule_is_found_by_family_and_by_the_installed_release():
    from lossbook._core.arrays import installed_keras

    for rule in ("keras-3", "keras-3.15", f"keras-{installed_keras()}"):
        assert lb.aggregate(VALUES, rule=rule).total == 3
    assert lb.RULES["keras-3.15"].reference == "keras/src/losses/loss.py::reduce_weighted_values"
    with pytest.raises(TypeError):
        lb.RULES["keras-3.15"] = None


# --- each stage by itself: kinds of arrays, dtypes, and what an error says

TENSOR, ARRAY = tf.constant([2, 0, 1]), np.array([1.0, 2.0, 4.0], np.float32)


@pytest.mark.parametrize(
    "stage",
    [
        lambda: reduction.class_axis(TENSOR),
        lambda: reduction.mask_weight(TENSOR),
        lambda: reduction.mask_weight(TENSOR, "sum"),
        lambda: reduction.weigh(TENSOR, ARRAY),
        lambda: reduction.weigh(ARRAY, TENSOR),
        lambda: reduction.weigh(TENSOR, None),
        lambda: reduction.reduce_values(TENSOR, ARRAY, "mean_with_sample_weight"),
        lambda: reduction.reduce_values(ARRAY, TENSOR, "mean_with_sample_weight"),
        lambda: reduction.reduce_weighted_values(TENSOR, ARRAY),
        lambda: reduction.reduce_weighted_values(ARRAY, TENSOR),
        lambda: reduction.reduce_weighted_values(ARRAY, mask=TENSOR),
    ],
)
def test_one_tensor_makes_a_stage_one_of_tensors(stage):
    step = stage()
    assert tf.is_tensor(step.value) and tf.is_tensor(step.coefficients)
    assert step.value.dtype == step.coefficients.dtype == "float32"  # integers are floats


@pytest.mark.parametrize("name", ["values", "sample_weight", "mask"])
def test_one_tensor_is_enough_in_a_compiled_function(name):
    arrays = {"values": ARRAY, "sample_weight": ARRAY, "mask": ARRAY > 1}

    @tf.function(autograph=False)
    def compiled(tensor):
        return reduction.reduce_weighted_values(**{**arrays, name: tensor})

    step = compiled(tf.constant(arrays[name]))
    np.testing.assert_allclose(step.value, (4 + 16) / 2)
    np.testing.assert_allclose(step.coefficients, [0, 1, 2])


def test_weights_of_another_dtype_meet_a_mask():
    values, weight = tf.constant(ARRAY), tf.constant([1.0, 2.0, 3.0], tf.float64)
    step = reduction.reduce_weighted_values(values, weight, [True, True, False])
    assert step.value.dtype == "float32" and float(step.value) == (1 + 4) / 2


def test_a_mask_of_counts_is_not_rounded():
    step = reduction.reduce_weighted_values(VALUES, mask=[[2**24 + 1, 0], [0, 0]], reduction="sum")
    assert step.value == 2**24 + 1


def test_one_tensor_makes_the_merged_weight_a_tensor():
    for arguments in ((TENSOR, ARRAY), (ARRAY, TENSOR), (TENSOR, None), (None, TENSOR)):
        weight = reduction.effective_weight(*arguments)
        assert tf.is_tensor(weight) and weight.dtype == "float32"
    np.testing.assert_array_equal(reduction.effective_weight(ARRAY, TENSOR), [2, 0, 4])


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_dtype_of_a_stage_is_the_one_asked_for(dtype):
    for name in REDUCTIONS:
        step = reduction.mask_weight(MASK, name, dtype)
        assert step.value.dtype == step.coefficients.dtype == dtype
    values = VALUES.astype(dtype)
    for operation in ("mean", "sum", "none"):
        step = reduction.class_axis(values, operation)
        assert step.value.dtype == step.coefficients.dtype == dtype
    for weight in (WEIGHT, WEIGHT.astype("float32"), WEIGHT.tolist()):
        step = reduction.weigh(values, weight)
        assert step.value.dtype == step.coefficients.dtype == dtype
        step = reduction.reduce_values(values, weight, "mean_with_sample_weight")
        assert step.value.dtype == step.coefficients.dtype == step.denominator.dtype == dtype


def test_class_weights_are_float32_and_a_single_row_is_enough():
    weights = reduction.class_weights([1], {1: 5})
    np.testing.assert_array_equal(weights, [5])
    assert weights.dtype == "float32"
    assert reduction.class_weights([0], {1: 5}).dtype == "float32"
    large = 2**24 + 1  # float32 has no such number
    np.testing.assert_array_equal(reduction.class_weights([large], {large: 5}), [5])


def test_a_label_that_is_no_number_weighs_1():
    with np.errstate(invalid="ignore"):
        weights = reduction.class_weights([np.nan, 1.0], {1: 5})
    np.testing.assert_array_equal(weights, [1, 5])
