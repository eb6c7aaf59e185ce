"""The checker; the expected answers against Keras; every chapter's stubs and solutions."""

import re

import numpy as np
import pytest

from lossbook import exercises
from lossbook._exercises import EXERCISES, Answers, AnyOf, Exercise
from tools.notebooks.exercises import exercises as exercises_of
from tools.notebooks.files import name_of, notebooks, read

MISTAKES = [(e.name, said) for e in EXERCISES.values() for said in e.answers(*e.cases[0]).mistakes]


def said(capsys, name, answer):
    """Return the line that `check` prints about an answer, and see that it is one line."""
    assert exercises.check(name, answer) is None
    line = capsys.readouterr().out
    assert line.count("\n") == 1 and line.endswith("\n"), line
    return line.removesuffix("\n").removeprefix(f"{name}: ")


def answer_of(name, function):
    """Return what a reader would pass: the function, or the value that it computes."""
    return function if EXERCISES[name].asks_for_function else function()


@pytest.mark.parametrize("name", EXERCISES)
def test_the_right_answer_is_correct(name, capsys):
    assert said(capsys, name, answer_of(name, EXERCISES[name].expected)) == "correct."


@pytest.mark.parametrize(("name", "diagnosis"), MISTAKES)
def test_a_known_mistake_gets_its_diagnosis(name, diagnosis, capsys):
    exercise = EXERCISES[name]
    wrong = [exercise.answers(*case).mistakes[diagnosis] for case in exercise.cases]
    for way in zip(*(w if isinstance(w, AnyOf) else [w] for w in wrong), strict=True):
        replies = iter(way)
        answer = (lambda *_, r=replies: next(r)) if exercise.asks_for_function else way[0]
        assert said(capsys, name, answer) == f"wrong. {diagnosis}"


@pytest.mark.parametrize("name", EXERCISES)
def test_a_stub_is_not_attempted(name, capsys):
    def stub(*arguments):
        pass

    assert said(capsys, name, ...).startswith("not attempted yet.")
    assert said(capsys, name, (..., ...)).startswith("not attempted yet.")
    if EXERCISES[name].asks_for_function:
        assert said(capsys, name, stub) == "not attempted yet. Your function returns nothing."


class Hostile:
    """An answer that resists being looked at."""

    def __array__(self, *arguments, **options):
        raise RuntimeError("hands\noff")

    def __eq__(self, other):
        raise RuntimeError("hands off")

    __hash__ = None


def raises(*arguments):
    raise KeyError("oops")


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize(
    "answer",
    [
        None, "", "0.5", b"1", True, 1j, {}, {1, 2}, object(), Hostile(), float, np, raises,
        np.nan, np.inf, 0, -1, 10**400, np.array("x"), np.array([]), np.array([None]),
        [], (), (1,), ((1, 2), 3), [[1], [2, 3]], (np.nan,) * 3, ("a", "b", "c"),
        np.zeros((2, 3)), np.zeros((2, 3), dtype="complex64"), np.zeros(3, dtype="datetime64[s]"),
        lambda: 1, lambda x: x, lambda x, y: "text", lambda x, y: (x, y), lambda *a: np.nan,
        lambda x, y: x[:, :1], lambda *a: Hostile(), lambda *a: 1 / 0,
    ],
    ids=lambda answer: type(answer).__name__,
)  # fmt: skip
def test_garbage_is_wrong_and_never_raises(name, answer, capsys):
    assert said(capsys, name, answer).startswith("wrong. ")


@pytest.mark.parametrize("name", ["class-axs-1", "", None, 3, ["class-axis-1"]])
def test_an_unknown_name_is_told(name, capsys):
    exercises.check(name, 1)
    assert capsys.readouterr().out.startswith(f"There is no exercise {str(name)!r}. ")


