"""Losses of the user's own that are made of others: split by loss, row and class."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import lossbook as lb

ROWS, BATCH = 10, 4


@pytest.fixture(autouse=True)
def fresh():
    keras.backend.clear_session()
    keras.utils.set_random_seed(3)


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    x = rng.random((ROWS, 4, 4, 3)).astype("float32")
    return x, (rng.random((ROWS, 4, 4, 3)) > 0.5).astype("float32")


def explained(loss, data, **settings):
    """Explain a model with that loss, and the same model with others."""
    model = keras.Sequential([keras.Input((4, 4, 3)), layers.Dense(3, "sigmoid", name="out")])

    def alone(other):
        model.compile("sgd", other, run_eagerly=True)
        return model.evaluate(*data, batch_size=BATCH, verbose=0)

    model.compile("sgd", loss, **settings)
    e = lb.explain(model, *data, batch_size=BATCH)
    assert e.reported == model.evaluate(*data, batch_size=BATCH, verbose=0)
    assert abs(e.residual) <= e.rounding
    return e, alone, ops.convert_to_numpy(model(data[0]))


def parts(e, *keys):
    return {key: value for key, value in e.by(*keys).items() if abs(value) > e.rounding}


def crossentropies(y, p):
    return -(y * np.log(p) + (1 - y) * np.log(1 - p))


def test_a_sum_of_dice_and_focal(data):
    dice, focal = keras.losses.Dice(axis=(1, 2, 3)), keras.losses.BinaryFocalCrossentropy()

    def both(y_true, y_pred):
        return dice(y_true, y_pred) + 0.5 * focal(y_true, y_pred)

    e, alone, p = explained(both, data)
    expected = {"dice": alone(dice), "binary_focal_crossentropy": 0.5 * alone(focal)}
    assert parts(e, "source") == pytest.approx(expected, rel=2e-6)
    y = data[1]
    hit = np.where(y == 1, p, 1 - p)
    by_hand = 0.5 * ((1 - hit) ** 2 * crossentropies(y, p)).mean(axis=(0, 1, 2)) / 3
    found = e.by("source", "class")
    for k in range(3):
        assert found["binary_focal_crossentropy", k] == pytest.approx(by_hand[k], rel=1e-5)
    overlap = 2 * (y * p).sum((1, 2, 3)) / (y.sum((1, 2, 3)) + p.sum((1, 2, 3)))
    assert e.by("source", "sample")["dice", 2] == pytest.approx((1 - overlap[2]) / ROWS, rel=1e-5)
    assert "out: dice" in repr(e) and "both" not in repr(e)


def test_a_masked_mean(data):
    def masked(y_true, y_pred):
        mask = ops.cast(ops.any(y_true > 0.5, -1), "float32")
        losses = keras.losses.binary_crossentropy(y_true, y_pred)
        return ops.sum(losses * mask) / ops.sum(mask)

    e, _, p = explained(masked, data)
    y = data[1]
    mask = y.any(-1)
    valid = np.array([mask[s : s + BATCH].sum() for s in range(0, ROWS, BATCH)])
    weight = np.array([4, 4, 2])[np.arange(ROWS) // BATCH] / ROWS / valid[np.arange(ROWS) // BATCH]
    losses = crossentropies(y, p) * mask[..., None] / 3
    by_row, by_class = losses.sum((1, 2, 3)) * weight, (losses.sum((1, 2)) * weight[:, None]).sum(0)
    for i in range(ROWS):
        assert e.by("sample")[i] == pytest.approx(by_row[i], rel=1e-5)
    assert parts(e, "class") == pytest.approx(dict(enumerate(by_class)), rel=1e-5)


def test_a_mark_within_a_loss(data):
    def size(y_true, y_pred):
        square = lb.mark("square", ops.square(y_true - y_pred))
        return ops.mean(square) + ops.mean(lb.mark("total", ops.abs(y_pred)))

    e, _, p = explained(size, data, loss_weights=3.0)
    square = 3 * ((data[1] - p) ** 2).mean()
    assert parts(e, "source") == pytest.approx({"square": square, "total": 3 * p.mean()}, rel=1e-5)


def test_a_loss_that_is_not_linear_in_what_it_is_made_of(data):
    dice = keras.losses.Dice()
    e, *_ = explained(lambda y_true, y_pred: ops.log(1 + dice(y_true, y_pred)), data)
    assert list(parts(e, "source").values()) == pytest.approx([e.total])


def test_weights_reach_the_losses_within(data):
    def doubled(y_true, y_pred):
        return 2 * keras.losses.mean_squared_error(y_true, y_pred)

    model = keras.Sequential([keras.Input((4, 4, 3)), layers.Dense(3, name="out")])
    model.compile("sgd", doubled)
    weight = np.arange(1, ROWS + 1, dtype="float32")[:, None, None]
    e = lb.explain(model, *data, sample_weight=weight, batch_size=BATCH)
    errors = (data[1] - ops.convert_to_numpy(model(data[0]))) ** 2
    by_row = 2 * (errors * weight[..., None]).mean((1, 2, 3)) / ROWS
    assert abs(e.residual) <= e.rounding
    for i in range(ROWS):
        assert e.by("sample")[i] == pytest.approx(by_row[i], rel=1e-5)


class Counting(keras.losses.Loss):
    """A loss that grows each time it is called, as some do that warm up."""

    calls = 0

    def call(self, y_true, y_pred):
        self.calls += 1
        return self.calls * keras.losses.mean_squared_error(y_true, y_pred)


@pytest.mark.parametrize("eager", [False, True], ids=["compiled", "eager"])
def test_a_loss_that_counts_its_calls(eager):
    """It is called as often as in evaluate, or what it is not called for is said."""
    loss = Counting()
    model = keras.Sequential([keras.Input((1,)), keras.layers.Identity()])
    model.compile("sgd", loss, run_eagerly=eager)
    eager = eager or keras.backend.backend() == "torch"  # where nothing is compiled
    x, y = np.ones((6, 1)), np.zeros((6, 1))
    for _ in range(2):  # on JAX Keras calls it once more, to build the model
        if eager:
            loss.calls = 0
        printed = model.evaluate(x, y, batch_size=2, verbose=0)
    if eager:
        loss.calls = 0
    e = lb.explain(model, x, y, batch_size=2)
    assert e.reported == pytest.approx(printed)
    assert any("counting changes calls each time it is called" in note for note in e.notes)
    missed = [note for note in e.notes if "miss what evaluate reports" in note]
    assert bool(missed) == (abs(e.residual) > e.rounding)
    if eager:
        assert e.reported == pytest.approx((1 + 2 + 3) / 3) and not missed
        assert loss.calls == 3
