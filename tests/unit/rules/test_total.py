"""The end of the path against real Keras: outputs, additional losses, batches."""

import keras
import numpy as np
import pytest

import lossbook as lb
from lossbook import total
from lossbook.rules import resolve

ROWS = np.array([1.0, 2.0, 4.0, 9.0, 5.0], "float32")[:, None]
TIGHT = {"rel": 2e-6, "abs": 1e-7}
PENALTY = resolve("keras-3").extras["activity_penalty"]


def outputs(names, **settings):
    """A compiled model that returns its input once for each name."""
    inputs = keras.Input((1,))
    model = keras.Model(inputs, {name: keras.layers.Identity()(inputs) for name in names})
    model.compile(run_eagerly=True, **settings)
    return model


def evaluate(model, targets, **settings):
    return model.evaluate(ROWS, targets, verbose=0, return_dict=True, **settings)


@pytest.mark.parametrize(
    "loss_weights", [None, {"a": 1.0, "b": 0.25}, {"b": -3.0, "a": 0.0}, {"a": 2, "b": 0.5}]
)
def test_outputs_and_loss_weights_as_keras_adds_them(loss_weights):
    model = outputs("ab", loss={"a": "mae", "b": "mse"}, loss_weights=loss_weights)
    printed = evaluate(model, {"a": 0 * ROWS, "b": 0 * ROWS})
    losses = {"a": np.abs(ROWS).mean(), "b": (ROWS**2).mean()}
    ours = total.weighted_losses(losses, loss_weights)
    assert printed["loss"] == pytest.approx(ours.value, **TIGHT)
    assert ours.coefficients == tuple((loss_weights or {"a": 1, "b": 1})[name] for name in "ab")


@pytest.mark.parametrize("loss_weights", [None, 0.25, [0.25]])
def test_a_single_output_takes_one_weight(loss_weights):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Identity()])
    model.compile(loss="mse", loss_weights=loss_weights, run_eagerly=True)
    printed = model.evaluate(ROWS, 0 * ROWS, verbose=0)
    loss = float((ROWS**2).mean())
    assert printed == pytest.approx(total.weighted_losses(loss, loss_weights).value, **TIGHT)


@pytest.mark.parametrize(
    ("losses", "loss_weights"),
    [
        ({"z": "mae", "b": "mse"}, [10.0, 1.0]),
        (["mae", "mse"], {"z": 10.0, "b": 1.0}),
    ],
)
def test_where_a_list_meets_a_dict_keras_sorts_the_names(losses, loss_weights):
    inputs = keras.Input((1,))
    outputs = {name: keras.layers.Identity(name=name)(inputs) for name in "zb"}
    model = keras.Model(inputs, outputs if isinstance(losses, dict) else list(outputs.values()))
    model.compile(loss=losses, loss_weights=loss_weights, run_eagerly=True)
    numbers = [np.abs(ROWS).mean(), (ROWS**2).mean()]
    targets = [0 * ROWS] * 2
    if isinstance(losses, dict):
        numbers, targets = (dict(zip("zb", part, strict=True)) for part in (numbers, targets))
    printed = evaluate(model, targets)["loss"]
    with pytest.warns(UserWarning) as caught:
        ours = total.weighted_losses(numbers, loss_weights)
    assert printed == pytest.approx(ours.value, **TIGHT)
    assert str(caught[0].message) == (
        "Losses and loss_weights are a dict and a list: Keras sorts the names of the dict "
        "and pairs them with the list in the order b, z. Give both as a dict, or both as a list. "
        "See: python -m lossbook structure-order"
    )


