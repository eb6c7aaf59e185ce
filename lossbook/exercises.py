"""Check an answer to an exercise of the book: correct, wrong in this way, or not attempted.

    lb.exercises.check("class-axis-1", answer)

An answer is a number, a tuple (a shape, say), an array, a tensor of the active Keras backend, or a
function. The checker prints one line. It never raises: a learner reads what is wrong, not a stack.
"""

import difflib
import inspect
import warnings

import numpy as np

from lossbook._arrays import to_numpy
from lossbook._exercises import EXERCISES

OPEN = "not attempted yet. Replace ... by your answer and run the cell again."


def names():
    """Return the names of all exercises, in the order of the book.

    Examples:
        >>> from lossbook import exercises
        >>> exercises.names()[:2]
        ('one-number-1', 'one-number-2')
    """
    return tuple(EXERCISES)


def check(name, answer):
    """Print one line: whether the answer is correct, wrong in a known way, or not attempted.

    Numbers may be rounded to four digits, counts may not. Functions are called on small inputs on
    which the usual mistakes give something else. Nothing is raised, whatever the answer is.

    Args:
        name: the exercise, such as "class-axis-1".
        answer: number, tuple, array, tensor or function; `...` where nothing is attempted yet.

    Examples:
        >>> from lossbook import exercises
        >>> exercises.check("class-axis-1", ...)
        class-axis-1: not attempted yet. Replace ... by your answer and run the cell again.
        >>> exercises.check("class-axis-1", (8,))
        class-axis-1: wrong. One value per sample? Only the last axis goes, the positions stay.
        >>> exercises.check("class-axis-1", (8, 32, 32))
        class-axis-1: correct.
    """
    name = str(name)
    if name not in EXERCISES:
        print(_unknown(name))
        return
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            verdict = _judge(EXERCISES[name], answer)
        except Exception as error:
            verdict = f"wrong. The answer cannot be read ({_error(error)})."
    print(f"{name}: {verdict}")


def _unknown(name):
    close = difflib.get_close_matches(name, EXERCISES, n=3)
    hint = f"Did you mean {' or '.join(close)}?" if close else "lb.exercises.names() lists all."
    return f"There is no exercise {name!r}. {hint}"


def _judge(exercise, answer):
    if answer is ... or (isinstance(answer, (tuple, list)) and any(x is ... for x in answer)):
        return OPEN
    given = [answer]
    if exercise.asks_for_function:
        if not callable(answer):
            return f"wrong. Expected a function, got {_kind(answer)}."
        try:
            given = [answer(*_copy(case)) for case in exercise.cases]
        except Exception as error:
            return f"wrong. Your function raised {_error(error)}."
        if all(result is None or result is ... for result in given):
            return "not attempted yet. Your function returns nothing."
    right = [exercise.expected(*case) for case in exercise.cases]
    if _same(right, given, exercise):
        return "correct."
    for mistake, diagnosis in exercise.mistakes:
        if _same([mistake(*case) for case in exercise.cases], given, exercise):
            return f"wrong. {diagnosis}"
    if exercise.asks_for_function:
        return f"wrong. {_function_difference(exercise, right, given)}"
    return f"wrong. {_value_difference(right[0], given[0])}"


def _copy(case):
    """Copy a case, for an answer may write into its arguments."""
    return [x.copy() if isinstance(x, np.ndarray) else x for x in case]


def _same(right, given, exercise):
    return all(
        _fits(r, g) and np.all(_close(r, g, exercise.asks_for_function))
        for r, g in zip(right, given, strict=True)
    )


def _fits(right, given):
    """Say whether an answer has the right shape; a list or an array may stand for a tuple."""
    return _shape(given) == _shape(right)


def _close(right, given, computed):
    """Compare number by number: counts exactly, the rest as floats of a person or of a machine."""
    exact = np.array([isinstance(x, int) for x in right]) if isinstance(right, tuple) else False
    right, given = _array(right), _array(given)
    rtol, atol = (1e-4, 1e-6) if computed else (1e-3, 0)
    near = np.isclose(given, right, rtol=rtol, atol=atol, equal_nan=True)
    return np.where(exact, given == right, near)


def _array(x):
    """Return the numbers of an answer as float64."""
    if isinstance(x, (tuple, list)) or hasattr(x, "as_list"):  # as_list: TensorFlow's shapes
        return np.array([_array(item) for item in x], dtype="float64")
    x = to_numpy(x)
    if x.dtype.kind not in "iuf" and x.dtype.name != "bfloat16":
        raise TypeError(f"expected numbers, got {x.dtype.name}")
    return x.astype("float64")


def _shape(x):
    """Return the shape of an answer, None if it is not made of numbers."""
    try:
        return _array(x).shape
    except (TypeError, ValueError):
        return None


def _kind(x):
    """Say what an answer is: "one number", "3 numbers", "an array of shape (2, 3)"."""
    shape = _shape(x)
    if shape is None:
        if callable(x):
            return "a function"
        if x is None or (isinstance(x, (str, bool)) and len(repr(x)) <= 40):
            return repr(x)
        return f"something else ({type(x).__name__})"
    if isinstance(x, (tuple, list)) and len(shape) == 1:
        return f"{shape[0]} numbers" if shape[0] != 1 else "a tuple of one number"
    return f"an array of shape {shape}" if shape else "one number"


def _value_difference(right, given):
    """Say how a wrong value differs, without telling the right one."""
    if not _fits(right, given):
        return f"Expected {_kind(right)}, got {_kind(given)}."
    wrong = np.argwhere(~_close(right, given, computed=False))
    common = _common_factor(right, given)
    if common:
        return f"Every number {common}."
    index = tuple(wrong[0].tolist())
    difference = _number_difference(_array(right)[index], _array(given)[index])
    if not index:
        return f"Your number {difference}."
    if isinstance(right, tuple):
        return f"Number {index[0] + 1} of {len(right)} {difference}."
    return f"The number at {list(index)} {difference}."


def _common_factor(right, given):
    """Say by which factor all numbers of several are off, if it is the same for all."""
    right, given = _array(right), _array(given)
    ratio = given / right
    if right.size < 2 or not np.all(np.isfinite(ratio)) or abs(ratio.flat[0] - 1) < 0.01:
        return None
    same = ratio.flat[0] != 0 and np.allclose(ratio, ratio.flat[0], rtol=1e-3, atol=0)
    return _number_difference(right.flat[0], given.flat[0]) if same else None


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


def _function_difference(exercise, right, given):
    """Say on which input a function differs, and how."""
    for case, r, g in zip(exercise.cases, right, given, strict=True):
        if not _fits(r, g):
            return f"Your function returns {_kind(g)}, expected {_kind(r)}."
        common = _common_factor(r, g)
        if common:
            return f"Every number that it gives {common}."
        wrong = np.argwhere(~_close(r, g, computed=True))
        if len(wrong):
            index = tuple(wrong[0])
            arguments = inspect.signature(exercise.expected).parameters
            inputs = ", ".join(
                f"{name}={_shown(np.asarray(x)[index[: np.ndim(x)]])}"
                for name, x in zip(arguments, case, strict=False)
            )
            r, g = _array(r)[index], _array(g)[index]
            return f"For {inputs} it gives {_shown(g)}, expected {_shown(r)}."


def _shown(x):
    if np.ndim(x):
        return f"[{', '.join(_shown(item) for item in x)}]"
    return f"{float(x):.5g}"


def _error(error):
    """Return an error as one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__