@pytest.mark.parametrize(
    ("name", "answer", "says"),
    [
        ("class-axis-1", (8, 32), "wrong. Expected 3 numbers, got 2 numbers."),
        ("class-axis-1", (8, 32, 16), "wrong. Number 3 of 3 is too small by a factor of 2."),
        ("class-axis-1", [8, 32, 32], "correct."),
        ("class-axis-1", np.array([8, 32, 32]), "correct."),
        ("class-axis-1", None, "wrong. Expected 3 numbers, got None."),
        ("class-axis-1", len, "wrong. Expected 3 numbers, got a function."),
        ("one-number-1", (1310720, 7.629e-7), "correct."),
        (
            "one-number-1",
            (1310721, 7.629e-7),
            "wrong. Number 1 of 2 is close, but not the right one.",
        ),
        (
            "one-number-1",
            (13107200, 7.629e-6),
            "wrong. Every number is too large by a factor of 10.",
        ),
        ("one-number-2", 0.2196, "wrong. Your number is too large by a factor of 10."),
        (
            "one-number-2",
            0.0221,
            "wrong. Your number is close, but not the right one; give at least four digits.",
        ),
        ("one-number-2", -0.02196, "wrong. Your number has the wrong sign."),
        ("one-number-2", 0, "wrong. Your number should not be 0."),
        ("one-number-2", np.nan, "wrong. Your number is nan; a finite number is expected."),
        ("one-number-2", np.float32(0.02196), "correct."),
        ("elementwise-1", 0.5, "wrong. Expected a function, got one number."),
        ("elementwise-1", raises, "wrong. Your function raised KeyError: 'oops'."),
        (
            "elementwise-1",
            lambda y_true, y_pred: 0,
            "wrong. Your function returns one number, expected an array of shape (1, 5).",
        ),
        (
            "elementwise-1",
            lambda y_true, y_pred: 0 * y_pred,
            "wrong. For y_true=1, y_pred=0 it gives 0, expected 16.118.",
        ),
        (
            "class-axis-2",
            lambda y_true, y_pred: y_true.sum(axis=-1),
            "wrong. For y_true=[0, 1, 0], y_pred=[0.25, 1, 0.75] it gives 1, expected 0.69315.",
        ),
        (
            "class-axis-2",
            lambda y_true, y_pred: 3 * EXERCISES["class-axis-2"].expected(y_true, y_pred),
            "wrong. Every number that it gives is too large by a factor of 3.",
        ),
        (
            "masks-3",
            lambda mask: mask.astype(int) * mask.size,  # right where the padding is: 0
            "wrong. Every number that it gives is too large by a factor of 4.",
        ),
        (
            "one-number-3",
            lambda elementwise: 0 * elementwise[0, 0, 0],
            "wrong. For elementwise of shape (2, 2, 3, 4) it gives 0 at [0], expected 0.25672.",
        ),
        (
            "one-number-4",
            lambda truth: truth[..., 4] == 1,
            "wrong. Your function returns an array of True and False of shape (2, 2, 3), expected "
            "an array of shape (2, 2, 3).",
        ),
    ],
)  # fmt: skip
def test_what_is_said_of_other_answers(name, answer, says, capsys):
    assert said(capsys, name, answer) == says


def test_an_array_as_the_right_value(monkeypatch, capsys):
    right = np.array([[0.25, 0.5], [0.125, 0]])
    monkeypatch.setitem(EXERCISES, "array-1", Exercise("array-1", lambda: Answers(right, {})))
    assert said(capsys, "array-1", right.tolist()) == "correct."
    assert said(capsys, "array-1", right.astype("float32")) == "correct."
    wrong = right + np.array([[0, 0], [0.125, 0]])
    where = "wrong. The number at [1, 0] is too large by a factor of 2."
    assert said(capsys, "array-1", wrong) == where


def test_an_answer_that_writes_into_its_arguments_spoils_nothing(capsys):
    def careless(y_true, y_pred):
        y_pred[...] = 0.5
        return y_pred

    ((_, y_pred),) = EXERCISES["elementwise-1"].cases
    before = y_pred.copy()
    said(capsys, "elementwise-1", careless)
    np.testing.assert_array_equal(y_pred, before)


def test_tensors_are_answers_too(capsys):
    from keras import ops

    x = ops.ones((8, 32, 32))
    assert said(capsys, "class-axis-1", x.shape) == "correct."
    assert said(capsys, "class-axis-1", ops.shape(x)) == "correct."
    assert said(capsys, "class-axis-1", ops.convert_to_tensor([8, 32, 32])) == "correct."
    assert said(capsys, "one-number-2", ops.convert_to_tensor(0.02196)) == "correct."
    line = said(capsys, "one-number-2", x)
    assert line == "wrong. Expected one number, got an array of shape (8, 32, 32)."

    def with_ops(y_true, y_pred):
        p = y_pred / ops.sum(y_pred, axis=-1, keepdims=True)
        return -ops.sum(y_true * ops.log(ops.clip(p, 1e-7, 1 - 1e-7)), axis=-1)

    assert said(capsys, "class-axis-2", with_ops) == "correct."


