"""Losses that leave no row to a weight: scalars, means over the batch, broadcasts."""

import numpy as np

from lossbook._audit.checks import places
from lossbook._audit.examples import array, drawn, passing, row_mean, scalar_mean
from lossbook._audit.finding import Hazard
from lossbook._audit.observation import Check, or_none, values_of
from lossbook._core import four_digits

TARGETS_BROADCAST = Hazard(
    "targets-broadcast",
    "error",
    "11_custom_losses.ipynb",
    120,
    means=(
        "y_true and y_pred have different shapes, which broadcast: predictions are compared with "
        "the targets of others."
    ),
    why=(
        "A loss subtracts tensors, and shapes broadcast as in NumPy. Keras aligns the ranks for "
        "a function; a Loss subclass gets none aligned, so that (batch,) and (batch, 1) make all "
        "pairs of rows."
    ),
    ignore="If one target is meant for all columns of its row.",
    symptoms=("by-hand", "stuck"),
    asked=(
        "https://github.com/keras-team/keras/issues/12580",
        "https://github.com/keras-team/keras/issues/19662",
        "https://github.com/tensorflow/tensorflow/issues/30040",
    ),
)
LOSS_REDUCES_BATCH = Hazard(
    "loss-reduces-batch",
    "warning",
    "11_custom_losses.ipynb",
    130,
    means=(
        "The loss function averages its batch itself, or the loss of a row depends on the other "
        "rows."
    ),
    why=(
        "Keras weighs and masks what the loss function returns, one value per row, and averages "
        "batches by their rows. What is averaged before cannot be weighed any more, and where "
        "rows are mixed the mean over batches is not the loss of all rows."
    ),
    ignore=(
        "If there are no weights and no mask, and the batch is what the loss is meant for, as "
        "Dice may be."
    ),
    symptoms=("batch-size", "no-effect"),
    asked=("https://github.com/qubvel-org/segmentation_models.pytorch/issues/712",),
)
LOSS_WITHOUT_ROWS = Hazard(
    "loss-without-rows",
    "error",
    "11_custom_losses.ipynb",
    140,
    means=(
        "The loss function returns values that are not one per row, so that weights or a mask "
        "cannot reach the rows."
    ),
    why=(
        "Keras multiplies these values by the weights. A scalar times all weights, averaged, "
        "counts by the mean of the weights; values of another axis meet other weights, or do not "
        "fit."
    ),
    ignore="Never: the weights or the mask do not do what they say.",
    symptoms=("no-effect", "padding", "raises"),
)
EACH = (
    "loss = lambda y_true, y_pred: keras.ops.vectorized_map(lambda row: own(row[0][None], "
    "row[1][None]), (y_true, y_pred))"
)
_ROWS = "Return one value per row, shape (batch, ...), and leave the mean to Keras."
ROW_BY_ROW = f"write `own = getattr(loss, 'call', loss); {EACH}` and compile again"
_BY_ROW = f"{_ROWS} As it is, row by row: {ROW_BY_ROW}."
_TRIED = 16  # so many rows are tried alone
_PAIRED = 4


