"""Check an answer to an exercise of the book: correct, wrong in this way, or not attempted.

    lb.exercises.check("class-axis-1", answer)

An answer is a number, a tuple (a shape, say), an array, a tensor of the active Keras backend, a
function, or what mends a model (a layer, a dict of arguments): then real Keras runs the model with
it. The checker prints one line. It never raises: a learner reads what is wrong, not a stack.

Of a wrong answer it says, as far as it can tell: which usual mistake this is; which formula makes
the number (`lb.identify` knows the denominators that people and releases use); otherwise one input
on which it differs, or by which factor.
"""

import difflib
from typing import Any

from lossbook._exercises import EXERCISES, verdict


def names() -> tuple[str, ...]:
    """Return the names of all exercises, in the order of the book.

    Examples:
        >>> from lossbook import exercises
        >>> exercises.names()[:2]
        ('one-number-1', 'one-number-2')
    """
    return tuple(EXERCISES)


def check(name: str, answer: Any) -> None:
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
    print(f"{name}: {verdict(EXERCISES[name], answer)}")


def _unknown(name):
    close = difflib.get_close_matches(name, EXERCISES, n=3)
    hint = f"Did you mean {' or '.join(close)}?" if close else "lb.exercises.names() lists all."
    return f"There is no exercise {name!r}. {hint}"
