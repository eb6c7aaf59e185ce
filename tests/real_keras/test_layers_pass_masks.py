"""A layer that keeps the steps passes the mask on to the loss, in every release of Keras."""

import keras
import numpy as np
import pytest
from keras import layers

import lossbook as lb

STEPS = np.array([2, 4, 3, 1])  # kept of five
KEPT = np.arange(5) < STEPS[:, None]
X = np.where(KEPT[..., None], (0.1 + np.arange(40).reshape(4, 5, 2) * 7 % 11) / 8, 0)
X = X.astype("float32")
Y = (np.arange(20).reshape(4, 5, 1) * 3 % 7 / 8 - 0.25).astype("float32")


@pytest.mark.parametrize(
    "layer",
    [
        lambda: layers.Dense(1),
        lambda: layers.LayerNormalization(),
        lambda: layers.LSTM(1, return_sequences=True),
        lambda: layers.GRU(1, return_sequences=True),
        lambda: layers.SimpleRNN(1, return_sequences=True),
        lambda: layers.Bidirectional(layers.LSTM(1, return_sequences=True)),
        lambda: layers.TimeDistributed(layers.Dense(1)),
    ],
    ids=["dense", "normalization", "lstm", "gru", "simple-rnn", "bidirectional", "distributed"],
)
def test_a_mask_reaches_the_loss(layer):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((5, 2))
    model = keras.Model(inputs, layer()(layers.Masking(0.0)(inputs)))
    # Eagerly: up to 3.5 TimeDistributed refuses a mask in a graph.
    model.compile(loss="mse", run_eagerly=True)
    values = np.square(keras.ops.convert_to_numpy(model(X)) - Y).mean(-1)
    kept, all_steps = lb.aggregate(values, mask=KEPT).total, values.mean()
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(kept, rel=2e-5)
    assert kept != pytest.approx(all_steps, rel=1e-3)
