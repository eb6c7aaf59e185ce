"""The models whose `explain` and `audit` are measured: small ones, and a U-Net.

In a light model a step costs little, so what explain adds to it shows; the convolutions of the
U-Net hide it.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

BATCH = 32


class Model(NamedTuple):
    """What to measure: `build(rows)` returns a compiled model and x, y, sample_weight."""

    build: Callable[[int], tuple[Any, dict[str, Any]]]
    rows: int
    batch: int = BATCH
    quick: int = 10  # with --quick the rows are divided by it


def mlp(rows):
    """Classify 20 features, 64 hidden units, 10 classes."""
    from keras import Input, Sequential, layers

    model = Sequential(
        [Input((20,)), layers.Dense(64, "relu"), layers.Dense(10, activation="softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    return model, {"x": normal(rows, 20), "y": labels(10, rows)}


def regression(rows):
    """Fit one number to 20 features."""
    from keras import Input, Sequential, layers

    model = Sequential([Input((20,)), layers.Dense(64, "relu"), layers.Dense(1)])
    model.compile("adam", "mse")
    return model, {"x": normal(rows, 20), "y": normal(rows, 1)}


def tagger(rows):
    """Tag the words of padded sentences: 50 words, 12 tags, a mask."""
    import numpy as np
    from keras import Input, Sequential, layers

    model = Sequential(
        [
            Input((50,), dtype="int32"),
            layers.Embedding(1000, 16, mask_zero=True),
            layers.Dense(12, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    x = labels(1000, rows, 50)
    lengths = np.random.default_rng(2).integers(5, 51, (rows, 1))
    return model, {"x": np.where(np.arange(50) < lengths, x, 0), "y": labels(12, rows, 50)}


def segmentation(rows):
    """Mark 5 classes in images of 64 x 64 with one 1 x 1 convolution."""
    import numpy as np
    from keras import Input, Sequential, layers

    model = Sequential([Input((64, 64, 3)), layers.Conv2D(5, 1, activation="sigmoid")])
    model.compile("adam", "binary_crossentropy")
    y = np.eye(5, dtype="float32")[labels(5, rows, 64, 64)]
    return model, {"x": normal(rows, 64, 64, 3), "y": y}


def three_outputs(rows):
    """Three outputs of different losses and weights, and a regulariser."""
    import numpy as np
    from keras import Input, Model, layers, regularizers

    inputs = Input((20,))
    hidden = layers.Dense(64, "relu", kernel_regularizer=regularizers.L2(1e-3))(inputs)
    outputs = {
        "kind": layers.Dense(5, activation="softmax", name="kind")(hidden),
        "size": layers.Dense(1, name="size")(hidden),
        "flags": layers.Dense(4, activation="sigmoid", name="flags")(hidden),
    }
    model = Model(inputs, outputs)
    losses = {
        "kind": "sparse_categorical_crossentropy",
        "size": "huber",
        "flags": "binary_crossentropy",
    }
    model.compile("adam", losses, loss_weights={"kind": 1.0, "size": 0.5, "flags": 2.0})
    y = {
        "kind": labels(5, rows),
        "size": normal(rows, 1),
        "flags": labels(2, rows, 4).astype(np.float32),
    }
    return model, {"x": normal(rows, 20), "y": y}


def language(rows):
    """Predict the next of 2,000 words in padded sentences of 20."""
    import numpy as np
    from keras import Input, Sequential, layers

    model = Sequential(
        [
            Input((20,), dtype="int32"),
            layers.Embedding(2000, 32, mask_zero=True),
            layers.GRU(32, return_sequences=True),
            layers.Dense(2000),
        ]
    )
    from keras.losses import SparseCategoricalCrossentropy

    model.compile("adam", SparseCategoricalCrossentropy(from_logits=True))
    lengths = np.random.default_rng(2).integers(3, 21, (rows, 1))
    words = np.where(np.arange(20) < lengths, 1 + labels(1999, rows, 20), 0)
    return model, {"x": words, "y": np.roll(words, -1, axis=1)}


def unet(side, filters, classes=5):
    """Build a U-Net with four steps down and up."""
    from keras import Input, Model, layers

    def twice(x, width):
        for _ in range(2):
            x = layers.Conv2D(width, 3, padding="same", activation="relu")(x)
        return x

    inputs = x = Input((side, side, 3))
    left = []
    for level in range(4):
        x = twice(x, filters * 2**level)
        left.append(x)
        x = layers.MaxPooling2D()(x)
    x = twice(x, filters * 16)
    for level in reversed(range(4)):
        x = layers.Conv2DTranspose(filters * 2**level, 2, strides=2)(x)
        x = twice(layers.Concatenate()([left[level], x]), filters * 2**level)
    return Model(inputs, layers.Conv2D(classes, 1, activation="sigmoid", name="mask")(x))


def segmented_by_unet(rows):
    """Mark 5 classes in images of 256 x 256 with a U-Net of 32 filters."""
    import numpy as np

    model = unet(256, 32)
    model.compile("adam", "binary_crossentropy")
    x = np.random.default_rng(0).random((rows, 256, 256, 3), dtype="float32")
    y = np.eye(5, dtype="float32")[labels(5, rows, 256, 256)]
    return model, {"x": x, "y": y}


def normal(*shape):
    import numpy as np

    return np.random.default_rng(0).standard_normal(shape, dtype="float32")


def labels(classes, *shape):
    import numpy as np

    return np.random.default_rng(1).integers(0, classes, shape).astype("int32")


MODELS = {
    "mlp": Model(mlp, 20_000),
    "regression": Model(regression, 20_000),
    "tagger": Model(tagger, 6_400),
    "segmentation": Model(segmentation, 1_000, batch=8),
    "three outputs": Model(three_outputs, 10_000),
    "language": Model(language, 6_400),
    "unet": Model(segmented_by_unet, 64, batch=16, quick=4),
}
