"""Steps of a model's own: which scalar they report, and what it is made of, by marks."""

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from lossbook._core import keras, ops, private
from lossbook._marks import Mark, measured
from lossbook._model.check import overridden
from lossbook._model.keras_private import keras_logits
from lossbook._model.recorder import Batch, Call, Output


def own_step(model: Any) -> str | None:
    """Return which step of its own a model is explained by, None where Keras's will do.

    It is `test_step` or `compute_loss`, for evaluate runs them; and `train_step` where evaluate has
    no loss to compute.

    Raises:
        ValueError: on JAX, where a train_step cannot be run alone.
    """
    own = overridden(model)
    for name in ("test_step", "compute_loss"):
        if name in own:
            return name
    trains = "train_step" in own
    evaluates = private(model, "_compile_loss") is not None and "call" in own
    if not trains or evaluates:
        return None
    if keras.backend.backend() == "jax":
        raise ValueError(
            f"{type(model).__name__} has a train_step of its own, and no loss that evaluate could "
            "compute. On JAX a train_step takes the state of the model, which lossbook does not "
            "have: give the model a compute_loss, or pass a function that returns its loss to "
            "lossbook.decompose()."
        )
    return "train_step"


@dataclass(frozen=True)
class Reported:
    """The loss that a step reports of one batch, and what the batch weighs in the epoch.

    `tracked` says that a metric keeps the mean; a tensor that a step returns as it is shows the
    last batch alone.
    """

    value: Any
    weight: Any
    tracked: bool


def measured_step(model: Any, step: Any, arguments: tuple[Any, ...]) -> tuple[Any, Batch]:
    """Run a step of the model's own; return its result, and what its loss is made of."""
    kept: dict[str, Any] = {}
    with ExitStack() as undo:
        updates, results = _recorded_metrics(model, undo)

        def run():
            updates.clear()
            results.clear()
            kept["result"] = step(*arguments)
            kept["loss"] = _reported(kept["result"], updates, results)
            return kept["loss"].value

        found = measured(run)
        scalar, marks = found
        if keras.backend.backend() == "jax":  # what was computed there may not leave it
            kept["result"] = step(*arguments)
    calls: list[Call] = []
    additional: list[tuple[str, Any]] = []
    covered = keras.ops.zeros(())
    for mark in marks:
        product = keras.ops.cast(mark.values * mark.coefficients, "float32")
        covered = covered + keras.ops.sum(product)
        if mark.kind == "additional":
            additional.append((mark.name, product))
        else:
            calls.append(call_of_mark(len(calls), mark))
    leaves = keras.tree.flatten(arguments[-1])
    rows = keras.ops.shape(next(leaf for leaf in leaves if leaf is not None))[0]
    loss = kept["loss"]
    return kept["result"], Batch(
        rows=rows,
        calls=tuple(calls),
        additional=tuple(additional),
        weight=keras.ops.cast(loss.weight, "float32"),
        rest=keras.ops.cast(scalar, "float32") - covered,
        bends=tuple((mark.name, mark.bend) for mark in marks),
        tracked=loss.tracked,
        unseen=found.unseen,
    )


def call_of_mark(index: int, mark: Mark, within: Output | None = None) -> Call:
    """Return a mark as the Call of an output: of its own, or of one whose loss it is within."""
    known = mark.keras_loss if not mark.inside else None
    output = Output(mark.name, None, None, known, False)
    if within is not None:
        output = replace(within, keras_loss=known, mark=mark.name)
    fields = dict(mark.tensors)
    if known is not None:
        name, options = known
        fields["logits"] = keras_logits(name, fields["y_pred"], options)
        if fields["logits"] is not None and not output.entry.clips_logits:
            del fields["y_pred"]
    fields["own_mask"] = fields.pop("mask", None)
    return Call(output, index, values=mark.values, coefficients=mark.coefficients, **fields)


def _recorded_metrics(model, undo):
    """Let the mean metrics of a model say what they are updated with and give: lists that fill."""
    updates, results = [], []
    metrics = {id(m): m for m in [*model.metrics, *vars(model).values()]}
    for metric in metrics.values():
        mean = isinstance(metric, keras.metrics.Mean)
        if not mean or isinstance(metric, keras.metrics.MeanMetricWrapper):
            continue
        own = vars(metric)
        for name in ("update_state", "result"):
            undo.callback(own.pop, name, None)
        own["update_state"] = _recording(metric, updates)
        own["result"] = _giving(metric, results)
    return updates, results


def _recording(metric, updates):
    update = type(metric).update_state.__get__(metric)

    def update_state(values, sample_weight=None):
        updates.append((metric.name, values, sample_weight))
        return update(values, sample_weight=sample_weight)

    return update_state


def _giving(metric, results):
    plain = type(metric).result.__get__(metric)

    def result():
        results.append((metric.name, plain()))
        return results[-1][1]

    return result


def loss_in(logs: Any) -> str:
    """Return which log is the loss: that of the name, else a total, else what is called a loss.

    Whatever their order, which Keras changes.
    """
    return min(
        logs, key=lambda name: (name != "loss", "total" not in name, "loss" not in name, name)
    )


def _reported(result, updates, results):
    """Return the Reported loss of a step that returned `result`: its logs, on JAX with a state.

    A metric takes the mean of each sample first, and weighs samples: Mean.update_state.
    """
    from keras.src.metrics import reduction_metrics

    logs = result[0] if isinstance(result, tuple) else result
    if not isinstance(logs, dict) or not logs:
        return Reported(logs, 1.0, tracked=False)
    name = loss_in(logs)
    given = [metric for metric, value in results if value is logs[name]]  # under whatever name
    values = [update[1:] for update in updates if update[0] == (given or [name])[-1]]
    if not values:
        return Reported(logs[name], 1.0, tracked=False)
    value, weight = private(reduction_metrics, "reduce_to_samplewise_values")(
        *values[-1], reduce_fn=ops.mean, dtype=None
    )
    if weight is None:
        return Reported(ops.mean(value), ops.size(value), tracked=True)
    total = ops.sum(weight)
    divisor = ops.where(total == 0, ops.ones_like(total), total)  # a replica without a row
    return Reported(ops.sum(value) / divisor, total, tracked=True)
