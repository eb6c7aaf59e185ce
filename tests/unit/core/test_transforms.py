"""What a training step does to our functions: compile, differentiate, map, in every dtype.

On whichever backend Keras runs; Keras's own losses are the judge. NaN equals NaN. Tolerance:
|ours - Keras's| <= 2e-6 * (largest magnitude, or sum of magnitudes for a sum) + 1e-7; half
precision as stated there.
"""

import os
import subprocess
import sys
import warnings

import numpy as np
import pytest
from keras import losses, ops
from keras.src import backend as keras_backend
from keras.src.losses.loss import reduce_weighted_values

import lossbook as lb
from lossbook._core.arrays import dtype_name, to_numpy
from lossbook._losses.catalogue import LOSSES
from lossbook.notebook import device
from tests.real_keras.transforms import BACKEND, compiled, gradient, mapped

# JAX has no float64 unless it is told to
DTYPES = ("float16", "bfloat16", "float32", "float64")[: 3 if BACKEND == "jax" else 4]
NO_VALUES = (
    "y_pred has no values yet: trace was called in a function that is being compiled. "
    "Call it outside, or compile with run_eagerly=True; aggregate() may stay inside."
)


def close(ours, theirs, magnitude=None, rtol=2e-6, atol=1e-7):
    """Assert that two arrays are equal within the tolerance."""
    ours, theirs = (to_numpy(x).astype(np.float64) for x in (ours, theirs))
    if magnitude is None:
        magnitude = np.abs(theirs[np.isfinite(theirs)]).max(initial=0)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=rtol * magnitude + atol)


# --- aggregate and the stages of the reduction

VALUES = np.array([[0.5, -2.0, 4.0], [1.0, 8.0, 0.25], [3.0, -1.0, 0.0], [2.0, 6.0, 1.5]])
WEIGHTS = {
    "none": None,
    "per value": np.linspace(0, 2.2, 12).reshape(4, 3),
    "per sample": np.array([[2.0], [0.0], [0.5], [1.0]]),
    "all zero": np.zeros((4, 3)),
    "sum zero": np.array([[1.0, -1.0, 0.0]] * 4),
}
MASKS = {
    "none": None,
    "some": VALUES > 0.7,
    "per sample": VALUES[:, :1] > 0.7,
    "nothing": np.zeros((4, 3), bool),
}


def tensors(*arrays):
    """Make float32 tensors of arrays; masks stay bool, None stays None."""
    return [
        None if x is None else ops.convert_to_tensor(x, "bool" if x.dtype == bool else "float32")
        for x in arrays
    ]


def full(weight, mask):
    """Return a copy of the weights that has the shape of weights times mask.

    On PyTorch Keras multiplies weights by the mask in place: it changes the caller's tensor, and
    refuses one that would have to grow.
    """
    if weight is None or mask is None:
        return weight
    return weight * ops.ones(np.broadcast_shapes(weight.shape, mask.shape), "float32")


def ours(how, values, weight, mask):
    return lb.aggregate(values, weight, mask, reduction=how)


def theirs(how, values, weight, mask):
    return reduce_weighted_values(values, full(weight, mask), mask, how, "float32")


def of_each(function):
    """Call a function with every reduction."""
    return [function(how) for how in lb.reduction.REDUCTIONS]


@pytest.mark.filterwarnings("ignore:mean_with_sample_weight divides by the sum:UserWarning")
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("weight", WEIGHTS)
def test_aggregate(weight, mask):
    """Compiled as eager, both as Keras; the coefficients are the gradient of either."""
    values, weight, mask = tensors(VALUES, WEIGHTS[weight], MASKS[mask])

    def answers(values):
        found = of_each(lambda how: ours(how, values, weight, mask))
        return [(a.total, a.coefficients, a.denominator) for a in found]

    def by_value(path):
        """Return the gradients of a path, ours or Keras's, with respect to the values."""
        return lambda x: of_each(
            lambda how: gradient(lambda x: ops.sum(path(how, x, weight, mask)))(x)
        )

    def by_weight(path):
        return lambda x: of_each(
            lambda how: gradient(lambda x: ops.sum(path(how, values, x, mask)))(x)
        )

    def total(*arguments):
        return ours(*arguments).total

    eager, graph = answers(values), compiled(answers)(values)
    expected = of_each(lambda how: theirs(how, values, weight, mask))
    for one, other, number in zip(eager, graph, expected, strict=True):
        magnitude = np.abs(to_numpy(one[1]) * VALUES).sum()
        close(one[0], number, magnitude)
        close(other[0], number, magnitude)
        close(other[1], one[1])
        close(other[2], one[2])
    for slopes in (by_value(theirs), by_value(total), compiled(by_value(total))):
        for slope, one in zip(slopes(values), eager, strict=True):
            close(slope, one[1])
    if weight is not None:
        expected = by_weight(theirs)(weight)
        for slopes in (by_weight(total), compiled(by_weight(total))):
            for slope, number in zip(slopes(weight), expected, strict=True):
                close(slope, number)


