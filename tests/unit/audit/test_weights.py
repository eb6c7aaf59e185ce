"""Weights for every element of a loss that averages the last axis: the way out is run."""

import keras
import numpy as np
import pytest
from keras import layers

import lossbook as lb
from lossbook._audit.examples import Example, drawn, passing
from tests.unit.audit.fixes import applied, the
from tests.unit.audit.planted import BACKEND, VERSION

ROWS, TASKS = 8, 3


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS, 2)).astype("float32")
    y = rng.normal(size=(ROWS, TASKS)).astype("float32")
    return x, y, rng.uniform(0, 2, (ROWS, TASKS)).astype("float32")


def model(*more, loss="mse"):
    one = keras.Sequential([keras.Input((2,)), layers.Dense(TASKS), *more])
    one.compile("sgd", loss)
    return one


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (lambda w: w[..., None], "weights-axis"),
        (lambda w: w, "weights-refused"),
        pytest.param(
            lambda w: list(w.T),
            "weights-axis",
            marks=pytest.mark.skipif(
                BACKEND != "tensorflow" or VERSION < (3, 6),
                reason="others refuse a list, or take its first",
            ),
        ),
    ],
    ids=["column", "as the targets", "a list by task"],
)
@pytest.mark.parametrize(
    ("loss", "by_hand"),
    [("mse", np.square), ("mae", np.abs)],
)
def test_weights_by_element(data, given, code, loss, by_hand):
    x, y, w = data
    case = Example(model(loss=loss), {"x": x, "y": y, "sample_weight": given(w)})
    (finding,) = lb.audit(case.model, **case.data)
    assert finding.code == code

    mended = applied(finding, case)
    again = lb.audit(mended.model, **mended.data)
    assert not [f for f in again if f.severity == "error"], again
    meant = np.mean(w * by_hand(y - np.asarray(case.model.predict(x, verbose=0))))
    found = mended.model.evaluate(**mended.data, verbose=0)
    assert found == pytest.approx(meant, rel=1e-6)
    assert finding.evidence["with a weight by element"] == pytest.approx(meant, rel=1e-6)


def test_a_loss_over_classes_has_no_weight_by_element(data):
    x, _, w = data
    soft = model(layers.Softmax(), loss="categorical_crossentropy")
    (finding,) = lb.audit(soft, x, np.eye(ROWS, TASKS), sample_weight=w)
    assert "Reshape" not in finding.fix


def test_weights_with_an_axis_that_the_values_lack():
    case = passing(drawn(4, 5, 1), drawn(4, 5, 1, seed=1), "mse", sample_weight=drawn(4, 4, 5))
    finding = the(lb.audit(case.model, **case.data), "weights-axis")
    assert finding.fix == (
        "Give it the shape (4, 1) for one weight per sample, (4, 5) for one per value."
    )
