"""The batches that most tests take are those that Keras itself would cut."""

import keras
import numpy as np
import pytest
from keras import tree
from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter

from tests.plain_batches import plain

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="cuts with NumPy")
ROWS = np.arange(21.0).reshape(7, 3)
LABELS = np.arange(7, dtype="int32")


@pytest.mark.parametrize("batch_size", [1, 3, 7, 32])
@pytest.mark.parametrize(
    "arrays",
    [
        {"x": ROWS},
        {"x": ROWS, "y": LABELS, "sample_weight": ROWS[:, 0]},
        {"x": [ROWS, LABELS], "y": {"a": ROWS.astype("float16"), "b": [LABELS, ROWS]}},
        {"x": ROWS, "y": {"a": LABELS, "b": None}},
        {"x": ROWS.astype("uint8"), "y": LABELS > 2},
        {"x": keras.ops.convert_to_tensor(ROWS), "y": LABELS + 1j},
    ],
    ids=["x", "weights", "several", "none", "small", "tensors"],
)
def test_they_are_keras_own(arrays, batch_size):
    adapter = ArrayDataAdapter(**arrays, batch_size=batch_size)
    own = ArrayDataAdapter.get_tf_dataset(adapter)
    cut = plain(ArrayDataAdapter.get_tf_dataset)(adapter)
    assert cut.element_spec == own.element_spec
    for one, other in zip(cut, own, strict=True):  # as many batches, too
        tree.map_structure(np.testing.assert_array_equal, one, other)


def test_what_is_shuffled_is_left_to_keras():
    adapter = ArrayDataAdapter(ROWS, LABELS, shuffle=True)
    assert plain(lambda self: "Keras's own")(adapter) == "Keras's own"
