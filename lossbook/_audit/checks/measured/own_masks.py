"""A mask that a user's own loss multiplies by, and divides by all positions nevertheless."""

import numpy as np

from lossbook._audit.checks.data.known import SENTINELS
from lossbook._audit.examples import drawn, passing
from lossbook._audit.finding import Hazard
from lossbook._audit.observation import Check, or_none
from lossbook._core import four_digits

MASK_IN_THE_MEAN = Hazard(
    "mask-in-the-mean",
    "note",
    "04_masks.ipynb",
    168,
    means=(
        "A loss of your own leaves marked positions out of its sum, and divides by all positions."
    ),
    why=(
        "mean(values * mask) divides by the number of positions, as Keras 2 did; Keras 3 divides "
        "by what the mask keeps, sum(values * mask) / sum(mask)."
    ),
    ignore="If rows with more padding are meant to count less.",
    symptoms=("padding", "scale", "by-hand"),
    asked=("https://github.com/tensorflow/tensorflow/issues/39146",),
)
_MARKS = (0, np.nan, *SENTINELS)
_RIGHT = 1e-3


class OwnMask(Check):
    """A loss of the user's that is asked for rows of one pair, of which half is marked."""

    asked = flat = False
    marked = None

    def see(self, batch):
        """Ask the loss, on the first batch of rows with positions."""
        if not self.asked and batch.is_own and not batch.output.whole:
            self.asked, self.marked = True, self._asked(batch.first(16))

    @or_none
    def _asked(self, batch):
        y_true, y_pred = batch.given
        if y_true.ndim < 2 or y_true.shape[:2] != y_pred.shape[:2] or y_true.shape[1] < 4:
            return None
        if y_true.dtype.kind not in "iuf" or y_pred.dtype.kind != "f":
            return None
        flat = y_true.reshape(*y_true.shape[:2], -1)
        self.flat = flat.shape[-1] == 1
        for mark in _MARKS:
            marked = (np.isnan(flat) if np.isnan(mark) else flat == mark).all(-1)
            if 0.02 < marked.mean() < 0.98 and (ratio := _ratio(batch, mark, ~marked)):
                return mark, marked, batch.loss_of(), ratio
        return None

    def findings(self):
        """Yield a note with both numbers."""
        if self.marked is None:
            return
        mark, marked, loss, (whole, half) = self.marked
        over = loss / (1 - marked.mean())
        yield MASK_IN_THE_MEAN.found(
            f"{self.head}{self.output.source} leaves out where y_true is {mark}, "
            f"{int(marked.sum())} of {marked.size} positions of the first rows, and divides by all "
            f"of them: it is {four_digits(loss)}, where the mean over the others is "
            f"{four_digits(over)}.",
            "Divide by what counts, keras.ops.sum(values * mask) / keras.ops.sum(mask)"
            f"{self._code(mark)}.",
            {"rows of one pair": whole, "half of it marked": half, "positions": marked.size},
        )

    def _code(self, mark):
        """Return code that does so with the loss as it is."""
        if not self.flat:
            return ""
        known = "keras.ops.isfinite(y_true)" if np.isnan(mark) else f"y_true != {mark}"
        known = f"keras.ops.cast({known}, 'float32')"
        return (
            ": write `own = getattr(loss, 'call', loss); loss = lambda y_true, y_pred: "
            f"own(y_true, y_pred) / keras.ops.mean({known})` and compile again"
        )


def _ratio(batch, mark, kept):
    """Return (loss of rows of one pair, loss with half of it marked) if one is half of the other.

    Only of a mask: what is predicted under it changes nothing, a number next to the mark is not
    left out, and half as many positions have the same loss, for it is a mean.
    """
    y_true, y_pred = batch.given
    size = y_true.shape[1] // 2 * 2
    row, position = np.argwhere(kept)[0]
    y, p = (
        np.broadcast_to(x[row, position], (len(x), size, *x.shape[2:])).copy()
        for x in (y_true, y_pred)
    )
    marked, near, other = y.copy(), y.copy(), p.copy()
    marked[:, size // 2 :] = mark
    if not np.isnan(mark):
        near[:, size // 2 :] = mark + (1 if y.dtype.kind in "iu" else 1e-3)
    other[:, size // 2 :] = np.roll(p[:, size // 2 :], 1, -1) * 0.9 + 0.05

    def loss(y_true, y_pred):
        return batch.loss_of(y_true=y_true, y_pred=y_pred)

    whole, half, shorter = loss(y, p), loss(marked, p), loss(y[:, : size // 2], p[:, : size // 2])
    alike = [(half, loss(marked, other)), (whole, shorter), (whole, 2 * half)]
    scale = abs(whole)
    if not scale or any(abs(a - b) > _RIGHT * scale for a, b in alike):
        return None
    return (whole, half) if abs(loss(near, p) - half) > 10 * _RIGHT * scale else None


@MASK_IN_THE_MEAN.example("The sum divided by what the mask keeps")
def padding_in_the_mean(mended=0):
    """Steps that are 0 in y, left out of the sum alone."""
    from keras import ops

    def loss(y_true, y_pred):
        mask = ops.cast(y_true != 0, "float32")
        values = ops.square(y_true - y_pred) * mask
        return ops.sum(values) / ops.sum(mask) if mended else ops.mean(values, -1)

    y = drawn(8, 6, seed=1)
    y[:, 4:] = 0
    return passing(drawn(8, 6), y, loss)
