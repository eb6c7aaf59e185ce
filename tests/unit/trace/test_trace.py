"""What a Trace holds."""

import dataclasses
import importlib
import pickle

import keras
import numpy as np
import pytest
from keras import losses, ops
from keras.src import backend

import lossbook as lb
from lossbook._core.arrays import dtype_name
from lossbook._losses.catalogue import ALIASES, ATOMIC, LOSSES
from tests.unit.trace.sample import MASK, WEIGHT, P, Y

BACKEND = keras.backend.backend()

FRAMEWORK = importlib.import_module("jax.numpy" if BACKEND == "jax" else BACKEND)
NUMBERED = ("sparse_categorical_crossentropy", "categorical_generalized_cross_entropy")


# --- stages


@pytest.mark.parametrize("reduction", lb.reduction.REDUCTIONS)
@pytest.mark.parametrize("weighed", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_there_is_a_stage_for_everything_that_happens_and_for_nothing_else(
    masked, weighed, reduction
):
    happens = {
        "elementwise": True,
        "values": True,
        "mask_weight": masked,
        "effective_weight": weighed,
        "weighted_values": masked or weighed,
        "total": True,
    }
    weight = np.broadcast_to(WEIGHT, MASK.shape) if weighed else None
    t = lb.trace("mse", Y, P, weight, MASK if masked else None, reduction=reduction)
    assert [stage.name for stage in t.stages] == [name for name in happens if happens[name]]
    for stage in t.stages:
        assert stage.shape == np.shape(stage.value)
        assert t[stage.name] is stage
    np.testing.assert_array_equal(t["elementwise"].value, t.elementwise)
    np.testing.assert_array_equal(t["total"].value, np.float32(t.total))
    if reduction == "none":
        assert t.total.shape == (2, 3)
    else:
        assert type(t.total) is float


def test_the_value_of_a_stage_is_what_its_name_says():
    t = lb.trace("mse", Y, P, WEIGHT, MASK)
    squares = (Y - P).astype(np.float64) ** 2
    np.testing.assert_allclose(t["elementwise"].value, squares, rtol=1e-6)
    np.testing.assert_allclose(t["values"].value, squares.mean(-1), rtol=1e-6)
    np.testing.assert_allclose(t["mask_weight"].value, MASK * 6 / 5, rtol=1e-6)
    np.testing.assert_allclose(t["effective_weight"].value, WEIGHT * MASK * 6 / 5, rtol=1e-6)
    weighted = squares.mean(-1) * WEIGHT * MASK * 6 / 5
    np.testing.assert_allclose(t["weighted_values"].value, weighted, rtol=1e-6)
    np.testing.assert_allclose(t.total, (squares.mean(-1) * WEIGHT * MASK).sum() / 5, rtol=1e-6)
    np.testing.assert_allclose(
        t.coefficients, np.broadcast_to((WEIGHT * MASK / 5 / 2)[..., None], Y.shape), rtol=1e-6
    )
    np.testing.assert_allclose(t.contributions, t.coefficients * squares, rtol=1e-6)


@pytest.mark.parametrize(
    ("reduction", "denominators"),
    [
        ("sum_over_batch_size", [2, 6]),
        ("sum", [2, None]),
        ("mean_with_sample_weight", [2, 7.5]),
        ("none", [2, None]),
    ],
)
def test_denominators_stand_at_the_stages_that_divide(reduction, denominators):
    t = lb.trace("mse", Y, P, np.broadcast_to(WEIGHT, (2, 3)), reduction=reduction)
    assert [t["values"].denominator, t["total"].denominator] == denominators
    others = [s for s in t.stages if s.name not in ("values", "total")]
    assert all(stage.denominator is None for stage in others)


@pytest.mark.parametrize(
    ("loss", "divided"),
    [
        ("binary_crossentropy", 2),
        ("categorical_crossentropy", None),
        ("mean_squared_error", 2),
        ("mean_absolute_error", 2),
    ],
)
def test_only_a_mean_over_the_classes_divides(loss, divided):
    t = lb.trace(loss, Y, P)
    assert t["values"].denominator == divided
    assert t["values"].operation == f"{'mean' if divided else 'sum'} over axis -1"
    np.testing.assert_allclose(t.coefficients, 1 / 6 / (divided or 1), rtol=1e-6)


def test_formulas_say_what_was_done():
    t = lb.trace("bce", Y, P, mask=MASK, label_smoothing=0.1)
    assert [stage.formula for stage in t.stages] == [
        "-[y log p + (1 - y) log(1 - p)], y smoothed by 0.1, p clipped",
        "sum of elementwise over axis -1 / 2",
        "mask · 6 / 5",
        "values · mask_weight",
        "sum of weighted_values / 6",
    ]
    t = lb.trace("bce", Y, P, from_logits=True, reduction="sum")
    assert t["elementwise"].formula.endswith(", p = sigmoid(logits), not clipped")
    assert t["total"].formula == "sum of values"
    t = lb.trace("categorical_crossentropy", Y, keras.activations.softmax(ops.convert_to_tensor(P)))
    assert t["elementwise"].formula == (
        "-y log p, p = softmax(logits found behind the activation), not clipped"
        if BACKEND == "tensorflow"
        else "-y log p, p clipped"
    )
    t = lb.trace("sparse_categorical_crossentropy", Y[..., 0], P, reduction=None)
    assert t["values"].operation == "none: no class axis is left"
    assert t["total"].formula == "values"


# --- the loss, by name, function, class or object


NAMES = [name for name in (*ALIASES, *LOSSES) if ALIASES.get(name) not in ATOMIC]
NO_NAMES = ["categorical_generalized_cross_entropy", "CategoricalGeneralizedCrossEntropy"]


def test_one_loss_has_no_name_in_keras():
    for name in NO_NAMES:
        with pytest.raises(ValueError, match="Could not interpret loss identifier"):
            losses.get(name)


@pytest.mark.parametrize("alias", [name for name in NAMES if name not in NO_NAMES])
def test_a_name_means_what_it_means_to_keras(alias):
    theirs = losses.get(alias)
    name = getattr(theirs, "fn", theirs).__name__
    y = Y[..., 0] if name in NUMBERED else Y
    assert lb.trace(alias, y, P).loss == name
    assert lb.trace(theirs, y, P).loss == name
    assert lb.trace(type(theirs) if hasattr(theirs, "fn") else theirs, y, P).loss == name


@pytest.mark.filterwarnings("ignore:Explicitly requested dtype float64:UserWarning")  # JAX's
def test_a_loss_object_brings_its_options_dtype_and_reduction():
    loss = losses.BinaryCrossentropy(
        from_logits=True, label_smoothing=0.2, axis=0, reduction="sum", dtype="float64"
    )
    t = lb.trace(loss, Y, P)
    assert (t.loss, t.reduction, t.dtype) == ("binary_crossentropy", "sum", "float64")
    assert t["values"].operation == "mean over axis 0" and t["values"].shape == (3, 2)
    # JAX has no float64, and PyTorch loses it on the way
    rtol = 1e-12 if BACKEND == "tensorflow" else 1e-6
    assert t.total == pytest.approx(float(loss(Y, P)), rel=rtol)
    assert lb.trace(loss, Y, P, reduction="sum").total == t.total  # the same once more is fine
    wrapped = keras.src.losses.losses.LossFunctionWrapper(
        losses.categorical_crossentropy, from_logits=True
    )
    assert lb.trace(wrapped, Y, P).total == pytest.approx(float(wrapped(Y, P)), rel=1e-6)


def test_a_subclass_of_ones_own_is_refused():
    class BinaryCrossentropy(losses.BinaryCrossentropy):
        def call(self, y_true, y_pred):
            return 0 * super().call(y_true, y_pred)

    with pytest.raises(ValueError, match=r"Unknown loss .*test_trace"):
        lb.trace(BinaryCrossentropy(), Y, P)


@pytest.mark.parametrize(
    "dtype",
    [
        np.float64,
        np.dtype("float64"),
        getattr(FRAMEWORK, "float64", "float64"),
        keras.DTypePolicy("float64"),
        "float64",
    ],
)
def test_a_dtype_may_have_any_form(dtype):
    t = lb.trace("mse", Y, P, dtype=dtype)
    assert t.dtype == "float64" and t.elementwise.dtype == np.float64


def test_an_axis_may_be_an_integer_of_numpy():
    t = lb.trace("bce", Y, P, axis=np.int64(1))
    assert t["values"].shape == (2, 2) and t["values"].operation == "mean over axis 1"


def test_a_loss_object_in_bfloat16():
    loss = losses.BinaryCrossentropy(dtype="bfloat16")
    t = lb.trace(loss, Y, ops.convert_to_tensor(P), WEIGHT)
    assert dtype_name(t.coefficients) == dtype_name(t.elementwise) == "bfloat16"
    assert t.total == pytest.approx(float(loss(Y, P, WEIGHT)), rel=0.02)  # 8 bits
    assert repr(t).endswith("coefficients: 0.04175 (6×), 0.167 (6×)")


# --- masks


def test_a_mask_given_by_hand_goes_before_the_one_on_the_tensor():
    y_pred = ops.convert_to_tensor(P)
    backend.set_keras_mask(y_pred, ops.convert_to_tensor(MASK))
    attached = lb.trace("mse", Y, y_pred)
    assert attached.total == pytest.approx(float(losses.MeanSquaredError()(Y, y_pred)), rel=1e-6)
    other = lb.trace("mse", Y, y_pred, mask=~MASK)
    assert other.total == pytest.approx(lb.trace("mse", Y, P, mask=~MASK).total, rel=1e-6)
    assert other.total != pytest.approx(attached.total)


def test_a_trace_cannot_be_changed():
    t = lb.trace("mse", Y, P)
    with pytest.raises(dataclasses.FrozenInstanceError):
        t.total = 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        t.stages[0].value = 0
    assert t.contributions is t.contributions  # computed once


def test_what_is_given_is_left_alone():
    y, p, w, m = (array.copy() for array in (Y, P, WEIGHT, MASK))
    lb.trace("categorical_crossentropy", y, p, w, m, label_smoothing=0.1)
    for array, before in ((y, Y), (p, P), (w, WEIGHT), (m, MASK)):
        np.testing.assert_array_equal(array, before)


def test_variables_of_keras_and_its_framework_are_tensors():
    expected = lb.trace("mse", Y, P).total
    for variable in (keras.Variable(P), keras.Variable(P).value):
        t = lb.trace("mse", Y, variable)
        assert t.total == pytest.approx(expected) and ops.is_tensor(t.elementwise)


@pytest.mark.parametrize(
    "floatx", ["float16", "float32"] + ["float64"] * (keras.backend.backend() == "tensorflow")
)
def test_a_loss_computes_in_floatx_unless_told(floatx):
    """Real Keras decides: a third is another number in each of the three."""
    y, p = np.zeros((3, 1)), np.array([[1.0], [0.0], [0.0]])
    keras.config.set_floatx(floatx)
    try:
        trace, theirs = lb.trace("mae", y, p), keras.losses.MeanAbsoluteError()(y, p)
        assert trace.dtype == floatx
        assert trace.total == float(theirs)
        assert lb.trace("mae", y, p, dtype="float32").total == float(np.float32(1 / 3))
    finally:
        keras.config.set_floatx("float32")


@pytest.mark.parametrize(
    ("rule", "operation", "formula"),
    [
        ("keras-3", "sum / number of values", "sum of weighted_values / 4"),
        ("keras-2.2.4", "sum / number of values", "sum of weighted_values / 4"),
        ("tf.keras-1.13", "sum / denominator", "sum of weighted_values / 6"),
        ("pytorch", "sum / denominator", "sum of weighted_values / 6"),
    ],
)
def test_the_last_stage_names_the_divisor_of_its_rule(rule, operation, formula):
    y, p, weight = np.zeros((4, 1)), np.array([[1.0], [2.0], [3.0], [4.0]]), [1.0, 2.0, 3.0, 0.0]
    last = lb.trace("mae", y, p, weight, rule=rule).stages[-1]
    assert (last.operation, last.formula) == (operation, formula)
    assert lb.trace("mae", y, p, weight, rule=rule).total == pytest.approx(
        {"keras-3": 3.5, "keras-2.2.4": 14 / 3}.get(rule, 14 / 6)
    )


def test_a_trace_can_be_pickled():
    trace = lb.trace("mse", [[1.0], [2.0]], [[0.5], [4.0]])
    again = pickle.loads(pickle.dumps(trace))
    assert repr(again) == repr(trace)
    assert type(again.reduction) is str


def test_a_trace_is_equal_to_itself_alone_and_holds_the_names_of_its_stages():
    t, other = lb.trace("mse", Y, P), lb.trace("mse", Y, P)
    assert t == t and t != other and len({t, other, t}) == 2
    assert t["total"] == t["total"] and t["total"] != other["total"]
    assert "values" in t and "mask_weight" not in t and 0 not in t


def test_what_a_loss_object_brings_is_not_dropped():
    summed = keras.losses.MeanSquaredError(reduction="sum", dtype="float16")
    for more in ({"reduction": "sum_over_batch_size"}, {"reduction": None}, {"dtype": "float32"}):
        (name,) = more
        words = rf"^{name}: a Loss object .* as in MeanSquaredError\({name}=...\)"
        with pytest.raises(TypeError, match=words):
            lb.trace(summed, Y, P, **more)
    with pytest.raises(TypeError, match=r"^from_logits, reduction, dtype: a Loss object"):
        lb.trace(summed, Y, P, reduction="none", dtype="float32", from_logits=True)
    alike = lb.trace(summed, Y, P, reduction="sum", dtype=np.float16)
    assert alike.total == lb.trace(summed, Y, P).total and alike.reduction == "sum"
