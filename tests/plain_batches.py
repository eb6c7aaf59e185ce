"""The batches that Keras cuts arrays into for TensorFlow, without a pipeline of functions.

Keras has TensorFlow trace three functions for every evaluate, so that millions of rows are gathered
quickly. The tests evaluate four rows, thousands of times. `tests/real_keras` and the notebooks
keep Keras's own, and `tests/real_keras/test_plain_batches.py` compares the two.
"""

import numpy as np
from keras import tree
from keras.src.trainers.data_adapters.array_slicing import convert_to_sliceable


def plain(keras_own):
    """Return a `get_tf_dataset` for arrays in their order; whatever else is `keras_own`'s."""

    def get_tf_dataset(self):
        from tensorflow import data

        arrays = tree.lists_to_tuples(convert_to_sliceable(self._inputs, "tensorflow"))
        if self._shuffle or not all(isinstance(one, np.ndarray) for one in tree.flatten(arrays)):
            return keras_own(self)
        options = data.Options()
        options.autotune.enabled = False
        options.experimental_optimization.apply_default_optimizations = False
        even = not self._partial_batch_size
        batches = data.Dataset.from_tensor_slices(arrays).batch(self._batch_size, even)
        return batches.with_options(options)

    return get_tf_dataset
