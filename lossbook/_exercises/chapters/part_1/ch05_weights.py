"""The exercises of the chapter "Weights"."""

import numpy as np

from lossbook._core import keras
from lossbook._exercises.checking.exercise import Answers, AnyOf, exercise

_LABELS = np.array([[[0, 0, 1], [0, 2, 2]], [[0, 0, 0], [0, 1, 0]]])
_CLASS_WEIGHTS = np.array([1.0, 2.0, 5.0])
_TAGGED = (
    (
        np.array([[0.2, 0.1, 1.7], [2.3, 0.4, 0.6], [0.1, 0.7, 0.9]]),
        np.array([[0, 0, 2], [2, 0, 1], [0, 1, 1]]),
        _CLASS_WEIGHTS,
    ),
    (
        np.array([[1.3, 0.3, 0.8], [0.9, 2.1, 0.2], [0.4, 0.7, 1.9]]),
        np.array([[1, 2, 0], [0, 2, 1], [2, 1, 1]]),
        np.array([0.5, 4.0, 1.5]),
    ),
)


@exercise("weights-1", see="the chapter Reduction")
def weights_1():
    """The weighted loss of four values, the metric of the same name, the loss under a mask."""
    values, weight = np.array([0.5, 1.0, 2.0, 4.0]), np.array([5.0, 1.0, 0.0, 0.0])

    def divided(*denominators):
        return tuple(np.sum(weight * values) / d for d in denominators)

    swapped, not_their_weights = divided(6, 4, 2), divided(4, 6, 6)
    mistakes = {
        "The loss does not divide by the sum of the weights. It divides by the values, 4.": (
            divided(6, 6, 2)
        ),
        "Weights of 0 stay in the denominator of the loss. Only a mask takes them out.": (
            divided(2, 6, 2)
        ),
        "The first two are swapped: the loss divides by 4 values, the metric by the "
        "weights.": swapped,
        "The metric divides by the sum of the weights, not by the number of values.": (
            divided(4, 4, 2)
        ),
        "The mask divides by the number of values that it keeps, not by their weights.": (
            not_their_weights
        ),
        "Under a mask the loss divides by the values that are kept: 2, not 4.": divided(4, 6, 4),
    }
    weighted = {"values": values, "sample_weight": weight}
    identify_with = weighted, None, {**weighted, "mask": weight > 0}
    return Answers(divided(4, 6, 2), mistakes, identify_with)


@exercise("weights-2")
def weights_2():
    """The shape of one weight an image, for predictions of (16, 64, 64, classes)."""
    mistakes = {
        "Keras matches shapes from the last axis: 16 weights would meet 64 columns.": (16,),
        "That meets the rows. The values have three axes, (16, 64, 64): one more 1.": (16, 1),
        "y_pred has four axes, but the values that are weighted have lost the classes.": (
            (16, 1, 1, 1)
        ),
        "The weights of the images belong to the first axis, not to the last.": (1, 1, 16),
        "That is one weight per pixel. 16 numbers fit a shape with two lengths of 1.": (16, 64, 64),
    }
    return Answers((16, 1, 1), mistakes)


@exercise("weights-3", cases=((_LABELS, _CLASS_WEIGHTS), (_LABELS[0], _CLASS_WEIGHTS)))
def weights_3(labels, class_weights):
    """A map of class weights with the mean 1."""
    w = class_weights[labels]
    of_classes = class_weights / class_weights.mean()
    by_row = w / w.mean(axis=-1, keepdims=True)
    by_sample = w / w.mean(axis=tuple(range(1, w.ndim)), keepdims=True)
    mistakes = {
        "The look-up is right. Their mean is not 1 yet: divide by the mean of the map.": w,
        "You gave the class weights the mean 1. Look up first: classes differ in size.": (
            of_classes[labels]
        ),
        "Your weights add up to 1. Keras divides by n once more; give them the mean 1.": (
            w / w.sum()
        ),
        "You normalise along the last axis. Take one mean over all positions.": by_row,
        "You normalise each sample by itself. Take one mean over all positions.": by_sample,
        "Those are the weights of the classes. A map has one weight per position.": of_classes,
    }
    return Answers(w / w.mean(), mistakes)


