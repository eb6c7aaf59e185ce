"""Planted hazards for audit, each with a clean twin.

A planted model passes its inputs on as predictions, so that its numbers are the data's.
"""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, losses, ops

VERSION = tuple(int(part) for part in keras.__version__.split(".")[:2])
BACKEND = keras.backend.backend()


@dataclass
class Case:
    """A compiled model and what audit takes with it."""

    model: Any
    data: dict


def compiled(model, loss, **options):
    options = {"run_eagerly": True, **options}
    model.compile(optimizer=options.pop("optimizer", "sgd"), loss=loss, **options)
    return model


def passing(predictions, y, loss, *, activation="linear", wrap=None, options=None, **data):
    """Return the case of a model that passes predictions through an activation."""
    inputs = keras.Input(predictions.shape[1:])
    x = layers.Activation(activation, name="out")(inputs if wrap is None else wrap(inputs))
    model = compiled(keras.Model(inputs, x), loss, **(options or {}))
    return Case(model, {"x": predictions, "y": y, **data})


def array(*rows):
    return np.array(rows, "float32")


def drawn(*shape, seed=0, low=0.05, high=0.95):
    return np.random.default_rng(seed).uniform(low, high, shape).astype("float32")


def simplex(*shape, seed=0):
    p = drawn(*shape, seed=seed)
    return p / p.sum(-1, keepdims=True)


def one_hot(*shape, seed=1):
    classes = np.random.default_rng(seed).integers(0, shape[-1], shape[:-1])
    return np.eye(shape[-1], dtype="float32")[classes]


def coins(*shape, seed=2):
    return (drawn(*shape, seed=seed, low=0, high=1) > 0.5).astype("float32")


# --- losses of our own


def scalar_mean(y_true, y_pred):
    return ops.mean(ops.square(y_true - y_pred))


def row_mean(y_true, y_pred):
    return ops.mean(ops.square(y_true - y_pred), axis=-1)


def root_mean(y_true, y_pred):
    return ops.sqrt(ops.mean(ops.square(y_true - y_pred)))


def class_mean(y_true, y_pred):
    return ops.mean(ops.square(y_true - y_pred), axis=0)


def log_of(y_true, y_pred):
    return ops.mean(ops.log(y_pred), axis=-1)


class Difference(losses.Loss):
    """A subclass, for which no ranks are aligned."""

    def call(self, y_true, y_pred):
        return ops.mean(ops.square(y_true - y_pred), axis=-1)


# --- planted hazards


def weights_along_time(twin=False):
    weight = array(1, 2, 3, 4)
    return passing(
        drawn(4, 4, 1),
        drawn(4, 4, 1, seed=1),
        "mse",
        sample_weight=weight[:, None] if twin else weight,
    )


def weights_multiplied_outwards(twin=False):
    weight = array(1, 2, 3, 4)
    return passing(
        drawn(4, 3, 1),
        drawn(4, 3, 1, seed=1),
        lambda t, p: ops.square(t - p),
        sample_weight=weight[:, None, None] if twin else weight,
    )


def weights_refused(twin=False):
    weight = array(1, 2, 3, 4)
    return passing(
        drawn(4, 3, 1),
        drawn(4, 3, 1, seed=1),
        "mse",
        sample_weight=weight[:, None] if twin else weight,
    )


def logits_without_flag(twin=False):
    logits = array([2, -1], [-3, 0.5], [1, 4], [-2, -2])
    loss = losses.BinaryCrossentropy(from_logits=twin)
    return passing(logits, coins(4, 2), loss)


def logits_of_classes_without_flag(twin=False):
    logits = array([2, -1, 0], [-3, 0.5, 1], [1, 4, 2], [-2, -2, 1])
    return passing(logits, one_hot(4, 3), losses.CategoricalCrossentropy(from_logits=twin))


def logits_of_numbers_without_flag(twin=False):
    logits = array([2, -1, 0], [-3, 0.5, 1], [1, 4, 2], [-2, -2, 1])
    loss = losses.SparseCategoricalCrossentropy(from_logits=twin)
    return passing(logits, np.array([0, 1, 2, 1]), loss)


def logits_to_dice(twin=False):
    logits = drawn(4, 6, low=-3, high=3)
    return passing(logits, coins(4, 6), losses.Dice(), activation="sigmoid" if twin else "linear")


def flag_on_sigmoid(twin=False):
    loss = losses.BinaryCrossentropy(from_logits=True)
    y_pred = drawn(8, 4, low=-3, high=3)
    return passing(y_pred, coins(8, 4), loss, activation="linear" if twin else "sigmoid")


