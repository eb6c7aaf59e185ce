"""Name the formula behind a wrong number: another denominator, no mask, another release."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from lossbook._exercises.checking.comparing import array, close, fits
from lossbook._exercises.checking.exercise import Answers, Exercise
from lossbook._identify import identify
from lossbook.rules import resolve

SLIPS = 1  # a wrong answer with more of them is guesswork


def formula_of(exercise: Exercise, answers: Sequence[Answers], given: Sequence[Any]) -> str | None:
    """Say what `lb.identify` finds out about the first wrong number; None if it finds nothing.

    `identify_with` says from which values, weights and mask each number is made.
    """
    for answer, g in zip(answers, given, strict=True):
        if answer.identify_with is None or not fits(answer.right, g):
            return None
        wrong = np.atleast_1d(~close(answer.right, g, exercise.computed))
        if not np.any(wrong):
            continue
        identify_with = answer.identify_with
        tensors = identify_with if isinstance(identify_with, tuple) else (identify_with,)
        i = int(np.argmax(wrong))
        if i >= len(tensors) or tensors[i] is None:
            return None
        number = float(np.ravel(array(g))[i])
        sentence = _sentence(number, tensors[i], exercise.computed)
        which = f"Number {i + 1}: " if len(tensors) > 1 else ""
        see = f" See {exercise.see}." if exercise.see else ""
        return sentence and f"{which}{sentence}{see}"
    return None


def _sentence(number, tensors, computed):
    """Put the plainest formula that makes the number into words, with the rule if it is one."""
    found = identify(number, **tensors, rtol=1e-5 if computed else None)
    match = found.matches[0] if found.matches else None
    if match is None or match.slips > SLIPS or match.by_chance:
        return None
    who = "" if match.rule is None else f"That is {_rule_in_words(match.rule, match.reduction)}. "
    return f"{who}{match.sentence}"


def _rule_in_words(name, reduction):
    """Return "Keras's reduction 'sum'", or "what PyTorch gives with reduction 'mean'"."""
    if name == resolve("keras-3").name:
        return f"Keras's reduction '{reduction}'"
    rule = resolve(name)
    library = {"keras": "Keras"}.get(rule.framework, rule.framework)
    version = f" {rule.versions}" if "keras" in rule.framework else ""
    return f"what {library}{version} gives with reduction '{reduction}'"
