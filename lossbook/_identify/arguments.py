"""The arguments of identify(), checked: settings, and the values of a loss."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from lossbook._core import asarray, described, is_whole, shape_of, to_numpy
from lossbook._losses import DEFAULT_REDUCTION, loss_call
from lossbook.reduction import class_axis


@dataclass(frozen=True)
class Arguments:
    """A loss by its name, with its options and dtype, and its arrays on the host."""

    loss: str
    y_true: np.ndarray
    y_pred: np.ndarray
    options: dict[str, Any]
    dtype: str
    elementwise: np.ndarray

    def values(self, y_true: np.ndarray, y_pred: np.ndarray, **options: Any) -> np.ndarray:
        """Return the values of the same loss of other arrays, with other options."""
        options = {**self.options, **options}
        settings = None, None, DEFAULT_REDUCTION, self.dtype, options
        return _computed(loss_call(self.loss, y_true, y_pred, *settings))[2]


def check_settings(batch_size, divisor, rtol, loss_options):
    """Refuse settings that identify() does not take."""
    asked = [name for name in ("reduction", "rule") if name in loss_options]
    if asked:
        raise TypeError(
            f"identify tries every rule and reduction: leave {' and '.join(asked)} out, or ask "
            "trace() for one of them."
        )
    if batch_size is not None and not is_whole(batch_size):
        listed = isinstance(batch_size, (list, tuple, np.ndarray))
        if not listed or not len(batch_size) or not all(is_whole(size) for size in batch_size):
            raise ValueError(
                "batch_size must be a positive whole number, a list of them (the rows of each "
                f"batch), or None. Received: {described(batch_size)}."
            )
    if divisor is not None and not (_number(divisor) and math.isfinite(divisor) and divisor):
        raise ValueError(
            "divisor must be a number other than 0, such as 1200, or None. Received: "
            f"{described(divisor)}."
        )
    if rtol is not None and not (_number(rtol) and 0 <= rtol < math.inf):
        raise ValueError(
            f"rtol must be a number from 0 on, such as 1e-3, or None. Received: {described(rtol)}."
        )


def _number(x):
    return isinstance(x, (int, float, np.number)) and not isinstance(x, bool)


def check_sizes(batch_size, rows):
    """Refuse sizes of batches that do not add up to the rows."""
    if batch_size is not None and not is_whole(batch_size) and sum(batch_size) != rows:
        raise ValueError(
            f"batch_size lists {len(batch_size)} batches of {sum(batch_size)} rows together, but "
            f"there are {rows} rows. Give the rows of every batch."
        )


def missing(loss_options):
    """Say what is missing where there are neither values nor a loss."""
    if loss_options:
        return (
            f"{', '.join(loss_options)}: not an argument of identify, unless it is an option of a "
            "loss, and loss= is missing."
        )
    return (
        "identify needs the losses that the number was made of: pass values, or loss= with "
        "y_true= and y_pred=."
    )


def from_loss(loss, y_true, y_pred, mask, dtype, options):
    """Return the values of a loss, the mask, the slip in the class axis, and the arguments."""
    lacking = [name for name, x in (("y_true=", y_true), ("y_pred=", y_pred)) if x is None]
    if lacking:
        raise TypeError(f"identify needs {' and '.join(lacking)} with loss=.")
    call = loss_call(loss, y_true, y_pred, None, mask, DEFAULT_REDUCTION, dtype, options)
    elementwise, valid, values = _computed(call)
    call.check_pairs(elementwise)
    mask = host("mask", call.mask)
    if valid is not None:  # found by the loss itself
        mask = to_numpy(valid) if mask is None else (mask != 0) & to_numpy(valid)
    how, classes = call.loss.class_axis, 1
    if how != "none":
        classes = shape_of(elementwise)[call.axis]
    elif call.loss.target == "sparse" and call.loss.takes_logits:
        classes, how = shape_of(call.y_pred)[call.axis], "sum"
    slip = None
    if classes > 1 and how == "mean":
        slip = classes, (f"The class axis is summed, which {call.name} averages.",)
    elif classes > 1 and how == "sum":
        slip = 1 / classes, (f"The class axis is averaged, which {call.name} sums.",)
    given = Arguments(
        call.name,
        to_numpy(y_true),
        to_numpy(y_pred),
        call.options,
        call.dtype,
        to_numpy(elementwise),
    )
    return values, mask, slip, given


def _computed(call):
    """Return the elementwise losses, the positions that the loss keeps (None: all), the values."""
    with np.errstate(all="ignore"):
        elementwise, valid = call.elementwise()
        step = class_axis(elementwise, call.loss.class_axis, call.axis)
    return elementwise, valid, step.value


def host(name, x):
    """Return an array or tensor as a NumPy array: floats and bools as they are, else float64."""
    if x is None:
        return None
    x = to_numpy(x) if hasattr(x, "dtype") else x
    kept = hasattr(x, "dtype") and x.dtype in (np.bool_, np.float32, np.float64)
    return x if kept else asarray(np, x, "float64", name)
