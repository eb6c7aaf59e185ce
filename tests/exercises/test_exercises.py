"""The checker; the known mistakes; every chapter's stubs and solutions."""

import dataclasses
import re

import numpy as np
import pytest

from lossbook import exercises
from lossbook._exercises import EXERCISES, Answers, AnyOf, Exercise, verdict
from tests.exercises.stubs import FOUND, answer_of, run_stub
from tools.notebooks.exercises import exercises as exercises_of
from tools.notebooks.files import name_of, notebooks, read


def line_of(name, answer):
    """Return what the checker says of an answer, and see that it is one line."""
    line = verdict(EXERCISES[name], answer)
    assert line and "\n" not in line
    return line


def compared(name):
    """Return an exercise that compares what it is given: no model is built of it first."""
    return dataclasses.replace(EXERCISES[name], measure=None)


@pytest.mark.parametrize("name", EXERCISES)
def test_a_known_mistake_gets_its_diagnosis(name):
    exercise = compared(name)
    of_cases = [exercise.answers(*case).mistakes for case in exercise.cases]
    for diagnosis in of_cases[0]:
        wrong = [mistakes[diagnosis] for mistakes in of_cases]
        for way in zip(*(w if isinstance(w, AnyOf) else [w] for w in wrong), strict=True):
            replies = iter(way)
            answer = (lambda *_, r=replies: next(r)) if exercise.asks_for_function else way[0]
            assert verdict(exercise, answer) == f"wrong. {diagnosis}"


@pytest.mark.parametrize("name", EXERCISES)
def test_a_stub_is_not_attempted(name):
    assert line_of(name, ...).startswith("not attempted yet.")
    assert line_of(name, (..., ...)).startswith("not attempted yet.")
    if EXERCISES[name].asks_for_function:
        assert line_of(name, lambda *_: None) == "not attempted yet. Your function returns nothing."


class Hostile:
    """An answer that resists being looked at."""

    def __array__(self, *arguments, **options):
        raise RuntimeError("hands\noff")

    def __eq__(self, other):
        raise RuntimeError("hands off")

    __hash__ = None


def raises(*arguments):
    raise KeyError("oops")


GARBAGE = [
    None, "", "0.5", b"1", True, 1j, {}, {1, 2}, object(), Hostile(), float, np, raises,
    np.nan, np.inf, 0, -1, 10**400, np.array("x"), np.array([]), np.array([None]),
    [], (), (1,), ((1, 2), 3), [[1], [2, 3]], (np.nan,) * 3, ("a", "b", "c"),
    np.zeros((2, 3)), np.zeros((2, 3), dtype="complex64"), np.zeros(3, dtype="datetime64[s]"),
    lambda: 1, lambda x: x, lambda x, y: "text", lambda x, y: (x, y), lambda *a: np.nan,
    lambda x, y: x[:, :1], lambda *a: Hostile(), lambda *a: 1 / 0,
]  # fmt: skip


@pytest.mark.parametrize("name", EXERCISES)
def test_garbage_is_wrong_and_never_raises(name):
    for i, answer in enumerate(GARBAGE):
        assert line_of(name, answer).startswith("wrong. "), f"GARBAGE[{i}]"


@pytest.mark.parametrize("name", ["class-axs-1", "", None, 3, ["class-axis-1"]])
def test_a_name_that_does_not_exist(name, capsys):
    assert exercises.check(name, 1) is None
    assert capsys.readouterr().out.startswith(f"There is no exercise {str(name)!r}. ")


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("class-axis-1", [8, 32, 32]),
        ("class-axis-1", np.array([8, 32, 32])),
        ("one-number-1", (1310720, 7.629e-7)),
        ("one-number-2", np.float32(0.0595)),
    ],
)
def test_the_right_answer_in_other_clothes(name, answer):
    assert line_of(name, answer) == "correct."


