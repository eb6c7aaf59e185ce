"""A loss of the user's that weighs rows by their place in the batch."""

import numpy as np

from lossbook._audit.examples import array, drawn, one_hot, passing
from lossbook._audit.finding import Hazard
from lossbook._audit.observation import or_none, values_of
from lossbook._core import four_digits

WEIGHTS_BY_PLACE = Hazard(
    "weights-by-place",
    "warning",
    "11_custom_losses.ipynb",
    128,
    means="A loss of your own weighs rows by their place in the batch, not by what they are.",
    why=(
        "An array of weights inside of a loss is broadcast as in NumPy. Weights of shape "
        "(classes,) times values of shape (batch,) fit where a batch has as many rows as there "
        "are classes: the first weight meets the first row, whatever its class. Any other batch "
        "size raises an error."
    ),
    ignore="If every batch has the same rows in the same order.",
    symptoms=("never-learns", "by-hand", "no-effect"),
)
_MOST = 64  # so many rows are tried
_RIGHT = 1e-3


@or_none
def by_place(batch):
    """Return what the places of a batch weigh, 1 in the mean, or None if all weigh the same.

    The same rows in another order have another loss; and where one row stands in all places but
    one, what another one adds there depends on the place, and on nothing else: it adds up, and any
    other row adds the same multiple of it in each place.
    """
    rows = min(batch.rows, _MOST)
    y_true, y_pred = batch.y_true[:rows], batch.y_pred[:rows]
    if batch.output.keras_loss or rows < 2 or len(y_true) != rows or len(y_pred) != rows:
        return None

    def loss(order, predicted=None):
        predicted = order if predicted is None else predicted
        return values_of(batch.output, y_true[order], y_pred[predicted]).mean()

    order = np.arange(rows)
    given, again, rolled = (loss(o) for o in (order, order, np.roll(order, 1)))
    if given != again or not abs(rolled - given) > _RIGHT * abs(given):
        return None
    each = [loss(np.full(rows, row)) for row in order[:8]]
    low, high = int(np.argmin(each)), int(np.argmax(each))
    at_one, at_odd = np.where(np.eye(rows, dtype=bool), high, low), np.where(order % 2, high, low)
    added = np.array([loss(one) for one in at_one]) - each[low]
    odd, whole = loss(at_odd) - each[low], each[high] - each[low]
    sums = np.array([added.sum() - whole, added[1::2].sum() - odd])
    if not np.isfinite(added).all() or not whole or (abs(sums) > _RIGHT * whole).any():
        return None
    factors = added * rows / whole
    lows = np.full(rows, low)  # the third row: the targets of one, the predictions of the other
    mixed = np.array([loss(lows, one) for one in at_one]) - each[low]
    multiple = loss(lows, np.full(rows, high)) - each[low]
    if not (abs(mixed * rows - factors * multiple) <= 10 * _RIGHT * abs(multiple)).all():
        return None
    return factors if np.ptp(factors) > 10 * _RIGHT else None


def finding(head, factors):
    """Return the finding for these weights of places."""
    first = [four_digits(factor) for factor in factors[:4]]
    more = ", ..." if len(factors) > 4 else ""
    return WEIGHTS_BY_PLACE.found(
        f"{head}its loss weighs a row by its place in the batch: one and the same row counts "
        f"{', '.join(first)}{more} times as much as in the mean over the places.",
        "Take the weight of a row from its class: keras.ops.sum(weights * y_true, axis=-1) for "
        "one-hot targets, keras.ops.take(weights, y_true) for class numbers. What belongs to a "
        "row goes into sample_weight.",
        {"rows": len(factors), "weights of the places": factors[:4]},
    )


@WEIGHTS_BY_PLACE.example("The weight of each row's class")
def class_weights_along_the_batch(mended=0):
    """Three weights of classes times the values of three rows."""
    import keras
    from keras import ops

    weights = ops.convert_to_tensor(array(1, 2, 5))

    def loss(y_true, y_pred):
        values = keras.losses.categorical_crossentropy(y_true, y_pred)
        return values * (ops.sum(weights * y_true, axis=-1) if mended else weights)

    p = drawn(3, 3)
    return passing(p / p.sum(-1, keepdims=True), one_hot(3, 3), loss)
