"""What chapters say of Keras in a sentence, without a cell: Keras is asked here."""

import keras
import numpy as np
import pytest
from keras import layers, losses, metrics, ops


def same(shape, loss, **settings):
    """Return a model that returns its input."""
    model = keras.Sequential([keras.Input(shape), layers.Identity()])
    model.compile("sgd", loss, run_eagerly=True, **settings)
    return model


def test_metrics_have_to_be_told_of_logits():
    """Chapter 2: otherwise they take logits for probabilities."""
    x, y = np.array([[0.3], [-1.0], [2.0], [-0.2]]), np.array([[1.0], [0.0], [1.0], [1.0]])
    probability = 1 / (1 + np.exp(-x))
    told = {
        metrics.BinaryCrossentropy(
            from_logits=True, name="crossentropy"
        ): metrics.BinaryCrossentropy(),
        metrics.AUC(from_logits=True, name="auc"): metrics.AUC(),
        metrics.BinaryAccuracy(threshold=0, name="right"): metrics.BinaryAccuracy(),
    }
    loss = losses.BinaryCrossentropy(from_logits=True)
    model = same((1,), loss, metrics=[*told, "binary_crossentropy", "accuracy"])
    report = model.evaluate(x, y, verbose=0, return_dict=True)
    for metric, of_probabilities in told.items():
        of_probabilities.update_state(y, probability)
        assert report[metric.name] == pytest.approx(float(of_probabilities.result()), rel=1e-5)
    assert report["loss"] == pytest.approx(report["crossentropy"], rel=1e-6)
    assert abs(report["binary_crossentropy"] - report["loss"]) > 0.1
    assert report["accuracy"] == 0.5 != report["right"]  # 0.3 is below a half


def test_a_rare_class_has_a_share_of_dice_by_class_alone():
    """Chapter 12: Keras's own Dice() is one ratio over all classes."""
    labels = np.zeros((1, 100, 100), int)
    labels[:, 50:], labels[0, 0, :10] = 1, 2
    truth = np.eye(3, dtype="float32")[labels]
    missed = np.eye(3, dtype="float32")[np.where(labels == 2, 0, labels)]
    whole = float(losses.Dice()(truth, missed))
    by_class = float(losses.Dice(axis=(0, 1, 2))(truth, missed))
    assert whole == pytest.approx(10 / 10_000, rel=1e-3)  # its share of the pixels
    assert by_class == pytest.approx(1 / 3, abs=1e-3)  # one class of three
    overlap, areas = (np.sum(x, (0, 1, 2)) for x in (truth * missed, truth + missed))
    ours = np.mean(1 - (2 * overlap + 1) / (areas + 1))  # chapter 12's
    assert ours == pytest.approx(by_class, abs=0.04)


def test_evaluate_runs_no_train_step():
    """Chapter 13: without a compiled loss it raises, or returns 0 on JAX."""

    class Own(keras.Sequential):
        def train_step(self, *data):
            return {"loss": ops.zeros(())}

    model = Own([keras.Input((1,)), layers.Identity()])
    model.compile("sgd", run_eagerly=True)
    data = np.ones((4, 1)), np.zeros((4, 1))
    if keras.backend.backend() == "jax":
        assert model.evaluate(*data, verbose=0) == 0
        return
    with pytest.raises(ValueError, match="No loss to compute"):
        model.evaluate(*data, verbose=0)


def test_early_stopping_may_put_other_weights_back():
    """Chapter 9: then the last val_loss is that of other weights than evaluate takes."""
    x, y = np.ones((4, 1), "float32"), np.zeros((4, 1), "float32")
    layer = layers.Dense(1, use_bias=False, kernel_initializer="ones")
    model = keras.Sequential([keras.Input((1,)), layer])
    model.compile(keras.optimizers.SGD(1.5), "mse", run_eagerly=True)  # too large a step
    stop = keras.callbacks.EarlyStopping(patience=1, restore_best_weights=True)
    log = model.fit(x, y, validation_data=(x, y), epochs=4, callbacks=[stop], verbose=0).history
    evaluated = model.evaluate(x, y, verbose=0)
    assert evaluated == pytest.approx(min(log["val_loss"]), rel=1e-6)
    assert evaluated != pytest.approx(log["val_loss"][-1], rel=0.1)


def test_dice_moves_with_the_size_of_the_batches():
    """Chapter 9: as a mask, a weighted mean and a sum do."""
    rng = np.random.default_rng(2)
    x, y = rng.random((8, 3)), (rng.random((8, 3)) < 0.4).astype("float32")
    model = same((3,), "dice")
    found = {round(model.evaluate(x, y, batch_size=n, verbose=0), 4) for n in (2, 4, 8)}
    assert len(found) == 3
