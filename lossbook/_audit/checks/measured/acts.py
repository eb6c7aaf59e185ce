"""Weights, masks and options of a user's own loss: do they act? The loss is asked."""

import numpy as np

from lossbook._audit.examples import (
    Example,
    array,
    compiled,
    drawn,
    passing,
    row_mean,
    scalar_mean,
    simplex,
)
from lossbook._audit.finding import Hazard
from lossbook._audit.observation import Check
from lossbook._core import attach_mask, four_digits, to_numpy

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
OWN_SOFTMAX_TWICE = Hazard(
    "softmax-twice",
    "error",
    "11_custom_losses.ipynb",
    65,
    means="A loss of your own takes a softmax of predictions that are probabilities already.",
    why=(
        "A softmax stays as it is if 1 is added to all of its inputs. audit adds 1 to the "
        "predictions: the loss stays, so it takes a softmax; the rows add up to 1, so the model "
        "has taken one before."
    ),
    ignore="If two softmaxes are meant.",
    symptoms=("stuck", "by-hand"),
    asked=("https://github.com/keras-team/keras/issues/6143",),
)
_ALIKE = 1e-6
_LARGE = 100.0


class Acts(Check):
    """A user's own loss whose number stays where it should move, or moves where it should not."""

    def __init__(self, output):
        super().__init__(output)
        self.found, self.asked = [], set()
        self.weight, self.count = 0.0, 0

    def see(self, batch):
        """Ask the loss, on the first batch that can tell."""
        weight = batch.weight
        if weight is not None and np.isfinite(weight).all() and (weight >= 0).all():
            self.weight += float(weight.sum())
            self.count += weight.size
        if batch.output.keras_loss is not None:
            return
        asked = {"mask": self._mask, "softmax": self._softmax}
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
        given, others, again = (_loss(batch, w) for w in (weight, weight[::-1] * 3 + 1, weight))
        if given != again or abs(given - others) > _ALIKE * abs(given):
            return ()
        return [
            WEIGHTS_IGNORED.found(
                f"{self.head}{self.output.source} has a __call__ of its own that ignores "
                f"sample_weight and class_weight: with other weights the loss is "
                f"{four_digits(others)} as before.",
                "Write `call(self, y_true, y_pred)`, one value per row, in place of __call__: "
                "Keras weighs the values.",
                {"sample_weight.shape": weight.shape, "loss": given, "with others": others},
            )
        ]

    def _mask(self, batch):
        """Change the values under the mask."""
        mask = None if batch.call.mask is None else to_numpy(batch.call.mask).astype(bool)
        _, y_pred = _given(batch)
        if mask is None or mask.all() or y_pred.shape[: mask.ndim] != mask.shape:
            return None
        if not batch.output.whole and batch.values.shape[: mask.ndim] != mask.shape:
            return ()  # loss-without-rows says it
        under = ~mask.reshape(mask.shape + (1,) * (y_pred.ndim - mask.ndim))
        changed = np.where(under, y_pred[..., ::-1] * 0.5 + 0.1, y_pred).astype(y_pred.dtype)
        given, again, other = (
            _loss(batch, batch.weight, p, mask) for p in (y_pred, y_pred, changed)
        )
        if given != again or abs(given - other) <= _ALIKE * abs(given):
            return ()
        return [
            MASK_IGNORED.found(
                f"{self.head}values under the mask move the loss of {self.output.source}: with "
                f"others there it is {four_digits(other)} instead of {four_digits(given)}. "
                "It does not leave the masked positions out.",
                "Return one value per position of the mask from `call(self, y_true, y_pred)`, each "
                "of its own position alone, and leave mask and mean to Keras.",
                {"mask.shape": mask.shape, "masked": int((~mask).sum()), "loss": given},
            )
        ]

    def _softmax(self, batch):
        """Add 1 to all probabilities: a loss that does not move takes a softmax of its own."""
        _, y_pred = _given(batch)
        if y_pred.ndim < 2 or y_pred.shape[-1] < 2 or not batch.rows:
            return None
        if (y_pred < 0).any() or np.abs(y_pred.sum(-1) - 1).max() > 1e-3:
            return ()
        given, shifted = _loss(batch, None), _loss(batch, None, y_pred + np.float32(1))
        turned = _loss(batch, None, np.roll(y_pred, 1, -1))
        if abs(given - shifted) > 1e-5 * abs(given) or abs(given - turned) <= 1e-4 * abs(given):
            return ()
        return [
            OWN_SOFTMAX_TWICE.found(
                f"{self.head}predictions are probabilities already, rows that add up to 1, and "
                f"{self.output.source} takes a softmax of them: 1 more for all of them changes "
                "nothing.",
                "Leave `from_logits=True` out of the loss, or the softmax out of the model.",
                {"y_pred.shape": y_pred.shape, "loss": given, "with y_pred + 1": shifted},
            )
        ]

    def findings(self):
        """Yield what was found, and weights of a large scale."""
        yield from self.found
        mean = self.weight / self.count if self.count else 1.0
        if mean > _LARGE:
            yield WEIGHTS_SCALE.found(
                f"{self.head}sample weights are {four_digits(mean)} in the mean. Keras divides by "
                "the number of values, not by the weights: loss and steps are as many times "
                "larger, beside penalties, other outputs and the learning rate.",
                "Divide them by their mean: write `sample_weight = sample_weight / "
                "np.mean(sample_weight)`.",
                {"mean": mean, "weights": self.count},
            )


