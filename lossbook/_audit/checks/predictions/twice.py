"""A softmax or sigmoid of what is one already."""

import numpy as np

from lossbook._audit.examples import passing, simplex
from lossbook._audit.finding import Hazard

SOFTMAX_TWICE = Hazard(
    "softmax-twice",
    "error",
    "11_custom_losses.ipynb",
    65,
    means="A softmax or sigmoid is taken of probabilities: in the model, or in a loss of your own.",
    why=(
        "Of numbers from 0 to 1 a softmax is nearly even. A loss that takes one is found by adding "
        "1 to the predictions: a softmax stays as it is, and so does the loss."
    ),
    ignore="If two softmaxes are meant.",
    symptoms=("stuck", "by-hand"),
    asked=("https://github.com/keras-team/keras/issues/6143",),
)


@SOFTMAX_TWICE.example(
    "`from_logits=True` left out of the loss", "The softmax left out of the model"
)
def softmax_of_a_softmax(mended=0):
    """A loss of our own with from_logits=True, after a softmax."""
    from keras import losses

    def loss(y_true, y_pred):
        return losses.categorical_crossentropy(y_true, y_pred, from_logits=mended != 1)

    y_pred = np.log(simplex(8, 4)) if mended == 2 else simplex(8, 4)
    return passing(y_pred, np.eye(4, dtype="float32")[np.arange(8) % 4], loss)
