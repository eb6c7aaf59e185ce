"""A compiled model that returns its input: what it prints is plain arithmetic."""

import keras
import numpy as np

VALUES = np.array([1.0, 2.0, 4.0, 9.0], "float32")
ZEROS = np.zeros_like(VALUES)


def model_of(layer, **settings):
    model = keras.Sequential([keras.Input((1,)), layer])
    model.compile(**settings)
    return model


def replay(**settings):
    return model_of(keras.layers.Identity(), **{"loss": "mae", **settings})


def evaluate(model, **settings):
    """Evaluate with targets of 0: the losses are the values."""
    return model.evaluate(VALUES[:, None], ZEROS[:, None], verbose=0, **settings)
