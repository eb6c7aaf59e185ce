"""The state of an interactive ledger, and its text: what `ledger.js` reads, and the site's links.

    1~2x2x2~mean~0.1_0.2_0.3_0.4_0.5_0.6_0.7_0.8~1101~2x1_1_0.5~keras-3.15~sum_over_batch_size

is version 1, the shape of the elementwise losses, what becomes of their last axis (mean, sum, or
none where there is no class axis), the losses, the mask (1 = keep, "all" for no mask), the weights
(their shape, then themselves, or "none"), the rule and the reduction.
"""

import math
from dataclasses import dataclass

import numpy as np

from lossbook.rules import Aggregate, aggregate, resolve

VERSION = "1"
ELEMENTS = 200  # more than that nobody reads

# A rule of the ledger stands for all families that agree where a mask is True or False.
RULES = {
    "keras-3.15": ("keras-3.13", "keras-3.14", "keras-3.15"),
    "keras-3.7": ("keras-3.7",),
    "keras-3.3": ("keras-3.0", "keras-3.2", "keras-3.3"),
    "keras-2.3": ("keras-2.3",),
    "keras-2.2.5": ("keras-2.2.5",),
    "keras-2.2": ("keras-2.2",),
    "tf.keras-2.11": ("tf.keras-2.11",),
    "tf.keras-2.7": ("tf.keras-2.2", "tf.keras-2.7", "tf.keras-2.10"),
    "tf.keras-1.15": ("tf.keras-1.15",),
    "pytorch": ("pytorch",),
    "pytorch-elementwise": ("pytorch-elementwise",),
    "optax": ("optax",),
    "sklearn": ("sklearn",),
    "transformers": ("transformers",),
}


def rule_of(rule: str) -> str:
    """Return the ledger's name of a rule, or raise a ValueError if it has none."""
    family = resolve(rule).name
    for name, families in RULES.items():
        if family in families:
            return name
    raise ValueError(
        f"The interactive ledger has no rule {rule!r} (of the family {family}). "
        f"It knows the families of {', '.join(RULES)}. Print the trace itself instead."
    )


@dataclass(frozen=True)
class State:
    """What a reader can change: losses, class axis, mask, weights, rule, reduction.

    `losses` are elementwise, the class axis last. `class_axis` is "mean", "sum" or "none" (then
    the losses are the values). `mask` is None or a bool array in the shape of the values.
    """

    losses: np.ndarray
    class_axis: str = "none"
    mask: np.ndarray | None = None
    weight: np.ndarray | None = None
    rule: str = "keras-3.15"
    reduction: str = "sum_over_batch_size"

    @property
    def values(self) -> np.ndarray:
        """Return what the loss function returns: the class axis is gone."""
        if self.class_axis == "none":
            return self.losses
        return self.losses.mean(-1) if self.class_axis == "mean" else self.losses.sum(-1)

    def aggregate(self) -> Aggregate:
        """Return what lossbook makes of the values (see `lossbook.aggregate`)."""
        return aggregate(self.values, self.weight, self.mask, self.rule, self.reduction)

    def text(self) -> str:
        """Return the state as a text that is safe in an address."""
        mask, weight = "all", "none"
        if self.mask is not None and not self.mask.all():
            mask = "".join("1" if kept else "0" for kept in self.mask.ravel())
        if self.weight is not None:
            weight = "_".join([_shape(self.weight), *map(_number, self.weight.ravel())])
        losses = "_".join(map(_number, self.losses.ravel()))
        shape = _shape(self.losses)
        return "~".join(
            (VERSION, shape, self.class_axis, losses, mask, weight, self.rule, self.reduction)
        )


def parse(text: str) -> State:
    """Return the State that a text holds.

    Raises:
        ValueError: if the text is none of this version; the message names the part.
    """
    parts = text.split("~")
    if parts[0] != VERSION or len(parts) != 8:
        raise ValueError(f"A state has 8 parts and begins with {VERSION}~. Received: {text!r}.")
    _, shape, class_axis, losses, mask, weight, rule, reduction = parts
    if class_axis not in ("mean", "sum", "none"):
        raise ValueError(f"The class axis is mean, sum or none. Received: {class_axis!r}.")
    losses = _array(shape, losses.split("_"))
    values = losses.shape if class_axis == "none" else losses.shape[:-1]
    kept = None if mask == "all" else np.reshape([bit == "1" for bit in mask], values)
    shape, *numbers = weight.split("_")
    weights = None if weight == "none" else _array(shape, numbers)
    return State(losses, class_axis, kept, weights, rule_of(rule), reduction)


def _array(shape, numbers):
    shape = tuple(int(length) for length in shape.split("x"))
    if len(numbers) != math.prod(shape):
        raise ValueError(f"An array of shape {shape} has not {len(numbers)} numbers.")
    return np.reshape([float(number) for number in numbers], shape)


def _shape(array):
    return "x".join(map(str, array.shape))


def _number(x):
    """Write a number with the digits of float32; 1e-07 without a plus sign, which links mangle."""
    return f"{x:.7g}".replace("e+", "e")
