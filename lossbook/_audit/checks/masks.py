"""Masks that don't reach the loss, and masks that make batches unequal."""

import numpy as np

from lossbook._audit.finding import found
from lossbook._audit.observation import MEANS, Check
from lossbook._core.arrays import installed_keras


class LostMask(Check):
    """A mask that was lost on the way, though its positions are still there."""

    def __init__(self, output):
        super().__init__(output)
        self.counted = self.total = self.kept_count = 0
        self.sum = self.kept_sum = 0.0
        self.shapes = self.where = None
        self.settable = False

    def see(self, look):
        """Count positions that padding takes in the loss."""
        lost, values = look.received.get("lost"), look.values
        if lost is None or look.call.mask is not None:
            return
        lost = lost.astype(bool)
        if values.ndim < lost.ndim or values.shape[: lost.ndim] != lost.shape:
            return
        lost = np.broadcast_to(
            lost.reshape(lost.shape + (1,) * (values.ndim - lost.ndim)), values.shape
        )
        self.shapes = self.shapes or (look.received["lost"].shape, values.shape)
        self.where = self.where or look.given.where
        self.settable = look.given.settable
        counts = look.kept
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
            if self.settable:
                fix = (
                    f"Set supports_masking = True on that layer, which Keras {installed_keras()} "
                    "leaves False, before the model is built,"
                )
            else:
                fix = (
                    "Put what loses it into a layer with supports_masking = True, set the mask "
                    "again in compute_mask,"
                )
            yield found(
                "mask-lost",
                f"Output {self.output.name!r}: a mask was lost {self.where}. Masked positions "
                f"that count in the loss: {self.counted} of {self.total}.",
                f"{fix} or pass it as sample_weight, with reduction='mean_with_sample_weight'.",
                evidence,
            )


class MaskBatches(Check):
    """Batches that keep unequal numbers of values, and count by their rows all the same."""

    def __init__(self, output):
        super().__init__(output)
        self.batches = []

    def see(self, look):
        """Keep the sum of a batch and the number of values that its mask keeps."""
        if look.mask is None or look.reduction not in MEANS or look.mask.shape != look.values.shape:
            return
        weights = 1.0 if look.weights is None else look.weights
        total = float(np.where(look.mask, look.values * weights, 0).sum())
        self.batches.append((look.rows, total, int(look.mask.sum())))

    def findings(self):
        """Yield a note if the result is not that of all kept values."""
        if len(self.batches) < 2:
            return
        rows, sums, kept = map(np.array, zip(*self.batches, strict=True))
        if not kept.sum():
            return
        epoch = float((rows * sums / np.maximum(kept, 1)).sum() / rows.sum())
        whole = float(sums.sum() / kept.sum())
        empty = int((kept == 0).sum())
        if abs(epoch - whole) > 1e-3 * max(abs(epoch), abs(whole)):
            more = f" Batches masked throughout, which count as 0: {empty}." if empty else ""
            yield found(
                "mask-batches",
                f"Output {self.output.name!r}: batches keep between {kept.min()} and {kept.max()} "
                f"values, but count by their rows: the result moves with the batch size.{more}",
                "Evaluate with the same batch size each time; for the mean of all kept values take "
                "one batch, or a metric with the mask as sample_weight.",
                {
                    "this output": epoch,
                    "mean of all kept values": whole,
                    "kept per batch": kept[:6].tolist(),
                },
            )
