"""The exercises of the chapter "One number"."""

import math

import numpy as np

from lossbook._exercises.checking.exercise import Answers, exercise

_LOSSES = [
    np.random.default_rng(1).uniform(0.1, 2.0, shape) for shape in ((2, 2, 3, 4), (1, 3, 2, 5))
]
_CLASSES = (
    np.array([[[0, 1, 2], [4, 3, 4]], [[4, 0, 3], [2, 1, 0]]]),
    np.array([[[4, 1], [0, 2], [4, 4]], [[3, 3], [4, 0], [1, 2]]]),
)


@exercise("one-number-1")
def one_number_1():
    """The elements of a batch of segmented images, and the coefficient of each."""
    batch = (4, 256, 256, 5)
    elements, pixels, of_image = (math.prod(shape) for shape in (batch, batch[:3], batch[1:]))
    only_pixels = pixels, 1 / pixels
    batch_of_one = elements, 1 / of_image
    by_rows = elements, 1 / batch[0]
    mistakes = {
        "Those are the pixels. Each has five classes, and each of them is an element.": only_pixels,
        "Those are the elements of one image. The batch has four.": (of_image, 1 / of_image),
        "The count is right. The coefficient is that of a batch of one: divide by 4.": batch_of_one,
        "The count is right. sum_over_batch_size divides by all values, not by the batch.": by_rows,
        "The count is right. The coefficient is that of a pixel; the mean over its five "
        "classes divides by 5 once more.": (elements, 1 / pixels),
        "Those are the images. Every class of every pixel of an image is an element.": (4, 1 / 4),
        "The two are swapped: first the count, then the coefficient.": (1 / elements, elements),
    }
    return Answers((elements, 1 / elements), mistakes)


@exercise("one-number-2")
def one_number_2():
    """The loss of an image of which 5 % of the pixels are bad in one of five classes."""

    def classes(usual=0.05, bad=1.0, share=0.05):
        return np.array([usual] * 4 + [share * bad + (1 - share) * usual])

    pixels = np.full((1, 10, 10), 0.05)
    pixels[0, 0, :5] = (4 * 0.05 + 1.0) / 5
    all_bad = classes(share=1.0).mean()
    mistakes = {
        "That is the sum over the classes; Keras averages the 5 classes: divide by 5.": (
            classes().sum()
        ),
        "That is right if every class is like class 4. In the other four no pixel is bad.": (
            classes()[-1]
        ),
        "Close. In those pixels the 1.0 replaces the 0.05, it is not added. Give four "
        "digits.": classes(bad=1.05).mean(),
        "Close. You take the usual loss away in all five classes of those pixels. It is one "
        "class that is bad.": 0.95 * 0.05 + 0.05 * 1.0 / 5,
        "That is 1.0 in every pixel of the class. Only 5 % of them cost that much.": all_bad,
        "That is what the bad elements add. All others cost 0.05 each.": classes(usual=0.0).mean(),
    }
    return Answers(classes().mean(), mistakes, {"values": pixels})


@exercise("one-number-3", cases=tuple((losses,) for losses in _LOSSES))
def one_number_3(elementwise):
    """The contributions of the classes."""
    by_class, n = elementwise.sum(axis=(0, 1, 2)), elementwise.size
    of_images = elementwise.sum(axis=(1, 2, 3)) / n
    shares = by_class / elementwise.sum()
    mistakes = {
        "Those are the means of the classes. Each is over the elements of its class; the "
        "coefficient is one divided by all elements.": elementwise.mean(axis=(0, 1, 2)),
        "Those are the sums of the losses. A contribution is coefficient times loss.": by_class,
        "You divide by the batch size. The coefficient is one divided by all elements.": (
            by_class / len(elementwise)
        ),
        "You divide by the elements of one image. The coefficient is one divided by all "
        "elements of the batch.": by_class / elementwise[0].size,
        "Those are shares: they add up to 1. Contributions add up to the number.": shares,
        "Those are the contributions of the images. Keep the last axis, not the first.": of_images,
    }
    return Answers(by_class / n, mistakes)


@exercise("one-number-4", cases=tuple((np.eye(5, dtype="float32")[c],) for c in _CLASSES))
def one_number_4(truth):
    """Weights with which the pixels of the last class weigh as much as all others."""
    rare = truth[..., -1] == 1
    odds = (~rare).sum() / rare.sum()
    of_image = rare.sum(axis=(1, 2), keepdims=True)
    of_class_4 = np.arange(truth.shape[-1]) == truth.shape[-1] - 1

    def weights(of_rare, of_others=1.0):
        return np.where(rare, of_rare, of_others)

    upside_down, others_raised = weights(1 / odds), weights(1.0, of_others=odds)
    mistakes = {
        "You divide all pixels by those of class 4. Count the others alone: it shall weigh "
        "as much as the rest.": weights(odds + 1),
        "The shape is right. 1000 is a guess: how many other pixels are there for one of "
        "class 4?": weights(1000.0),
        "Now class 4 makes a fifth of the weight. Asked is as much as all the rest.": (
            weights(odds / 4)
        ),
        "Upside down: the pixels of a rare class need a weight above 1.": upside_down,
        "You raise the other pixels. It is those of class 4 that need the weight.": others_raised,
        "You count in each image by itself. The coefficients are those of the batch.": (
            weights((rare[0].size - of_image) / of_image)
        ),
        "You weigh the elements of class 4, in every pixel. Weights meet the values: one "
        "per pixel, in the shape (batch, height, width).": (
            np.where(of_class_4, odds, np.ones(truth.shape))
        ),
        "The weights have a class axis. They meet the values, which have lost it: (batch, "
        "height, width).": np.where(truth[..., -1:] * truth == 1, odds, 1.0),
    }
    return Answers(weights(odds), mistakes)
