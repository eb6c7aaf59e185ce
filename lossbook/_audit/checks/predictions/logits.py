"""Logits for a loss that takes probabilities, and probabilities for one that takes logits."""

from typing import Any

from lossbook._audit.examples import array, coins, drawn, passing
from lossbook._audit.finding import Hazard

LOGITS_AS_PROBABILITIES = Hazard(
    "logits-as-probabilities",
    "error",
    "02_elementwise.ipynb",
    40,
    means="A loss that takes probabilities gets numbers outside of 0 to 1: logits, most likely.",
    why=(
        "Without from_logits=True a crossentropy takes y_pred for probabilities and clips them "
        "at 1e-7 and 1 - 1e-7; what is clipped has the gradient 0. Dice and Tversky do not clip, "
        "and leave the range from 0 to 1."
    ),
    ignore="Never: the loss is not that of the probabilities that the logits stand for.",
    symptoms=("stuck", "by-hand", "scale"),
    asked=(
        "https://github.com/xiph/LPCNet/issues/97",
        "https://github.com/MITDeepLearning/introtodeeplearning/issues/122",
    ),
)
PROBABILITIES_AS_LOGITS = Hazard(
    "probabilities-as-logits",
    "error",
    "02_elementwise.ipynb",
    50,
    means="from_logits=True, but the predictions are probabilities already.",
    why=(
        "Keras puts y_pred through a sigmoid or softmax of its own. A sigmoid of numbers from 0 "
        "to 1 lies between 0.5 and 0.73, and so the loss stays large. On TensorFlow Keras takes "
        "the logits behind a sigmoid or softmax instead, as long as nothing stands in between."
    ),
    ignore="If logits happen to lie between 0 and 1.",
    symptoms=("stuck", "by-hand", "backend"),
    asked=(
        "https://github.com/keras-team/keras/issues/6143",
        "https://github.com/keras-team/keras/issues/6587",
    ),
)
LOGITS_LIMITED = Hazard(
    "logits-limited",
    "warning",
    "02_elementwise.ipynb",
    55,
    means="from_logits=True, but the activation of the output gives a part of all numbers alone.",
    why=(
        "A logit may be any number: far below 0 it stands for a probability near 0. A relu has "
        "none below 0, and a gradient of 0 there; a tanh ends at 1, a probability of 0.73."
    ),
    ignore="If probabilities so near to each other are meant.",
    symptoms=("stuck",),
)
_SLACK = 2e-3  # float16 rounds a probability by 5e-4
_ENOUGH = 20  # numbers from 0 to 1 that are no accident


def outside(y_pred: Any) -> Any:
    """Return which predictions can be no probabilities, in half precision either."""
    return (y_pred < -_SLACK) | (y_pred > 1 + _SLACK)


def enough(count: int, highest: float) -> bool:
    """Say whether numbers from 0 to 1 are so many that they are no logits by accident."""
    return count >= _ENOUGH and highest > 0.5


@LOGITS_AS_PROBABILITIES.example("`from_logits=True`", "A sigmoid at the output")
def logits_without_flag(mended=0):
    """Logits for a loss that takes probabilities."""
    from keras import losses

    logits = array([2, -1], [-3, 0.5], [1, 4], [-2, -2])
    loss = losses.BinaryCrossentropy(from_logits=mended == 1)
    return passing(logits, coins(4, 2), loss, activation="sigmoid" if mended == 2 else "linear")


@PROBABILITIES_AS_LOGITS.example(
    "The sigmoid left out of the model", "`from_logits=True` left out of the loss"
)
def flag_on_sigmoid(mended=0):
    """A sigmoid, and from_logits=True."""
    from keras import losses

    loss = losses.BinaryCrossentropy(from_logits=mended != 2)
    activation = "linear" if mended == 1 else "sigmoid"
    return passing(drawn(8, 4, low=-3, high=3), coins(8, 4), loss, activation=activation)


@LOGITS_LIMITED.example("No activation")
def relu_of_logits(mended=0):
    """A relu, and from_logits=True."""
    from keras import losses

    loss = losses.BinaryCrossentropy(from_logits=True)
    activation = "linear" if mended else "relu"
    return passing(drawn(8, 4, low=-3, high=3), coins(8, 4), loss, activation=activation)
