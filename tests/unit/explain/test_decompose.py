"""decompose(): parts that add up to a scalar, on whichever backend runs."""

import keras
import numpy as np
import pytest
from keras import ops

import lossbook as lb
from lossbook._core import to_numpy

RNG = np.random.default_rng(5)
Y, P = RNG.uniform(0.1, 0.9, (2, 4, 3)).astype("float32")
LABELS = np.array([2, 0, 2, 1])
KEYS = ("source", "output", "sample", "class", "true_class", "position", "batch")


@pytest.fixture
def y():
    return ops.convert_to_tensor(Y)


@pytest.fixture
def p():
    return ops.convert_to_tensor(P)


def check(e, expected, rtol=1e-6):
    """Compare the parts by name, and see that every grouping adds up."""
    found = e.by("source")
    assert list(found) == list(expected)
    np.testing.assert_allclose(list(found.values()), list(expected.values()), rtol=rtol)
    for key in KEYS:
        np.testing.assert_allclose(sum(e.by(key).values()), e.total, rtol=1e-6, atol=1e-7)
    return found


def test_a_vae_by_name_row_latent_and_class(y, p):
    bce = keras.losses.BinaryCrossentropy(name="reconstruction", reduction="sum")
    mean, log_var = ops.convert_to_tensor(P[:, :2]), ops.convert_to_tensor(Y[:, :2])

    def step():
        kl = -0.5 * (1 + log_var - ops.square(mean) - ops.exp(log_var))
        return bce(y, p) / 4 + ops.mean(ops.sum(lb.mark("kl", kl), axis=1))

    e = lb.decompose(step)
    elements = -(Y * np.log(P) + (1 - Y) * np.log(1 - P)) / 3 / 4
    kl = -0.5 * (1 + Y[:, :2] - P[:, :2] ** 2 - np.exp(Y[:, :2])) / 4
    check(e, {"reconstruction": elements.sum(), "kl": kl.sum()})
    assert abs(e.residual) <= 1e-6 * e.reported
    for i in range(2):
        np.testing.assert_allclose(e.by("source", "position")["kl", i], kl[:, i].sum(), rtol=1e-5)
    for i in range(3):
        wanted = elements[:, i].sum()
        np.testing.assert_allclose(e.by("source", "class")["reconstruction", i], wanted, rtol=1e-5)
    for i in range(4):
        wanted = elements[i].sum() + kl[i].sum()
        np.testing.assert_allclose(e.by("sample")[i], wanted, rtol=1e-5)
    assert e.worst(1)[0][0] == (elements.sum(1) + kl.sum(1)).argmax()


def test_classes_of_a_sparse_loss_are_the_true_ones(p):
    loss = keras.losses.SparseCategoricalCrossentropy(name="crossentropy")
    probabilities = P / P.sum(-1, keepdims=True)
    e = lb.decompose(lambda: loss(LABELS, ops.convert_to_tensor(probabilities)))
    values = -np.log(probabilities[range(4), LABELS]) / 4
    check(e, {"crossentropy": values.sum()})
    wanted = {k: values[k == LABELS].sum() for k in range(3)}
    for key in ("class", "true_class"):
        found = e.by(key)
        np.testing.assert_allclose([found[k] for k in range(3)], list(wanted.values()), rtol=1e-5)


def test_a_mask_and_an_ignored_class(p):
    loss = keras.losses.SparseCategoricalCrossentropy(ignore_class=2, name="crossentropy")
    probabilities = P / P.sum(-1, keepdims=True)
    e = lb.decompose(lambda: loss(LABELS, ops.convert_to_tensor(probabilities)))
    kept = LABELS != 2
    values = -np.log(probabilities[range(4), LABELS])[kept]
    check(e, {"crossentropy": values.mean()})
    assert [e.by("sample")[i] == 0 for i in range(4)] == list(~kept)


