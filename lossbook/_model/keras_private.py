"""What is read of a compiled model that Keras does not promise to keep, each thing once."""

import numpy as np

from lossbook._core import keras, private
from lossbook._losses import known_options, loss_named, of_keras, options_of
from lossbook._marks import names_of_losses

# What lossbook computes with; another kind of value may mean something to Keras.
_USUAL = {
    "axis": int | np.integer,
    "from_logits": bool,
    "label_smoothing": int | float | np.number,
}


def known_loss(loss):
    """Return (name, options) if a Loss object calls a function of `keras.losses`, else None."""
    found = of_keras(loss)
    if found is None:
        return None
    name, function, options = found
    options = known_options(name, function, options)
    if not set(options) <= set(options_of(name)):
        return None
    usual = all(isinstance(value, _USUAL.get(option, object)) for option, value in options.items())
    return (name, options) if usual or loss_named(name).atomic else None


def keras_logits(name, y_pred, options):
    """Return the logits that Keras will find behind predictions, in a graph as in eager mode."""
    loss = loss_named(name)
    if keras.backend.backend() != "tensorflow" or not loss.finds_logits_with(options):
        return None
    try:
        from keras.src.backend.tensorflow import nn
    except ImportError:  # from 3.16 on
        from keras.src.backend.tensorflow.ops import nn

    logits, found = private(nn, "_get_logits")(y_pred, False, loss.activation.capitalize(), name)
    return logits if found else None


def additional_losses(model):
    """Return (name, tensor) of every additional loss, as far as its layer can be found."""
    losses = list(model.losses)
    return tuple(zip(names_of_losses(model, losses), losses, strict=True))


def dataset_with_class_weight(dataset, class_weight):
    """Map a tf.data.Dataset of (x, y) to (x, y, sample_weight), as `fit` does it."""
    from keras.src.trainers.data_adapters import tf_dataset_adapter

    return dataset.map(private(tf_dataset_adapter, "make_class_weight_map_fn")(class_weight))


def refused_by_fit(x, y, sample_weight, class_weight):
    """Return the error with which `fit` refuses class weights for these data, or None."""
    from keras.src.trainers import data_adapters

    adapt = private(data_adapters, "get_data_adapter")
    try:
        adapt(x, y, sample_weight, batch_size=1, class_weight=class_weight)
    except Warning:  # an error if the user wants it so, but no refusal
        return None
    except Exception as error:
        return error
    return None


def refused_as_array(leaf):
    """Return the error with which Keras refuses an array for its kind, or None; one row is tried.

    What is no array at all, such as a list of numbers, is refused as a whole.
    """
    from keras.src.trainers.data_adapters import array_slicing

    if hasattr(leaf, "element_spec") or hasattr(leaf, "__next__"):
        return None
    if isinstance(leaf, keras.utils.PyDataset) or leaf is None:
        return None
    try:
        one = leaf.iloc[:1] if hasattr(leaf, "iloc") else leaf[:1]
        found = array_slicing.convert_to_sliceable(one, target_backend=keras.backend.backend())
        if hasattr(one, "dtype") and not hasattr(one, "iloc"):
            keras.backend.standardize_dtype(getattr(found, "dtype", one.dtype))
    except Exception as error:
        return error
    return None
