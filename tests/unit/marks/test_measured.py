"""measured() against coefficients by hand, eagerly and in a step that is being compiled."""

import keras
import numpy as np
import pytest
from keras import ops

import lossbook as lb
from lossbook._core import to_numpy
from lossbook._marks import mark, measured

BACKEND = keras.backend.backend()
RNG = np.random.default_rng(3)
Y, P = RNG.uniform(0.1, 0.9, (2, 6, 4)).astype("float32")
MSE = ((Y - P) ** 2).mean(-1)
MAE = abs(Y - P).mean(-1)
WEIGHT = np.array([1, 0, 2, 3, 0, 1], "float32")
mse, mae = keras.losses.MeanSquaredError(), keras.losses.MeanAbsoluteError()
mean_squared_error = keras.losses.mean_squared_error  # imported by the reader, before


def host(marks):
    return {
        m.name: (ops.convert_to_numpy(m.values), ops.convert_to_numpy(m.coefficients))
        for m in marks
    }


def compiled(fn):
    """Run measured(fn) in a compiled step and return what it returned, as arrays."""
    kept = {}

    def step():
        scalar, marks = measured(fn)
        kept["names"] = [m.name for m in marks]
        return scalar, [(m.values, m.coefficients, m.bend) for m in marks]

    if BACKEND == "tensorflow":
        import tensorflow as tf

        scalar, tensors = tf.function(step)()
    elif BACKEND == "jax":
        import jax

        scalar, tensors = jax.jit(step)()
    else:
        import torch

        with torch.no_grad():  # as Keras evaluates
            scalar, tensors = step()
    numbers = [tuple(map(ops.convert_to_numpy, t)) for t in tensors]
    return float(scalar), dict(zip(kept["names"], numbers, strict=True))


def eagerly(fn):
    scalar, marks = measured(fn)
    bends = [ops.convert_to_numpy(m.bend) for m in marks]
    numbers = [(*pair, bend) for pair, bend in zip(host(marks).values(), bends, strict=True)]
    return float(scalar), dict(zip([m.name for m in marks], numbers, strict=True))


class OwnSum(keras.losses.Loss):
    """Keras's function, and something of its own."""

    def call(self, y_true, y_pred):
        own = ops.mean(ops.abs(y_true - y_pred), -1)
        return 2 * keras.losses.mean_squared_error(y_true, y_pred) + own


class OwnRoot(keras.losses.Loss):
    """No sum of what Keras's function returns."""

    def call(self, y_true, y_pred):
        return ops.sqrt(keras.losses.mean_squared_error(y_true, y_pred))


class OwnLayer(keras.layers.Layer):
    def call(self, x):
        self.add_loss(ops.mean(mark("inside", ops.square(x))))
        return x


def masked_mean(y, p):
    mask = ops.convert_to_tensor([1.0, 1, 0, 1, 0, 0])
    return ops.sum(mask * keras.losses.mean_squared_error(y, p)) / ops.sum(mask)


def with_layer(y, p):
    layer = OwnLayer(name="own")
    return mse(y, layer(p)) + layer.losses[0]