UNKNOWN = [
    ("class-axis-1", (8, 32)),
    ("class-axis-1", (8, 32, 16)),
    ("class-axis-1", None),
    ("class-axis-1", len),
    ("one-number-1", (1310721, 7.629e-7)),
    ("one-number-1", (13107200, 7.629e-6)),
    ("one-number-2", 0.4165),
    ("one-number-2", 0.0592),
    ("one-number-2", -0.0595),
    ("one-number-2", 0),
    ("one-number-2", np.nan),
    ("elementwise-1", 0.5),
    ("elementwise-1", raises),
    ("elementwise-1", lambda y_true, y_pred: 0),
    ("elementwise-1", lambda y_true, y_pred: 0 * y_pred),
    ("class-axis-2", lambda y_true, y_pred: y_true.sum(axis=-1)),
    ("class-axis-2", lambda y_true, y_pred: 3 * EXERCISES["class-axis-2"].expected(y_true, y_pred)),
    ("masks-3", lambda mask: mask.astype(int) * mask.size),  # right where the padding is: 0
    ("one-number-3", lambda elementwise: 0 * elementwise[0, 0, 0]),
    ("one-number-4", lambda truth: truth[..., 4] == 1),
]


def test_how_an_unknown_mistake_differs(snapshot):
    assert [line_of(name, answer) for name, answer in UNKNOWN] == snapshot


def test_an_array_as_the_right_value():
    right = np.array([[0.25, 0.5], [0.125, 0]])
    exercise = Exercise("array-1", lambda: Answers(right, {}))
    assert verdict(exercise, right.tolist()) == "correct."
    assert verdict(exercise, right.astype("float32")) == "correct."
    wrong = right + np.array([[0, 0], [0.125, 0]])
    where = "wrong. The number at [1, 0] is too large by a factor of 2."
    assert verdict(exercise, wrong) == where


def test_an_answer_that_writes_into_its_arguments_spoils_nothing():
    def careless(y_true, y_pred):
        y_pred[...] = 0.5
        return y_pred

    ((_, y_pred),) = EXERCISES["elementwise-1"].cases
    before = y_pred.copy()
    line_of("elementwise-1", careless)
    np.testing.assert_array_equal(y_pred, before)


def test_tensors_are_answers_too():
    from keras import ops

    x = ops.ones((8, 32, 32))
    for shape in (x.shape, ops.shape(x), ops.convert_to_tensor([8, 32, 32])):
        assert line_of("class-axis-1", shape) == "correct."
    assert line_of("one-number-2", ops.convert_to_tensor(0.0595)) == "correct."
    expected_one = "wrong. Expected one number, got an array of shape (8, 32, 32)."
    assert line_of("one-number-2", x) == expected_one

    def with_ops(y_true, y_pred):
        p = y_pred / ops.sum(y_pred, axis=-1, keepdims=True)
        return -ops.sum(y_true * ops.log(ops.clip(p, 1e-7, 1 - 1e-7)), axis=-1)

    assert line_of("class-axis-2", with_ops) == "correct."


def test_where_to_read_on_is_a_chapter():
    titles = {read(path).cells[0].source.splitlines()[0].lstrip("# ") for path in notebooks()}
    named = {exercise.see for exercise in EXERCISES.values() if exercise.see}
    assert named and {see.removeprefix("the chapter ") for see in named} <= titles


def test_names_are_topics_with_numbers():
    assert exercises.names() == tuple(EXERCISES)
    assert all(re.fullmatch(r"[a-z]+(-[a-z0-9]+)*-\d+", name) for name in EXERCISES)


@pytest.mark.parametrize("path", notebooks(), ids=name_of)
def test_a_chapter_has_the_exercises_of_its_topic(path):
    found = {exercise.name for exercise in exercises_of(read(path))}
    topic = path.stem.partition("_")[2].replace("_", "-")
    assert found == {name for name in EXERCISES if name.rpartition("-")[0] == topic}
    assert len(found) >= 3


@pytest.mark.parametrize("name", FOUND)
def test_a_stub_is_open_and_its_solution_correct(name):
    _, printed = run_stub(name)
    assert printed.splitlines()[-1].startswith(f"{name}: not attempted yet.")
    assert line_of(name, answer_of(name, FOUND[name].solution)) == "correct."