def test_the_expected_answers_are_those_of_keras():
    import keras
    from keras import ops

    def expected(name, *arguments):
        return EXERCISES[name].expected(*arguments)

    count, coefficient = expected("one-number-1")
    loss = keras.losses.MeanAbsoluteError()  # of ones: the sum of all coefficients
    one = np.zeros((4, 256, 256, 5), dtype="float32")
    one[0, 0, 0, 0] = 1
    assert count == one.size
    np.testing.assert_allclose(loss(one, 0 * one), coefficient, rtol=1e-6, atol=0)

    image = np.full((1, 100, 5), 0.02, dtype="float32")
    image[0, 0, 4] = 1.0
    printed = keras.losses.MeanAbsoluteError()(image, 0 * image)
    np.testing.assert_allclose(printed, expected("one-number-2"), rtol=1e-6, atol=0)

    for y_true, y_pred in EXERCISES["elementwise-1"].cases:
        real = ops.binary_crossentropy(y_true, y_pred)
        np.testing.assert_allclose(expected("elementwise-1", y_true, y_pred), real, rtol=1e-5)
    for y_true, logits in EXERCISES["elementwise-2"].cases:
        real = ops.binary_crossentropy(y_true, logits, from_logits=True)
        np.testing.assert_allclose(expected("elementwise-2", y_true, logits), real, rtol=1e-5)
    label, smoothed = np.eye(4, dtype="float32")[:1], np.full((1, 4), 0.05, dtype="float32")
    smoothed[0, 0] = 0.85
    floor = keras.losses.CategoricalCrossentropy(label_smoothing=0.2)(label, smoothed)
    np.testing.assert_allclose(floor, expected("elementwise-3"), rtol=1e-6)

    x = ops.ones((8, 32, 32, 5))
    assert tuple(keras.losses.binary_crossentropy(x, x).shape) == expected("class-axis-1")
    for y_true, y_pred in EXERCISES["class-axis-2"].cases:
        real = keras.losses.categorical_crossentropy(y_true, y_pred)
        np.testing.assert_allclose(expected("class-axis-2", y_true, y_pred), real, rtol=1e-5)
    labels, uniform = np.eye(5, dtype="float32")[:1], np.full((1, 5), 0.2, dtype="float32")
    real = (
        keras.losses.categorical_crossentropy(labels, uniform)[0],
        keras.losses.binary_crossentropy(labels, uniform)[0],
    )
    np.testing.assert_allclose(expected("class-axis-3"), real, rtol=1e-5)


def test_where_to_read_on_is_a_chapter():
    titles = {read(path).cells[0].source.splitlines()[0].lstrip("# ") for path in notebooks()}
    named = {exercise.see for exercise in EXERCISES.values() if exercise.see}
    assert named and {see.removeprefix("the chapter ") for see in named} <= titles


def test_names_are_topics_with_numbers():
    assert exercises.names() == tuple(EXERCISES)
    assert all(re.fullmatch(r"[a-z]+(-[a-z0-9]+)*-\d+", name) for name in EXERCISES)


@pytest.mark.parametrize("path", notebooks(), ids=name_of)
def test_a_chapters_stubs_are_open_and_its_solutions_correct(path, capsys):
    import keras
    from keras import ops

    import lossbook as lb

    found = exercises_of(read(path))
    assert len(found) >= 3, "a chapter has three exercises or more"
    for exercise in found:
        namespace = {"np": np, "keras": keras, "ops": ops, "lb": lb}
        exec(exercise.stub, namespace)
        line = capsys.readouterr().out.splitlines()[-1]
        assert line.startswith(f"{exercise.name}: not attempted yet."), line
        exec(exercise.solution, namespace)
        capsys.readouterr()
        assert said(capsys, exercise.name, namespace["answer"]) == "correct."
    topic = path.stem.partition("_")[2].replace("_", "-")
    ours = {name for name in EXERCISES if name.rpartition("-")[0] == topic}
    assert {exercise.name for exercise in found} == ours