def flag_on_softmax(twin=False):
    loss = losses.CategoricalCrossentropy(from_logits=True)
    y_pred = drawn(8, 4, low=-3, high=3)
    return passing(y_pred, one_hot(8, 4), loss, activation="linear" if twin else "softmax")


def flag_on_probabilities(twin=False):
    loss = losses.SparseCategoricalCrossentropy(from_logits=not twin)
    return passing(simplex(8, 4), np.arange(8) % 4, loss)


def binary_on_softmax(twin=False):
    y_pred = drawn(8, 4, low=-3, high=3)
    activation = "sigmoid" if twin else "softmax"
    return passing(y_pred, one_hot(8, 4), "binary_crossentropy", activation=activation)


def categorical_on_sigmoid(twin=False):
    y_pred = drawn(8, 4, low=-3, high=3)
    activation = "softmax" if twin else "sigmoid"
    return passing(y_pred, one_hot(8, 4), "categorical_crossentropy", activation=activation)


def sums_other_than_one(twin=False):
    y_pred = simplex(8, 4) if twin else drawn(8, 4)
    return passing(y_pred, one_hot(8, 4), "categorical_crossentropy")


def one_class(twin=False):
    units = 2 if twin else 1
    y_pred = drawn(8, units, low=-3, high=3)
    y_true = one_hot(8, 2) if twin else coins(8, 1)
    return passing(y_pred, y_true, "categorical_crossentropy", activation="softmax")


def probabilities_of_zero(twin=False):
    y_pred = drawn(4, 3)
    y_pred[1, 2] = 0.01 if twin else 0
    return passing(y_pred, np.ones((4, 3), "float32"), "binary_crossentropy")


def underflow(twin=False):
    logits = drawn(4, 3)
    logits[:2, 1] = 10
    inputs = keras.Input((3,))
    dtype = "float32" if twin else "float16"
    outputs = layers.Activation("sigmoid", dtype=dtype, name="out")(inputs)
    outputs = layers.Reshape((3,), dtype=dtype, name="same")(outputs)
    model = compiled(keras.Model(inputs, outputs), "binary_crossentropy")
    return Case(model, {"x": logits, "y": np.zeros((4, 3), "float32")})


def labels_of_a_class_too_many(twin=False):
    labels = np.array([0, 1, 2, 1 if twin else 3])
    return passing(simplex(4, 3), labels, "sparse_categorical_crossentropy")


def labels_of_minus_one(twin=False):
    labels = array([1, 0], [0, 1], [1, 1]) if twin else array([1, -1], [-1, 1], [1, 1])
    return passing(drawn(3, 2), labels, "binary_crossentropy")


def several_hot(twin=False):
    labels = one_hot(4, 3)
    if not twin:
        labels[:2] = 1, 1, 0
    return passing(simplex(4, 3), labels, "categorical_crossentropy")


def rows_of_zeros(twin=False):
    labels = one_hot(4, 3)
    if not twin:
        labels[1] = 0
    return passing(simplex(4, 3), labels, "categorical_crossentropy")


def column_against_columns(twin=False):
    return passing(drawn(4, 3), drawn(4, 3 if twin else 1, seed=1), "mse")


def rank_of_a_subclass(twin=False):
    y_true = drawn(6, 1, seed=1)
    return passing(drawn(6, 1), y_true if twin else y_true[:, 0], Difference())


def targets_refused(twin=False):
    return passing(drawn(4, 3), drawn(4, 3 if twin else 2, seed=1), "mse")


def numbers_for_rows(twin=False):
    loss = "sparse_categorical_crossentropy" if twin else "categorical_crossentropy"
    return passing(simplex(4, 3), np.array([0, 1, 2, 1]), loss)


def weighted_scalar(twin=False):
    loss = row_mean if twin else scalar_mean
    return passing(drawn(4, 3), drawn(4, 3, seed=1), loss, sample_weight=array(1, 2, 3, 4))


def masked_input(shape, padded):
    x = drawn(*shape, seed=3)
    for row, length in enumerate(padded):
        x[row, length:] = 0
    return x


def masked(shape, padded, y, loss, after=lambda x: x, **more):
    """Return the case of a masked model whose predictions are its inputs."""
    inputs = keras.Input(shape[1:])
    outputs = after(layers.Masking(name="masking")(inputs))
    model = compiled(keras.Model(inputs, outputs), loss, **more.pop("options", {}))
    return Case(model, {"x": masked_input(shape, padded), "y": y, **more})


def masked_scalar(twin=False):
    loss = row_mean if twin else scalar_mean
    return masked((4, 5, 2), (5, 3, 2, 5), drawn(4, 5, 2, seed=1), loss)