@pytest.mark.parametrize(
    ("losses", "weights", "counts"),
    [(["mae", None], [0.5, 7.0], (0.5, 0.0)), (["mae", "mse"], [None, 0.5], (1.0, 0.5))],
    ids=["no loss counts nothing", "no weight counts once"],
)
def test_an_output_without_a_loss_or_a_weight(losses, weights, counts):
    inputs = keras.Input((1,))
    model = keras.Model(inputs, [keras.layers.Identity()(inputs) for _ in range(2)])
    model.compile(loss=losses, loss_weights=weights, run_eagerly=True)
    numbers = {"mae": np.abs(ROWS).mean(), "mse": (ROWS**2).mean(), None: None}
    ours = total.weighted_losses([numbers[name] for name in losses], weights)
    assert evaluate(model, [0 * ROWS] * 2)["loss"] == pytest.approx(ours.value, **TIGHT)
    assert ours.coefficients == counts


def test_one_name_and_a_list_of_one_cannot_be_confused():
    assert total.weighted_losses({"a": 2.0}, [0.5]) == (1.0, (0.5,))  # and no warning
    assert total.weighted_losses([2.0], {"a": 0.5}) == (1.0, (0.5,))


class Penalties(keras.layers.Layer):
    """Adds a scalar and a vector loss."""

    def call(self, x):
        self.add_loss(keras.ops.convert_to_tensor(0.75))
        self.add_loss(keras.ops.convert_to_tensor([0.5, 0.25]))
        return x


@pytest.mark.parametrize("batch_size", [5, 2, 1])
def test_additional_losses_and_batches(batch_size):
    dense = keras.layers.Dense(
        1,
        kernel_initializer="ones",
        bias_initializer="ones",
        kernel_regularizer=keras.regularizers.L2(0.5),
        bias_regularizer=keras.regularizers.L1(0.125),
        activity_regularizer=keras.regularizers.L1(0.01),
    )
    model = keras.Sequential([keras.Input((1,)), dense, Penalties()])
    model.compile(loss="mae", loss_weights=3.0, run_eagerly=True)
    printed = model.evaluate(ROWS, 0 * ROWS, batch_size=batch_size, verbose=0)

    batches = [ROWS[i : i + batch_size] + 1 for i in range(0, len(ROWS), batch_size)]
    losses = []
    for batch in batches:
        activity = PENALTY(0.01 * np.abs(batch).sum(), len(batch))
        extra = [0.5, 0.125, activity, 0.75, [0.5, 0.25]]
        losses.append(total.batch_loss(np.abs(batch).mean(), 3.0, extra).value)
    assert printed == pytest.approx(lb.epoch_loss(losses, [len(b) for b in batches]), **TIGHT)


def test_reported_loss_counts_rows_not_batches_not_weights():
    weight = np.array([1.0, 1.0, 0.0, 0.0, 2.0])
    model = keras.Sequential([keras.Input((1,)), keras.layers.Identity()])
    model.compile(loss="mae", run_eagerly=True)
    printed = model.evaluate(ROWS, 0 * ROWS, sample_weight=weight, batch_size=2, verbose=0)
    parts = [slice(0, 2), slice(2, 4), slice(4, 5)]
    losses = [(weight[part] * ROWS[part, 0]).mean() for part in parts]
    step = total.reported_loss(losses, [2, 2, 1])
    assert printed == pytest.approx(step.value, **TIGHT)
    assert step.coefficients == pytest.approx((0.4, 0.4, 0.2))
    assert total.reported_loss([1.0, 3.0], 7).value == 2.0


def test_shares_are_of_float64_whatever_the_sizes_are():
    for dtype in ("float32", "uint8", "int64"):
        step = total.reported_loss([3.0, 6.0], np.array([1, 2], dtype))
        assert step == (1 / 3 * 3.0 + 2 / 3 * 6.0, (1 / 3, 2 / 3))


def test_an_additional_loss_has_the_coefficient_1():
    step = total.batch_loss([2.0], [0.5], [3.0, [1.0, 4.0]])
    assert step == (9.0, (0.5, 1.0, 1.0))


def test_tensors_and_arrays_of_one_entry_are_welcome():
    assert total.weighted_losses([np.ones((1, 1)), [2.0]], [[0.5], 1]) == (2.5, (0.5, 1.0))
    loss = keras.ops.convert_to_tensor(2.0)
    assert total.batch_loss([loss, 1.0], [0.5, 1.0], [loss]).value == 4.0
