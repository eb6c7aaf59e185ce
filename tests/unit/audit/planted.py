"""Planted hazards for audit beside the examples of the package, each with a mended twin."""

import keras
import numpy as np
from keras import layers, losses, ops

from lossbook._audit import HAZARDS
from lossbook._audit.checks import classes
from lossbook._audit.examples import (
    Example,
    array,
    coins,
    compiled,
    drawn,
    masked,
    one_hot,
    passing,
    row_mean,
    scalar_mean,
    simplex,
)

VERSION = tuple(int(part) for part in keras.__version__.split(".")[:2])
BACKEND = keras.backend.backend()
THREE = {0: 1.0, 1: 2.0, 2: 3.0}
LOGITS = array([2, -1, 0], [-3, 0.5, 1], [1, 4, 2], [-2, -2, 1])


class Difference(losses.Loss):
    """A subclass, for which no ranks are aligned."""

    def call(self, y_true, y_pred):
        return ops.mean(ops.square(y_true - y_pred), axis=-1)


def weights_multiplied_outwards(mended=False):
    weight = array(1, 2, 3, 4)
    weight = weight[:, None, None] if mended else weight
    y_true = drawn(4, 3, 1, seed=1)
    return passing(drawn(4, 3, 1), y_true, lambda t, p: ops.square(t - p), sample_weight=weight)


def logits_of_classes_without_flag(mended=False):
    return passing(LOGITS, one_hot(4, 3), losses.CategoricalCrossentropy(from_logits=mended))


def logits_of_numbers_without_flag(mended=False):
    loss = losses.SparseCategoricalCrossentropy(from_logits=mended)
    return passing(LOGITS, np.array([0, 1, 2, 1]), loss)


def logits_to_dice(mended=False):
    activation = "sigmoid" if mended else "linear"
    y_pred = drawn(4, 6, low=-3, high=3)
    return passing(y_pred, coins(4, 6), losses.Dice(), activation=activation)


def flag_on_softmax(mended=False):
    loss = losses.CategoricalCrossentropy(from_logits=True)
    activation = "linear" if mended else "softmax"
    return passing(drawn(8, 4, low=-3, high=3), one_hot(8, 4), loss, activation=activation)


def flag_on_probabilities(mended=False):
    loss = losses.SparseCategoricalCrossentropy(from_logits=not mended)
    return passing(simplex(8, 4), np.arange(8) % 4, loss)


def sums_other_than_one(mended=False):
    y_pred = simplex(8, 4) if mended else drawn(8, 4)
    return passing(y_pred, one_hot(8, 4), "categorical_crossentropy")


def labels_of_a_class_too_many(mended=False):
    labels = np.array([0, 1, 2, 1 if mended else 3])
    return passing(simplex(4, 3), labels, "sparse_categorical_crossentropy")


def rows_of_zeros(mended=False):
    labels = one_hot(4, 3)
    labels[1] *= mended
    return passing(simplex(4, 3), labels, "categorical_crossentropy")


def rank_of_a_subclass(mended=False):
    y_true = drawn(6, 1, seed=1)
    return passing(drawn(6, 1), y_true if mended else y_true[:, 0], Difference())


def targets_refused(mended=False):
    return passing(drawn(4, 3), drawn(4, 3 if mended else 2, seed=1), "mse")


def masked_scalar(mended=False):
    loss = row_mean if mended else scalar_mean
    return masked((4, 5, 2), (5, 3, 2, 5), drawn(4, 5, 2, seed=1), loss)


def mean_over_the_batch(mended=False):
    loss = row_mean if mended else lambda t, p: ops.mean(ops.square(t - p), axis=0)
    return passing(drawn(4, 3), drawn(4, 3, seed=1), loss)


def dice_in_batches(mended=False):
    loss = losses.Dice(axis=(1,)) if mended else losses.Dice()
    return passing(drawn(4, 6), coins(4, 6), loss, batch_size=2)


def mask_lost_in_a_layer(mended=False):
    class Plain(layers.Layer):
        def __init__(self, supports):
            super().__init__(name="plain")
            self.supports_masking = supports

        def call(self, x):
            return x * 1.0

    return masked((4, 5, 2), (5, 3, 2, 5), drawn(4, 5, 2, seed=1), "mse", Plain(mended))


def mask_lost_in_a_wrapper(mended=False):
    """What Keras does by itself from 3.16 on, for recurrent layers as well."""
    steps = layers.TimeDistributed(layers.Activation("linear"), name="steps")
    steps.supports_masking = mended
    return masked((4, 5, 2), (5, 3, 2, 5), drawn(4, 5, 2, seed=1), "mse", steps)


