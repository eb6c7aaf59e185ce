"""The models of the atlas, with the Keras of this environment: predictions are the inputs.

A model multiplies them by a weight that is 1, because some releases cannot train without one.
`load` comes first: which package is called Keras is the first thing that releases differ in.
"""

import importlib
import sys

from cases import CUSTOM

ALIASES = {
    "log_cosh": "logcosh",
    "kl_divergence": "kullback_leibler_divergence",
    "cosine_similarity": "cosine_proximity",
    "huber": "huber_loss",
}


def load(module):
    """Import Keras; return it and (major, minor) of the package that the name stands for."""
    import tensorflow as tf

    getattr(tf, "compat", tf).v1.logging.set_verbosity(40)
    tf.get_logger().setLevel("ERROR") if hasattr(tf, "get_logger") else None
    if module == "tensorflow.keras":
        keras, version = tf.keras, tf.__version__
    else:
        keras = importlib.import_module(module)
        version = keras.__version__
    return tf, keras, tuple(int(part) for part in version.split(".")[:2])


tf, keras, VERSION = load(sys.argv[1])
KERAS3 = sys.argv[1] == "keras" and VERSION >= (3,)
KERAS2 = sys.argv[1] == "keras" and VERSION < (3,)
# Before TensorFlow 2.2 (Keras 2 of its own, tf.keras to 2.1): modes of weights, no return_dict.
LEGACY = KERAS2 or (sys.argv[1] == "tensorflow.keras" and VERSION < (2, 2))
# evaluate and fit do not take a generator yet.
GENERATOR_METHODS = KERAS2 or VERSION < (1, 14)


if KERAS3:
    F = keras.ops
    cast = keras.ops.cast
else:
    F = keras.backend
    cast = keras.backend.cast


class Scale(keras.layers.Layer):
    """Multiply by a trainable 1. With a second input, that is the mask of the output."""

    def __init__(self, add=None, flat_mask=False, **options):
        super(Scale, self).__init__(**options)  # noqa: UP008
        self.supports_masking = True
        self.add = add
        self.flat_mask = flat_mask  # the mask is (B,); as an input it is (B, 1)

    def build(self, input_shape):
        self.one = self.add_weight(name="one", shape=(1,), initializer="ones", trainable=True)
        super(Scale, self).build(input_shape)  # noqa: UP008

    def call(self, inputs):
        x = inputs[0] if isinstance(inputs, (list, tuple)) else inputs
        result = x * self.one
        if self.add is not None:
            self.add_one(result, inputs)
        return result

    def add_one(self, result, inputs):
        if self.add["kind"] == "constant":
            loss = F.sum(F.ones_like(self.one)) * self.add["value"]
            inputs = None
        elif self.add["kind"] == "sum":
            loss = F.sum(result) * self.add["factor"]
        else:
            loss = F.sum(result, axis=-1) * self.add["factor"]
        if KERAS2:
            self.add_loss(loss, inputs=inputs)
        elif LEGACY and VERSION < (1, 14):
            self.add_loss(loss, inputs=True if inputs is not None else None)
        else:
            self.add_loss(loss)

    def compute_mask(self, inputs, mask=None):
        if isinstance(inputs, (list, tuple)):
            kept = cast(inputs[1], "bool")
            return kept[:, 0] if self.flat_mask else kept
        return mask

    def compute_output_shape(self, input_shape):
        return input_shape[0] if isinstance(input_shape, list) else input_shape


def custom_loss(name):
    function = CUSTOM[name]

    def loss(y_true, y_pred):
        return function(F, y_true, y_pred)

    loss.__name__ = name
    return loss


def make_loss(spec):
    """Return what goes into compile for one output: None, a name, a function or an instance."""
    name, form = spec["loss"], spec["form"]
    if name is None:
        return None
    if name.startswith("custom:"):
        return custom_loss(name[7:])
    if form == "class":
        camel = "".join(part.capitalize() for part in name.split("_"))
        return getattr(keras.losses, {"KlDivergence": "KLDivergence"}.get(camel, camel))(
            **spec["options"]
        )
    if form == "function":
        return getattr(keras.losses, name)
    try:
        keras.losses.get(name)
    except ValueError:
        return ALIASES.get(name, name)
    return name


def regularizer(penalties, on):
    """Return the regulariser of a part of a layer, or None."""
    found = {}
    for penalty in penalties:
        if penalty["on"] == on:
            found = {key: value for key, value in penalty.items() if key != "on"}
    if not found:
        return None
    ((kind, factor),) = found.items()
    return getattr(keras.regularizers, kind)(factor)


def build_output(spec, dtype):
    """Return the inputs, their data and the tensor of one output."""
    layers, name = keras.layers, spec["name"]
    pred = spec["y_pred"].astype(dtype)
    data, penalties = pred[:, None] if spec["squeeze"] else pred, spec["penalties"]
    last = {"name": name, "dtype": dtype}
    if spec["dense"] is not None:
        kernel, bias = spec["dense"]["kernel"], spec["dense"]["bias"]
        data = (data - bias).astype(dtype)
        x = keras.Input(shape=data.shape[1:], dtype=dtype)
        layer = layers.Dense(
            kernel.shape[1],
            name=name,
            kernel_regularizer=regularizer(penalties, "kernel"),
            bias_regularizer=regularizer(penalties, "bias"),
            activity_regularizer=regularizer(penalties, "activity"),
        )
        result = layer(x)
        layer.set_weights([kernel, bias])
        return [x], [data], result
    x = keras.Input(shape=data.shape[1:], dtype=dtype)
    inputs, values = [x], [data]
    plain = spec["activation"] is None and not spec["squeeze"]
    flat = spec["mask"] is not None and spec["mask"].ndim == 1
    layer = Scale(spec["add_loss"], flat, **(last if plain else {"dtype": dtype}))
    if spec["masking_layer"]:
        result = layer(layers.Masking(0.0)(x))
    elif spec["mask"] is not None:
        mask = spec["mask"][:, None] if layer.flat_mask else spec["mask"]
        inputs.append(keras.Input(shape=mask.shape[1:], dtype="float32"))
        values.append(mask)
        result = layer(inputs)
    else:
        result = layer(x)
    if spec["squeeze"]:
        result = layers.Lambda(lambda z: z[:, 0], name=name)(result)
    elif spec["activation"] is not None:
        if spec["after_activation"] is None:
            result = layers.Activation(spec["activation"], **last)(result)
        else:
            result = Scale(**last)(layers.Activation(spec["activation"])(result))
    return inputs, values, result
