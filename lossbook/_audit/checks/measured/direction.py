"""Losses of the user's own that fall as predictions get worse, or that ignore their targets."""

import inspect
import re
from contextlib import suppress

import numpy as np

from lossbook._audit.examples import coins, drawn, passing, simplex
from lossbook._audit.finding import Hazard
from lossbook._audit.observation import Check
from lossbook._core import four_digits, to_numpy

LOSS_UPSIDE_DOWN = Hazard(
    "loss-upside-down",
    "error",
    "11_custom_losses.ipynb",
    112,
    means="A loss of your own grows as predictions come nearer to their targets.",
    why=(
        "fit makes the loss small, whatever it is. A Dice coefficient, an IoU, a correlation, R2 "
        "or a likelihood is better the larger it is: as a loss it needs 1 - or a minus before it."
    ),
    ignore="If predictions are to get away from y_true.",
    symptoms=("falls",),
    asked=(
        "https://github.com/akirasosa/mobile-semantic-segmentation/issues/24",
        "https://github.com/faustomilletari/VNet/issues/5",
    ),
)
TARGETS_UNUSED = Hazard(
    "targets-unused",
    "note",
    "11_custom_losses.ipynb",
    114,
    means="A loss of your own gives the same number for other targets.",
    why="Keras hands y_true to the loss, and it is for the loss to compare y_pred with it.",
    ignore="If the loss needs no targets, as a triplet loss, or a y that only fills the place.",
    symptoms=("falls",),
)
ARGUMENTS_SWAPPED = Hazard(
    "arguments-swapped",
    "error",
    "11_custom_losses.ipynb",
    115,
    means="A loss of your own takes y_true for the predictions, and y_pred for the targets.",
    why=(
        "Keras calls loss(y_true, y_pred), by place and not by name. scikit-learn's order is the "
        "same, PyTorch's the other way round."
    ),
    ignore="If that is meant, as for a reverse KL divergence.",
    symptoms=("stuck", "by-hand"),
)
_TRUE = re.compile(r"(y_?)?(true|target|label|truth|gt)s?$|y$")
_PRED = re.compile(r"(y_?)?(pred|prediction|hat|output|logit|prob)s?$")
_APART = 1e-4
_CERTAIN = 1e-3
_NEARLY = 0.98  # for a logarithm of 0 is none


class Direction(Check):
    """What a loss of the user's says of predictions between those of the model and the targets."""

    asked = False

    def see(self, batch):
        """Ask the loss, on the first batch that can tell."""
        if not self.asked and batch.is_own and batch.rows > 1:
            self.asked = True
            with suppress(Exception):  # OwnLosses says what cannot be asked
                self.found = list(self._asked(batch.few))

    def _asked(self, batch):
        y_true, y_pred = batch.given
        if y_true.dtype.kind not in "biuf" or not np.isfinite(y_true.astype(np.float64)).all():
            return
        if np.ptp(y_true.astype(np.float64)) == 0:
            return
        now, again = batch.loss_of(), batch.loss_of()
        if now != again or not np.isfinite(now):
            return
        if y_true.shape == y_pred.shape and self._swapped(batch, y_true, y_pred):
            other = batch.loss_of(y_true=y_pred, y_pred=y_true)
            if abs(other - now) > 1e-3 * abs(now):
                yield ARGUMENTS_SWAPPED.found(
                    f"{self.head}Keras calls {self.output.source} with (y_true, y_pred), in this "
                    f"order, and it takes them the other way round: it is {four_digits(now)}, and "
                    f"{four_digits(other)} with the two exchanged.",
                    "Exchange them: write `swapped = loss; loss = lambda y_true, y_pred: "
                    "swapped(y_pred, y_true)` and compile again.",
                    {"loss": now, "exchanged": other},
                )
                return
        others = [y_true[::-1], np.roll(y_true, 1), y_true.max() - y_true + y_true.min()]
        # A loss of all pairs of rows is the same for the same targets in any order.
        others.append(np.broadcast_to(y_true[:1], y_true.shape))
        if all(batch.loss_of(y_true=np.asarray(other)) == now for other in others):
            yield TARGETS_UNUSED.found(
                f"{self.head}{self.output.source} is {four_digits(now)} for these targets and for "
                "others: it does not look at them.",
                "Compare y_pred with y_true in the loss, unless the targets only fill a place.",
                {"y_true.shape": y_true.shape, "loss": now},
            )
        elif y_true.size == y_pred.size and y_pred.dtype.kind == "f":
            yield from self._turned(batch, y_true, y_pred, now)

    def _swapped(self, batch, y_true, y_pred):
        """Say whether its parameters are named so, or a loss of Keras gets the two so."""
        loss = self.output.loss
        names = list(inspect.signature(getattr(loss, "fn", None) or loss.call).parameters)[:2]
        if len(names) == 2 and _PRED.match(names[0]) and _TRUE.match(names[1]):
            return True
        named = [m.tensors for m in batch.marks if {"y_true", "y_pred"} <= set(m.tensors)]
        found = any(
            np.array_equal(to_numpy(one["y_true"]), y_pred)
            and np.array_equal(to_numpy(one["y_pred"]), y_true)
            for one in named
        )
        return found or (not named and _logarithm_of_targets(batch, y_true, y_pred))

    def _turned(self, batch, y_true, y_pred, now):
        """Yield a finding if the loss is largest where the predictions are the targets."""
        wanted = y_true.reshape(y_pred.shape).astype(y_pred.dtype)
        labels = np.isin(y_true, (0, 1)).all()
        if labels and batch.call.origin.activation not in ("sigmoid", "softmax"):
            return  # a distance is to be small where labels are 1
        beyond = y_pred + _NEARLY * (1 - wanted - y_pred) if labels else 2 * wanted - y_pred
        half, best = (batch.loss_of(y_pred=y_pred + s * (wanted - y_pred)) for s in (0.5, _NEARLY))
        worst = batch.loss_of(y_pred=beyond)
        margin = _APART * max(map(abs, (now, best)))
        if not (now + margin < half and half + margin < best and worst + margin < best):
            return
        if labels and y_pred.ndim and (wanted.sum(-1) != 1).any():
            at_zeros = batch.loss_of(y_pred=np.where(wanted == 0, wanted, y_pred))
            if at_zeros <= now + margin:
                return
        yield LOSS_UPSIDE_DOWN.found(
            f"{self.head}{self.output.source} grows as predictions come nearer to the targets: it "
            f"is {four_digits(now)} now, {four_digits(half)} half way and {four_digits(best)} next "
            "to the targets. fit makes it small, and the predictions worse.",
            "Turn it round: write `score = loss; loss = lambda y_true, y_pred: 1 - score(y_true, "
            "y_pred)` and compile again; with a minus in place of 1 - where a logarithm misses it.",
            {"now": now, "half way": half, "next to the targets": best, "beyond": worst},
            None if labels else "warning",
        )