def test_rows_that_count_nothing_keep_the_classes_of_the_others(p):
    probabilities = P / P.sum(-1, keepdims=True)

    def step():
        values = keras.losses.sparse_categorical_crossentropy(
            LABELS, ops.convert_to_tensor(probabilities)
        )
        return ops.sum(values * ops.convert_to_tensor([1.0, 0.0, 1.0, 0.0])) / 2

    values = -np.log(probabilities[range(4), LABELS]) / 2
    found = lb.decompose(step).by("class")
    assert found == pytest.approx({0: 0, 1: 0, 2: values[0] + values[2]}, rel=1e-5)


def test_names_are_distinct_and_metrics_are_no_parts(y, p):
    mse, metric = keras.losses.MeanSquaredError(name="mse"), keras.metrics.MeanSquaredError()

    def step():
        metric.update_state(y, p)
        return mse(y, p) + 2 * mse(p, y)

    value = ((Y - P) ** 2).mean()
    check(lb.decompose(step), {"mse": value, "mse_2": 2 * value})


def test_regularisers_and_add_loss_by_their_layer(y, p):
    class Penalty(keras.layers.Layer):
        def call(self, x):
            self.add_loss(ops.sum(ops.abs(x), axis=1))  # one for each row
            return x

    dense = keras.layers.Dense(3, kernel_regularizer="l2", use_bias=False, name="dense")
    model = keras.Sequential([keras.Input((3,)), dense, Penalty(name="penalty")])

    def step():
        loss = keras.losses.MeanAbsoluteError(name="mae")(y, model(p))
        return loss + sum(ops.sum(extra) for extra in model.losses)

    e = lb.decompose(step)
    kernel = to_numpy(dense.kernel)
    out = P @ kernel
    expected = {
        "mae": abs(Y - out).mean(),
        "(additional) penalty/add_loss": abs(out).sum(),
        f"(additional) {dense.kernel.path}": 0.01 * (kernel**2).sum(),
    }
    check(e, expected, rtol=1e-5)
    np.testing.assert_allclose(
        e.by("source", "sample")["(additional) penalty/add_loss", 2], abs(out[2]).sum(), rtol=1e-5
    )


@pytest.mark.parametrize("how", ["log", "product", "quotient", "root"])
def test_what_is_not_linear_is_said(y, p, how):
    mse, mae = keras.losses.MeanSquaredError(name="mse"), keras.losses.MeanAbsoluteError(name="mae")
    square, size = ((Y - P) ** 2).mean(), abs(Y - P).mean()
    steps = {
        "log": (lambda: ops.log(mse(y, p)), {"mse": 1.0}, np.log(square)),
        "product": (
            lambda: mse(y, p) * mae(y, p),
            {"mse": square * size, "mae": square * size},
            square * size,
        ),
        "quotient": (
            lambda: mse(y, p) / mae(y, p),
            {"mse": square / size, "mae": -square / size},
            square / size,
        ),
        "root": (
            lambda: ops.sqrt(mse(y, p)) + mae(y, p),
            {"mse": np.sqrt(square) / 2, "mae": size},
            np.sqrt(square) + size,
        ),
    }
    step, parts, scalar = steps[how]
    e = lb.decompose(step)
    check(e, parts, rtol=1e-5)
    np.testing.assert_allclose(e.reported, scalar, rtol=1e-5)
    np.testing.assert_allclose(e.residual, sum(parts.values()) - scalar, rtol=1e-4)
    assert "not linear in mse" in " ".join(repr(e).split())
    assert ("mae" in e.notes[0].partition(":")[0]) == (how in ("product", "quotient"))


def test_a_wrapper_that_bears_a_name_of_keras_is_split_no_further(y, p):
    def binary_crossentropy(y_true, y_pred):
        return 10 * ops.mean(ops.square(y_true - y_pred), axis=-1)

    loss = keras.losses.MeanSquaredError(name="plain")
    loss.fn = binary_crossentropy
    e = lb.decompose(lambda: loss(y, p))
    check(e, {"plain": 10 * ((Y - P) ** 2).mean()})
    assert set(e.by("class")) == {"(atomic)"}


