"""What leaves the step of a model for the host, and the batch that it makes there."""

from dataclasses import replace

import numpy as np

from lossbook._core import collected_warnings, dtype_name, ops, to_numpy
from lossbook._explain import part_of
from lossbook._model import Batch

STEP = "step/weight, value, magnitude"
_CONTRIBUTED = "contributed"


def look(batch):
    """Let everything leave the step that a loss got and gave, and what the step computes."""
    tensors, own_step = {}, batch.weight is not None
    parts = [ops.cast(loss, "float32") for _, loss in batch.additional]
    parts += [] if batch.rest is None else [batch.rest]
    parts += [_products(call) for call in batch.calls]  # of what Keras computed, not of ours
    for call in () if own_step else batch.calls:  # what leaves a step of its own is the sum alone
        with collected_warnings():
            found = {**_needed(call), _CONTRIBUTED: part_of(call).contributions}
        tensors |= {f"{call.index}/{k}": v for k, v in found.items() if ops.is_tensor(v)}
    for i, (name, loss) in enumerate(batch.additional):
        tensors[f"additional/{i}/{name}"] = ops.sum(loss)
    weight = ops.cast(batch.weight if own_step else batch.rows, "float32")
    value, magnitude = (
        sum((ops.cast(ops.sum(part), "float32") for part in of), ops.zeros(()))
        for of in (parts, map(ops.abs, parts))
    )
    tensors[STEP] = ops.stack([ops.reshape(weight, ()), value, magnitude])
    dtypes = tuple(sorted({dtype_name(call.values) for call in batch.calls}))
    return tensors, (dtypes, batch.tracked)


def _needed(call):
    """Return the fields that a check reads: each tensor that leaves a step takes time."""
    found = dict(vars(call))
    if call.output.keras_loss is not None:
        del found["given_y_true"]
        if call.y_pred is not None:
            del found["given_y_pred"]
        if call.output.entry.target != "sparse":
            del found["coefficients"]
    return found


def _products(call):
    """Return what each value adds to the loss of the batch, in the step."""
    weight = 1.0 if call.output.loss_weight is None else call.output.loss_weight
    values, coefficients = (ops.cast(x, "float32") for x in (call.values, call.coefficients))
    return values * coefficients * ops.cast(weight, "float32")


def batch_of(watch, rows, tensors):
    """Return the Batch of tensors that have left the step, and the contributions by output."""
    fields, additional = {}, []
    for key, tensor in tensors.items():
        owner, _, name = key.partition("/")
        if owner == "additional":
            additional.append((name.partition("/")[2], float(np.ravel(to_numpy(tensor))[0])))
        else:
            fields.setdefault(int(owner), {})[name] = tensor
    contributed = [found.pop(_CONTRIBUTED) for _, found in sorted(fields.items())]
    calls = tuple(replace(watch.calls[i], **found) for i, found in sorted(fields.items()))
    return Batch(rows, calls, tuple(additional)), contributed
