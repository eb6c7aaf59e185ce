"""explain(): one pass over the data, as evaluate makes it, and every part of the loss."""

from typing import Any

from lossbook._core import collected_warnings, warn
from lossbook._explain.data import with_class_weight
from lossbook._explain.explanation import Explanation
from lossbook._explain.groups import Groups
from lossbook._explain.parts import part_of
from lossbook._explain.progress import progress
from lossbook._model import Watch, check_model


def explain(
    model: Any,
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    class_weight: dict[int, float] | None = None,
    batch_size: int = 32,
    steps: int | None = None,
    verbose: str | int = "auto",
) -> Explanation:
    """Say what the loss of a compiled model is made of: parts that add up to what Keras reports.

    Surprise: Keras weighs batches by their rows, whatever their masks and weights. So the parts,
    like the loss itself, depend on the batch size where data are masked.

    Formula: total = sum of share · loss_weight · coefficient · elementwise + share · additional,
    share = rows of the batch / rows of all.

    Args:
        model: a compiled `keras.Model` whose loss Keras puts together.
        x: inputs as `evaluate` takes them: arrays, tensors, a dict or list of them, a
            `tf.data.Dataset`, a `PyDataset`, or a generator (which is consumed once).
        y: targets, in the structure of the outputs; None where `x` brings them.
        sample_weight: as `evaluate` takes it: `(batch,)` or the shape of the values, per output.
        class_weight: dict, class number -> weight, turned into sample weights as `fit` does it.
        batch_size: rows of a batch; data that come in batches keep their own.
        steps: how many batches to take, None for all.
        verbose: 0 shows nothing, 1 Keras's progress bar, "auto" the bar where it takes long.

    Returns:
        Explanation: total, reported, residual, by(...), worst(k), plot().

    Raises:
        ValueError: for a model that is not compiled, or has its own `test_step` or `compute_loss`;
            for class weights that `fit` refuses; for data without a row.
        RuntimeError: where a newer Keras has moved what lossbook reads of a compiled model.

    Warns:
        UserWarning: what `trace` warns of while it computes: weights along the wrong axis and the
            like, once for each output.

    Examples:
        >>> import keras, numpy as np, lossbook as lb
        >>> one = keras.layers.Dense(2, kernel_initializer="ones")
        >>> model = keras.Sequential([keras.Input((2,)), one])
        >>> model.compile(loss="mse")  # it predicts 2 and 2
        >>> e = lb.explain(model, np.ones((3, 2)), np.array([[2, 0], [2, 1], [2, 3]]))
        >>> print(f"{e.reported:.3f}", {k: f"{part:.3f}" for k, part in e.by("class").items()})
        1.000 {0: '0.000', 1: '1.000'}
        >>> [sample for sample, contribution in e.worst(1)]
        [0]

    References:
        keras/src/backend/tensorflow/trainer.py::TensorFlowTrainer.test_step, Keras 3.15.1.
    """
    check_model(model)
    x, y, sample_weight = with_class_weight(x, y, sample_weight, class_weight)
    data = {"x": x, "y": y, "sample_weight": sample_weight}
    return explained(Watch(model), verbose, **data, batch_size=batch_size, steps=steps)


def explained(watch, verbose, **data):
    """Return the Explanation of what `watch` sees; a callback keeps its watch, compiled."""
    groups, sizes, messages = Groups(), [], {}

    def each(batch):
        parts = []
        for call in batch.calls:
            output = call.output
            with collected_warnings() as collected:
                parts.append((output.name, output.loss.name, part_of(call, batch.rows)))
            messages.update(dict.fromkeys((output.name, message) for message in collected))
        additional = [
            (f"(additional) {name}", value) for (_, name), value in batch.additional.items()
        ]
        groups.add(batch.rows, parts, additional)
        sizes.append(batch.rows)

    reported = watch.evaluate(each, callbacks=progress(verbose), **data)
    for output, message in messages:
        warn(f"Output {output!r}: {message}")
    outputs = tuple((o.name, o.loss.name, o.loss_weight) for _, o in sorted(watch.outputs.items()))
    return Explanation(reported, outputs, tuple(sizes), groups)
