"""explain(): one pass over the data, as evaluate makes it, and every part of the loss."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

from lossbook._core import active_backend, keras, to_numpy, warn
from lossbook._explain.data import with_class_weight
from lossbook._explain.explanation import Explanation
from lossbook._explain.gap import OwnStep, gap, unseen
from lossbook._explain.groups import Groups
from lossbook._explain.parts import additional_part, part_of
from lossbook._explain.progress import progress
from lossbook._explain.refused import explained_by, lengths_of, warnings_of
from lossbook._explain.tables import leaving
from lossbook._model import Watch, check_data, check_model, overridden, refuse_nothing


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
    """Say what the loss of a compiled model is made of: parts that add up to what it reports.

    A model with a `test_step` or `compute_loss` of its own is explained by that code, by its
    `train_step` where evaluate has no loss to compute: as by `lossbook.decompose`, batch by batch.

    Surprise: Keras weighs batches by their rows, whatever their masks and weights. So the parts,
    like the loss itself, depend on the batch size where data are masked.

    Formula: total = sum of share · loss_weight · coefficient · elementwise + share · additional,
    share = rows of the batch / rows of all.

    Args:
        model: a compiled `keras.Model`.
        x: inputs as `evaluate` takes them: arrays, tensors, a dict or list of them, a
            `tf.data.Dataset`, a `PyDataset`, or a generator (which is consumed once).
        y: targets, in the structure of the outputs; None where `x` brings them.
        sample_weight: as `evaluate` takes it: `(batch,)` or the shape of the values, per output.
        class_weight: dict, class number -> weight, turned into sample weights as `fit` does it.
        batch_size: rows of a batch; data that come in batches keep their own.
        steps: how many batches to take, None for all.
        verbose: 0 shows nothing, 1 Keras's progress bar, "auto" the bar where it takes long.

    Returns:
        Explanation: total, reported, residual, notes, by(...), worst(k), plot(). Where the parts
        miss what the model's own evaluate reports, by more than rounding, `notes` say so and why.

    Raises:
        TypeError: for what is no model of Keras 3, or no data.
        ValueError: for a model that is not compiled; for a batch_size or steps below 1; for class
            weights that `fit` refuses; for data without a row; where a step of the model's own
            reports no scalar.
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
    check_data("explain", x, batch_size, steps)
    x, y, sample_weight = with_class_weight(x, y, sample_weight, class_weight)
    if hasattr(x, "__next__"):  # Keras takes generators alone
        x = (batch for batch in x)
    data = {"x": x, "y": y, "sample_weight": sample_weight}
    return explained(model, verbose, **data, batch_size=batch_size, steps=steps)


def explained(model, verbose, trains=False, **data):
    """Return the Explanation of a model on some data; `trains`: of its own train_step."""
    groups, messages, own, unmarked = Groups(), {}, OwnStep(), []

    def each(rows, replica, tensors, about):
        parts, given, marks, tracked = about
        if not tracked and replica == 0:  # the last batch alone is reported
            groups.drop_parts()
            unmarked.clear()
        if not groups.rows:
            messages.update(dict.fromkeys(warnings_of(rows, watch.calls, given)))
        arrays = [
            (axes, {name: tensors[f"{i}/{name}"] for name in names})
            for i, (axes, names) in enumerate(parts)
        ]
        weight = own.see(rows, tensors, marks, tracked) if "weight" in tensors else None
        if replica and not (rows if weight is None else weight):
            return  # a replica without a row, whose mean over nothing may be NaN
        groups.add(rows, arrays, replica, weight)
        if weight is not None:
            unmarked.append((len(groups.batch_sizes) - 1, replica, weight, float(tensors["rest"])))

    watch = Watch(model, _look, trains=True) if trains else Watch.of(model, _look)
    try:
        reported = watch.evaluate(each, callbacks=progress(verbose), **data)
    except Exception as error:
        if not trains and trained_alone(model, watch, data["x"]):
            with suppress(Exception):
                return explained(model, verbose, trains=True, **data)
        error.add_note(explained_by(error, watch, data))
        raise
    if not trains:
        watch.keep()
    refuse_nothing(groups.rows, data["x"], "explain")
    groups.add_unmarked(unmarked)
    for message in messages:
        warn(message)
    outputs = [call.output for _, call in sorted(watch.calls.items())]
    named = tuple((o.name, o.source, _number(o.loss_weight)) for o in outputs)
    explanation = Explanation(reported, named, groups)
    notes = (
        *gap(explanation, watch),
        *own.notes(watch.own_step, watch.log, explanation),
        *unseen(watch.unseen, explanation.groups),
        *(["evaluate does not take these data: Keras's test_step fails."] if trains else []),
    )
    return replace(explanation, notes=notes)


def trained_alone(model, watch, x):
    """Say whether data that evaluate refuses may be meant for a train_step of the model's own.

    Not on JAX, where it cannot be run alone; what a generator has yielded is gone.
    """
    other = watch.own_step is not None or hasattr(x, "__next__") or active_backend() == "jax"
    return not other and "train_step" in overridden(model)


def _look(batch):
    """Choose what leaves the step: contributions of every part, or small tables of them."""
    parts = [part_of(call) for call in batch.calls]
    parts += [additional_part(name, loss) for name, loss in batch.additional]
    tensors, about = {}, []
    for i, part in enumerate(parts):
        leaves = leaving(part)
        tensors |= {f"{i}/{name}": tensor for name, tensor in leaves.items()}
        about.append((part.axes, tuple(leaves)))
    given = [
        (call.index, *map(lengths_of, (call.values, call.sample_weight, call.mask)))
        for call in batch.calls
        if not call.output.whole and call.output.loss is not None
    ]
    if batch.weight is not None:
        tensors |= {"weight": batch.weight, "rest": batch.rest}
        tensors["bends"] = keras.ops.stack([bend for _, bend in batch.bends] or [0.0])
    marks = tuple(name for name, _ in batch.bends)
    return tensors, (tuple(about), tuple(given), marks, batch.tracked)


def _number(loss_weight):
    return loss_weight if loss_weight is None else float(to_numpy(loss_weight))
