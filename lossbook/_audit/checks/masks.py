"""Masks that don't reach the loss, don't fit its values, or make batches unequal."""

import numpy as np

from lossbook._audit.checks.by_loss.ctc import PAD_FRAMES
from lossbook._audit.counting import unequal_means
from lossbook._audit.examples import drawn, masked
from lossbook._audit.finding import Hazard
from lossbook._audit.observation import MEANS, Check
from lossbook._core import squeeze_or_expand_to_same_rank

MASK_LOST = Hazard(
    "mask-lost",
    "error",
    "04_masks.ipynb",
    150,
    means="A mask was lost between the layer that made it and the loss: padding counts.",
    why=(
        "A mask travels with its tensor. A layer hands it on if it has supports_masking = True "
        "or a compute_mask of its own; plain arithmetic makes a new tensor, without a mask."
    ),
    ignore="If padding is meant to count, or weights leave it out.",
    symptoms=("padding", "by-hand"),
    asked=(
        "https://github.com/keras-team/keras/issues/18416",
        "https://stackoverflow.com/q/61149593",
        "https://github.com/keras-team/keras/issues/23235",
    ),
)
MASK_AXIS = Hazard(
    "mask-axis",
    "error",
    "04_masks.ipynb",
    160,
    means=(
        "A mask meets values of another rank: every value is multiplied by every position of the "
        "mask."
    ),
    why=(
        "Keras makes a weight of the mask and multiplies. Shapes broadcast from the last axis, "
        "so that a mask with one axis more than the values makes an outer product."
    ),
    ignore="Never: masked positions count, and others count several times.",
    symptoms=("padding", "by-hand"),
)
MASK_REFUSED = Hazard(
    "mask-refused",
    "error",
    "04_masks.ipynb",
    170,
    means="A mask does not fit the values of the loss.",
    why=(
        "Keras makes a weight of the mask and multiplies. Shapes that do not broadcast are an "
        "error of the backend."
    ),
    ignore="Never: Keras fails.",
    symptoms=("raises",),
)
MASK_BATCHES = Hazard(
    "mask-batches",
    "note",
    "04_masks.ipynb",
    180,
    means="Under a mask batches keep unequal numbers of values, but count by their rows.",
    why=(
        "Each batch divides by the values that its own mask keeps, and evaluate averages the "
        "batches by their rows: a value counts more where few are kept."
    ),
    ignore="If the batch size stays the same, and the number is compared with itself alone.",
    symptoms=("batch-size", "by-hand"),
)
_ONE_AXIS = (
    "y_pred loses its last axis, of length 1, where y_true has none: write `y = y[..., None]`."
)
_PER_POSITION = "Let the loss return one value per position of the mask."


class LostMask(Check):
    """A mask that was lost on the way, though its positions are still there."""

    counted = total = kept_count = 0
    sum = kept_sum = 0.0
    shapes = origin = None

    def see(self, batch):
        """Count positions that padding takes in the loss."""
        lost, values = batch.lost_mask, batch.values
        if lost is None or batch.call.mask is not None:
            return
        if values.ndim < lost.ndim or values.shape[: lost.ndim] != lost.shape:
            return
        lost = np.broadcast_to(
            lost.reshape(lost.shape + (1,) * (values.ndim - lost.ndim)), values.shape
        )
        self.shapes = self.shapes or (batch.lost_mask.shape, values.shape)
        self.origin = self.origin or batch.call.origin
        counts = batch.kept
        self.counted += int((counts & ~lost).sum())
        self.total += int(counts.sum())
        weighted = np.where(counts, values, 0)
        self.sum += float(weighted.sum())
        self.kept_sum += float(weighted[lost].sum())
        self.kept_count += int((counts & lost).sum())

    def findings(self):
        """Yield a finding if masked positions count in the loss."""
        if self.counted:
            evidence = {
                "mask.shape": self.shapes[0],
                "values.shape": self.shapes[1],
                "masked values that count": self.counted,
                "mean of all values": self.sum / self.total,
            }
            if self.kept_count:
                evidence["mean of unmasked values"] = self.kept_sum / self.kept_count
            if self.origin.settable:
                code = f"model.get_layer({self.origin.settable!r}).supports_masking = True"
                fix = f"If it keeps the positions, write `{code}` and compile again,"
            else:
                fix = (
                    "Put what loses it into a layer with supports_masking = True, set the mask "
                    "again in compute_mask,"
                )
            yield MASK_LOST.found(
                f"{self.head}a mask was lost {self.origin.where}. Masked positions "
                f"that count in the loss: {self.counted} of {self.total}.",
                f"{fix} or pass it as sample_weight, with reduction='mean_with_sample_weight'.",
                evidence,
            )


