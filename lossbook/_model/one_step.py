"""One run of a step of the model's own, on one batch, apart from evaluate and fit."""

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np

from lossbook._core import is_float, keras, to_numpy
from lossbook._model.keras_private import additional_losses
from lossbook._model.own_steps import loss_in, measured_step
from lossbook._model.state import keep_state, stand_still


@dataclass(frozen=True)
class OneStep:
    """What a step of the model's own returned and reported, as numbers and names.

    `key` is the log that is taken for the loss, `metrics` the names that the model's metrics show,
    `penalties` the names of `model.losses` that aren't 0, `added` says that some are in the loss.
    `outputs` is the shape of the predictions, None where there is no single one.
    """

    key: str
    keys: tuple[str, ...]
    metrics: list[str]
    value: float
    rows: int
    weight: float
    tracked: bool
    penalties: list[str]
    added: bool
    outputs: tuple[int, ...] | None


def stepped(model: Any, name: str, data: dict[str, Any]) -> OneStep:
    """Run `model.test_step` or `train_step` in eager mode on one batch; nothing it moves stays.

    Not on JAX, where a step takes the state of the model too.
    """
    x, y, weight = (tensors_of(data[part]) for part in ("x", "y", "sample_weight"))
    batch_data = keras.utils.pack_x_y_sample_weight(x, y, weight)
    with ExitStack() as undo:
        keep_state(model, undo)
        stand_still(model, undo)
        result, batch = measured_step(model, getattr(model, name), (batch_data,))
        logs = result if isinstance(result, dict) else {"loss": result}
        marks = [
            *batch.additional,
            *((c.output.name, c.values * c.coefficients) for c in batch.calls),
        ]
        value = _number(batch.rest) + sum(_number(product) for _, product in marks)
        metrics = model.get_metrics_result()
        key = loss_in(logs)
        return OneStep(
            key=key,
            keys=tuple(logs),
            metrics=list(metrics),
            value=value,
            rows=int(_number(batch.rows)),
            weight=_number(batch.weight),
            tracked=batch.tracked or _by_another_metric(model, logs[key]),
            penalties=[owner for owner, loss in additional_losses(model) if _number(loss)],
            added=bool(batch.additional),
            outputs=_shape_of_outputs(model, x),
        )


def _by_another_metric(model, value):
    """Say whether a metric that is no Mean gives this value: its kind knows what it keeps."""
    others = [m.result() for m in model.metrics if not isinstance(m, keras.metrics.Mean)]
    return any(np.shape(o) == () and _number(o) == _number(value) for o in others if o is not None)


def _shape_of_outputs(model, x):
    try:
        outputs = model(x, training=False)
    except Exception:  # a model without a call
        return None
    return tuple(outputs.shape) if keras.ops.is_tensor(outputs) else None


def tensors_of(structure):
    """Return tensors of arrays, with floats as Keras hands them to a step."""

    def tensor(leaf):
        leaf = leaf if keras.ops.is_tensor(leaf) else np.asarray(leaf)
        return keras.ops.convert_to_tensor(leaf, keras.config.floatx() if is_float(leaf) else None)

    return None if structure is None else keras.tree.map_structure(tensor, structure)


def _number(x):
    return float(np.sum(to_numpy(x), dtype=np.float64))
