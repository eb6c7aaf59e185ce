"""Numbers that depend on the size of the batch: a user's own loss, add_loss, predictions.

The same rows are taken in one batch and in two halves, in eager mode.
"""

import numpy as np

from lossbook._audit.checks.custom_losses import ROW_BY_ROW
from lossbook._audit.examples import Example, compiled, drawn, passing, row_mean
from lossbook._audit.finding import Hazard
from lossbook._audit.growth import growth
from lossbook._audit.observation import Check
from lossbook._core import four_digits

LOSS_GROWS = Hazard(
    "loss-grows",
    "warning",
    "11_custom_losses.ipynb",
    132,
    means="A loss of your own grows, or shrinks, with the number of rows in a batch.",
    why=(
        "Keras takes a scalar as it is. A sum over the batch is twice as large for twice the "
        "rows, and so are the steps; a mean that is divided by the rows again is half as large."
    ),
    ignore="If the batch size never changes, and the learning rate was chosen for it.",
    symptoms=("batch-size", "scale"),
    asked=("https://github.com/umbertogriffo/focal-loss-keras/issues/5",),
)
ADD_LOSS_GROWS = Hazard(
    "add-loss-grows",
    "warning",
    "08_additional_losses.ipynb",
    352,
    means="add_loss gets one value per row, and Keras adds them up: the term grows with the batch.",
    why=(
        "Keras takes the sum of what add_loss gets (ops.sum in "
        "Trainer._aggregate_additional_loss), where the loss of an output is a mean."
    ),
    ignore="If the batch size never changes, and the factor was chosen for it.",
    symptoms=("batch-size", "scale"),
    asked=("https://github.com/keras-team/keras-io/pull/1493",),
)
PREDICTIONS_MIXED = Hazard(
    "predictions-mixed",
    "warning",
    "10_mean_of_means.ipynb",
    134,
    means="The predictions for a row depend on the other rows of its batch, in evaluate too.",
    why=(
        "Keras hands the model a batch at a time. A layer that computes over axis 0, or that is "
        "called with training=True though evaluate asks for inference, mixes its rows."
    ),
    ignore="If comparing the rows of a batch is what the model is for.",
    symptoms=("batch-size",),
)
CLASSES_ARE_THE_BATCH = Hazard(
    "classes-are-the-batch",
    "warning",
    "10_mean_of_means.ipynb",
    136,
    means="Every row is compared with the rows of its batch: there are as many classes as rows.",
    why=(
        "Predictions of shape (batch, batch) score each row against all rows of the batch. A "
        "batch of another size is another task, with another number of classes."
    ),
    ignore="If all runs that are compared have one batch size, and no shorter last batch.",
    symptoms=("batch-size",),
    asked=(
        "https://github.com/tensorflow/recommenders/issues/709",
        "https://github.com/huggingface/sentence-transformers/issues/1189",
    ),
)
_TOLERANCE = 1e-3
_HOW = {
    "sum": "it adds up its rows, so it grows with the batch size, and so do the steps",
    "divided": "it is divided by the number of rows twice, so it shrinks with the batch size",
}


class BatchSize(Check):
    """A user's own loss that is another in a batch of twice the rows."""

    measured = shape = None

    def see(self, batch):
        """Measure the first batch of two rows or more."""
        if self.measured is None and batch.rows > 1:
            self.measured, self.shape = batch.growth, batch.values.shape

    def findings(self):
        """Yield a finding for a sum, or for a mean that is divided once more."""
        found = self.measured
        if found is None or found.kind not in _HOW or self.output.loss.reduction == "sum":
            return
        fix = "Return one value per row, keras.ops.mean(..., axis=-1): Keras takes the mean. As "
        fix += f"it is, row by row: {ROW_BY_ROW}."
        if self.shape:
            fix = "Do not divide by the batch: return the value of each row, Keras takes the mean."
        yield LOSS_GROWS.found(
            f"{self.head}the loss of the same {found.rows} rows is {four_digits(found.half)} in "
            f"batches of {found.rows // 2}, {four_digits(found.whole)} in one batch: "
            f"{_HOW[found.kind]}.",
            fix,
            {"values.shape": self.shape, **found.evidence},
        )


def of_the_model(few):
    """Yield findings for additional losses and predictions of a few rows."""
    if few.rows < 2:
        return
    half = few.rows // 2
    runs = {ends: few.run(*ends) for ends in ((0, half), (half, few.rows), (0, few.rows))}
    again = few.run(0, few.rows, again=True)
    yield from _added({ends: run[1] for ends, run in runs.items()}, again[1], few)
    parts = [runs[0, half][0], runs[half, few.rows][0]]
    for i, (whole, repeated) in enumerate(zip(runs[0, few.rows][0], again[0], strict=True)):
        yield from _predicted(i, [part[i] for part in parts], whole, repeated)


