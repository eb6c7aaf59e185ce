"""Data that Keras itself refuses: which part of them, shown by trying the parts."""

import re

import numpy as np

from lossbook._audit.checks.batches import NOT_NONE
from lossbook._audit.checks.custom_losses import ROWS
from lossbook._audit.checks.labels import IN_RANGE, NUMBERED, RANGES, outside
from lossbook._audit.finding import found
from lossbook._audit.observation import SPARSE, same_rank
from lossbook._core.arrays import dtype_name, shape_of, to_numpy
from lossbook._model.keras_private import keras_mask, known_loss


def refused(failure):
    """Return the Finding for the call of a loss that failed, in eager mode.

    The loss is called without weights and mask, then with each of them: what fails first is meant.
    """
    from keras import ops

    loss, error = failure.loss, failure.error
    y_true, y_pred = (_concrete(x) for x in (failure.y_true, failure.y_pred))
    bare = [ops.convert_to_tensor(x) for x in (y_true, y_pred)]
    evidence = {"y_true.shape": y_true.shape, "y_pred.shape": y_pred.shape}
    head = f"Output {failure.name!r}: "
    known, options = known_loss(loss) or (None, {})
    failed = _error(loss, *bare)
    if failed is not None:
        bad = {
            name: int((~np.isfinite(np.asarray(x, np.float64))).sum())
            for name, x in (("y_true", y_true), ("y_pred", y_pred))
        }
        if any(bad.values()):
            where = " and ".join(f"{n} in {name}" for name, n in bad.items() if n)
            return found(
                "not-finite",
                f"{head}{known or 'the loss function'} refuses NaN or infinity: {where}. Keras "
                "fails.",
                "Replace them before the loss, for example with keras.ops.nan_to_num.",
                evidence | {"Keras": line(failed)},
            )
        label = _labels(known, options, y_true, y_pred)
        if label is not None:
            low, high, expected = label
            return found(
                "labels-range",
                f"{head}{known} takes {expected}, but the targets go from {low:g} to {high:g}: "
                "Keras fails.",
                NUMBERED if known in SPARSE else IN_RANGE,
                evidence | {"lowest": low, "highest": high, "Keras": line(failed)},
            )
        return found(
            "targets-refused",
            f"{head}{known or 'the loss function'} refuses y_true of shape {y_true.shape} with "
            f"y_pred of shape {y_pred.shape}: Keras fails.",
            _targets_fix(known, y_true.shape, y_pred.shape, options),
            evidence | {"Keras": line(failed)},
        )
    values = to_numpy(loss.call(*_aligned(loss, bare)))
    evidence |= {"values.shape": values.shape}
    mask = keras_mask(failure.y_pred)
    weight = None if failure.sample_weight is None else _concrete(failure.sample_weight)
    if mask is not None and not _fits(values, np.empty(shape_of(mask))):
        evidence |= {"mask.shape": shape_of(mask), "Keras": line(error)}
        advice = "Let the loss return one value per position of the mask."
        if y_pred.ndim == y_true.ndim + 1 and y_pred.shape[-1] == 1:
            advice = f"Give y_true the shape {y_pred.shape}: without it y_pred loses its last axis."
        return found(
            "mask-refused",
            f"{head}a mask of shape {shape_of(mask)} does not fit values of shape {values.shape}: "
            "Keras fails.",
            advice,
            evidence,
        )
    if weight is None:
        return None
    evidence |= {"sample_weight.shape": weight.shape, "Keras": line(error)}
    if values.ndim == 0 or len(values) != len(y_pred):
        return found(
            "loss-without-rows",
            f"{head}{known or 'the loss function'} returns values of shape {values.shape}, not one "
            f"per row. A sample_weight of shape {weight.shape} does not fit them: Keras fails.",
            ROWS,
            evidence,
        )
    column = weight.shape + (1,) * (values.ndim - weight.ndim)
    return found(
        "weights-refused",
        f"{head}sample_weight of shape {weight.shape} does not fit values of shape {values.shape}: "
        "Keras matches shapes from the last axis, and fails.",
        f"Give it the shape {column} for one weight per sample, {values.shape} for one per value."
        if weight.ndim < values.ndim
        else f"Give it the shape {values.shape}.",
        evidence,
    )


def unexplained(error, outputs):
    """Return the Finding for an error of the compiled loss that is no loss's own."""
    arrays = [o for o in outputs if getattr(o.loss, "reduction", "") in (None, "none")]
    if arrays:
        return found(
            "reduction-none",
            f"Output {arrays[0].name!r}: no reduction, so its loss is an array, which Keras cannot "
            "add to the other losses of the model: Keras fails.",
            NOT_NONE,
            {"outputs": len(outputs), "Keras": line(error)},
            "error",
        )
    return found(
        "loss-refused",
        "Keras cannot put the loss of this model together: the losses, loss weights or targets "
        "don't match the outputs.",
        "Compare the names and the order of the outputs with those of loss, loss_weights, y and "
        "sample_weight.",
        {"Keras": line(error)},
    )


def _concrete(x):
    """Copy a tensor to the host; of one that is only traced its shape must do."""
    try:
        return to_numpy(x)
    except Exception:
        return np.full(shape_of(x), 0.5).astype(dtype_name(x))


def _aligned(loss, tensors):
    """Return tensors in the dtype of the loss, as its `call` gets them."""
    from keras import ops

    return [ops.cast(tensor, loss.dtype) for tensor in tensors]


def _error(loss, *arguments):
    try:
        to_numpy(loss(*arguments))
    except Exception as error:
        return error
    return None


def line(error):
    """Return the class and the first line of an error, without TensorFlow's names of nodes."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = re.sub(r"^\{\{function_node [^}]*\}\} | \[Op:.*$", "", lines[0] if lines else "")
    return f"{type(error).__name__}: {text}"[:300]


def _fits(values, weight):
    try:
        np.broadcast_shapes(*(x.shape for x in same_rank(values, weight)))
    except ValueError:
        return False
    return True


def _labels(known, options, y_true, y_pred):
    """Return (lowest, highest, what is expected) if labels are out of range and not of shape."""
    labels = np.asarray(y_true, np.float64)
    if known in RANGES and y_true.shape == y_pred.shape and outside(known, labels).any():
        return float(labels.min()), float(labels.max()), RANGES[known][2]
    if known not in SPARSE:
        return None
    classes = y_pred.shape[options.get("axis", -1)]
    if labels.size * classes != y_pred.size:
        return None
    if options.get("ignore_class") is not None:
        labels = labels[labels != options["ignore_class"]]
    if not labels.size or (labels.min() >= 0 and labels.max() < classes):
        return None
    return float(labels.min()), float(labels.max()), f"class numbers from 0 to {classes - 1}"


def _targets_fix(known, y_true, y_pred, options):
    if known in SPARSE:
        classes = y_pred[options.get("axis", -1)]
        if y_true == y_pred:
            return (
                f"These look like one-hot rows: take categorical_crossentropy, or pass class "
                f"numbers of shape {y_pred[:-1]}."
            )
        return f"Pass class numbers of shape {y_pred[:-1]}, from 0 to {classes - 1}."
    short = known == "categorical_crossentropy" and (
        y_true == y_pred[:-1] or y_true == (*y_pred[:-1], 1)
    )
    if short:
        return "For class numbers take sparse_categorical_crossentropy."
    return f"Give y_true the shape {y_pred}."