def root_of_the_batch(twin=False):
    loss = row_mean if twin else root_mean
    return passing(drawn(4, 3), drawn(4, 3, seed=1), loss)


def mean_over_the_batch(twin=False):
    loss = row_mean if twin else class_mean
    return passing(drawn(4, 3), drawn(4, 3, seed=1), loss)


def dice_in_batches(twin=False):
    loss = losses.Dice(axis=(1,)) if twin else losses.Dice()
    y_pred = drawn(4, 6)
    return passing(y_pred, coins(4, 6), loss, batch_size=2)


def mask_lost_in_arithmetic(twin=False):
    return masked((4, 5, 2), (5, 3, 2, 5), drawn(4, 5, 2, seed=1), "mse", _same if twin else _times)


def _same(x):
    return layers.Activation("linear", name="kept")(x)


def _times(x):
    return x * 1.0


def mask_lost_in_a_layer(twin=False):
    class Plain(layers.Layer):
        def __init__(self, supports):
            super().__init__(name="plain")
            self.supports_masking = supports

        def call(self, x):
            return x * 1.0

    return masked((4, 5, 2), (5, 3, 2, 5), drawn(4, 5, 2, seed=1), "mse", Plain(twin))


def mask_lost_in_a_wrapper(twin=False):
    """What Keras does by itself from 3.16 on, for recurrent layers as well."""
    steps = layers.TimeDistributed(layers.Activation("linear"), name="steps")
    steps.supports_masking = twin
    return masked((4, 5, 2), (5, 3, 2, 5), drawn(4, 5, 2, seed=1), "mse", steps)


def mask_lost_in_a_subclass(twin=False):
    keras.utils.set_random_seed(0)

    class Tagger(keras.Model):
        def __init__(self):
            super().__init__(name="tagger")
            self.embedding = layers.Embedding(5, 3, mask_zero=True, name="embedding")
            self.dense = layers.Dense(2, name="dense")

        def call(self, x):
            x = self.embedding(x)
            return self.dense(x if twin else x * 2.0)

    tokens = np.array([[1, 2, 0], [3, 0, 0], [4, 1, 2]])
    model = compiled(Tagger(), "mse")
    return Case(model, {"x": tokens, "y": drawn(3, 3, 2)})


def mask_of_another_rank(twin=False):
    """y_pred loses its last axis to meet y_true, and the values have one axis less."""
    y = drawn(5, 5, 1, seed=1)
    return masked((5, 5, 1), (5, 3, 2, 5, 1), y if twin else y[..., 0], "mse")


def mask_refused(twin=False):
    y = drawn(4, 5, 1, seed=1)
    return masked((4, 5, 1), (5, 3, 2, 5), y if twin else y[..., 0], "mse")


def masks_in_batches(twin=False):
    padded = (3, 3, 3, 3) if twin else (5, 5, 1, 1)
    return masked((4, 5, 2), padded, drawn(4, 5, 2, seed=1), "mse", batch_size=2)


def forgotten_class(twin=False, sure=0.7, missed=0.4):
    """One element of 200 is of the second class, and missed."""
    y_true, y_pred = np.zeros((200, 2), "float32"), np.zeros((200, 2), "float32")
    y_true[:, 0], y_pred[:, 0] = 1, sure
    y_pred[:, 1] = 0.001
    y_true[7] = 0, 1
    y_pred[7] = (0.1, 0.9) if twin else (0.9, missed)
    return passing(y_pred, y_true, "binary_crossentropy", batch_size=50)


def rare_class(twin=False):
    """The same, all else is certain: the missed element makes most of the loss, and it is small."""
    return forgotten_class(twin, sure=0.999, missed=0.1)


def summed(twin=False):
    loss = losses.MeanSquaredError(reduction="sum_over_batch_size" if twin else "sum")
    return passing(drawn(4, 3), drawn(4, 3, seed=1), loss)


def unreduced(twin=False):
    loss = losses.MeanSquaredError(reduction="sum_over_batch_size" if twin else "none")
    return passing(drawn(4, 3), drawn(4, 3, seed=1), loss)


def zero_weights(twin=False):
    weight = array(1, 1, 1, 1) if twin else array(1, 0, 0, 1)
    return passing(drawn(4, 3), drawn(4, 3, seed=1), "mse", sample_weight=weight)


def weighted_mean(rows, weight, **data):
    loss = losses.MeanSquaredError(reduction="mean_with_sample_weight")
    return passing(drawn(rows, 3), drawn(rows, 3, seed=1), loss, sample_weight=weight, **data)