def _added(runs, again, few):
    rows = few.rows
    fix = "Pass add_loss a mean: self.add_loss(keras.ops.mean(values))."
    for name, value in runs[0, rows].items():
        if abs(again.get(name, np.nan) - value) > 1e-5 * abs(value):  # random: its shape says it
            if name in few.by_row:
                yield ADD_LOSS_GROWS.found(
                    f"The additional loss {name!r} of {rows} rows has the shape "
                    f"{few.by_row[name]}: Keras adds up what add_loss gets, one value per row.",
                    fix,
                    {"rows": rows, "shape": few.by_row[name]},
                )
            continue
        found = growth(lambda *ends, name=name: runs[ends].get(name, np.nan), rows)
        if found is not None and found.kind == "sum":
            yield ADD_LOSS_GROWS.found(
                f"The additional loss {name!r} of the same {rows} rows is "
                f"{four_digits(found.half)} in batches of {rows // 2}, {four_digits(found.whole)} "
                "in one batch: Keras adds up what add_loss gets, one value per row.",
                fix,
                found.evidence,
            )


def _predicted(i, halves, whole, again):
    rows = len(whole)
    if whole.shape[:2] == (rows, rows) and all(h.shape[:2] == (len(h),) * 2 for h in halves):
        yield CLASSES_ARE_THE_BATCH.found(
            f"Output {i}: predictions of {rows} rows have the shape {whole.shape}, of "
            f"{len(halves[0])} rows {halves[0].shape}: every row is compared with the rows of its "
            "batch, so the classes are the batch, and the loss depends on how many rows that has.",
            "Compare runs of one batch size only, and drop the remainder: "
            "dataset.batch(size, drop_remainder=True).",
            {"predictions": whole.shape, "of half the rows": halves[0].shape},
        )
        return
    if whole.shape[1:] != halves[0].shape[1:] or len(halves[0]) * 2 != rows:
        return
    if not np.issubdtype(whole.dtype, np.floating):
        return
    apart, scale = np.abs(np.concatenate(halves) - whole).max(), np.abs(whole).max()
    if np.abs(whole - again).max() <= 1e-5 * scale and apart > _TOLERANCE * scale:
        yield PREDICTIONS_MIXED.found(
            f"Output {i}: the predictions for a row depend on the other rows of its batch. In a "
            f"batch of {rows} they differ by up to {four_digits(apart)} from those in batches of "
            f"{rows // 2}.",
            "Pass training=False on to the layers that take it, and let no layer compute over "
            "axis 0.",
            {"largest prediction": float(scale), "differ by up to": float(apart)},
        )


@LOSS_GROWS.example("The mean of every row")
def own_sum(mended=0):
    """A loss that adds up its batch."""
    from keras import ops

    loss = row_mean if mended else lambda y_true, y_pred: ops.sum(ops.square(y_true - y_pred))
    return passing(drawn(4, 3), drawn(4, 3, seed=1), loss)


def _through(layer, y):
    import keras

    inputs = keras.Input((3,))
    return Example(compiled(keras.Model(inputs, layer(inputs)), "mse"), {"x": drawn(4, 3), "y": y})


@ADD_LOSS_GROWS.example("`add_loss` of a mean")
def added_by_row(mended=0):
    """An add_loss with one value per row."""
    import keras
    from keras import ops

    class Adds(keras.layers.Layer):
        def call(self, x):
            values = 1e-3 * ops.mean(ops.square(x), axis=-1)
            self.add_loss(ops.mean(values) if mended else values)
            return x

    return _through(Adds(name="adds"), drawn(4, 3, seed=1))


@PREDICTIONS_MIXED.example("No layer that computes over axis 0")
def normalised_over_the_batch(mended=0):
    """A layer that subtracts the mean of the batch."""
    import keras
    from keras import ops

    class Centred(keras.layers.Layer):
        def call(self, x):
            return x - ops.mean(x, axis=-1 if mended else 0, keepdims=True)

    return _through(Centred(name="centred"), drawn(4, 3, seed=1))


@CLASSES_ARE_THE_BATCH.example("Each query with its own candidate alone")
def scores_of_the_batch(mended=0):
    """Scores of every query with every candidate of its batch."""
    import keras
    from keras import ops

    queries, candidates = keras.Input((4,)), keras.Input((4,))

    class Scores(keras.layers.Layer):
        def call(self, x, y):
            return ops.sum(x * y, axis=-1, keepdims=True) if mended else x @ ops.transpose(y)

    outputs = Scores(name="scores")(queries, candidates)
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model = compiled(keras.Model([queries, candidates], outputs), loss)
    y = np.ones((4, 1), "float32") if mended else np.eye(4, dtype="float32")
    return Example(model, {"x": [drawn(4, 4, low=-3), drawn(4, 4, seed=1)], "y": y})