@exercise("weights-4", cases=_TAGGED, see="the chapter Reduction")
def weights_4(values, labels, class_weights):
    """The weighted loss of labels (batch, steps)."""
    w = class_weights[labels]
    of_rows = class_weights[labels.argmax(axis=-1)]  # what class_weight makes of such labels
    mistakes = {
        "That is what class_weight makes of it: the arg max over time, and those weights "
        "meet the steps. Look the class of each step up.": np.mean(of_rows * values),
        "You weigh whole sequences, by the arg max over time. Look the class of each "
        "step up.": np.mean(of_rows[:, None] * values),
        "You divide by the sum of the weights, as the weighted metric does. The loss "
        "divides by the number of values.": np.average(values, weights=w),
        "Nothing is weighted. The weight of a step is class_weights[its class].": values.mean(),
        "You multiply by the labels themselves. Look up what each class weighs.": (
            np.mean(labels * values)
        ),
        "Those are the weighted values, as they should be. Now the reduction: one number.": (
            w * values
        ),
    }
    return Answers(np.mean(w * values), mistakes, {"values": values, "sample_weight": w})


_PIXELS = np.array([[[0, 0], [1, 2]], [[0, 1], [0, 0]]])  # (images, height, width)
_SURE = np.array([[[0.9, 0.8], [0.5, 0.1]], [[0.7, 0.4], [0.9, 0.6]]])  # of the true class
_OF_CLASSES = np.array([1.0, 2.0, 10.0])


def _evaluated(arguments):
    """Return what evaluate prints with these arguments, in one batch and image by image."""
    sure = _SURE[..., None]
    p = np.where(np.eye(3)[_PIXELS] == 1, sure, (1 - sure) / 2)
    model = keras.Sequential([keras.Input((2, 2, 3)), keras.layers.Identity()])
    model.compile(loss="sparse_categorical_crossentropy", run_eagerly=True)
    each = ({**arguments, "batch_size": size, "verbose": 0} for size in (2, 1))
    return tuple(model.evaluate(p, _PIXELS, **options) for options in each)


@exercise("weights-5", measure=_evaluated)
def weights_5():
    """The weighted mean of the pixels of two images, in batches of any size."""
    losses, weights = -np.log(_SURE), _OF_CLASSES[_PIXELS]
    of_images = weights.mean(axis=(1, 2), keepdims=True)
    predicted = np.where(_SURE < 1 / 3, 0, _PIXELS)  # where a class is missed, it is class 0

    def printed(w):
        return (float(np.mean(w * losses)),) * 2

    by_predicted = AnyOf(
        printed(w / mean)
        for w in [_OF_CLASSES[predicted]]
        for mean in (1, w.mean(), weights.mean())
    )
    mistakes = {
        "Nothing is weighted: evaluate needs a sample_weight for each pixel.": printed(1.0),
        "The map is right, but its mean is not 1: Keras divides by the 8 pixels, not by what "
        "they weigh.": printed(weights),
        "You divide each image's map by its own mean. Take one mean over all pixels.": (
            printed(weights / of_images)
        ),
        "You divide by the mean of the three class weights. The classes are not equally "
        "frequent: divide the map by its mean.": printed(weights / _OF_CLASSES.mean()),
        "That is one weight for each image. Each pixel has a class of its own.": AnyOf(
            (printed(of_images), printed(of_images / of_images.mean()))
        ),
        "You look the weights up by the predicted class. Take the labels.": by_predicted,
        "Only the rare class counts now. The others weigh less, but not 0.": AnyOf(
            printed(w) for w in (_PIXELS == 2, 8.0 * (_PIXELS == 2), 10.0 * (_PIXELS == 2))
        ),
        "You multiply by the labels themselves. Look up what each class weighs.": AnyOf(
            (printed(_PIXELS), printed(_PIXELS / _PIXELS.mean()))
        ),
        "You divide by the sum of the weights, and Keras divides by the 8 pixels on top. "
        "Divide by the mean.": printed(weights / weights.sum()),
    }
    return Answers(printed(weights / weights.mean()), mistakes)
