"""What leaves a compiled step of TensorFlow together comes apart again, bit by bit."""

import keras
import numpy as np
import pytest

from lossbook._model.step_outputs import of_replicas, returned

tf = pytest.importorskip("tensorflow") if keras.backend.backend() == "tensorflow" else None
pytestmark = pytest.mark.skipif(tf is None, reason="other backends hand over tensors as they are")

SENT = {
    "losses": np.array([[0.1], [np.nan], [-np.inf]], "float32"),
    "wide": np.array([[1 / 3, 2 / 3]]),
    "labels": np.array([2**31 + 1, -1, 5]),
    "few": np.array([[7, 255]], "uint8"),
    "there": np.array([True, False, True]),
    "rows": np.int32(3),
    "none": np.zeros((0, 4), "float32"),
    "half": np.array([0.1, 2.0], "float16"),
    "large": np.linspace(0, 1, 2**16, dtype="float32").reshape(2, 2, -1),
}


def through_a_step(tensors, lengths_known):
    """Pack in a compiled function, run it, unpack."""
    layouts = []

    def step(given):
        found, layout = returned(given)
        layouts.append(layout)
        return found

    def spec(x):
        shape = x.shape if lengths_known else (None,) * len(x.shape)
        return tf.TensorSpec(shape, x.dtype)

    given = {name: tf.convert_to_tensor(x) for name, x in tensors.items()}
    compiled = tf.function(step, input_signature=[{n: spec(x) for n, x in given.items()}])
    found = compiled(given)
    (received,) = of_replicas(found, layouts[-1])
    return received, found


@pytest.mark.parametrize("lengths_known", [True, False])
def test_every_tensor_comes_back(lengths_known):
    received, found = through_a_step(SENT, lengths_known)
    assert set(received) == set(SENT)
    for name, sent in SENT.items():
        assert received[name].dtype == sent.dtype
        assert (name in found) == (name == "large" and lengths_known)
        np.testing.assert_array_equal(received[name], sent)
    dtypes = {str(np.asarray(sent).dtype) for sent in SENT.values()}
    assert len(found) == len(dtypes) + 1  # the large one, or the lengths


def test_bfloat16_comes_as_float32():
    sent = tf.constant([0.1, 3.0], "bfloat16")
    received, _ = through_a_step({"values": sent, "rows": tf.constant(2)}, False)
    assert received["values"].dtype == "float32"
    np.testing.assert_array_equal(received["values"], tf.cast(sent, "float32"))


def test_nothing_is_packed_in_eager_mode_or_without_a_shape():
    given = {"values": tf.constant([1.0]), "rows": tf.constant(1)}
    assert returned(given) == (given, ())
    assert list(of_replicas(given, ())) == [given]

    @tf.function(input_signature=[tf.TensorSpec(None)])
    def step(x):
        found, layout = returned({"values": x, "rows": tf.shape(x)[0]})
        assert layout == () and list(found) == ["values", "rows"]
        return found["values"]

    assert step(tf.constant([2.0])).numpy() == [2.0]
