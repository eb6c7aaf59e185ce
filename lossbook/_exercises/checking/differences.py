"""Say in words how a wrong answer differs: by a formula, a factor, a sign, on which input."""

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np

from lossbook._exercises.checking.comparing import array, close, fits, kind
from lossbook._exercises.checking.exercise import Exercise

MOST_SHOWN = 12  # numbers of an input


def value_difference(right: Any, given: Any) -> str:
    """Say how a wrong value differs, without telling the right one."""
    if not fits(right, given):
        return f"Expected {kind(right)}, got {kind(given)}."
    wrong = np.argwhere(~close(right, given, computed=False))
    common = _common_factor(right, given)
    if common:
        return f"Every number {common}."
    index = tuple(wrong[0].tolist())
    difference = _number_difference(array(right)[index], array(given)[index])
    if not index:
        return f"Your number {difference}."
    if isinstance(right, tuple):
        return f"Number {index[0] + 1} of {len(right)} {difference}."
    return f"The number at {list(index)} {difference}."


def _common_factor(right, given):
    """Say by which factor all numbers of several are off, if it is the same for all but zeros."""
    right, given = array(right), array(given)
    several, informative = right.size > 1, (right != 0) | (given != 0)
    right, given = right[informative], given[informative]
    ratio = given / right
    if not several or not right.size or not np.all(np.isfinite(ratio)) or abs(ratio[0] - 1) < 0.01:
        return None
    same = ratio[0] != 0 and np.allclose(ratio, ratio[0], rtol=1e-3, atol=0)
    return _number_difference(right[0], given[0]) if same else None


def _number_difference(right, given):
    """Say how a number differs from the right one: sign, or factor."""
    if not np.isfinite(given):
        return f"is {given}; a finite number is expected"
    if given == 0 or right == 0:
        return "should not be 0" if given == 0 else "should be 0"
    ratio = given / right
    if ratio < 0:
        return "has the wrong sign"
    factor = max(ratio, 1 / ratio)
    if factor < 1.01:
        digits = "" if float(right).is_integer() else "; give at least four digits"
        return f"is close, but not the right one{digits}"
    shown = f"{factor:.0f}" if abs(factor - round(factor)) < 1e-3 * factor else f"{factor:.3g}"
    return f"is too {'large' if ratio > 1 else 'small'} by a factor of {shown}"


def function_difference(exercise: Exercise, right: Sequence[Any], given: Sequence[Any]) -> str:
    """Say on which input a function differs, and how; or by which factor, if it is always one."""
    pairs = list(zip(right, given, strict=True))
    for r, g in pairs:
        if not fits(r, g):
            return f"Your function returns {kind(g)}, expected {kind(r)}."
    common = _common_factor(*(np.concatenate([np.ravel(array(x)) for x in side])
                              for side in zip(*pairs, strict=True)))  # fmt: skip
    if common:
        return f"Every number that it gives {common}."
    case, r, g, index = next(
        (case, array(r), array(g), tuple(index))
        for case, (r, g) in zip(exercise.cases, pairs, strict=True)
        for index in np.argwhere(~close(r, g, computed=True)).tolist()
    )
    parts = [_part(x, index, r.shape) for x in case]
    inputs = ", ".join(map(_named, inspect.signature(exercise.solve).parameters, parts))
    own = any(np.ndim(part) < np.ndim(x) for part, x in zip(parts, case, strict=True))
    where = "" if own or not index else f" at {list(index)}"
    return f"For {inputs} it gives {_shown(g[index])}{where}, expected {_shown(r[index])}."


def _part(x, index, shape):
    """Return the part of an input that a number of the answer belongs to; all of it if unknown."""
    x = np.asarray(x)
    axes = min(x.ndim, len(index))
    return x[index[:axes]] if x.shape[:axes] == shape[:axes] else x


def _named(name, x):
    """Return an input with its name; of a large one the shape."""
    return f"{name}={_shown(x)}" if np.size(x) <= MOST_SHOWN else f"{name} of shape {x.shape}"


def _shown(x):
    if np.ndim(x):
        return f"[{', '.join(_shown(item) for item in x)}]"
    return f"{float(x):.5g}"
