"""The arguments of identify(), checked: settings, and the values of a loss."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from lossbook._core import asarray, described, to_numpy
from lossbook._losses import entry_of, known_options, of_keras
from lossbook._trace import trace


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
        path = trace(self.loss, y_true, y_pred, dtype=self.dtype, **options)
        return path["values"].value


def check_settings(batch_size, divisor, loss_weight, rtol, loss_options):
    asked = [name for name in ("reduction", "rule") if name in loss_options]
    if asked:
        raise TypeError(
            f"identify tries every rule and reduction: leave {' and '.join(asked)} out, or ask "
            "trace() for one of them."
        )
    if batch_size is not None and not _whole(batch_size):
        listed = isinstance(batch_size, (list, tuple, np.ndarray))
        if not listed or not len(batch_size) or not all(_whole(size) for size in batch_size):
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


def _whole(x):
    return isinstance(x, (int, np.integer)) and not isinstance(x, bool) and x > 0


def _number(x):
    return isinstance(x, (int, float, np.number)) and not isinstance(x, bool)


def check_sizes(batch_size, rows):
    if batch_size is not None and not _whole(batch_size) and sum(batch_size) != rows:
        raise ValueError(
            f"batch_size lists {len(batch_size)} batches of {sum(batch_size)} rows together, but "
            f"there are {rows} rows. Give the rows of every batch."
        )


def missing(loss_options):
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
    path = trace(loss, y_true, y_pred, mask=mask, dtype=dtype, **options)
    if path.mask is not mask:  # found on y_pred, or made by the loss
        kept = [stage.value for stage in path.stages if stage.name == "mask_weight"]
        mask = to_numpy(kept[0]) != 0 if kept else mask
    name, slip = path.loss, None
    entry = entry_of(name)
    how = entry.class_axis
    if how != "none":
        classes = path.elementwise.shape[path.class_axis]
    elif entry.target == "sparse" and entry.takes_logits:
        _, _, bound = of_keras(loss) or (None, None, {})
        classes = to_numpy(y_pred).shape[{**bound, **options}.get("axis", -1)]
        how = "sum"
    if how == "mean":
        slip = classes, (f"The class axis is summed, which {name} averages.",)
    elif how == "sum":
        slip = 1 / classes, (f"The class axis is averaged, which {name} sums.",)
    known = of_keras(loss)
    if known is not None:
        options = known_options(name, known[1], {**known[2], **options})
    given = Arguments(
        name,
        to_numpy(y_true),
        to_numpy(y_pred),
        options,
        path.dtype,
        to_numpy(path.elementwise),
    )
    return path["values"].value, mask, slip, given


def host(name, x):
    """Return an array or tensor as a NumPy array: floats and bools as they are, else float64."""
    if x is None:
        return None
    x = to_numpy(x) if hasattr(x, "dtype") else x
    kept = hasattr(x, "dtype") and x.dtype in (np.bool_, np.float32, np.float64)
    return x if kept else asarray(np, x, "float64", name)