# name -> what the step returns, and the parts that it is to have: name -> (values, coefficients)
STEPS = {
    "a Loss object": (lambda y, p: mse(y, p), {"mean_squared_error": (MSE, 1 / 6)}),
    "weights and a factor": (
        lambda y, p: 3 * mse(y, p, sample_weight=WEIGHT),
        {"mean_squared_error": (MSE, WEIGHT / 2)},
    ),
    "a function": (
        lambda y, p: ops.sum(keras.losses.mean_squared_error(y, p)),
        {"mean_squared_error": (MSE, 1)},
    ),
    "a function that was imported": (
        lambda y, p: ops.sum(mean_squared_error(y, p)),
        {"mean_squared_error": (MSE, 1)},
    ),
    "twice": (
        lambda y, p: mse(y, p) + 2 * mse(y, 0 * p),
        {
            "mean_squared_error": (MSE, 1 / 6),
            "mean_squared_error_2": ((Y**2).mean(-1), 1 / 3),
        },
    ),
    "a mark": (
        lambda y, p: mse(y, p) + 0.1 * ops.mean(ops.sum(mark("square", ops.square(p)), axis=1)),
        {"mean_squared_error": (MSE, 1 / 6), "square": (P**2, 0.1 / 6)},
    ),
    "a mark that is not used": (
        lambda y, p: mse(y, p) + 0 * ops.sum(ops.stop_gradient(mark("aside", p))),
        {"mean_squared_error": (MSE, 1 / 6), "aside": (P, 0)},
    ),
    "a loss that is not used": (
        lambda y, p: (mae(y, p), mse(y, p))[1],
        {"mean_squared_error": (MSE, 1 / 6)},
    ),
    "a masked mean": (
        masked_mean,
        {"mean_squared_error": (MSE, np.array([1, 1, 0, 1, 0, 0]) / 3)},
    ),
    "the two hardest": (
        lambda y, p: ops.mean(ops.top_k(keras.losses.mean_squared_error(y, p), 2)[0]),
        {"mean_squared_error": (MSE, (np.sort(MSE)[-2] <= MSE) / 2)},
    ),
    "a function in a Loss": (
        lambda y, p: OwnSum(name="own")(y, p),
        {"mean_squared_error": (MSE, 1 / 3), "own": (MAE, 1 / 6)},
    ),
    "no sum of a function": (
        lambda y, p: OwnRoot(name="root")(y, p),
        {"mean_squared_error": (MSE, 0), "root": (np.sqrt(MSE), 1 / 6)},
    ),
    "a loss that the reader names": (
        lambda y, p: lb.mark("named", mse(y, p)) + mark("too", mae(y, p)),
        {"named": (MSE, 1 / 6), "too": (MAE, 1 / 6)},
    ),
    "a function that the reader names": (
        lambda y, p: ops.sum(mark("named", keras.losses.mean_squared_error(y, p))),
        {"named": (MSE, 1)},
    ),
    "a mark that takes a loss's place": (
        lambda y, p: ops.mean(mark("half", keras.losses.mean_squared_error(y, p) / 2)),
        {"half": (MSE / 2, 1 / 6), "mean_squared_error": (MSE, 0)},
    ),
    "a mark in a layer's add_loss": (
        with_layer,
        {"inside": (P**2, 1 / 24), "mean_squared_error": (MSE, 1 / 6), "own/add_loss": (0, 1)},
    ),
}


@pytest.mark.parametrize("how", [eagerly, compiled])
@pytest.mark.parametrize("name", STEPS)
def test_values_and_coefficients(name, how):
    step, expected = STEPS[name]
    y, p = ops.convert_to_tensor(Y), ops.convert_to_tensor(P)
    scalar, found = how(lambda: step(y, p))
    assert set(found) == set(expected)
    for key, (values, coefficients) in expected.items():
        got, factor, bend = found[key]
        np.testing.assert_allclose(got, np.broadcast_to(values, got.shape), rtol=2e-6, atol=2e-7)
        wanted = np.broadcast_to(coefficients, factor.shape)
        np.testing.assert_allclose(factor, wanted, rtol=2e-6, atol=2e-8)
        assert bend <= 1e-6
    parts = sum((values * factor).sum() for values, factor, _ in found.values())
    np.testing.assert_allclose(parts, scalar, rtol=1e-6)


@pytest.mark.parametrize("how", [eagerly, compiled])
def test_what_is_not_linear_bends(how):
    y, p = ops.convert_to_tensor(Y), ops.convert_to_tensor(P)
    _, found = how(lambda: mse(y, p) * mae(y, p) + ops.mean(mark("straight", p)))
    product = MSE.mean() * MAE.mean()
    bends = {name: bend for name, (*_, bend) in found.items()}
    np.testing.assert_allclose(bends.pop("straight"), 0, atol=1e-7)
    np.testing.assert_allclose(list(bends.values()), [product, product], rtol=1e-5)


@pytest.mark.parametrize("how", [eagerly, compiled])
def test_what_is_made_of_a_loss_that_is_not_linear_bends(how):
    y, p = ops.convert_to_tensor(Y), ops.convert_to_tensor(P)
    _, found = how(lambda: ops.log(OwnRoot(name="root")(y, p)))
    values, coefficients, bend = found["root"]
    np.testing.assert_allclose((values * coefficients).sum(), 1, rtol=1e-6)
    np.testing.assert_allclose(bend, 1, rtol=1e-5)


