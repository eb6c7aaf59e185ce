"""A small model, the calls of lossbook that are interrupted, and what Keras has in their place."""

import keras
import numpy as np
from keras import layers, regularizers

import lossbook as lb

ROWS, WORDS, BATCH = 5, 4, 3


class Scaled(keras.losses.Loss):
    """A user's own loss, with an attribute and a value for each row."""

    def __init__(self):
        super().__init__(name="scaled")
        self.scale = 2.0

    def call(self, y_true, y_pred):
        """Return the scaled square of each row."""
        return self.scale * keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1)


def small_model():
    """Build a compiled model: a mask, two outputs, regularisers, seeds, state that calls move."""
    keras.utils.set_random_seed(0)
    words = keras.Input((WORDS,), dtype="int32")
    x = layers.Embedding(8, 3, mask_zero=True)(words)
    tags = layers.Dense(3, activation="softmax", name="tags", kernel_regularizer="l2")(x)
    x = layers.BatchNormalization(momentum=1.0)(layers.Dropout(0.5)(layers.Flatten()(x)))
    score = layers.Dense(1, name="score", activity_regularizer=regularizers.L2(0.01))(x)
    model = keras.Model(words, {"tags": tags, "score": score})
    model.compile(
        keras.optimizers.SGD(0.0, momentum=0.9),
        {"tags": "sparse_categorical_crossentropy", "score": Scaled()},
        loss_weights={"tags": 1.0, "score": 0.5},
        metrics={"tags": ["accuracy"]},
    )
    return model


def data():
    """Return x, y and batch_size, as evaluate takes them: two batches, one of them short."""
    rng = np.random.default_rng(0)
    x = rng.integers(1, 8, (ROWS, WORDS)).astype("int32")
    x[:, -1] = 0
    y = {
        "tags": rng.integers(0, 3, (ROWS, WORDS)).astype("int32"),
        "score": rng.standard_normal((ROWS, 1)).astype("float32"),
    }
    return {"x": x, "y": y, "batch_size": BATCH}


def fit(model, *callbacks):
    """Train one epoch, with a learning rate of 0."""
    model.fit(**data(), verbose=0, shuffle=False, callbacks=list(callbacks))


def explain_in_training(model):
    """Train one epoch with the callback."""
    fit(model, lb.explain.callback(**data(), by=("class", "output")))


def decompose(model):
    """Take a step of the reader's own apart: a loss of Keras's, penalties, a mark."""
    batch = data()

    def step():
        outputs = model(batch["x"], training=False)
        tags = keras.losses.sparse_categorical_crossentropy(batch["y"]["tags"], outputs["tags"])
        difference = keras.ops.subtract(batch["y"]["score"], outputs["score"])
        square = lb.mark("square", keras.ops.square(difference))
        return keras.ops.mean(tags) + keras.ops.mean(square) + sum(model.losses)

    lb.decompose(step)


def called(model, *callbacks):
    """Call the model as that step does."""
    for callback in callbacks:
        callback.on_test_begin()
    model(data()["x"], training=False)


CALLS = {
    "explain": lambda model: lb.explain(model, **data(), verbose=0),
    "audit": lambda model: lb.audit(model, **data()),
    "callback": explain_in_training,
    "decompose": decompose,
}


class Interrupt(keras.callbacks.Callback):
    """Interrupts Keras's own evaluate or fit at one of its points."""

    def __init__(self, point):
        super().__init__()
        setattr(self, point, self.interrupt)

    def interrupt(self, *arguments, **options):
        """Raise, as Ctrl-C does."""
        raise KeyboardInterrupt


def evaluate(model, *callbacks):
    """Evaluate without a callback of lossbook's."""
    model.evaluate(**data(), verbose=0, callbacks=list(callbacks))


def fit_and_evaluate(model, *callbacks):
    """Train one epoch and evaluate after it, as the callback does."""
    given = data()
    validation = {"validation_data": (given["x"], given["y"]), "validation_batch_size": BATCH}
    model.fit(**given, **validation, verbose=0, shuffle=False, callbacks=list(callbacks))


# Keras's own call, and the points where it is interrupted.
COUNTERPARTS = {
    "explain": (evaluate, ("on_test_begin", "on_test_batch_end", "on_test_end")),
    "audit": (evaluate, ("on_test_begin", "on_test_batch_end", "on_test_end")),
    "callback": (fit_and_evaluate, ("on_train_begin", "on_train_batch_end", "on_epoch_end")),
    "decompose": (called, ("on_test_begin",)),
}
