"""Arguments that are no tensors: names, numbers, lists of numbers; and what was given instead."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from lossbook._core.arrays import asarray, dtype_name, shape_of, to_numpy


def described(x: Any) -> str:
    """Say what was received: itself where it is short, else its type, an array with its shape."""
    if x is None or isinstance(x, str | bool | int | float | np.number | type):
        return repr(x) if len(repr(x)) < 80 else f"a {type(x).__name__}"
    shape = getattr(x, "shape", None)
    if shape is not None and dtype_name(x):
        return f"an array of shape {tuple(shape)}, {dtype_name(x)}"
    if isinstance(x, list | tuple | dict) and len(repr(x)) < 80:
        return repr(x)
    return f"a {type(x).__name__}"


def is_number(x: Any) -> bool:
    """Say whether `x` is one number: of Python, NumPy or a tensor."""
    if isinstance(x, int | float | np.number | np.bool_):
        return True
    return getattr(x, "shape", None) == () and dtype_name(x) not in (None, "object", "str")


def is_whole(x: Any, least: int = 1) -> bool:
    """Say whether `x` is a whole number of Python or NumPy, not below `least`."""
    return isinstance(x, int | np.integer) and not isinstance(x, bool) and bool(x >= least)


def check_number(name: str, x: Any, example: str = "1.0") -> None:
    """Raise a TypeError if `x` is no number."""
    if not is_number(x):
        raise TypeError(f"{name} must be a number, such as {example}. Received: {described(x)}.")


def one_number(name: str, x: Any) -> float:
    """Return `x`, which may be an array or tensor of one entry, as a float."""
    array = asarray(np, to_numpy(x) if dtype_name(x) else x, "float64", name)
    if array.size != 1:
        raise ValueError(
            f"{name} must hold one number each. Received an array of shape {array.shape}: "
            "reduce it first, for instance with lossbook.aggregate."
        )
    return float(array.reshape(()))


def listed(name: str, parts: Any, of: str) -> list[Any]:
    """Return the parts as a list, or raise a ValueError that says of what there is one each."""
    single = isinstance(parts, str | dict | type) or is_number(parts)
    if single or not (isinstance(parts, Iterable) or (dtype_name(parts) and shape_of(parts))):
        raise ValueError(
            f"{name} must hold one number per {of}, as in [0.5, 0.25]. Received: "
            f"{described(parts)}."
        )
    return list(parts)