def test_a_step_that_trains_a_model_and_fails_leaves_the_model_its_values():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="Received: float"):
        measured(lambda: float(model.train_on_batch(P, Y)))
    assert np.isfinite(model.evaluate(P, Y, verbose=0))


def test_variables_and_layers_keep_no_tracer():
    y, p = ops.convert_to_tensor(Y), ops.convert_to_tensor(P)
    tracker, layer = keras.metrics.Mean(), OwnLayer(name="own")
    seeds = keras.random.SeedGenerator(1)

    def step():
        keras.random.normal((2,), seed=seeds)
        loss = mse(y, layer(p)) + layer.losses[0]
        tracker.update_state(loss)
        return loss

    before = to_numpy(seeds.state).copy()
    scalar, _ = measured(step)
    np.testing.assert_allclose(float(tracker.result()), float(scalar), rtol=1e-6)
    np.testing.assert_allclose(to_numpy(layer.losses[0]), (P**2).mean(), rtol=1e-6)
    assert (to_numpy(seeds.state) != before).any()
    for variable in tracker.variables:
        assert not getattr(variable.value, "requires_grad", False)


def test_a_model_under_a_stateless_scope():
    y, p = ops.convert_to_tensor(Y), ops.convert_to_tensor(P)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, kernel_regularizer="l2")])
    tracker = keras.metrics.Mean()

    def step():
        loss = mse(y, model(p)) + sum(model.losses)
        tracker.update_state(loss)
        return loss

    with keras.StatelessScope([(v, v.value) for v in model.variables]) as scope:
        scalar, marks = measured(step)
        total = scope.get_current_value(tracker.total)
    assert [m.name for m in marks] == ["mean_squared_error", model.layers[0].kernel.path]
    np.testing.assert_allclose(to_numpy(total), to_numpy(scalar), rtol=1e-6)
    assert float(tracker.result()) == 0


def test_half_precision_and_whole_numbers():
    p = ops.convert_to_tensor(P)
    _, marks = measured(lambda: ops.mean(mark("half", ops.cast(p, "float16"))))
    assert keras.backend.standardize_dtype(marks[0].values.dtype) == "float16"
    _, marks = measured(lambda: ops.sum(mark("whole", ops.convert_to_tensor([1, 2, 3]))))
    np.testing.assert_array_equal(ops.convert_to_numpy(marks[0].coefficients), np.ones(3))


def test_what_is_compiled_in_itself_is_said_to_be_unseen():
    if BACKEND == "torch":
        pytest.skip("PyTorch runs what it is given")
    y, p = ops.convert_to_tensor(Y), ops.convert_to_tensor(P)
    if BACKEND == "tensorflow":
        import tensorflow as tf

        inner = tf.function(lambda: mse(y, p))
    else:
        import jax

        inner = jax.jit(lambda: mse(y, p))
    result = measured(lambda: inner() + mae(y, p))
    assert [m.name for m in result[1]] == ["mean_absolute_error"]
    assert result.unseen == ("mean_squared_error",)


@pytest.mark.skipif(BACKEND != "torch", reason="PyTorch's own modes")
def test_a_step_that_trains_on_pytorch():
    import torch

    y, p = ops.convert_to_tensor(Y), ops.convert_to_tensor(P)
    weight = torch.ones(4, requires_grad=True)

    def step():
        loss = mse(y, p * weight)
        loss.backward()
        with torch.no_grad():
            return loss + float(mae(y, p).numpy()) * mae(y, p)

    scalar, marks = measured(step)
    np.testing.assert_allclose(float(scalar), MSE.mean() + MAE.mean() ** 2, rtol=1e-6)
    assert weight.grad is not None
    assert [m.name for m in marks] == ["mean_squared_error", "mean_absolute_error"]
    assert not any(m.coefficients.requires_grad for m in marks)


def test_what_is_no_scalar():
    p = ops.convert_to_tensor(P)
    for result, received in [
        (None, "NoneType"),
        ((p, p), "2 values, in a tuple"),
        ({"loss": p}, "1 values, in a dict"),
        (p, r"a tensor of shape \(6, 4\)"),
        (0.5, "float"),
        (np.float32(0.5), "float32"),
        (ops.convert_to_tensor(3), "whole numbers"),
    ]:
        with pytest.raises(ValueError, match=f"returns one number.*Received: .*{received}"):
            measured(lambda result=result: result)