STAGES = {
    "class_axis, mean": lambda x: lb.reduction.class_axis(x, "mean", 0),
    "class_axis, sum": lambda x: lb.reduction.class_axis(x, "sum"),
    "class_axis, none": lambda x: lb.reduction.class_axis(x, "none"),
    "weigh": lambda x: lb.reduction.weigh(x, WEIGHTS["per sample"]),
    "weigh, values that repeat": lambda x: lb.reduction.weigh(x[..., None], [2.0, 0.5]),
    **{
        f"reduce_values, {reduction}": lambda x, reduction=reduction: lb.reduction.reduce_values(
            x, WEIGHTS["per value"], reduction
        )
        for reduction in lb.reduction.REDUCTIONS
    },
    **{
        f"reduce_weighted_values, {reduction}": (
            lambda x, reduction=reduction: lb.reduction.reduce_weighted_values(
                x, WEIGHTS["per value"], MASKS["some"], reduction
            )
        )
        for reduction in lb.reduction.REDUCTIONS
    },
}


@pytest.mark.filterwarnings("ignore:sample_weight of shape:UserWarning")
@pytest.mark.parametrize("stage", STAGES)
def test_the_coefficients_of_a_stage_are_its_gradient(stage):
    function, (x,) = STAGES[stage], tensors(VALUES)
    eager, graph = function(x), compiled(lambda x: function(x)[:2])(x)
    close(graph[0], eager.value)
    close(graph[1], eager.coefficients)
    coefficients = ops.reshape(eager.coefficients, x.shape)
    slope = gradient(lambda x: ops.sum(function(x).value))
    close(slope(x), coefficients)
    close(compiled(slope)(x), coefficients)


@pytest.mark.parametrize("reduction", lb.reduction.REDUCTIONS)
def test_weights_of_mask_and_samples_compiled(reduction):
    def both(weight, mask):
        step = lb.reduction.mask_weight(mask, reduction)
        return lb.reduction.effective_weight(weight, step.value)

    for mask in ("some", "per sample", "nothing"):
        arrays = tensors(WEIGHTS["per value"], MASKS[mask])
        close(compiled(both)(*arrays), both(*arrays))
        by_weight = gradient(lambda w, mask=arrays[1]: ops.sum(both(w, mask)))(arrays[0])
        close(by_weight, np.broadcast_to(both(1.0, MASKS[mask]), (4, 3)))


# --- losses, and the whole path of one output

NOT_DEFAULT = {
    "from_logits": True,
    "label_smoothing": 0.2,
    "axis": 1,
    "apply_class_balancing": True,
    "alpha": 0.6,
    "gamma": 1.5,
    "ignore_class": 3,
    "q": 0.8,
    "delta": 0.4,
}
CALLS = [
    (name, options)
    for name, loss in LOSSES.items()
    for options in [{}, *({option: NOT_DEFAULT[option]} for option in loss.options)]
    if not (loss.class_axis == "none" and "axis" in options)  # no other axis than the last
]
SHAPE = (3, 2, 4)
NUMBERED = ("sparse_categorical_crossentropy", "categorical_generalized_cross_entropy")
KINDS = ("ordinary", "edges")


def example(name, options, kind):
    """Return y_true and y_pred; "edges": perfect, opposite, all zero, and logits of any size."""
    rng = np.random.default_rng(4)
    classes = rng.integers(0, SHAPE[-1], SHAPE[:-1])
    one_hot = np.eye(SHAPE[-1])[classes]
    if kind == "ordinary":
        y_pred = rng.uniform(0.05, 0.95, SHAPE) * (3 if "from_logits" in options else 1)
    elif "from_logits" in options:
        y_pred = np.stack([0 * one_hot[0], 1000 * one_hot[1], 30 - 60 * one_hot[2]])
    else:
        y_pred = np.stack([one_hot[0], 1 - one_hot[1], 0 * one_hot[2]])
    if name in NUMBERED:
        return ops.convert_to_tensor(classes.astype("int32")), *tensors(y_pred)
    # Labels add up to 1: for others the gradient of softmax crossentropy on TensorFlow is no
    # derivative of its value.
    return tensors(one_hot if kind == "edges" else 0.9 * one_hot + 0.1 / SHAPE[-1], y_pred)