def _logarithm_of_targets(batch, y_true, y_pred):
    """Say whether a loss is linear in y_pred, but moves with y_true next to 0 and 1."""
    if y_pred.dtype.kind != "f" or not np.isin(y_true, (0, 1)).all():
        return False
    if y_pred.min() <= _CERTAIN or y_pred.max() >= 1 - _CERTAIN:
        return False
    now, moved, other, between = (
        batch.loss_of(y_true=y, y_pred=p)
        for y, p in (
            (y_true, y_pred),
            (np.clip(y_true.astype("float32"), _CERTAIN, 1 - _CERTAIN), y_pred),
            (y_true, y_pred[::-1] * 0.7 + 0.1),
            (y_true, 0.5 * y_pred + 0.5 * (y_pred[::-1] * 0.7 + 0.1)),
        )
    )
    linear = abs(now + other - 2 * between) <= 1e-4 * abs(now)
    exchanged = batch.loss_of(y_true=y_pred, y_pred=y_true.astype(y_pred.dtype))
    return linear and abs(moved - now) > 0.2 * abs(now) and 0 < exchanged < 0.7 * now


@LOSS_UPSIDE_DOWN.example("`1 - dice`, the loss of that coefficient")
def a_coefficient(mended=0):
    """A Dice coefficient as the loss."""
    from keras import ops

    def dice(y_true, y_pred):
        both = ops.sum(y_true * y_pred, -1)
        found = (2 * both + 1) / (ops.sum(y_true + y_pred, -1) + 1)
        return 1 - found if mended else found

    return passing(drawn(8, 3, low=-2, high=2), coins(8, 3), dice, activation="sigmoid")


@TARGETS_UNUSED.example("A loss that compares with them")
def without_targets(mended=0):
    """A loss of the predictions alone."""
    from keras import ops

    def loss(y_true, y_pred):
        return ops.mean(ops.square(y_pred - (y_true if mended else 0.5)), -1)

    return passing(drawn(8, 3), drawn(8, 3, seed=1), loss)


@ARGUMENTS_SWAPPED.example("`loss(y_true, y_pred)`")
def in_another_order(mended=0):
    """The order of PyTorch."""
    from keras import losses

    def loss(y_pred, y_true):
        return losses.categorical_crossentropy(y_true, y_pred)

    y = simplex(8, 3, seed=1)
    return passing(simplex(8, 3), y, (lambda t, p: loss(p, t)) if mended else loss)
