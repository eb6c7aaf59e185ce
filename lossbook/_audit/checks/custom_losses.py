"""Losses that leave no row to a weight: scalars, means over the batch, silent broadcasts."""

import numpy as np

from lossbook._audit.finding import found
from lossbook._audit.observation import SPARSE, Check
from lossbook._core.arrays import to_numpy
from lossbook._losses.catalogue import ATOMIC, LOSSES

ROWS = "Return one value per row, shape (batch, ...), and leave the mean to Keras."
_TRIED = 16  # so many rows are tried alone


class Rows(Check):
    """Does every value of the loss belong to one row, and to no other?"""

    def __init__(self, output):
        super().__init__(output)
        self.finding = self.broadcast = self.alone = self.rows = None
        self.batches = 0
        self.shape = ()

    def see(self, look):
        """Compare shapes, and try the rows of the first batch of two or more alone."""
        if look.output.whole or look.y_pred is None:
            return
        self.batches += 1
        if self.broadcast is None:
            self.broadcast = self._broadcast(look)
        if look.name in LOSSES:
            return
        if self.alone is None and look.rows > 1:
            self.alone = _tried(look) if look.name is None else _keras(look)
            self.rows, self.shape = look.rows, look.values.shape
        if self.finding is None and (not look.has_rows or self.alone == "mixed"):
            self.finding = self._weighted(look)

    def _broadcast(self, look):
        """Return (y_true, y_pred, together) if more pairs are compared than there are."""
        if look.name in (*SPARSE, *ATOMIC):
            return None
        y_true, y_pred = look.y_true.shape, look.y_pred.shape
        try:
            together = np.broadcast_shapes(y_true, y_pred)
        except ValueError:
            return None
        size = int(np.prod(together))
        bound = min if look.name in LOSSES else max
        more = size > bound(look.y_true.size, look.y_pred.size)
        return (y_true, y_pred, together) if more else None

    def _weighted(self, look):
        """Return a finding if weights or a mask come too late."""
        weight, values = look.weight, look.values
        name = look.name or "the loss function"
        shape = f"{look}: {name} returns values of shape {values.shape}, not one per row"
        fix = ROWS
        if look.name in ATOMIC:
            fix = f"Give {name} an axis that leaves the rows, as in axis=(1, 2, 3) for images."
        if weight is not None and weight.size > 1 and np.ptp(weight) > 0:
            how = f"it counts by its own mean, {weight.mean():.4g}"
            if values.size > 1:
                how = "it acts on another axis"
            return found(
                "loss-without-rows",
                f"{shape}. A sample_weight of shape {weight.shape} cannot reach the rows: {how}.",
                fix,
                {
                    "sample_weight.shape": weight.shape,
                    "values.shape": values.shape,
                    "value": values.ravel()[:4],
                    "mean of the weights": weight.mean(),
                },
            )
        if look.call.mask is not None and not look.mask.all():
            return found(
                "loss-without-rows",
                f"{shape}. The mask comes too late. Masked positions that count in the loss: "
                f"{int((~look.mask).sum())} of {look.mask.size}.",
                fix,
                {"mask.shape": look.mask.shape, "values.shape": values.shape},
            )
        return None

    def findings(self):
        """Yield broadcasts first: they explain the rest."""
        head, loss = f"Output {self.output.name!r}: ", (self.output.known or (None,))[0]
        if self.broadcast and (loss in LOSSES or self.alone == "mixed"):
            y_true, y_pred, together = self.broadcast
            why = "" if loss else " A Loss subclass gets no ranks aligned."
            yield found(
                "targets-broadcast",
                f"{head}y_true of shape {y_true} and y_pred of shape {y_pred} are broadcast to "
                f"{together}: predictions are compared with targets of others.{why}",
                f"Give y_true the shape {y_pred}.",
                {"y_true.shape": y_true, "y_pred.shape": y_pred, "compared": together},
            )
            return
        if self.finding is not None:
            yield self.finding
        elif self.alone == "mixed":
            yield found(
                "loss-reduces-batch",
                f"{head}the loss of a row depends on the other rows of its batch: the mean over "
                "batches is not the loss of all rows, and moves with the batch size.",
                "Compute one value per row, shape (batch, ...), or compare runs of the same batch "
                "size only.",
                {"values.shape": self.shape, "rows": self.rows, "batches": self.batches},
                "note" if loss else None,
            )
        elif self.alone == "mean":
            name = loss or "the loss function"
            yield found(
                "loss-reduces-batch",
                f"{head}{name} averages the batch itself, values of shape {self.shape}: "
                "no sample_weight, class_weight or mask can reach a row.",
                ROWS,
                {"values.shape": self.shape, "rows": self.rows},
                "note",
            )


def _keras(look):
    """Say the same of an atomic loss of Keras: Dice over the batch mixes rows."""
    return "alone" if look.has_rows else "mixed"


def _tried(look):
    """Return "alone" if rows don't meet, "mean" for their mean or sum, "mixed", or None."""
    rows = min(look.rows, _TRIED)
    y_true, y_pred = look.y_true[:rows], look.y_pred[:rows]
    if len(y_true) != rows or len(y_pred) != rows:
        return None
    try:
        together, again = _values(look, y_true, y_pred), _values(look, y_true, y_pred)
        rowwise = together.ndim > 0 and together.shape[0] == rows
        alone = [
            _values(look, np.stack([y_true[i]] * rows), np.stack([y_pred[i]] * rows))
            for i in range(rows)
        ]
        if rowwise:
            alone = np.stack([values[i] for i, values in enumerate(alone)])
        else:
            alone = np.mean(alone, axis=0)
    except Exception:  # a loss that takes no such rows, or a model that is in use
        return None
    if not (np.isfinite(together).all() and np.isfinite(alone).all()):
        return None
    if not np.allclose(together, again, rtol=1e-5, atol=1e-7):
        return None  # random
    scale = np.abs(together).max(initial=0.0)
    if alone.shape == together.shape and np.allclose(
        together, alone, rtol=1e-3, atol=1e-4 * scale + 1e-7
    ):
        return "alone" if rowwise else "mean"
    return "mixed"


def _values(look, y_true, y_pred):
    from keras import ops

    tensors = (ops.convert_to_tensor(x) for x in (y_true, y_pred))
    return to_numpy(look.output.loss.call(*tensors)).astype(np.float64)
