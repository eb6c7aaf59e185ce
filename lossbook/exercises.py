"""Check an answer to an exercise of the book: correct, wrong in this way, or not attempted.

    lb.exercises.check("class-axis-1", answer)

An answer is a number, a tuple (a shape, say), an array, a tensor of the active Keras backend, or a
function. The checker prints one line. It never raises: a learner reads what is wrong, not a stack.

Of a wrong answer it says, as far as it can tell: which usual mistake this is; which formula makes
the number (`lb.identify` knows the denominators that people and releases use); otherwise one input
on which it differs, or by which factor.
"""

import difflib
import warnings

import numpy as np

from lossbook._exercises import EXERCISES
from lossbook._exercises.checking.comparing import kind, same
from lossbook._exercises.checking.differences import function_difference, value_difference
from lossbook._exercises.checking.formulas import formula_of

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
            return f"wrong. Expected a function, got {kind(answer)}."
        try:
            given = [answer(*_copy(case)) for case in exercise.cases]
        except Exception as error:
            return f"wrong. Your function raised {_error(error)}."
        if all(result is None or result is ... for result in given):
            return "not attempted yet. Your function returns nothing."
    right = [exercise.expected(*case) for case in exercise.cases]
    if same(right, given, exercise):
        return "correct."
    for mistake, diagnosis in exercise.mistakes:
        if same([mistake(*case) for case in exercise.cases], given, exercise):
            return f"wrong. {diagnosis}"
    formula = formula_of(exercise, right, given)
    if formula:
        return f"wrong. {formula}"
    if exercise.asks_for_function:
        return f"wrong. {function_difference(exercise, right, given)}"
    return f"wrong. {value_difference(right[0], given[0])}"


def _copy(case):
    """Copy a case, for an answer may write into its arguments."""
    return [x.copy() if isinstance(x, np.ndarray) else x for x in case]


def _error(error):
    """Return an error as one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__
