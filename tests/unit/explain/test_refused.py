"""Errors that Keras raises within explain end with the place that explains them: that of audit."""

import re

import keras
import numpy as np
import pytest
from keras import layers

import lossbook as lb

ROWS = 6
X = np.ones((ROWS, 4), "float32")


def one_output(loss, eager):
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, "softmax")])
    model.compile("sgd", loss, run_eagerly=eager)
    return model


def two_outputs(loss, eager):
    inputs = keras.Input((4,))
    outputs = {name: layers.Dense(1, name=name)(inputs) for name in "ab"}
    model = keras.Model(inputs, outputs)
    model.compile("sgd", loss, run_eagerly=eager)
    return model


def ones(*shape):
    return np.ones(shape, "float32")


SPARSE = "sparse_categorical_crossentropy"
CASES = {
    "targets of another width": (one_output, "mse", ones(ROWS, 2)),
    "class numbers, not one-hot": (one_output, "categorical_crossentropy", ones(ROWS)),
    "one-hot, not class numbers": (one_output, SPARSE, np.eye(3)[[0, 1, 2, 0, 1, 2]]),
    "weights of another width": (one_output, "mse", ones(ROWS, 3), ones(ROWS, 2)),
    "targets of other rows": (one_output, "mse", ones(ROWS - 1, 3)),
    "weights of other rows": (one_output, "mse", ones(ROWS, 3), ones(ROWS - 1)),
    "a key that no output has": (two_outputs, "mse", {"a": ones(ROWS, 1), "c": ones(ROWS, 1)}),
    "one array for two outputs": (two_outputs, "mse", ones(ROWS, 1)),
    "a loss of no output": (
        two_outputs,
        {"a": "mse", "c": "mse"},
        {"a": ones(ROWS, 1), "b": ones(ROWS, 1)},
    ),
}


def note(model, *data):
    with pytest.raises(Exception) as caught:
        lb.explain(model, *data)
    notes = [text for text in caught.value.__notes__ if "lossbook" in text]
    assert len(notes) == 1
    return notes[0]


def code(text):
    """Return the code that a text ends with, None where it names no place."""
    found = re.search(r" See: (?:python -m lossbook |\S+findings\.html#)(\S+)$", text)
    return found and found[1]


@pytest.mark.parametrize("eager", [False, True], ids=["compiled", "eager"])
@pytest.mark.parametrize("name", CASES)
def test_it_is_the_place_that_audit_names(name, eager):
    build, loss, *data = CASES[name]
    findings = lb.audit(build(loss, eager), X, *data)
    errors = [finding.code for finding in findings if finding.severity == "error"]
    assert [code(note(build(loss, eager), X, *data))] == errors


def test_the_texts(snapshot):
    assert [note(build(loss, True), X, *data) for build, loss, *data in CASES.values()] == snapshot


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="others take any label")
@pytest.mark.parametrize("eager", [False, True], ids=["compiled", "eager"])
def test_labels_that_tensorflow_refuses(eager):
    text = note(one_output(SPARSE, eager), X, np.arange(ROWS))
    assert text == (
        "Labels are class numbers, from 0 to one less than y_pred has classes. "
        "See: python -m lossbook labels-range"
    )


def test_batches_of_which_nobody_knows_the_rows():
    """Then it says where, and no shape that might be another."""
    text = note(one_output("mse", False), iter([(X, ones(ROWS, 2))]))
    assert code(text) == "targets-refused" and "shape" not in text


def own(y_true, y_pred):
    raise KeyError("mine")


@pytest.mark.parametrize(
    "case",
    [(one_output, own, ones(ROWS, 3)), (one_output, "mse", np.array(["a"] * ROWS))],
    ids=["an error of the loss", "texts"],
)
def test_what_nobody_knows_for_certain(case):
    build, loss, y = case
    text = note(build(loss, False), X, y)
    assert code(text) is None and text.endswith("sides that do not fit, your own code.")


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="tensors of TensorFlow")
@pytest.mark.parametrize("loss", ["mse", "binary_crossentropy"])
@pytest.mark.parametrize("kind", ["ragged", "ragged batches", "sparse"])
@pytest.mark.parametrize("eager", [False, True])
def test_inputs_that_are_not_dense(loss, kind, eager):
    """A layer takes them; explain and audit do, too."""
    import tensorflow as tf

    words, y = [[1, 2, 3], [4], [5, 6], [7, 8, 9, 1]], np.array([[0.0], [1], [1], [0]], "float32")
    if kind == "sparse":
        x, first = tf.sparse.from_dense(np.eye(4, 3, dtype="float32")), [keras.Input((3,))]
    else:
        x = tf.ragged.constant(words)
        first = [keras.Input((None,), dtype="int32"), layers.Embedding(10, 3)]
        first.append(layers.GlobalAveragePooling1D())
    model = keras.Sequential([*first, layers.Dense(1, "sigmoid")])
    model.compile("sgd", loss, run_eagerly=eager)
    given = {"x": x, "y": y, "batch_size": 2}
    if kind == "ragged batches":
        given = {"x": tf.data.Dataset.from_tensor_slices((x, y)).batch(2)}
    e = lb.explain(model, **given)
    assert e.reported == pytest.approx(model.evaluate(**given, verbose=0), rel=1e-6)
    assert not e.notes and len(e.by("sample")) == 4
    assert not [f for f in lb.audit(model, **given) if f.severity == "error"]


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="tensors of TensorFlow")
@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("kind", ["RaggedTensor", "SparseTensor"])
def test_targets_that_are_not_dense(kind, eager):
    """The shape that they seem to have is not blamed."""
    import tensorflow as tf

    ragged = tf.ragged.constant([[1.0], [2.0, 3.0, 4.0]])
    y = ragged if kind == "RaggedTensor" else ragged.to_sparse()
    model = keras.Sequential([keras.Input((3,)), layers.Identity()])
    model.compile("sgd", "mse", run_eagerly=eager)
    said = note(model, ones(2, 3), y)
    if eager or kind == "SparseTensor":  # the step of the other one is traced, and fails then
        assert said.startswith(f"y is a {kind}; a loss of Keras takes dense arrays.")
    assert [f.code for f in lb.audit(model, ones(2, 3), y)] == ["kind-refused"]


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="tensors of TensorFlow")
@pytest.mark.parametrize("eager", [False, True])
def test_ragged_targets_with_rows_of_one_length(eager):
    import tensorflow as tf

    y = tf.ragged.constant([[1.0, 5.0, 1.0], [2.0, 3.0, 4.0]])
    model = keras.Sequential([keras.Input((3,)), layers.Identity()])
    model.compile("sgd", "mse", run_eagerly=eager)
    e = lb.explain(model, ones(2, 3), y)
    assert [e.reported, e.total] == pytest.approx([5.0, 5.0]) and not e.notes
    assert e.by("class") == pytest.approx({0: 1 / 6, 1: 20 / 6, 2: 9 / 6})
    assert lb.audit(model, ones(2, 3), y) == ()
