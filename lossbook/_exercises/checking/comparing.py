"""Compare an answer with the right one: its shape, then number by number."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from lossbook._core import to_numpy
from lossbook._exercises.checking.exercise import AnyOf, Exercise


def same(answers: Sequence[Any], given: Sequence[Any], exercise: Exercise) -> bool:
    """Say whether what is given is this answer on every case."""
    return all(
        any(
            fits(one, g) and np.all(close(one, g, exercise.computed))
            for one in (answer if isinstance(answer, AnyOf) else [answer])
        )
        for answer, g in zip(answers, given, strict=True)
    )


def fits(right: Any, given: Any) -> bool:
    """Say whether an answer has the right shape; a list or an array may stand for a tuple."""
    return shape(given) == shape(right)


def close(right: Any, given: Any, computed: bool) -> np.ndarray:
    """Compare number by number: counts exactly, the rest as floats of a person or of a machine."""
    exact = np.array([isinstance(x, int) for x in right]) if isinstance(right, tuple) else False
    right, given = array(right), array(given)
    rtol, atol = (1e-4, 1e-6) if computed else (1e-3, 0)
    near = np.isclose(given, right, rtol=rtol, atol=atol, equal_nan=True)
    return np.where(exact, given == right, near)


def array(x: Any) -> np.ndarray:
    """Return the numbers of an answer as float64."""
    if isinstance(x, (tuple, list)) or hasattr(x, "as_list"):  # as_list: TensorFlow's shapes
        return np.array([array(item) for item in x], dtype="float64")
    x = to_numpy(x)
    if x.dtype.kind not in "iuf" and x.dtype.name != "bfloat16":
        raise TypeError(f"expected numbers, got {x.dtype.name}")
    return x.astype("float64")


def shape(x: Any) -> tuple[int, ...] | None:
    """Return the shape of an answer, None if it is not made of numbers."""
    try:
        return array(x).shape
    except (TypeError, ValueError):
        return None


def kind(x: Any) -> str:
    """Say what an answer is: "one number", "3 numbers", "an array of shape (2, 3)"."""
    size = shape(x)
    if size is None:
        if callable(x):
            return "a function"
        if x is None or (isinstance(x, (str, bool)) and len(repr(x)) <= 40):
            return repr(x)
        if isinstance(x, np.ndarray) and x.dtype == bool:
            return f"an array of True and False of shape {x.shape}"
        return f"something else ({type(x).__name__})"
    if isinstance(x, (tuple, list)) and len(size) == 1:
        return f"{size[0]} numbers" if size[0] != 1 else "a tuple of one number"
    return f"an array of shape {size}" if size else "one number"