def mask_lost_in_a_subclass(mended=False):
    keras.utils.set_random_seed(0)

    class Tagger(keras.Model):
        def __init__(self):
            super().__init__(name="tagger")
            self.embedding = layers.Embedding(5, 3, mask_zero=True, name="embedding")
            self.dense = layers.Dense(2, name="dense")

        def call(self, x):
            x = self.embedding(x)
            return self.dense(x if mended else x * 2.0)

    tokens = np.array([[1, 2, 0], [3, 0, 0], [4, 1, 2]])
    return Example(compiled(Tagger(), "mse"), {"x": tokens, "y": drawn(3, 3, 2)})


def rare_class(mended=False):
    """All else is certain: the missed element makes most of the loss, and it is small."""
    return classes.forgotten_class(mended, sure=0.999, missed=0.1)


def nan_under_the_mask(mended=False):
    y = drawn(4, 5, 2, seed=1)
    y[1, 4] = 0.5 if mended else np.nan
    return masked((4, 5, 2), (5, 3, 2, 5), y, "mse")


def infinite_loss(mended=False):
    y_pred = drawn(4, 3)
    y_pred[0, 0] = 0.5 if mended else 0
    return passing(y_pred, drawn(4, 3, seed=1), lambda t, p: ops.mean(ops.log(p), axis=-1))


def nan_weights(mended=False):
    weight = array(1, 2, 3, 4 if mended else np.nan)
    return passing(drawn(4, 3), drawn(4, 3, seed=1), "mse", sample_weight=weight)


def class_weight_with_weights(mended=False):
    more = {} if mended else {"sample_weight": array(1, 2, 3, 4)}
    loss = "categorical_crossentropy"
    return passing(simplex(4, 3), one_hot(4, 3), loss, class_weight=THREE, **more)


def class_weight_on_steps(mended=False):
    """Labels (batch, time): the arg max is over the time."""
    y = np.array([0, 1, 2, 1]) if mended else np.array([[0, 1, 2, 1], [1, 1, 0, 2]] * 2)
    loss = "sparse_categorical_crossentropy"
    return passing(simplex(*y.shape, 3), y, loss, class_weight=THREE)


def class_weight_on_numbers(mended=False):
    y = coins(4, 1) if mended else drawn(4, 1, seed=1)
    return passing(drawn(4, 1), y, "mse", class_weight={0: 1.0, 1: 2.0})


def dice_with_a_short_batch(mended=False):
    rows = 4 if mended else 5
    return passing(drawn(rows, 6), coins(rows, 6), losses.Dice(), batch_size=2)


BESIDE = (
    ("weights-axis", weights_multiplied_outwards),
    ("logits-as-probabilities", logits_of_classes_without_flag),
    ("logits-as-probabilities", logits_of_numbers_without_flag),
    ("logits-as-probabilities", logits_to_dice),
    ("probabilities-as-logits", flag_on_softmax),
    ("probabilities-as-logits", flag_on_probabilities),
    ("probabilities-sum", sums_other_than_one),
    ("labels-range", labels_of_a_class_too_many),
    ("labels-not-one-hot", rows_of_zeros),
    ("targets-broadcast", rank_of_a_subclass),
    ("targets-refused", targets_refused),
    ("loss-without-rows", masked_scalar),
    ("loss-reduces-batch", mean_over_the_batch),
    ("loss-reduces-batch", dice_in_batches),
    ("mask-lost", mask_lost_in_a_layer),
    ("mask-lost", mask_lost_in_a_wrapper),
    ("mask-lost", mask_lost_in_a_subclass),
    ("class-forgotten", rare_class),
    ("not-finite", nan_under_the_mask),
    ("not-finite", infinite_loss),
    ("not-finite", nan_weights),
    ("class-weight-refused", class_weight_with_weights),
    ("class-weight-labels", class_weight_on_steps),
    ("class-weight-labels", class_weight_on_numbers),
    ("short-batch", dice_with_a_short_batch),
)
LATER = set()  # codes that this Keras or backend cannot have
if VERSION < (3, 7):
    LATER |= {"weighted-mean-batches", "weights-fewer"}
if BACKEND != "tensorflow":
    LATER.add("activation-mismatch")
if BACKEND == "torch":
    LATER.add("step-outdated")  # its steps are not compiled
if BACKEND == "jax":  # its steps take the state of the model
    LATER |= {"last-batch-shown", "batches-counted-once", "step-broadcast", "penalty-forgotten"}
PLANTED = [(code, h.planted) for code, h in HAZARDS.items() if code not in LATER] + list(BESIDE)