def weights_for(options):
    """Return sample weights, one of them 0, and a mask, in the shape of the values."""
    rng = np.random.default_rng(6)
    shape = SHAPE[:1] + SHAPE[2:] if options.get("axis") == 1 else SHAPE[:2]
    weight = rng.uniform(0.5, 2, shape)
    weight[0, 0] = 0
    return tensors(weight, rng.random(shape) < 0.7)


def path(name, options, reduction):
    """Return our function from y_true and y_pred to the loss of one output."""
    loss, inside = LOSSES[name], dict(options)
    if loss.activation == "sigmoid":
        inside.pop("axis", None)  # the axis of the mean, which comes later

    def function(y_true, y_pred, weight, mask):
        elementwise = loss.function(y_true, y_pred, **inside)
        values = lb.reduction.class_axis(elementwise, loss.class_axis, options.get("axis", -1))
        if "ignore_class" in options:
            mask = ops.logical_and(mask, y_true != options["ignore_class"])
        return lb.aggregate(values.value, weight, mask, reduction=reduction).total

    return function


def keras_path(name, options, reduction):
    """Return the same function of Keras's own loss object."""
    loss = getattr(losses, LOSSES[name].names[-1])(reduction=reduction, **options)

    def function(y_true, y_pred, weight, mask):
        y_pred = ops.multiply(y_pred, 1.0)  # a tensor of our own, to attach a mask to
        keras_backend.set_keras_mask(y_pred, mask)
        return loss(y_true, y_pred, full(weight, mask))

    return function


def label(call):
    return "-".join([call[0], *call[1]])