class Rows(Check):
    """Does every value of the loss belong to one row, and to no other?"""

    finding = broadcast = alone = rows = growth = pairs = columns = places = None
    batches, in_parts, shape = 0, False, ()

    def see(self, batch):
        """Compare shapes, and try the rows of the first batch of two or more alone."""
        if batch.output.whole or batch.y_pred is None:
            return
        self.in_parts = self.in_parts or bool(batch.parts)  # which is a finding of its own
        if self.in_parts:
            return
        self.batches += 1
        self.broadcast = self.broadcast or _broadcast(batch)
        if not batch.entry.atomic:
            return
        if self.alone is None and batch.rows > 1:
            if batch.output.keras_loss:  # Dice over the batch mixes rows
                self.alone = "alone" if batch.has_rows else "mixed"
            else:
                self.alone = _tried(batch)
            self.rows, self.shape = batch.rows, batch.values.shape
            self.growth, self.columns = batch.growth, _columns(batch)
            self.places = places.by_place(batch)
            if self.alone == "mixed" and not batch.output.keras_loss:
                self.pairs = _pairs(batch)
        if self.finding is None and (not batch.has_rows or self.alone == "mixed"):
            self.finding = self._weighted(batch)

    def _weighted(self, batch):
        """Return a finding if weights or a mask come too late."""
        weight, values = batch.weight, batch.values
        name = batch.output.loss_name or "the loss function"
        shape = f"{self.head}{name} returns values of shape {values.shape}, not one per row"
        fix = _BY_ROW
        if batch.output.keras_loss:
            fix = f"Give {name} an axis that leaves the rows, as in axis=(1, 2, 3) for images."
        if weight is not None and weight.size > 1 and np.ptp(weight) > 0:
            how = f"it counts by its own mean, {weight.mean():.4g}"
            if values.size > 1:
                how = "it acts on another axis"
            return LOSS_WITHOUT_ROWS.found(
                f"{shape}. A sample_weight of shape {weight.shape} cannot reach the rows: {how}.",
                fix,
                {
                    "sample_weight.shape": weight.shape,
                    "values.shape": values.shape,
                    "value": values.ravel()[:4],
                    "mean of the weights": weight.mean(),
                },
            )
        if batch.call.mask is not None and not batch.mask.all():
            return LOSS_WITHOUT_ROWS.found(
                f"{shape}. The mask comes too late. Masked positions that count in the loss: "
                f"{int((~batch.mask).sum())} of {batch.mask.size}.",
                _ROWS,
                {"mask.shape": batch.mask.shape, "values.shape": values.shape},
            )
        return None

    def findings(self):
        """Yield at most one finding; a broadcast of the targets explains the rest."""
        loss, grows = self.output.loss_name, self.growth and self.growth.kind
        if self.broadcast and (not self.output.entry.atomic or self.alone == "mixed"):
            y_true, y_pred, together = self.broadcast
            why = "" if loss else " A Loss subclass gets no ranks aligned."
            yield TARGETS_BROADCAST.found(
                f"{self.head}y_true of shape {y_true} and y_pred of shape {y_pred} are broadcast "
                f"to {together}: predictions are compared with targets of others.{why}",
                _fitting(y_true, y_pred),
                {"y_true.shape": y_true, "y_pred.shape": y_pred, "compared": together},
            )
        elif self.finding is not None:
            yield self.finding
        elif self.columns:
            y_true, y_pred = self.columns
            yield TARGETS_BROADCAST.found(
                f"{self.head}its loss compares one prediction with each of {y_true[-1]} columns of "
                f"y_true: shapes {y_true} and {y_pred}.",
                "If one of them is the target, write `y = y[..., :1]`; else let the model give as "
                "many as there are.",
                {"y_true.shape": y_true, "y_pred.shape": y_pred},
                "warning",
            )
        elif self.places is not None:
            yield places.finding(self.head, self.places)
        elif self.alone == "mixed" and self.pairs:
            yield TARGETS_BROADCAST.found(
                f"{self.head}its loss compares every prediction with the targets of all rows of "
                f"the batch: of {_PAIRED} rows it is the mean over {_PAIRED**2} pairs, "
                f"{four_digits(self.pairs[0])}, where row by row it is "
                f"{four_digits(self.pairs[1])}.",
                "Shapes such as (batch,) and (batch, 1) are broadcast inside of it: keep the last "
                "axis, `y_true[:, 0:1]` in place of `y_true[:, 0]`.",
                {"values.shape": self.shape, "rows": self.rows},
            )
        elif self.alone == "mixed" or (self.alone in ("mean", "unknown") and grows == "mixed"):
            own = "" if loss else " Where rows are not meant to meet: (batch,) beside (batch, 1) "
            own += "" if loss else "is broadcast to (batch, batch)."
            yield LOSS_REDUCES_BATCH.found(
                f"{self.head}the loss of a row depends on the other rows of its batch: the mean "
                "over batches is not the loss of all rows, and moves with the batch size.",
                "Compare runs of the same batch size only, or compute one value per row, shape "
                f"(batch, ...): {ROW_BY_ROW}.{own}",
                {"values.shape": self.shape, "rows": self.rows, "batches": self.batches},
                "note" if loss else None,
            )
        elif self.alone == "mean" and grows in (None, "mean"):
            name = loss or "the loss function"
            yield LOSS_REDUCES_BATCH.found(
                f"{self.head}{name} averages the batch itself, values of shape {self.shape}: "
                "no sample_weight, class_weight or mask can reach a row.",
                _BY_ROW,
                {"values.shape": self.shape, "rows": self.rows},
                "note",
            )


def _fitting(y_true, y_pred):
    """Return the way to targets of the shape of the predictions, as code where there is one."""
    if y_true == y_pred[:-1] and y_pred[-1:] == (1,):
        return f"Give y_true the shape {y_pred}: write `y = y[..., None]`."
    if y_true == (*y_pred, 1):
        return f"Give y_true the shape {y_pred}: write `y = y[..., 0]`."
    if y_true[-1:] == (1,) and len(y_true) > 1:
        way = f"give y_true the shape {y_pred}."
        if y_true == (*y_pred[:-1], 1):
            way = f"for one target of all columns write `y = np.repeat(y, {y_pred[-1]}, axis=-1)`."
        return (
            "For one target a row let the model give one number, Dense(1), and after an RNN "
            f"return_sequences=False; {way}"
        )
    return f"Give y_true the shape {y_pred}."


