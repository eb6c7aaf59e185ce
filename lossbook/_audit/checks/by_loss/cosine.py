"""Cosine similarity: vectors of one element, and vectors of zeros, have no direction."""

import numpy as np

from lossbook._audit.examples import drawn, passing
from lossbook._audit.finding import Hazard
from lossbook._audit.observation import Check

NO_DIRECTION = Hazard(
    "no-direction",
    "error",
    "02_elementwise.ipynb",
    75,
    means="cosine_similarity gets vectors without a direction: of one element, or of zeros.",
    why=(
        "It scales every vector to the length 1. Of one element that leaves the sign, so that "
        "the loss is -1 or 1 and its gradient 0; a vector of zeros stays as it is, and its loss "
        "is 0."
    ),
    ignore="If rows of zeros are meant to cost 0 and to stay in the denominator.",
    symptoms=("stuck",),
    asked=("https://github.com/keras-team/keras/issues/2672",),
)


class Directions(Check):
    """What cosine_similarity cannot compare."""

    length = zeros = rows = 0
    axis = None

    def see(self, batch):
        """Count vectors of zeros among those that count."""
        if batch.output.loss_name != "cosine_similarity":
            return
        self.length = batch.y_pred.shape[batch.axis]
        self.axis = next((k for k, n in enumerate(batch.y_pred.shape) if k and n > 1), None)
        zeros = (np.asarray(batch.y_true) == 0).all(batch.axis)
        self.zeros += int((zeros & batch.kept).sum() if zeros.shape == batch.kept.shape else 0)
        self.rows += int(batch.kept.sum())

    def findings(self):
        """Yield a finding for vectors of one element, or for targets of zeros."""
        evidence = {"length of a vector": self.length, "vectors": self.rows}
        if self.length == 1:
            other = f"`keras.losses.CosineSimilarity(axis={self.axis})`"
            other = f", or the axis of the vectors: {other}" if self.axis else ""
            take = "Take a loss of numbers, `loss='mean_squared_error'` say"
            if self.within is not None:
                take = f"Let {self.within} call a loss of numbers, mean_squared_error say"
            yield NO_DIRECTION.found(
                f"{self.head}cosine_similarity compares directions, and a vector of one element "
                "has only its sign: the loss is -1 or 1, and its gradient 0.",
                f"{take}{other}.",
                evidence,
            )
        elif self.zeros:
            yield NO_DIRECTION.found(
                f"{self.head}cosine_similarity compares directions, and targets of zeros have "
                f"none: {self.zeros} of {self.rows}. Their loss is 0, neither right nor wrong, and "
                "they stay in the denominator.",
                "Leave these rows out of the data, or mask them.",
                {**evidence, "targets of zeros": self.zeros},
                "warning",
            )


@NO_DIRECTION.example(
    "A loss of numbers, `'mean_squared_error'`",
    "The axis of the vectors, `CosineSimilarity(axis=1)`",
)
def one_number(mended=0):
    """Vectors of one element."""
    from keras import losses

    similarity = losses.CosineSimilarity(axis=1 if mended == 2 else -1)
    loss = "mean_squared_error" if mended == 1 else similarity
    return passing(drawn(4, 3, 1), drawn(4, 3, 1, seed=1), loss)
