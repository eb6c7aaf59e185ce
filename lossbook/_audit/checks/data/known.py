"""Code that leaves targets without a value out of a loss, whatever stands in their place."""

from typing import Any

import numpy as np

from lossbook._losses import entry_of

NamedLoss = tuple[str, dict[str, Any]]  # the name of a loss of Keras's, and its options
SENTINELS = (-1, -9, -99, -100, -999, -9999, -32768, 255, 999, 9999, 99999, 65535)


def by_weights(loss: NamedLoss, keep: str, shape: tuple[int, ...], fill: str = "") -> str:
    """Return code that weighs rows 0 and divides by the others; `keep` says which, of y."""
    keep = keep if len(shape) == 1 else f"({keep}).all(-1)"
    code = called(loss, reduction="mean_with_sample_weight")
    return f"`sample_weight = ({keep}).astype('float32'); {fill}loss = {code}`"


def by_elements(loss: NamedLoss, known: str, filled: str = "y_true") -> str:
    """Return code of a loss that averages over what is known of each row."""
    name, options = loss
    known = f"keras.ops.cast({known}, 'float32')"
    more = "".join(f", {part}" for part in _written(options))
    return (
        f"`loss = lambda y_true, y_pred: keras.ops.sum({known} * keras.losses.{name}("
        f"{filled}[..., None], y_pred[..., None]{more}), -1) / keras.ops.maximum(keras.ops.sum("
        f"{known}, -1), 1.0)`"
    )


def called(loss: NamedLoss, **changed: Any) -> str:
    """Return code of Keras's Loss object, with the options that say something, some changed."""
    name, options = loss
    return f"keras.losses.{entry_of(name).names[-1]}({', '.join(_written(options | changed))})"


def _written(options):
    """Return the options as they are written; the last axis, and what is off, go without saying."""
    said = {o: value for o, value in options.items() if value and (o, value) != ("axis", -1)}
    return [f"{option}={value!r}" for option, value in said.items()]


def into_range(values: Any, shape: Any, predicted: Any) -> str:
    """Return code that brings targets into the range from 0 to 1, "" where none is known.

    `values` are all there are, None for too many; `shape` and `predicted` those of y_true, y_pred.
    """
    units = predicted[-1] if predicted else 1
    if values is None or not values:
        return "`y = (y - y.min()) / (y.max() - y.min())`"
    low, high, whole = min(values), max(values), all(v == round(v) for v in values)
    if values <= {-1, 1}:
        return "`y = (y + 1) / 2`"
    if values <= {1, 2}:
        return "`y = y - 1`"
    if not whole or low < 0:
        return "`y = (y - y.min()) / (y.max() - y.min())`"
    if high < units and tuple(shape) in (predicted[:-1], (*predicted[:-1], 1)):
        return f"`y = keras.utils.to_categorical(y, {units})`"
    return "`y = y / 255`" if values <= {0, 255} or 8 < high <= 255 else ""


def other_axis(x: Any, axis: int) -> int | None:
    """Return the axis, not that of the rows, over which numbers add up to 1, if it is no `axis`."""
    for k in range(1, x.ndim):
        sums = x.sum(k)
        if k != axis % x.ndim and x.shape[k] > 1 and bool((np.abs(sums - 1) < 1e-3).all()):
            return k
    return None
