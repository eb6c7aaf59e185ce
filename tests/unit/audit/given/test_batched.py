"""Data sets and generators without batches, outputs that nest, and the side that is mended."""

import keras
import pytest
from keras import layers, ops

import lossbook as lb
from lossbook._audit.examples import Example, compiled, drawn, passing, two_heads
from tests.unit.audit.fixes import applied
from tests.unit.audit.planted import BACKEND, VERSION

pytestmark = [
    pytest.mark.skipif(VERSION < (3, 9), reason="an older Keras matches otherwise"),
    pytest.mark.filterwarnings("ignore:Your input ran out of data"),
]


@pytest.mark.skipif(BACKEND != "tensorflow", reason="needs TensorFlow")
def test_data_sets_without_batches():
    import tensorflow as tf

    x, y = drawn(8, 3), drawn(8, 3, seed=1)
    for dataset, code in (
        (tf.data.Dataset.from_tensor_slices((x, y)), "x.batch(32)"),
        (tf.data.Dataset.from_tensor_slices({"x": x, "label": y}).batch(4), "batch['label']"),
        (tf.data.Dataset.from_tensor_slices((x, y)).batch(4).batch(2), "x.unbatch()"),
    ):
        case = Example(passing(x, y, "mse").model, {"x": dataset})
        (finding,) = lb.audit(case.model, dataset)
        assert finding.code == "structure-refused" and code in finding.fix
        mended = applied(finding, case)
        assert not lb.audit(mended.model, mended.data["x"])


def test_a_generator_of_single_rows():
    x, y = drawn(8, 3), drawn(8, 3, seed=1)
    model = passing(x, y, "mse").model
    (finding,) = lb.audit(model, ((a, b) for a, b in zip(x, y, strict=True)))
    assert finding.code == "structure-refused" and "single rows" in finding.message
    mended = applied(finding, Example(model, {"x": zip(x, y, strict=True)}))
    assert not [f for f in lb.audit(model, mended.data["x"]) if f.severity == "error"]


def test_flat_losses_for_outputs_that_nest():
    inputs = keras.Input((3,))
    heads = {n: layers.Activation("linear", name=n)(inputs) for n in ("cls", "box")}
    model = compiled(keras.Model(inputs, {"head": heads}), {"cls": "mse", "box": "mae"})
    data = {"x": drawn(4, 3), "y": {"head": {n: drawn(4, 3, seed=1) for n in heads}}}
    (finding,) = lb.audit(model, **data)
    mended = applied(finding, Example(model, data))
    assert not lb.audit(mended.model, **mended.data)


def test_the_side_that_is_wrong_is_mended():
    model = compiled(two_heads(), {"near": "mse", "far": "mae"}, loss_weights={"near": 1, "fr": 2})
    y = {"near": drawn(4, 3, seed=1), "far": drawn(4, 3, seed=2)}
    (finding,) = lb.audit(model, drawn(4, 3), y)
    assert "`loss_weights = {'near': loss_weights['near'], 'far': loss_weights['fr']}`" in (
        finding.fix
    )


def test_a_model_of_two_outputs_that_nobody_has_called():
    class Two(keras.Model):
        def call(self, x):
            return x, ops.softmax(x)

    (finding,) = lb.audit(compiled(Two(), "mse"), drawn(4, 3), drawn(4, 3, seed=1))
    assert finding.code == "structure-refused" and "2 outputs" in finding.message


def test_a_generator_whose_batches_change():
    def batches():
        for columns in (3, 3, 4):
            yield drawn(4, columns), drawn(4, 3, seed=1)

    inputs = keras.Input((3,))
    model = compiled(keras.Model(inputs, layers.Dense(3)(inputs)), "mse")
    (finding,) = lb.audit(model, batches())
    assert finding.code == "structure-refused" and "(4,), (3,)" in finding.message


def test_a_loss_without_a_call():
    class Own(keras.losses.Loss):
        def forward(self, y_true, y_pred):
            return ops.square(y_true - y_pred)

    case = passing(drawn(4, 3), drawn(4, 3, seed=1), Own())
    (finding,) = lb.audit(case.model, **case.data)
    assert finding.code == "own-error" and "rename forward" in finding.fix


@pytest.mark.skipif(BACKEND != "tensorflow", reason="others take lists")
def test_lists_within_the_tuples_of_a_generator():
    model = passing(drawn(8, 3), drawn(8, 3), "mse").model

    def batches():
        yield [drawn(8, 3)], [drawn(8, 3, seed=1)]

    (finding,) = lb.audit(model, batches())
    assert finding.code == "kind-refused" and "yields lists within its tuples" in finding.message
    mended = applied(finding, Example(model, {"x": batches()}))
    assert not lb.audit(model, mended.data["x"])


def test_a_dataset_of_ones_own_that_returns_four_parts():
    class Four(keras.utils.PyDataset):
        def __len__(self):
            return 2

        def __getitem__(self, i):
            return drawn(8, 3), drawn(8, 3), drawn(8), drawn(8)

    (finding,) = lb.audit(passing(drawn(8, 3), drawn(8, 3), "mse").model, Four())
    assert finding.code == "kind-refused" and finding.message.startswith("A batch is a tuple of 4;")
    assert "PyDataset.__getitem__() must return" in finding.evidence["Keras"]
