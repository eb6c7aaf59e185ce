"""Weights and masks of a user's own loss: do they act? The loss is asked."""

import numpy as np

from lossbook._audit.checks.custom_losses import EACH
from lossbook._audit.examples import (
    Example,
    array,
    compiled,
    drawn,
    passing,
    row_mean,
    scalar_mean,
)
from lossbook._audit.finding import Hazard
from lossbook._audit.observation import Check
from lossbook._core import four_digits, to_numpy

WEIGHTS_IGNORED = Hazard(
    "weights-ignored",
    "error",
    "11_custom_losses.ipynb",
    222,
    means="A Loss with a __call__ of its own ignores sample_weight and class_weight.",
    why=(
        "Keras hands sample_weight to the loss, where Loss.__call__ multiplies the values by it. "
        "A __call__ of your own takes the place of that."
    ),
    ignore="Never, as long as weights are passed.",
    symptoms=("no-effect",),
    asked=("https://github.com/keras-team/keras/issues/2115",),
)
WEIGHTS_SCALE = Hazard(
    "weights-scale",
    "warning",
    "05_weights.ipynb",
    258,
    means="The sample weights are larger than 100 in the mean, and the loss with them.",
    why=(
        "Keras divides by the number of values, not by the weights. Beside penalties, other "
        "outputs and the learning rate the loss is that much larger."
    ),
    ignore=(
        "If there is nothing beside that loss, and the optimizer takes steps of its own size, as "
        "Adam does."
    ),
    symptoms=("scale",),
)
MASK_IGNORED = Hazard(
    "mask-ignored",
    "error",
    "11_custom_losses.ipynb",
    165,
    means="Values under the mask move a loss of your own.",
    why=(
        "Keras masks the values that call() returns. A __call__ of your own takes the place of "
        "that, and values that mix positions carry what is masked into the others."
    ),
    ignore="If masked positions are meant to count.",
    symptoms=("padding", "no-effect"),
)
_ALIKE = 1e-6
_LARGE = 100.0


class Acts(Check):
    """A user's own loss whose number stays where it should move, or moves where it should not."""

    def __init__(self, output):
        super().__init__(output)
        self.asked, self.weight, self.count = set(), 0.0, 0

    def see(self, batch):
        """Ask the loss, on the first batch that can tell."""
        weight = batch.weight
        if weight is not None and np.isfinite(weight).all() and (weight >= 0).all():
            self.weight += float(weight.sum())
            self.count += weight.size
        if batch.output.keras_loss is not None:
            return
        asked = {"mask": self._mask}
        if batch.output.whole:
            asked["weights"] = self._weights
        for name, ask in asked.items():
            if name not in self.asked:
                try:
                    found = ask(batch)
                except Exception:  # the loss does not take these tensors alone
                    found = ()
                if found is not None:
                    self.asked.add(name)
                    self.found += found

    def _weights(self, batch):
        """Compare the loss with these weights and with others."""
        weight = batch.weight
        if weight is None or weight.size < 2 or np.ptp(weight) == 0:
            return None
        given, others, again = (batch.loss_of(w) for w in (weight, weight[::-1] * 3 + 1, weight))
        if given != again or abs(given - others) > _ALIKE * abs(given):
            return ()
        return [
            WEIGHTS_IGNORED.found(
                f"{self.head}{self.output.source} has a __call__ of its own that ignores "
                f"sample_weight and class_weight: with other weights the loss is "
                f"{four_digits(others)} as before.",
                "Write call(self, y_true, y_pred), one value per row, in place of __call__: Keras "
                f"weighs the values. As it is, row by row: write `own = loss; {EACH}` and compile "
                "again.",
                {"sample_weight.shape": weight.shape, "loss": given, "with others": others},
            )
        ]

    def _mask(self, batch):
        """Change the values under the mask."""
        mask = None if batch.call.mask is None else to_numpy(batch.call.mask).astype(bool)
        _, y_pred = batch.given
        if mask is None or mask.all() or y_pred.shape[: mask.ndim] != mask.shape:
            return None
        if not batch.output.whole and batch.values.shape[: mask.ndim] != mask.shape:
            return ()  # loss-without-rows says it
        under = ~mask.reshape(mask.shape + (1,) * (y_pred.ndim - mask.ndim))
        changed = np.where(under, y_pred[..., ::-1] * 0.5 + 0.1, y_pred).astype(y_pred.dtype)
        given, again, other = (
            batch.loss_of(batch.weight, p, mask) for p in (y_pred, y_pred, changed)
        )
        if given != again or abs(given - other) <= _ALIKE * abs(given):
            return ()
        return [
            MASK_IGNORED.found(
                f"{self.head}values under the mask move the loss of {self.output.source}: with "
                f"others there it is {four_digits(other)} instead of {four_digits(given)}. "
                "It does not leave the masked positions out.",
                "Return one value per position of the mask from call(self, y_true, y_pred), each "
                "of its own position alone, and leave mask and mean to Keras.",
                {"mask.shape": mask.shape, "masked": int((~mask).sum()), "loss": given},
            )
        ]

    def findings(self):
        """Yield what was found, and weights of a large scale."""
        yield from self.found
        mean = self.weight / self.count if self.count else 1.0
        if mean > _LARGE:
            yield WEIGHTS_SCALE.found(
                f"{self.head}{self.weighing.name} are {four_digits(mean)} in the mean. Keras "
                "divides by the number of values, not by the weights: loss and steps are as many "
                "times larger, beside penalties, other outputs and the learning rate.",
                f"Divide them by their mean: write {self.weighing.each('{w} / np.mean({every})')}.",
                {"mean": mean, "weights": self.count},
            )


def _whole():
    """Return a loss with a __call__ of its own."""
    from keras import losses

    class Whole(losses.Loss):
        def __call__(self, y_true, y_pred, sample_weight=None):
            return scalar_mean(y_true, y_pred)

    return Whole(name="whole")


@WEIGHTS_IGNORED.example("A `call`, one value per row")
def weights_unused(mended=0):
    """A __call__ that has no use for weights."""
    weight = array(1, 2, 3, 4)
    loss = row_mean if mended else _whole()
    return passing(drawn(4, 3), drawn(4, 3, seed=1), loss, sample_weight=weight)


@MASK_IGNORED.example("A `call`, one value per position of the mask")
def mask_unused(mended=0):
    """A __call__ that has no use for a mask."""
    import keras

    x = drawn(4, 5, 2, seed=3)
    x[1, 3:] = 0
    inputs = keras.Input((5, 2))
    outputs = keras.layers.Masking(name="masking")(inputs)
    model = compiled(keras.Model(inputs, outputs), row_mean if mended else _whole())
    return Example(model, {"x": x, "y": drawn(4, 5, 2, seed=1)})


@WEIGHTS_SCALE.example("Weights divided by their mean")
def weights_of_millions(mended=0):
    """Weights that are counts of people."""
    weight = array(1e5, 2e5, 3e5, 4e5)
    weight = weight / weight.mean() if mended else weight
    return passing(drawn(4, 3), drawn(4, 3, seed=1), "mse", sample_weight=weight)