@pytest.mark.parametrize("call", CALLS, ids=label)
def test_the_values_of_a_loss_compiled(call):
    """At the edges; test_against_keras.py has what is between them."""
    arrays = *example(*call, "edges"), *weights_for(call[1])
    function = path(*call, "none")
    expected = keras_path(*call, "none")(*arrays)
    close(function(*arrays), expected)
    close(compiled(function)(*arrays), expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("call", CALLS, ids=label)
def test_the_gradient_of_a_loss_is_keras_own(call, kind):
    y_true, y_pred = example(*call, kind)
    arrays = weights_for(call[1])
    function, theirs = path(*call, "sum_over_batch_size"), keras_path(*call, "sum_over_batch_size")
    expected = gradient(lambda p: theirs(y_true, p, *arrays))
    slope = gradient(lambda p: function(y_true, p, *arrays))
    close(slope(y_pred), expected(y_pred))
    if kind == "edges":  # compilers make 0 of 0 times infinity, here and there
        close(compiled(slope)(y_pred), compiled(expected)(y_pred))


@pytest.mark.parametrize("call", CALLS, ids=label)
def test_the_second_derivative_of_a_loss_is_keras_own(call):
    y_true, y_pred = example(*call, "ordinary")
    arrays = weights_for(call[1])
    (direction,) = tensors(np.random.default_rng(8).normal(size=SHAPE))

    def second(function):
        slope = gradient(lambda p: function(y_true, p, *arrays))
        return gradient(lambda p: ops.sum(slope(p) * direction))(y_pred)

    # rounded more often
    close(second(path(*call, "sum")), second(keras_path(*call, "sum")), rtol=1e-5)


def test_per_sample_losses_mapped():
    y_true, y_pred = example("binary_crossentropy", {}, "ordinary")
    weight, mask = weights_for({})
    function = path("binary_crossentropy", {}, "sum_over_batch_size")
    expected = [function(y_true[i], y_pred[i], weight[i], mask[i]) for i in range(SHAPE[0])]
    close(mapped(function)(y_true, y_pred, weight, mask), ops.stack(expected))


# --- dtypes and devices


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", LOSSES)
def test_dtype_and_device_are_those_of_the_predictions(name, dtype):
    y_true, y_pred = example(name, {}, "ordinary")
    y_pred = ops.cast(y_pred, dtype)
    weight, mask = (to_numpy(x) for x in weights_for({}))  # in NumPy's dtypes, on the host
    step = lb.reduction.class_axis(LOSSES[name].function(y_true, y_pred), LOSSES[name].class_axis)
    a = lb.aggregate(step.value, weight.astype("float64"), mask)
    loss = getattr(losses, LOSSES[name].names[-1])(dtype=dtype)
    # `maximum` of Keras on PyTorch makes float32 of float64: so do Keras's losses that use it
    keras_dtype = dtype_name(loss.call(y_true, y_pred)) if dtype == "float64" else dtype
    for result in (*step[:2], a.total, a.coefficients, a.denominator):
        assert dtype_name(result) == keras_dtype and device(result) == device(y_pred)
    keras_backend.set_keras_mask(y_pred, ops.convert_to_tensor(mask))
    # 11 bits, and 8: operations round one by one, in another order than Keras's
    rtol, atol = {"float16": (1e-2, 1e-3), "bfloat16": (5e-2, 1e-2)}.get(dtype, (2e-6, 1e-7))
    contributions = to_numpy(a.coefficients) * to_numpy(step.value)
    close(a.total, loss(y_true, y_pred, weight), np.abs(contributions).sum(), rtol, atol)


@pytest.mark.skipif(BACKEND != "jax", reason="JAX alone makes several devices of a CPU")
def test_results_stay_on_the_second_device():
    code = """
import jax, numpy as np, lossbook as lb
from lossbook.notebook import device
second = jax.devices()[1]
y, p = (jax.device_put(np.full((4, 3), x, "float32"), second) for x in (1.0, 0.25))
t = lb.trace("binary_crossentropy", y, p, np.ones(4), mask=np.ones(4, bool))
for x in (t.elementwise, t.contributions, t["values"].value, t["total"].value):
    assert device(x) == "cpu:1", device(x)
assert device(lb.trace("mse", y, p).coefficients) == "cpu:1"
labels = lb.elementwise.sparse_categorical_crossentropy(np.zeros(4, int), p)
assert device(lb.aggregate(labels, np.ones(4)).total) == "cpu:1"
"""
    flags = {**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, env=flags)


@pytest.mark.skipif(BACKEND != "jax", reason="the other backends have float64")
def test_float64_is_float32_on_jax_and_jax_says_so():
    _, y_pred = example("mean_squared_error", {}, "ordinary")
    with pytest.warns(UserWarning, match="float64.*truncated to dtype float32"):
        t = lb.trace("mse", to_numpy(y_pred) * 2, y_pred, dtype="float64")
    assert dtype_name(t.elementwise) == dtype_name(t.coefficients) == "float32"


# --- trace


@pytest.mark.parametrize("name", ["binary_crossentropy", "sparse_categorical_crossentropy"])
def test_nothing_is_warned_of_while_compiling(name):
    arrays = *example(name, {}, "ordinary"), *weights_for({})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        compiled(path(name, {}, "sum"))(*arrays)
    assert [str(warning.message) for warning in caught if BACKEND != "torch"] == []


def test_trace_is_refused_where_there_are_no_values():
    y_true, y_pred = example("mean_squared_error", {}, "ordinary")

    def traced(y_true, y_pred):
        return ops.convert_to_tensor(lb.trace("mse", y_true, y_pred).total)

    with pytest.raises(TypeError) as raised:
        (mapped if BACKEND == "torch" else compiled)(traced)(y_true, y_pred)
    assert str(raised.value) == NO_VALUES
    if BACKEND == "jax":
        with pytest.raises(TypeError) as raised:
            gradient(lambda p: traced(y_true, p))(y_pred)
        assert str(raised.value) == NO_VALUES


@pytest.mark.skipif(BACKEND == "jax", reason="JAX differentiates without values")
@pytest.mark.parametrize("name", ["binary_crossentropy", "sparse_categorical_crossentropy"])
def test_contributions_of_a_trace_can_be_differentiated(name):
    y_true, y_pred = example(name, {}, "ordinary")
    weight, mask = weights_for({})
    ours = gradient(lambda p: ops.sum(lb.trace(name, y_true, p, weight, mask).contributions))
    theirs = keras_path(name, {}, "sum_over_batch_size")
    close(ours(y_pred), gradient(lambda p: theirs(y_true, p, weight, mask))(y_pred))


# --- PyTorch's compiler: traced only, which needs no C compiler


@pytest.mark.skipif(BACKEND != "torch", reason="PyTorch's own compiler")
@pytest.mark.filterwarnings("ignore::UserWarning")  # of what it leaves to Python
@pytest.mark.parametrize("name", ["binary_crossentropy", "sparse_categorical_crossentropy"])
def test_pytorch_compiles(name):
    import torch

    torch.compiler.reset()
    y_true, y_pred = example(name, {}, "ordinary")
    arrays = weights_for({})
    function = path(name, {}, "sum_over_batch_size")
    graph = torch.compile(function, backend="eager")
    close(graph(y_true, y_pred, *arrays), function(y_true, y_pred, *arrays))
    slope, expected = (
        gradient(lambda p, loss=loss: loss(y_true, p, *arrays))(y_pred)
        for loss in (graph, function)
    )
    close(slope, expected)