def _given(batch):
    call = batch.call
    return to_numpy(call.given_y_true), to_numpy(call.given_y_pred)


def _loss(batch, weight, y_pred=None, mask=None):
    """Return the loss of the output for its targets and these predictions, a float."""
    from keras import ops

    y_true, given = _given(batch)
    tensor = ops.convert_to_tensor(given if y_pred is None else y_pred)
    if mask is not None:
        attach_mask(tensor, ops.convert_to_tensor(mask))
    weight = None if weight is None else ops.convert_to_tensor(weight)
    result = batch.output.loss(ops.convert_to_tensor(y_true), tensor, weight)
    return float(np.mean(to_numpy(result), dtype=np.float64))


def _whole():
    """Return a loss with a __call__ of its own."""
    from keras import losses

    class Whole(losses.Loss):
        def __call__(self, y_true, y_pred, sample_weight=None):
            return scalar_mean(y_true, y_pred)

    return Whole(name="whole")


@WEIGHTS_IGNORED.example("A `call`, one value per row")
def weights_unused(mended=False):
    """A __call__ that has no use for weights."""
    weight = array(1, 2, 3, 4)
    loss = row_mean if mended else _whole()
    return passing(drawn(4, 3), drawn(4, 3, seed=1), loss, sample_weight=weight)


@MASK_IGNORED.example("A `call`, one value per position of the mask")
def mask_unused(mended=False):
    """A __call__ that has no use for a mask."""
    import keras

    x = drawn(4, 5, 2, seed=3)
    x[1, 3:] = 0
    inputs = keras.Input((5, 2))
    outputs = keras.layers.Masking(name="masking")(inputs)
    model = compiled(keras.Model(inputs, outputs), row_mean if mended else _whole())
    return Example(model, {"x": x, "y": drawn(4, 5, 2, seed=1)})


@OWN_SOFTMAX_TWICE.example(
    "`from_logits=True` left out of the loss", "The softmax left out of the model"
)
def softmax_of_a_softmax(mended=False):
    """A loss of our own with from_logits=True, after a softmax."""
    from keras import losses

    def loss(y_true, y_pred):
        return losses.categorical_crossentropy(y_true, y_pred, from_logits=mended != 1)

    y_pred = np.log(simplex(8, 4)) if mended == 2 else simplex(8, 4)
    return passing(y_pred, np.eye(4, dtype="float32")[np.arange(8) % 4], loss)


@WEIGHTS_SCALE.example("Weights divided by their mean")
def weights_of_millions(mended=False):
    """Weights that are counts of people."""
    weight = array(1e5, 2e5, 3e5, 4e5)
    weight = weight / weight.mean() if mended else weight
    return passing(drawn(4, 3), drawn(4, 3, seed=1), "mse", sample_weight=weight)