def weighted_mean_in_batches(twin=False):
    weight = array(1, 3, 1, 3) if twin else array(1, 1, 5, 9)
    return weighted_mean(4, weight, batch_size=2)


def fewer_weights(twin=False):
    loss = losses.MeanSquaredError(reduction="mean_with_sample_weight")
    weight = np.ones((4, 3), "float32") * array(1, 2, 3, 4)[:, None]
    weight = weight if twin else weight[:, :1]
    return passing(drawn(4, 3, 2), drawn(4, 3, 2, seed=1), loss, sample_weight=weight)


def penalised(twin=False):
    inputs = keras.Input((3,))
    penalty = keras.regularizers.L2(1e-6 if twin else 10.0)
    ones = {"kernel_initializer": "ones", "kernel_regularizer": penalty}
    outputs = layers.Dense(1, name="out", **ones)(inputs)
    return Case(compiled(keras.Model(inputs, outputs), "mse"), {"x": drawn(4, 3), "y": drawn(4, 1)})


def nan_in_targets(twin=False):
    y = drawn(4, 3, seed=1)
    y[2, 1] = 0.5 if twin else np.nan
    return passing(drawn(4, 3), y, "mse")


def nan_under_the_mask(twin=False):
    y = drawn(4, 5, 2, seed=1)
    y[1, 4] = 0.5 if twin else np.nan
    return masked((4, 5, 2), (5, 3, 2, 5), y, "mse")


def infinite_loss(twin=False):
    y_pred = drawn(4, 3)
    y_pred[0, 0] = 0.5 if twin else 0
    return passing(y_pred, drawn(4, 3, seed=1), log_of)


def nan_weights(twin=False):
    weight = array(1, 2, 3, 4 if twin else np.nan)
    return passing(drawn(4, 3), drawn(4, 3, seed=1), "mse", sample_weight=weight)


def class_weight_on_images(twin=False):
    shape = (4, 3) if twin else (4, 2, 2, 3)
    weight = {0: 1.0, 1: 2.0, 2: 3.0}
    return passing(
        simplex(*shape), one_hot(*shape), "categorical_crossentropy", class_weight=weight
    )


def class_weight_with_weights(twin=False):
    more = {} if twin else {"sample_weight": array(1, 2, 3, 4)}
    weight = {0: 1.0, 1: 2.0, 2: 3.0}
    y = one_hot(4, 3)
    return passing(simplex(4, 3), y, "categorical_crossentropy", class_weight=weight, **more)


def class_weight_on_several_labels(twin=False):
    y = one_hot(4, 3) if twin else array([1, 1, 0], [0, 1, 1], [1, 0, 0], [0, 0, 0])
    weight = {0: 1.0, 1: 2.0, 2: 3.0}
    return passing(drawn(4, 3), y, "binary_crossentropy", class_weight=weight)


def class_weight_on_steps(twin=False):
    """Labels (batch, time): the arg max is over the time."""
    y = np.array([0, 1, 2, 1]) if twin else np.array([[0, 1, 2, 1], [1, 1, 0, 2]] * 2)
    y_pred = simplex(4, 3) if twin else simplex(4, 4, 3)
    weight = {0: 1.0, 1: 2.0, 2: 3.0}
    return passing(y_pred, y, "sparse_categorical_crossentropy", class_weight=weight)


def class_weight_on_numbers(twin=False):
    y = coins(4, 1) if twin else drawn(4, 1, seed=1)
    return passing(drawn(4, 1), y, "mse", class_weight={0: 1.0, 1: 2.0})


def class_weight_without_a_class(twin=False):
    weight = {0: 1.0, 1: 2.0} | ({2: 3.0} if twin else {})
    y = np.array([0, 1, 2, 1])
    return passing(simplex(4, 3), y, "sparse_categorical_crossentropy", class_weight=weight)


def two_outputs(weights, scale=1.0):
    inputs = keras.Input((3,))
    outputs = [layers.Activation("linear", name=name)(inputs) for name in ("near", "far")]
    model = compiled(keras.Model(inputs, outputs), ["mse", "mse"], loss_weights=weights)
    y = [drawn(4, 3, seed=1), drawn(4, 3, seed=2) * np.float32(scale)]
    return Case(model, {"x": drawn(4, 3), "y": y})


def weight_of_zero(twin=False):
    return two_outputs([1.0, 0.5 if twin else 0.0])


def one_output_dwarfs(twin=False):
    return two_outputs(None, 1.0 if twin else 100.0)