@MASK_LOST.example(
    "A layer with `supports_masking = True`",
    "A layer that sets the mask again, in `compute_mask`",
    "The mask as `sample_weight`, and `'mean_with_sample_weight'`",
)
def mask_lost_in_arithmetic(mended=0):
    """Plain arithmetic after a Masking layer."""
    import keras

    class Sets(keras.layers.Layer):
        def call(self, x):
            return x * 1.0

        def compute_mask(self, x, previous_mask):
            return previous_mask

    after = {1: keras.layers.Activation("linear"), 2: Sets()}.get(mended, lambda x: x * 1.0)
    loss, lengths = "mse", np.array([5, 3, 2, 5])
    weight = {}
    if mended == 3:
        loss = keras.losses.MeanSquaredError(reduction="mean_with_sample_weight")
        weight = {"sample_weight": (np.arange(5) < lengths[:, None]).astype("float32")}
    return masked((4, 5, 2), lengths, drawn(4, 5, 2, seed=1), loss, after, **weight)


class MaskAxis(Check):
    """A mask that makes an outer product with the values."""

    def see(self, batch):
        """Compare shapes; the first batch with a finding is taken."""
        mask, values = batch.mask, batch.values
        skipped = self.found or batch.output.whole or not batch.has_rows
        if skipped or mask is None or batch.weight is not None or mask.all():
            return
        aligned, low = squeeze_or_expand_to_same_rank(np, values, mask)
        product = np.broadcast_shapes(aligned.shape, low.shape)
        if product != aligned.shape:
            squeezed = batch.y_pred is not None and batch.y_pred.shape == mask.shape
            finding = MASK_AXIS.found(
                f"{self.head}a mask of shape {mask.shape} meets values of shape {values.shape}: "
                f"they multiply to {product}, every value with every position of the mask.",
                _ONE_AXIS if squeezed else _PER_POSITION,
                {"mask.shape": mask.shape, "values.shape": values.shape, "masked": (~mask).sum()},
            )
            self.found.append(finding)


@MASK_AXIS.example("Targets with the last axis of the predictions")
def mask_of_another_rank(mended=0):
    """y_pred loses its last axis to meet y_true, and the values have one axis less."""
    y = drawn(5, 5, 1, seed=1)
    return masked((5, 5, 1), (5, 3, 2, 5, 1), y if mended else y[..., 0], "mse")


def refused(refusal):
    """Return the finding for a mask that does not fit the values, None where it does."""
    if refusal.mask is None or refusal.fits(refusal.mask):
        return None
    advice, y_true, y_pred = _PER_POSITION, refusal.y_true, refusal.y_pred
    if y_pred.ndim == y_true.ndim + 1 and y_pred.shape[-1] == 1:
        advice = (
            f"Give y_true the shape {y_pred.shape}, for without it y_pred loses its last axis: "
            "write `y = y[..., None]`."
        )
    if refusal.output.loss_name == "ctc":
        advice = PAD_FRAMES
    return refusal.found(
        MASK_REFUSED,
        f"a mask of shape {refusal.mask} does not fit values of shape {refusal.values.shape}: "
        "Keras fails.",
        advice,
        **{"mask.shape": refusal.mask},
    )


@MASK_REFUSED.example("Targets with the last axis of the predictions")
def mask_refused(mended=0):
    """The same with a number of rows that doesn't fit."""
    y = drawn(4, 5, 1, seed=1)
    return masked((4, 5, 1), (5, 3, 2, 5), y if mended else y[..., 0], "mse")


class MaskBatches(Check):
    """Batches that keep unequal numbers of values, and count by their rows all the same."""

    def __init__(self, output):
        super().__init__(output)
        self.batches = []

    def see(self, batch):
        """Keep the sum of a batch and the number of values that its mask keeps."""
        if (
            batch.mask is None
            or batch.reduction not in MEANS
            or batch.mask.shape != batch.values.shape
        ):
            return
        total = float(np.where(batch.mask, batch.weighted, 0).sum())
        self.batches.append((batch.rows, total, int(batch.mask.sum())))

    def findings(self):
        """Yield a note if the result is not that of all kept values."""
        if means := unequal_means(self.batches):
            kept = np.array([count for *_, count in self.batches])
            empty = int((kept == 0).sum())
            more = f" Batches masked throughout, which count as 0: {empty}." if empty else ""
            yield MASK_BATCHES.found(
                f"{self.head}batches keep between {kept.min()} and {kept.max()} "
                f"values, but count by their rows: the result moves with the batch size.{more}",
                "Evaluate with the same batch size each time; for the mean of all kept values take "
                f"one batch, `batch_size = {sum(n for n, *_ in self.batches)}`, or a metric with "
                "the mask as sample_weight.",
                {
                    "this output": means[0],
                    "mean of all kept values": means[1],
                    "kept per batch": kept[:6].tolist(),
                },
            )


@MASK_BATCHES.example("One batch")
def masks_in_batches(mended=0):
    """A batch of 10 values and one of 2."""
    y = drawn(4, 5, 2, seed=1)
    return masked((4, 5, 2), (5, 5, 1, 1), y, "mse", batch_size=4 if mended else 2)
