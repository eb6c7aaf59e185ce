"""Judge an answer: correct, wrong in this way, or not attempted."""

from typing import Any

import numpy as np

from lossbook._core import collected_warnings
from lossbook._exercises.checking.comparing import kind, same
from lossbook._exercises.checking.differences import function_difference, value_difference
from lossbook._exercises.checking.exercise import Exercise
from lossbook._exercises.checking.formulas import formula_of

OPEN = "not attempted yet. Replace ... by your answer and run the cell again."


def verdict(exercise: Exercise, answer: Any) -> str:
    """Say in one line what an answer is. Nothing is raised, whatever the answer is."""
    with np.errstate(all="ignore"), collected_warnings():
        try:
            return _verdict(exercise, answer)
        except Exception as error:
            return f"wrong. The answer cannot be read ({_one_line(error)})."


def _verdict(exercise, answer):
    if answer is ... or (isinstance(answer, (tuple, list)) and any(x is ... for x in answer)):
        return OPEN
    given = [answer]
    if exercise.asks_for_function:
        if not callable(answer):
            return f"wrong. Expected a function, got {kind(answer)}."
        try:
            given = [answer(*_copy(case)) for case in exercise.cases]
        except Exception as error:
            return f"wrong. Your function raised {_one_line(error)}."
        if all(result is None or result is ... for result in given):
            return "not attempted yet. Your function returns nothing."
    if exercise.measure is not None:
        try:
            given = [exercise.measure(answer)]
        except Exception as error:
            return f"wrong. With that Keras raises {_one_line(error)}."
    answers = [exercise.answers(*case) for case in exercise.cases]
    right = [answer.right for answer in answers]
    if same(right, given, exercise):
        return "correct."
    numbers = [_as_numbers(g) for g in given]
    for diagnosis in answers[0].mistakes:
        if same([answer.mistakes[diagnosis] for answer in answers], numbers, exercise):
            return f"wrong. {diagnosis}"
    formula = formula_of(exercise, answers, given)
    if formula:
        return f"wrong. {formula}"
    if exercise.asks_for_function:
        return f"wrong. {function_difference(exercise, right, given)}"
    return f"wrong. {value_difference(right[0], given[0])}"


def _as_numbers(given):
    """Return True and False in an array as 1 and 0: whoever weighs by a mask means that."""
    is_mask = isinstance(given, np.ndarray) and given.dtype == bool
    return given.astype("float64") if is_mask else given


def _copy(case):
    """Copy a case, for an answer may write into its arguments."""
    return [x.copy() if isinstance(x, np.ndarray) else x for x in case]


def _one_line(error):
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__