def wrong_names(twin=False):
    inputs = keras.Input((3,))
    outputs = {name: layers.Activation("linear", name=name)(inputs) for name in ("near", "far")}
    loss = {"near": "mse", "far" if twin else "wide": "mse"}
    model = compiled(keras.Model(inputs, outputs), loss)
    return Case(
        model, {"x": drawn(4, 3), "y": {"near": drawn(4, 3, seed=2), "far": drawn(4, 3, seed=1)}}
    )


def sum_in_batches(twin=False):
    loss = losses.MeanSquaredError(reduction="sum")
    rows = 4 if twin else 5
    return passing(drawn(rows, 3), drawn(rows, 3, seed=1), loss, batch_size=2)


def dice_with_a_short_batch(twin=False):
    rows = 4 if twin else 5
    return passing(drawn(rows, 6), coins(rows, 6), losses.Dice(), batch_size=2)


def half_loss(twin=False):
    loss = losses.MeanSquaredError(dtype="float32" if twin else "float16")
    return passing(drawn(4, 3), drawn(4, 3, seed=1), loss)


def unscaled(twin=False):
    inputs = keras.Input((3,))
    outputs = layers.Dense(2, name="out", dtype="mixed_float16")(inputs)
    optimizer = keras.optimizers.SGD()
    if twin:
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    model = compiled(keras.Model(inputs, outputs), "mse", optimizer=optimizer)
    return Case(model, {"x": drawn(4, 3), "y": drawn(4, 2)})


# code, planted
PLANTED = (
    ("weights-axis", weights_along_time),
    ("weights-axis", weights_multiplied_outwards),
    ("weights-refused", weights_refused),
    ("logits-as-probabilities", logits_without_flag),
    ("logits-as-probabilities", logits_of_classes_without_flag),
    ("logits-as-probabilities", logits_of_numbers_without_flag),
    ("logits-as-probabilities", logits_to_dice),
    ("probabilities-as-logits", flag_on_sigmoid),
    ("probabilities-as-logits", flag_on_softmax),
    ("probabilities-as-logits", flag_on_probabilities),
    ("probabilities-sum", categorical_on_sigmoid),
    ("probabilities-sum", sums_other_than_one),
    ("one-class", one_class),
    ("probabilities-clipped", probabilities_of_zero),
    ("float16-underflow", underflow),
    ("labels-range", labels_of_a_class_too_many),
    ("labels-range", labels_of_minus_one),
    ("labels-not-one-hot", several_hot),
    ("labels-not-one-hot", rows_of_zeros),
    ("targets-broadcast", column_against_columns),
    ("targets-broadcast", rank_of_a_subclass),
    ("targets-refused", targets_refused),
    ("targets-refused", numbers_for_rows),
    ("loss-without-rows", weighted_scalar),
    ("loss-without-rows", masked_scalar),
    ("loss-reduces-batch", root_of_the_batch),
    ("loss-reduces-batch", mean_over_the_batch),
    ("loss-reduces-batch", dice_in_batches),
    ("mask-lost", mask_lost_in_arithmetic),
    ("mask-lost", mask_lost_in_a_layer),
    ("mask-lost", mask_lost_in_a_wrapper),
    ("mask-lost", mask_lost_in_a_subclass),
    ("mask-axis", mask_of_another_rank),
    ("mask-refused", mask_refused),
    ("mask-batches", masks_in_batches),
    ("class-forgotten", forgotten_class),
    ("class-forgotten", rare_class),
    ("reduction-sum", summed),
    ("reduction-none", unreduced),
    ("weights-zero", zero_weights),
    ("regulariser-larger", penalised),
    ("not-finite", nan_in_targets),
    ("not-finite", nan_under_the_mask),
    ("not-finite", infinite_loss),
    ("not-finite", nan_weights),
    ("class-weight-refused", class_weight_on_images),
    ("class-weight-refused", class_weight_with_weights),
    ("class-weight-labels", class_weight_on_several_labels),
    ("class-weight-labels", class_weight_on_steps),
    ("class-weight-labels", class_weight_on_numbers),
    ("class-weight-missing", class_weight_without_a_class),
    ("loss-weight-zero", weight_of_zero),
    ("output-dwarfed", one_output_dwarfs),
    ("loss-refused", wrong_names),
    ("short-batch", sum_in_batches),
    ("short-batch", dice_with_a_short_batch),
    ("float16-loss", half_loss),
    ("float16-no-scale", unscaled),
    *(
        [
            ("weighted-mean-batches", weighted_mean_in_batches),
            ("weights-fewer", fewer_weights),
        ]
        if VERSION >= (3, 7)
        else []
    ),
    *([("activation-mismatch", binary_on_softmax)] if BACKEND == "tensorflow" else []),
)
