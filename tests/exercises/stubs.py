"""The exercises as the notebooks give them, and the answer of code that a learner writes there."""

import contextlib
import functools
import inspect
import io
import textwrap

import keras
import numpy as np
from keras import ops

import lossbook as lb
from lossbook._exercises import EXERCISES
from tools.notebooks.exercises import exercises as exercises_of
from tools.notebooks.files import notebooks, read

FOUND = {found.name: found for path in notebooks() for found in exercises_of(read(path))}


@functools.cache
def run_stub(name):
    """Return the names that a stub leaves, and what it prints. It runs once: it may train."""
    namespace, printed = {"np": np, "keras": keras, "ops": ops, "lb": lb}, io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(FOUND[name].stub, namespace)
    return namespace, printed.getvalue()


def answer_of(name, code):
    """Return the answer after a stub and some code: it sees the stub's data.

    The code sets `answer`. Or it is what `answer` is, or what the function asked for returns: an
    expression in its arguments, or its body.
    """
    left, _ = run_stub(name)
    namespace = {k: v.copy() if isinstance(v, np.ndarray) else v for k, v in left.items()}
    exec(_set_answer(EXERCISES[name], code.strip("\n")), namespace)
    return namespace["answer"]


def _set_answer(exercise, code):
    arguments = ", ".join(inspect.signature(exercise.solve).parameters)
    try:
        compile(code, "", "eval")
    except SyntaxError:
        if exercise.asks_for_function and not code.startswith(("def ", "answer =")):
            return f"def answer({arguments}):\n{textwrap.indent(code, '    ')}"
        return code
    return f"answer = lambda {arguments}: {code}" if arguments else f"answer = {code}"
