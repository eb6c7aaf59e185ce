"""The exercises of the chapter "Many outputs"."""

import math

import numpy as np

from lossbook._core import keras
from lossbook._exercises.checking.exercise import Answers, AnyOf, exercise

_HOUSES = (
    np.array([1.0, 0.0, 4.0, 9.0]),
    np.array([0.7, 0.2, 0.9, 2.3]),
    np.array([1.0, 1.0, 5.0, 1.0]),
    np.array([0.5, 2.0]),
)
_OTHER_HOUSES = (*(x[1:] for x in _HOUSES[:3]), np.array([3.0, 0.25]))

_ADDED = "You average the two outputs. Keras adds them."
_FACTORS = "You divide by the sum of the loss weights. They are factors, not shares."


@exercise("outputs-1")
def outputs_1():
    """The coefficient of a pixel of an output with the loss weight 4."""
    shape = (8, 64, 64, 1)
    pixels = math.prod(shape)
    mistakes = {
        "That is the coefficient in the output loss. The total multiplies it by the loss "
        "weight, 4.": 1 / pixels,
        "Loss weights are factors: Keras does not divide them by their sum, 4.5.": 4 / 4.5 / pixels,
        _ADDED: 4 / 2 / pixels,
        "You divide by the batch size alone. The mean is over all pixels too.": 4 / shape[0],
        "You divide by the pixels of one image. The batch has 8.": 4 / math.prod(shape[1:]),
    }
    return Answers(4 / pixels, mistakes)


@exercise("outputs-2")
def outputs_2():
    """What the regularisers add, from the lines of a log."""
    lines, weights = np.array([0.4, 1.2, 2.0]), np.array([1.0, 0.5, 0.25])
    loss, of_outputs = 3.1, np.sum(weights * lines)
    mistakes = {
        "You take away the lines as they are printed: they are before the loss weights.": (
            loss - lines.sum()
        ),
        _FACTORS: loss - of_outputs / weights.sum(),
        "You average over the three outputs. Keras adds them.": loss - of_outputs / 3,
        "That is the part of the outputs. What is left of the loss?": of_outputs,
        "You divide the lines by their loss weights. Keras prints them unweighted: multiply.": loss
        - np.sum(lines / weights),
    }
    return Answers(loss - of_outputs, mistakes)


@exercise("outputs-3", cases=((np.array([0.5, 8.0, 2.0]), np.array([0.5, 0.25, 0.25])),))
def outputs_3(lines, shares):
    """The loss weights with which the outputs have these shares of a loss of 1."""
    right = shares / lines
    mistakes = {
        "Those are the shares. A loss weight multiplies the line: divide by it.": shares,
        "With those every output contributes 1. Where are the shares?": 1 / lines,
        "Upside down: an output with a large line needs a small weight.": shares * lines,
        "The balance is right, but the total is not 1: weights needn't add up to 1.": (
            right / right.sum()
        ),
        "The balance is right, but the total stays what the lines add up to. It should be 1.": right
        * lines.sum(),
    }
    return Answers(right, mistakes)


@exercise("outputs-4", cases=(_HOUSES, _OTHER_HOUSES))
def outputs_4(price, kind, weight, loss_weights):
    """The loss of two outputs, of which one has sample weights."""

    def total(price, kind, loss_weights=loss_weights):
        return np.dot(loss_weights, [np.mean(price), np.mean(kind)])

    right = total(price, weight * kind)
    weights_alone, factors_swapped = (
        total(price, weight * kind, factors) for factors in (np.ones(2), loss_weights[::-1])
    )
    mistakes = {
        "That is the report: one array of sample weights goes to every output. Leave the "
        "price as it is.": total(weight * price, weight * kind),
        "You weigh the price. The weights belong to the kind.": total(weight * price, kind),
        "Nothing is weighted any more. The kind keeps its sample weights.": total(price, kind),
        "You divide the kind by the sum of its weights. Keras divides by the number of "
        "values. See the chapter Weights.": total(price, weight * kind / weight.mean()),
        "The loss weights are missing: each multiplies the loss of its output.": weights_alone,
        _FACTORS: right / np.sum(loss_weights),
        _ADDED: right / 2,
        "The loss weights are swapped: the first is that of the price.": factors_swapped,
    }
    return Answers(right, mistakes)


_TRUE = {"price": np.array([[2.0], [4.0], [6.0], [8.0]]), "kind": np.eye(3)[[0, 1, 2, 0]]}
_GUESS = {
    "price": np.array([[3.0], [4.0], [4.0], [5.0]]),
    "kind": np.array([[0.5, 0.3, 0.2], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4], [0.1, 0.2, 0.7]]),
}


def _compiled(arguments):
    """Return the loss of the houses with these arguments of compile."""
    inputs = {name: keras.Input(x.shape[1:], name=name) for name, x in _GUESS.items()}
    outputs = {name: keras.layers.Identity()(x) for name, x in inputs.items()}
    model = keras.Model(inputs, outputs)
    model.compile(**{**arguments, "run_eagerly": True})
    return model.evaluate(_GUESS, _TRUE, verbose=0, return_dict=True)["loss"]


@exercise("outputs-5", measure=_compiled)
def outputs_5():
    """The loss of a price that counts ten times, and of a kind."""
    errors = _GUESS["price"] - _TRUE["price"]
    price, absolute = np.mean(errors**2), np.mean(abs(errors))
    kind = -np.mean(np.log(np.sum(_TRUE["kind"] * _GUESS["kind"], axis=-1)))
    squared = np.mean((_TRUE["kind"] - _GUESS["kind"]) ** 2)
    right = 10 * price + kind
    mistakes = {
        "A list of losses meets outputs in a dict, and the alphabet swaps them: the price is "
        "judged by a crossentropy over one class, which is 0.": AnyOf(
            (squared, 10 * squared, squared / 11)
        ),
        "The factors are swapped: now the kind counts ten times. A list is dealt out by the "
        "alphabet.": price + 10 * kind,
        "The losses are right, but the price counts once. It should count ten times.": price + kind,
        _FACTORS: right / 11,
        "One string is the loss of both outputs. The kind needs its crossentropy.": AnyOf(
            (10 * price + squared, price + squared, 10 * (price + squared))
        ),
        "The kind has no loss any more.": AnyOf((price, 10 * price)),
        "The price has no loss any more.": AnyOf((kind, 10 * kind)),
        "That is the absolute error of the price. The report asks for the squared one.": (
            10 * absolute + kind
        ),
        "Both outputs count ten times. One of them should count once.": 10 * (price + kind),
        "The balance is right, but the price should count ten times, not the kind a tenth.": (
            price + kind / 10
        ),
    }
    return Answers(right, mistakes)
