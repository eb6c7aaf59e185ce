"""One output in one batch, on the host, as the checks see it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property, wraps
from typing import Any, ClassVar

import numpy as np

from lossbook import reduction as keras3
from lossbook._audit.by_class import Weighing
from lossbook._audit.counting import extremes
from lossbook._audit.finding import Finding
from lossbook._audit.growth import growth
from lossbook._core import (
    attach_mask,
    collected_warnings,
    ops,
    squeeze_or_expand_to_same_rank,
    to_numpy,
)
from lossbook._explain import elementwise_of, part_of
from lossbook._marks import measured
from lossbook._model import Call, Output

MEANS = ("sum_over_batch_size", "mean")
_FEW = 64  # rows on which a user's own loss is asked


def or_none(asks):
    """Let a function return None where the loss or the model that it asks takes no such rows."""

    @wraps(asks)
    def asked(*arguments):
        try:
            return asks(*arguments)
        except Exception:
            return None

    return asked


@dataclass(frozen=True)
class OutputBatch:
    """One output in one batch; arrays are NumPy's."""

    call: Call
    rows: int
    number: int  # of the batch
    contributed: Any = None  # contributions that the step has computed

    @property
    def output(self):
        """The output: its name, its loss."""
        return self.call.output

    @cached_property
    def entry(self):
        """What the loss is, from the catalogue."""
        return self.output.entry

    @property
    def options(self):
        """The options of the loss."""
        return self.output.options

    @property
    def axis(self):
        """The axis of the classes."""
        return self.options.get("axis", -1)

    @cached_property
    def reduction(self):
        """The reduction; None where the loss has a `__call__` of its own."""
        if self.output.whole:
            return None
        return keras3.standardize_reduction(self.output.loss.reduction)

    @cached_property
    def y_true(self):
        """Targets as they reached the loss function."""
        return None if self.call.y_true is None else to_numpy(self.call.y_true)

    @cached_property
    def y_pred(self):
        """Predictions as they reached the loss function, whether or not Keras uses them."""
        y_pred = self.call.given_y_pred if self.call.y_pred is None else self.call.y_pred
        return None if y_pred is None else to_numpy(y_pred)

    @cached_property
    def true_range(self):
        """The lowest and the highest target, NaN where there is NaN."""
        return extremes(self.y_true)

    @cached_property
    def predicted_range(self):
        """The lowest and the highest prediction, NaN where there is NaN."""
        return extremes(self.y_pred)

    @cached_property
    def logits(self):
        """The logits that Keras finds behind the predictions, or None."""
        return None if self.call.logits is None else to_numpy(self.call.logits)

    @cached_property
    def lost_mask(self):
        """A mask that the predictions have lost on their way, or None."""
        return None if self.call.lost_mask is None else to_numpy(self.call.lost_mask).astype(bool)

    @cached_property
    def weight(self):
        """Sample weights as the loss got them, or None."""
        if self.call.sample_weight is None:
            return None
        weight = to_numpy(self.call.sample_weight)
        return weight.astype(np.float32) if weight.dtype == bool else weight

    @cached_property
    def _function(self):
        """Values, and the mask of the loss function itself."""
        if self.call.values is not None:
            values, valid = to_numpy(self.call.values), self.call.own_mask
            values = values if values.dtype == np.float64 else values.astype(np.float32)
            return values, None if valid is None else to_numpy(valid)
        elementwise, valid, operation, axis = elementwise_of(self.call)
        values = keras3.class_axis(elementwise, operation, axis).value
        return to_numpy(values), None if valid is None else to_numpy(valid)

    @cached_property
    def values(self):
        """What the loss function returns."""
        return self._function[0]

    @cached_property
    def mask(self):
        """Which positions both masks keep, or None."""
        masks = [None if self.call.mask is None else to_numpy(self.call.mask), self._function[1]]
        masks = [mask.astype(bool) for mask in masks if mask is not None]
        return masks[0] if len(masks) == 1 else (masks[0] & masks[1] if masks else None)

    @cached_property
    def kept(self):
        """Which values count: kept by the mask, and of a weight that is not 0."""
        kept = np.ones(self.values.shape, bool)
        for factor in (self.mask, None if self.weight is None else self.weight != 0):
            if factor is not None:
                values, factor = squeeze_or_expand_to_same_rank(np, kept, factor)
                if np.broadcast_shapes(values.shape, factor.shape) == values.shape:
                    kept = (values & factor).reshape(kept.shape)
        return kept

    @cached_property
    def kept_targets(self):
        """Which targets count, in their shape; all of them where that cannot be said."""
        kept, shape = self.kept, self.y_true.shape
        if kept.ndim == len(shape) - 1:
            kept = np.expand_dims(kept, self.axis)
        try:
            return np.broadcast_to(kept, shape)
        except ValueError:
            return np.ones(shape, bool)

    @cached_property
    def weights(self):
        """The sample weights of all values, 1 without; None if they make another shape."""
        if self.weight is None:
            return np.ones(self.values.shape)
        values, weight = squeeze_or_expand_to_same_rank(np, self.values, self.weight)
        if np.broadcast_shapes(values.shape, weight.shape) != values.shape:
            return None
        return np.broadcast_to(weight, values.shape).reshape(self.values.shape)

    @property
    def weighted(self):
        """The values times their weights, as far as those fit."""
        return self.values * (1.0 if self.weights is None else self.weights)

    @cached_property
    def contributions(self):
        """Contributions `(samples, positions, classes)`, in float64."""
        contributed = self.contributed
        if contributed is None:
            with collected_warnings():
                contributed = part_of(self.call).contributions
        return to_numpy(contributed).astype(np.float64)

    @cached_property
    def magnitudes(self):
        """What every class adds to the sum of the magnitudes, `(classes,)`: signs don't cancel."""
        return np.abs(self.contributions).sum((0, 1))

    @cached_property
    def repaired(self):
        """This batch with 0 for class numbers that do not exist, which no backend computes."""
        if self.entry.target != "sparse":
            return self
        y_true, ignored = np.asarray(self.y_true, np.float64), self.options.get("ignore_class")
        wrong = ~((y_true >= 0) & (y_true < self.y_pred.shape[self.axis]))
        if ignored is not None:  # as the targets have been cast
            wrong &= self.y_true != ignored
        if not wrong.any():
            return self
        labels = ops.convert_to_tensor(np.where(wrong, 0, self.y_true))
        values = self.call.values if self.entry.atomic else None  # else they are computed anew
        return replace(
            self, call=replace(self.call, y_true=labels, values=values), contributed=None
        )

    @cached_property
    def given(self):
        """Targets and predictions as the loss of the output got them."""
        return to_numpy(self.call.given_y_true), to_numpy(self.call.given_y_pred)

    def loss_of(self, weight=None, y_pred=None, mask=None, y_true=None):
        """Return the loss of the output for its targets and these predictions, a float."""
        pair = zip((y_true, y_pred), self.given, strict=True)
        y_true, y_pred = (
            ops.convert_to_tensor(given if x is None else x.astype(given.dtype))
            for x, given in pair
        )
        if mask is not None:
            attach_mask(y_pred, ops.convert_to_tensor(mask))
        weight = None if weight is None else ops.convert_to_tensor(weight)
        result = self.output.loss(y_true, y_pred, weight)
        return float(np.mean(to_numpy(result), dtype=np.float64))

    @property
    def is_own(self):
        """Whether the loss is a user's own that got targets and predictions: it can be asked."""
        call = self.call
        given = call.given_y_true is not None and call.given_y_pred is not None
        return given and self.output.keras_loss is None

    @cached_property
    @or_none
    def growth(self):
        """How a user's own loss depends on the number of rows, without weights and masks."""
        if not self.is_own or self.rows < 2:
            return None
        y_true, y_pred = self.given
        if len(y_true) != self.rows or len(y_pred) != self.rows:
            return None

        def number(start, stop, times=1):
            rows = (
                ops.convert_to_tensor(np.concatenate([x[start:stop]] * times))
                for x in (y_true, y_pred)
            )
            return float(np.mean(to_numpy(self.output.loss(*rows)), dtype=np.float64))

        return growth(number, self.rows, lambda rows: number(0, rows, times=2))

    def first(self, rows):
        """Return an OutputBatch of its first rows, as the loss of the output got them."""
        cut = {k: getattr(self.call, k)[:rows] for k in ("given_y_true", "given_y_pred")}
        return OutputBatch(replace(self.call, **cut), min(self.rows, rows), 0)

    @cached_property
    def few(self):
        """Its first rows, on which a user's own loss is asked."""
        return self.first(_FEW)

    @cached_property
    def marks(self):
        """The losses that a user's own loss calls, and what they get: measured."""
        pair = [ops.convert_to_tensor(x) for x in self.given]
        return measured(lambda: ops.mean(self.output.loss(*pair)))[1]

    @cached_property
    @or_none
    def parts(self):
        """The tuple or list that a user's own loss returns in place of a tensor, else None."""
        call = self.call
        if self.output.keras_loss is not None or call.y_true is None or call.y_pred is None:
            return None
        if self.number:  # it does the same in every batch
            return None
        found = self.output.loss.call(*map(ops.convert_to_tensor, (self.y_true, self.y_pred)))
        return found if isinstance(found, (tuple, list)) and len(found) else None

    @property
    def has_rows(self):
        """Whether the values have one entry per row."""
        return self.values.ndim > 0 and self.values.shape[0] == self.rows


def values_of(output, y_true, y_pred):
    """Return what the loss function of an output returns for other arrays, in float64."""
    values = output.loss.call(*map(ops.convert_to_tensor, (y_true, y_pred)))
    return to_numpy(values).astype(np.float64)


class Check:
    """Watches one output, batch by batch, and yields in the end what it found.

    Every subclass is one of `Check.kinds`, which audit runs. One with `repaired = False` gets
    class numbers that don't exist as they are; one with `by_batch = False` adds up rows, and gets
    small batches together. audit says whose weights there are (`weighing`), which loss of the
    user's calls the one that is checked (`within`), and keeps in `unseen` what nobody looked at.
    """

    kinds: ClassVar[list[type["Check"]]] = []
    repaired = True
    by_batch = True
    weighing = Weighing()
    within: str | None = None

    def __init_subclass__(cls) -> None:
        Check.kinds.append(cls)

    def __init__(self, output: Output) -> None:
        self.output = output
        self.head = f"Output {output.name!r}: "
        self.unseen: list[str] = []
        self.found: list[Finding] = []

    def see(self, batch: OutputBatch) -> None:
        """Take in one batch."""

    def findings(self) -> Iterable[Finding]:
        """Yield what was found."""
        return self.found
