"""Random wrong answers never pass: mutants of the solutions, on the checker's inputs and others."""

import contextlib
import io
import random
import warnings

import keras
import numpy as np
import pytest
from keras import ops

from lossbook._exercises import EXERCISES, verdict
from tests.exercises.solution_mutants import mutants
from tests.exercises.stubs import FOUND, answer_of

MOST = 24  # of one exercise: some train a model
DRAWN = {
    name: random.Random(name).sample(versions, min(MOST, len(versions)))
    for name, versions in ((name, list(mutants(found.solution))) for name, found in FOUND.items())
}


def answer_or_none(name, code):
    """Return the answer of a piece of code, or None where it raises."""
    quiet = contextlib.redirect_stdout(io.StringIO())
    with warnings.catch_warnings(), np.errstate(all="ignore"), quiet:
        warnings.simplefilter("ignore")
        try:
            return answer_of(name, code)
        except Exception:
            return None


def other_inputs(exercise, rng):
    """Yield inputs like those of the checker: the same numbers in another order, batches twice."""
    for case in exercise.cases:
        for _ in range(5):
            yield [_shuffled(x, rng) for x in case]
        yield [np.concatenate([x, x]) if np.ndim(x) > 1 else x for x in case]


def _shuffled(x, rng):
    """Return the rows of an array in another order, and within each row its numbers."""
    if not isinstance(x, np.ndarray) or x.ndim == 0:
        return x
    return rng.permuted(x[rng.permutation(len(x))], axis=-1)


def results(function, inputs):
    """Return what a function makes of each input; None where it raises."""
    out = []
    for case in inputs:
        try:
            out.append(function(*[np.copy(x) if isinstance(x, np.ndarray) else x for x in case]))
        except Exception:
            out.append(None)
    return out


def alike(right, given, rtol):
    """Compare two answers number by number, by a path of this test's own."""
    right, given = (
        np.asarray(ops.convert_to_numpy(x) if keras.ops.is_tensor(x) else x, "float64")
        for x in (right, given)
    )
    return right.shape == given.shape and bool(
        np.allclose(given, right, rtol=rtol, atol=1e-6, equal_nan=True)
    )


def equal(exercise, answer):
    """Say whether an answer is right: on all inputs that the right one can take."""
    if exercise.measure is not None:  # a model: real Keras says what it prints
        return alike(exercise.expected(), exercise.measure(answer), rtol=1e-5)
    if not exercise.asks_for_function:
        return alike(exercise.expected(), answer, rtol=1.1e-3)  # a person rounds
    inputs = inputs_of(exercise)
    with np.errstate(all="ignore"):
        pairs = zip(results(exercise.expected, inputs), results(answer, inputs), strict=True)
        return all(g is not None and alike(r, g, rtol=2e-4) for r, g in pairs if r is not None)


def inputs_of(exercise):
    return [*exercise.cases, *other_inputs(exercise, np.random.default_rng(0))]


@pytest.mark.parametrize("name", [name for name in FOUND if EXERCISES[name].asks_for_function])
def test_there_are_other_inputs_than_the_checkers_own(name):
    exercise = EXERCISES[name]
    answers = results(exercise.expected, inputs_of(exercise))[len(exercise.cases) :]
    assert sum(answer is not None for answer in answers) >= 3


def test_there_are_five_hundred_or_more():
    assert sum(map(len, DRAWN.values())) >= 500
    assert all(len(versions) >= 3 for versions in DRAWN.values())


@pytest.mark.parametrize("name", FOUND)
def test_no_mutant_passes_unless_it_is_equal(name):
    answers = {code: answer_or_none(name, code) for code in DRAWN[name]}
    ran = {code: answer for code, answer in answers.items() if answer is not None}
    assert len(ran) >= 2
    for code, answer in ran.items():
        if verdict(EXERCISES[name], answer) == "correct.":
            assert equal(EXERCISES[name], answer), code
