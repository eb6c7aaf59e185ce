"""A model on a few rows, in eager mode, apart from evaluate: nothing that it moves stays."""

from contextlib import ExitStack
from typing import Any

import numpy as np

from lossbook._core import to_numpy
from lossbook._model.data import batch_data
from lossbook._model.keras_private import additional_losses
from lossbook._model.one_step import tensors_of
from lossbook._model.state import keep_state

_FEW = 8


class FewRows:
    """The first rows of the data: predictions, additional losses and gradients of a model."""

    def __init__(self, model: Any, data: dict[str, Any]) -> None:
        import keras

        self.model, x = model, data["x"]
        self.by_row: dict[str, tuple[int, ...]] = {}  # shapes of additional losses that have rows
        if hasattr(x, "element_spec"):
            data = batch_data(next(iter(x)))
        elif hasattr(x, "num_batches") and hasattr(x, "__getitem__"):
            data = batch_data(x[0])
        rows = len(keras.tree.flatten(data["x"])[0])
        self.rows = min(_FEW, rows) // 2 * 2
        parts = (data["x"], data["y"], data["sample_weight"])
        self.parts = [self._cut(part, 0, self.rows) for part in parts]

    def _cut(self, structure, start, stop):
        import keras

        if structure is None:
            return None
        return keras.tree.map_structure(
            lambda leaf: (leaf.iloc if hasattr(leaf, "iloc") else leaf)[start:stop], structure
        )

    def run(
        self, start: int, stop: int, again: bool = False
    ) -> tuple[list[np.ndarray], dict[str, float]]:
        """Return the predictions for some rows, by output, and the additional losses by name.

        Every run begins with the same seeds and states; with `again` it is a second call, which
        differs where the model draws random numbers or keeps a state.
        """
        import keras

        with ExitStack() as undo:
            keep_state(self.model, undo)
            x = tensors_of(self._cut(self.parts[0], start, stop))
            for _ in range(1 + again):
                outputs = self.model(x, training=False)
            added: dict[str, float] = {}
            for name, loss in additional_losses(self.model):
                added[name] = added.get(name, 0.0) + float(np.sum(to_numpy(loss)))
                if tuple(loss.shape[:1]) == (stop - start,):
                    self.by_row[name] = tuple(loss.shape)
            return [to_numpy(output) for output in keras.tree.flatten(outputs)], added

    def gradients(self) -> tuple[float, float] | None:
        """Return the lengths of the gradients of the data's loss and of the additional losses.

        None where the backend needs a function without state.
        """
        import keras

        backend, model = keras.backend.backend(), self.model
        x, y, weight = map(tensors_of, self.parts)

        def losses():
            y_pred = model(x, training=False)
            total = model.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=weight)
            extra = sum(keras.ops.sum(loss) for _, loss in additional_losses(model))
            return total - extra, extra

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
                found = [torch.autograd.grad(loss, variables, **options) for loss in losses()]
            else:
                return None
        data, extra = (sum(_squares(part) for part in gradient) ** 0.5 for gradient in found)
        return data, extra


def _squares(gradient):
    import keras

    if gradient is None:
        return 0.0
    gradient = keras.ops.convert_to_tensor(gradient)  # that of an embedding has some rows alone
    return float(np.square(to_numpy(gradient).astype(np.float64)).sum())
