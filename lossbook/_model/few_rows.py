"""A model on a few rows, in eager mode, apart from evaluate: nothing that it moves stays."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np

from lossbook._core import keras, ops, to_numpy
from lossbook._model.data import batch_data, cut, rows_of
from lossbook._model.keras_private import additional_losses, private
from lossbook._model.one_step import tensors_of
from lossbook._model.recorder import derivative
from lossbook._model.state import keep_state

_FEW = 8


@dataclass(frozen=True)
class Metric:
    """A metric of the model, and what it gets of a few rows: tensors of its output.

    `output` is the name of the output, None where there is one alone; `weighted` says that Keras
    hands it the weights.
    """

    output: str | None
    weighted: bool
    metric: Any
    y_true: Any
    y_pred: Any
    weight: Any

    def number(self, y_pred: Any = None, weight: Any = None) -> float:
        """Return what it makes of these rows, of other predictions or with weights."""
        y_pred = self.y_pred if y_pred is None else ops.convert_to_tensor(y_pred)
        self.metric.reset_state()
        self.metric.update_state(self.y_true, y_pred, weight)
        return float(np.mean(to_numpy(self.metric.result()), dtype=np.float64))


class FewRows:
    """The first rows of the data: predictions, additional losses and gradients of a model."""

    def __init__(self, model: Any, data: dict[str, Any]) -> None:
        self.model, x = model, data["x"]
        self._lengths: dict[int | None, tuple[float, float] | None] = {}
        self.batches = ""  # "dataset", or "batches" of a PyDataset
        self.by_row: dict[str, tuple[int, ...]] = {}  # shapes of additional losses that have rows
        if hasattr(x, "element_spec"):
            data, self.batches = batch_data(next(iter(x))), "dataset"
        elif hasattr(x, "num_batches") and hasattr(x, "__getitem__"):
            data, self.batches = batch_data(x[0]), "batches"
        rows = rows_of(data["x"]) or len(keras.tree.flatten(data["x"])[0])
        self.rows = min(_FEW, rows) // 2 * 2
        parts = (data["x"], data["y"], data["sample_weight"])
        self.parts = [cut(part, 0, self.rows) for part in parts]

    def run(
        self, start: int, stop: int, again: bool = False
    ) -> tuple[list[np.ndarray], dict[str, float]]:
        """Return the predictions for some rows, by output, and the additional losses by name.

        Every run begins with the same seeds and states; with `again` it is a second call, which
        differs where the model draws random numbers or keeps a state.
        """
        with ExitStack() as undo:
            keep_state(self.model, undo)
            x = tensors_of(cut(self.parts[0], start, stop))
            for _ in range(1 + again):
                outputs = self.model(x, training=False)
            added: dict[str, float] = {}
            for name, loss in additional_losses(self.model):
                added[name] = added.get(name, 0.0) + float(np.sum(to_numpy(loss)))
                if tuple(loss.shape[:1]) == (stop - start,):
                    self.by_row[name] = tuple(loss.shape)
            return [to_numpy(output) for output in keras.tree.flatten(outputs)], added

    def metrics(self) -> Iterator[Metric]:
        """Yield every metric that compile() got; what it has counted comes back in the end."""
        compiled = private(self.model, "_compile_metrics")
        if compiled is None or (compiled.built and not compiled.metrics):
            return
        with ExitStack() as undo:
            keep_state(self.model, undo)
            x, y, weight = map(tensors_of, self.parts)
            outputs = self.model(x, training=False)
            if not compiled.built:  # Keras has failed; the model's own stays as it is
                user = [private(compiled, n) for n in ("_user_metrics", "_user_weighted_metrics")]
                compiled = type(compiled)(*user, output_names=compiled.output_names)
                compiled.build(y, outputs)
            flat = private(compiled, "_flatten_y")
            y_true, y_pred = flat(y), flat(outputs)
            weights = [None] if weight is None else flat(weight)
            weights = weights if len(weights) == len(y_true) else weights[:1] * len(y_true)
            for weighted, sets in ((False, "_flat_metrics"), (True, "_flat_weighted_metrics")):
                for i, found in enumerate(private(compiled, sets)):
                    for metric in found.metrics if found else ():
                        if isinstance(metric, keras.metrics.Metric):
                            pair = y_true[i], y_pred[i]
                            yield Metric(found.output_name, weighted, metric, *pair, weights[i])

    def at_predictions(self, changed: Any = lambda y_pred: y_pred) -> tuple[float, float]:
        """Return the loss of the data, and the largest derivative at a prediction.

        `changed` makes other predictions of those of the model.
        """
        with ExitStack() as undo:
            keep_state(self.model, undo)
            x, y, weight = map(tensors_of, self.parts)
            outputs = self.model(x, training=False)
            extra = sum(keras.ops.sum(loss) for _, loss in additional_losses(self.model))
            flat = keras.tree.flatten(outputs)
            floats = [i for i, y in enumerate(flat) if keras.backend.is_float_dtype(y.dtype)]
            flat, largest = [changed(y) if i in floats else y for i, y in enumerate(flat)], 0.0

            def loss(tensor, i):
                other = keras.tree.pack_sequence_as(outputs, [*flat[:i], tensor, *flat[i + 1 :]])
                return self.model.compute_loss(x=x, y=y, y_pred=other, sample_weight=weight)

            for i in floats:
                found = to_numpy(derivative(lambda tensor, i=i: loss(tensor, i), flat[i]))
                largest = float(np.maximum(largest, np.abs(found).max(initial=0.0)))  # NaN stays
            return float(to_numpy(loss(flat[0], 0) - extra)), largest

    def gradients(self, rows: int | None = None) -> tuple[float, float] | None:
        """Return the lengths of the gradients of the data's loss and of the additional losses.

        Of the first `rows`, or of all; None where the backend needs a function without state.
        """
        if rows not in self._lengths:
            self._lengths[rows] = self._gradients(rows)
        return self._lengths[rows]

    def _gradients(self, rows):
        backend, model = keras.backend.backend(), self.model
        x, y, weight = (tensors_of(cut(part, 0, rows)) for part in self.parts)

        def losses():
            y_pred = model(x, training=False)
            total = model.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=weight)
            added = [keras.ops.sum(loss) for _, loss in additional_losses(model)]
            return [total - sum(added), sum(added)] if added else [total]

        variables = [v.value for v in model.trainable_variables]
        with ExitStack() as undo:
            keep_state(model, undo)
            if backend == "tensorflow":
                import tensorflow as tf

                with tf.GradientTape(persistent=True) as tape:
                    both = losses()
                found = [tape.gradient(loss, variables) for loss in both]
            elif backend == "torch":
                import torch

                options = {"retain_graph": True, "allow_unused": True}
                found = [
                    torch.autograd.grad(loss, variables, **options) if loss.requires_grad else []
                    for loss in losses()
                ]
            else:
                return None
        lengths = [sum(_squares(part) for part in gradient) ** 0.5 for gradient in found]
        return lengths[0], sum(lengths[1:])


def _squares(gradient):
    if gradient is None:
        return 0.0
    gradient = keras.ops.convert_to_tensor(gradient)  # that of an embedding has some rows alone
    return float(np.square(to_numpy(gradient).astype(np.float64)).sum())
