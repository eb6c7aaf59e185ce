"""Bad calls of audit, explain and the callback: what was expected, what came, how to mend it."""

import sys
import types

import keras
import numpy as np
import pytest

import lossbook as lb
from lossbook._audit.examples import Example, drawn, passing
from tests.unit.audit.fixes import applied

X, Y = drawn(8, 3), drawn(8, 3, seed=1)
TOOLS = {"audit": lb.audit, "explain": lb.explain}
pytestmark = pytest.mark.filterwarnings("ignore:Your input ran out of data")


def model(loss="mse"):
    return passing(X, Y, loss).model


def batches():
    yield X, Y


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("name", ["batch_size", "steps"])
@pytest.mark.parametrize("number", [0, -1, 2.5, "32", True], ids=repr)
def test_sizes_that_are_none(tool, name, number):
    with pytest.raises(ValueError) as caught:
        TOOLS[tool](model(), X, Y, **{name: number})
    assert str(caught.value) == (
        f"{tool}: {name} must be a whole number, 1 or more, or None. Received: {number!r}."
    )


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("number", [1, np.int64(3), None, 100], ids=repr)
def test_sizes_that_are_some(tool, number):
    TOOLS[tool](model(), X, Y, batch_size=number)


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize(
    "x",
    [None, "data.csv", b"data", 3, 2.5, batches, len],
    ids=lambda x: getattr(x, "__name__", repr(x)),
)
def test_what_is_no_data(tool, x):
    with pytest.raises(TypeError) as caught:
        TOOLS[tool](model(), x)
    text = str(caught.value)
    assert text.startswith(f"{tool} takes ") and "Received: " in text
    if callable(x):
        assert text.endswith(f"Received: the function {x.__name__}. Call it: {x.__name__}().")


@pytest.mark.parametrize("tool", TOOLS)
def test_iterators_of_any_kind(tool):
    for x in (iter([(X, Y)]), zip([X], [Y], strict=True), map(tuple, [(X, Y)]), batches()):
        TOOLS[tool](model(), x)


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize(
    ("module", "release", "shown"),
    [
        ("tf_keras.src.engine.sequential", "2.19.0", "tf_keras 2.19.0"),
        ("tensorflow.python.keras.engine.training", None, "the tf.keras inside TensorFlow"),
    ],
)
def test_a_model_of_another_keras(tool, module, release, shown, monkeypatch):
    if release:
        package = types.ModuleType("tf_keras")
        package.__version__ = release
        monkeypatch.setitem(sys.modules, "tf_keras", package)
    older = type("Model", (), {"__module__": module})
    other = type("Sequential", (older,), {"__module__": "mine"})()
    with pytest.raises(TypeError) as caught:
        TOOLS[tool](other, X, Y)
    text = str(caught.value)
    assert text.startswith(
        f"{tool} takes a compiled keras.Model of Keras 3. Received: Sequential of {shown}"
    )
    assert "`import keras`" in text and "TF_USE_LEGACY_KERAS" in text
    if release:
        assert "rule='tf_keras-2.19.0'" in text
        assert lb.trace("mse", Y, X, rule="tf_keras-2.19.0").total > 0
    else:  # it is of no release that the rules know
        assert "rule=...)" in text


def test_explain_points_to_audit():
    with pytest.raises(Exception) as caught:
        lb.explain(model(), X, {"y_true": Y})
    note = "lossbook.audit, with the same arguments, looks for the cause"  # JAX adds one of its own
    assert any(one.startswith(note) for one in caught.value.__notes__)


YIELDED = {
    "a list": [X, Y],
    "a dict": {"x": X, "y": Y},
    "a dict of other keys": {"images": X, "labels": Y},
    "four parts": (X, Y, np.ones(8, "float32"), X),
}


@pytest.mark.parametrize("name", YIELDED)
def test_what_a_generator_must_not_yield(name):
    batch = YIELDED[name]
    case = Example(model(), {"x": (one for one in [batch, batch])})
    (finding,) = (f for f in lb.audit(case.model, **case.data) if f.code == "kind-refused")
    assert "Keras takes tuples" in finding.message
    case.data["x"] = (one for one in [batch, batch])
    mended = applied(finding, case)
    loss = mended.model.evaluate(**mended.data, verbose=0)
    assert loss == pytest.approx(np.square(X - Y).mean(), rel=1e-5)


def test_a_generator_without_targets():
    (finding,) = lb.audit(model(), (x for x in [X, X]))
    assert finding.code == "kind-refused" and "without targets there is no loss" in finding.fix


@pytest.mark.parametrize("x", [batches, iter, zip], ids=["generator", "iterator", "zip"])
def test_a_callback_reads_its_data_again(x):
    data = {batches: batches, iter: lambda: iter([(X, Y)]), zip: lambda: zip([X], [Y], strict=True)}
    with pytest.raises(ValueError, match=r"^the callback reads its data in every epoch, and a "):
        lb.explain.callback(data[x]())


def test_a_callback_of_no_data():
    with pytest.raises(TypeError, match=r"^the callback takes x as evaluate does"):
        lb.explain.callback(None)
    with pytest.raises(ValueError, match=r"^the callback: batch_size must be a whole number"):
        lb.explain.callback(X, Y, batch_size=0)


def test_a_callback_in_several_epochs():
    parts = lb.explain.callback(X, Y, prefix="")
    one = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3)])
    one.compile("sgd", "mse")
    assert len(one.fit(X, Y, epochs=3, verbose=0, callbacks=[parts]).history["loss/class_0"]) == 3