def test_a_mark_without_rows_has_positions(y, p):
    mse = keras.losses.MeanSquaredError(name="mse")
    weights = ops.convert_to_tensor([1.0, 2.0, 3.0, 4.0, 5.0])
    e = lb.decompose(lambda: mse(y, p) + ops.sum(lb.mark("weights", weights)))
    assert e.by("source", "position")["weights", 4] == 5
    assert ("weights", 0) not in e.by("source", "sample")
    assert len(e.batch_sizes) == 1 and e.batch_sizes[0] == 4


def test_infinity_under_a_weight_of_zero(y, p):
    values = ops.convert_to_tensor([1.0, np.inf, 3.0])
    keep = ops.convert_to_tensor([True, False, True])
    e = lb.decompose(lambda: ops.sum(ops.where(keep, lb.mark("value", values), 0.0)))
    assert (e.reported, e.total) == (4, 4)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_scalar_that_is_no_number(y, p, bad):
    mse = keras.losses.MeanSquaredError(name="mse")
    with pytest.raises(ValueError, match=r"finite scalar.*is among the values of mse"):
        lb.decompose(lambda: mse(y, p * bad))
    with pytest.raises(ValueError, match="The values that were marked are finite"):
        lb.decompose(lambda: mse(y, p) * bad)


def test_names_of_the_reader_take_the_place_of_keras_names(y, p):
    mse = keras.losses.MeanSquaredError(name="mse")
    square = ((Y - P) ** 2).mean()
    e = lb.decompose(lambda: lb.mark("named", mse(y, p)))
    check(e, {"named": square})
    assert set(e.by("class")) == {0, 1, 2}
    check(lb.decompose(lambda: 2 * lb.mark("half", mse(y, p) / 2)), {"half": square})
    inside = lb.decompose(lambda: lb.mark("outer", 2 * lb.mark("inner", mse(y, p) + 1)))
    check(inside, {"inner": 2 * square + 2})


def test_other_dtypes_and_an_empty_mark(p):
    single = keras.losses.MeanSquaredError(name="mse")
    e = lb.decompose(
        lambda: (
            single(Y, p)
            + ops.cast(ops.sum(lb.mark("double", np.ones(3))), "float32")
            + ops.sum(lb.mark("empty", p[:0]))
        )
    )
    check(e, {"mse": ((Y - P) ** 2).mean(), "double": 3})


def test_what_is_no_function(p):
    with pytest.raises(TypeError, match=r"takes a function.*Write lossbook\.decompose\(lambda"):
        lb.decompose(ops.mean(p))


def test_in_a_compiled_function(y, p):
    backend = keras.backend.backend()
    if backend == "torch":
        pytest.skip("PyTorch runs what it is given")
    mse = keras.losses.MeanSquaredError()

    def inside():
        return lb.decompose(lambda: mse(y, p)).total

    with pytest.raises(ValueError, match=r"outside of tf\.function and jax\.jit"):
        if backend == "jax":
            import jax

            jax.jit(inside)()
        else:
            import tensorflow as tf

            tf.function(inside, autograph=False)()


def test_html_escapes_names(p):
    e = lb.decompose(lambda: ops.mean(lb.mark("<b>", p)))
    assert "&lt;b&gt;" in e._repr_html_() and "<b>" not in e._repr_html_()


def test_text(snapshot):
    mse = keras.losses.MeanSquaredError(name="mse")
    flat = ops.full((4, 3), 0.5)
    assert repr(lb.decompose(lambda: mse(flat, 0 * flat) + 1.0)) == snapshot


def test_groups_of_the_readers_own():
    """The key is an array with one entry for each row; what nothing covers has a key of its own."""
    y = ops.convert_to_tensor([[1.0, 0.0], [2.0, 0.0], [3.0, 0.0]])
    mse = keras.losses.MeanSquaredError()
    e = lb.decompose(lambda: mse(y, 0 * y) + ops.sum(y))
    assert e.by(["a", "b", "a"]) == pytest.approx({"a": 10 / 6, "b": 4 / 6, "(unmarked)": 6.0})