def _broadcast(batch):
    """Return (y_true, y_pred, together) if more pairs are compared than there are."""
    entry, own = batch.entry, batch.output.keras_loss is None
    if entry.numbered or (entry.atomic and not own):
        return None
    y_true, y_pred = batch.y_true.shape, batch.y_pred.shape
    if y_true == y_pred:
        return None
    try:
        together = np.broadcast_shapes(y_true, y_pred)
    except ValueError:
        return None
    bound = max if own else min
    more = int(np.prod(together)) > bound(batch.y_true.size, batch.y_pred.size)
    return (y_true, y_pred, together) if more else None


@or_none
def _columns(batch):
    """Return the shapes of y_true and y_pred if each column of one meets the only one of another.

    A loss that takes a column for a mask, or for weights, is another in another order.
    """
    y_true, y_pred = batch.y_true, batch.y_pred
    if batch.output.keras_loss or y_pred.shape[-1:] != (1,) or y_true.shape[-1:] == (1,):
        return None
    if y_true.ndim != y_pred.ndim or y_true.shape[:-1] != y_pred.shape[:-1]:
        return None
    orders = [y_true, y_true[..., ::-1], np.roll(y_true, 1, -1)]
    orders += [np.concatenate([y_true[..., :1] * 0.5 + 0.1, y_true[..., 1:]], -1)]
    found = [batch.loss_of(y_true=y) for y in orders]
    alike = np.allclose(found[:3], found[0], rtol=1e-4)
    depends = abs(found[3] - found[0]) > 1e-3 * abs(found[0])
    return (y_true.shape, y_pred.shape) if alike and depends else None


def refused(refusal):
    """Return the finding for weights of values that have no rows, None for another failure."""
    weight, values = refusal.weight, refusal.values
    if weight is None or (values.ndim and len(values) == len(refusal.y_pred)):
        return None
    return refusal.found(
        LOSS_WITHOUT_ROWS,
        f"{refusal.name} returns values of shape {values.shape}, not one per row. A sample_weight "
        f"of shape {weight.shape} does not fit them: Keras fails.",
        _BY_ROW,
        **{"sample_weight.shape": weight.shape},
    )


@or_none
def _tried(batch):
    """Return "alone" if rows don't meet, "mean" for their mean or sum, "mixed", or None."""
    rows, output = min(batch.rows, _TRIED), batch.output
    y_true, y_pred = batch.y_true[:rows], batch.y_pred[:rows]
    if len(y_true) != rows or len(y_pred) != rows:
        return None
    together, again = (values_of(output, y_true, y_pred) for _ in range(2))
    rowwise = together.ndim > 0 and together.shape[0] == rows
    alone = [
        values_of(output, np.stack([y_true[i]] * rows), np.stack([y_pred[i]] * rows))
        for i in range(rows)
    ]
    if rowwise:
        alone = np.stack([values[i] for i, values in enumerate(alone)])
    else:
        alone = np.mean(alone, axis=0)
    if not np.isfinite(together).all():
        return None
    if not np.isfinite(alone).all():
        return "unknown"  # one row many times has no spread
    if not np.allclose(together, again, rtol=1e-5, atol=1e-7):
        return None  # random
    scale = np.abs(together).max(initial=0.0)
    if alone.shape == together.shape and np.allclose(
        together, alone, rtol=1e-3, atol=1e-4 * scale + 1e-7
    ):
        return "alone" if rowwise else "mean"
    return "mixed"


@or_none
def _pairs(batch):
    """Return (the loss of a few rows, the mean of each alone) if it is the mean over all pairs."""
    y_true, y_pred = batch.y_true[:_PAIRED], batch.y_pred[:_PAIRED]
    each = np.array(
        [[values_of(batch.output, t[None], p[None]).mean() for p in y_pred] for t in y_true]
    )
    together = values_of(batch.output, y_true, y_pred).mean()
    alone = np.diag(each).mean()
    apart = abs(together - alone) > 1e-3 * abs(together)
    return (together, alone) if apart and np.isclose(together, each.mean(), 1e-4) else None


@TARGETS_BROADCAST.example(
    "Targets of the shape of the predictions", "One unit, where there is one target a row"
)
def column_against_columns(mended=0):
    """One column of targets for three of predictions."""
    units = 1 if mended == 2 else 3
    return passing(drawn(4, units), drawn(4, 3 if mended == 1 else 1, seed=1), "mse")


@LOSS_REDUCES_BATCH.example("One value per row")
def root_of_the_batch(mended=0):
    """The root of the mean over the batch."""
    from keras import ops

    loss = row_mean if mended else lambda y_true, y_pred: ops.sqrt(scalar_mean(y_true, y_pred))
    return passing(drawn(4, 3), drawn(4, 3, seed=1), loss)


@LOSS_WITHOUT_ROWS.example("One value per row")
def weighted_scalar(mended=0):
    """Weights for a loss that is a scalar."""
    loss = row_mean if mended else scalar_mean
    return passing(drawn(4, 3), drawn(4, 3, seed=1), loss, sample_weight=array(1, 2, 3, 4))
