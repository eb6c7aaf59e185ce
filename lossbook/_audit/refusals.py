"""Data that Keras itself refuses: which part of them, shown by trying the parts."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lossbook._audit.by_class import Weighing
from lossbook._audit.checks import (
    batches,
    custom_losses,
    labels,
    masks,
    not_finite,
    targets,
    terms,
)
from lossbook._audit.checks.given import own_errors
from lossbook._audit.checks.measured import returns
from lossbook._audit.checks.weights import axes
from lossbook._audit.observation import Check, or_none
from lossbook._core import (
    attached_mask,
    dtype_name,
    ops,
    shape_of,
    squeeze_or_expand_to_same_rank,
    to_numpy,
)
from lossbook._model import Failure


@dataclass(frozen=True)
class Refusal:
    """The call of a loss that failed, in eager mode, and what its parts do alone."""

    failure: Failure
    weighing: Weighing = Check.weighing

    @cached_property
    def head(self):
        """The beginning of a message."""
        return f"Output {self.output.name!r}: "

    @property
    def output(self):
        """The output whose loss failed."""
        return self.failure.output

    @property
    def name(self):
        """How a message calls the loss."""
        return self.output.loss_name or "the loss function"

    @cached_property
    def y_true(self):
        """Targets, as the loss got them."""
        return _concrete(self.failure.y_true)

    @cached_property
    def y_pred(self):
        """Predictions, as the loss got them."""
        return _concrete(self.failure.y_pred)

    @cached_property
    def weight(self):
        """Sample weights, or None."""
        weight = self.failure.sample_weight
        return None if weight is None else _concrete(weight)

    @cached_property
    def mask(self):
        """The shape of the mask of the predictions, or None."""
        mask = attached_mask(self.failure.y_pred)
        return None if mask is None else shape_of(mask)

    @cached_property
    def _bare(self):
        return [ops.convert_to_tensor(x) for x in (self.y_true, self.y_pred)]

    @cached_property
    def bare_error(self):
        """The error of the loss without weights and mask, or None."""
        try:
            to_numpy(self.output.loss(*self._bare))
        except Exception as error:
            return error
        return None

    @or_none
    def runs_with(self, y_true):
        """Say whether the loss runs with other targets, without weights and mask."""
        to_numpy(self.output.loss(ops.convert_to_tensor(y_true), self._bare[1]))
        return True

    @or_none
    def nothing(self, what, received):
        """Return the finding for a loss of the user's that returns None, else None."""
        loss = self.output.loss
        if self.output.loss_name is not None or loss.call(*self._bare) is not None:
            return None
        function = getattr(loss, "fn", None) or getattr(type(loss).call, "__wrapped__", loss.call)
        return own_errors.returns_none(function, what, received)

    @cached_property
    @or_none
    def returned(self):
        """What the loss function returns, before Keras makes a tensor of it; None if it fails."""
        return self.output.loss.call(*self._bare)

    @cached_property
    def values(self):
        """What the loss function returns, without weights and mask."""
        loss = self.output.loss
        return to_numpy(loss.call(*(ops.cast(tensor, loss.dtype) for tensor in self._bare)))

    def found(self, hazard, message, fix, **evidence):
        """Return the finding of a kind, with the shapes as far as they are known."""
        shapes = {"y_true.shape": self.y_true.shape, "y_pred.shape": self.y_pred.shape}
        shapes |= {} if self.bare_error else {"values.shape": self.values.shape}
        error = self.bare_error or self.failure.error
        return hazard.found(f"{self.head}{message}", fix, shapes | evidence, error=error)

    def fits(self, shape):
        """Return whether weights of a shape can be multiplied by the values."""
        try:
            np.broadcast_shapes(
                *(x.shape for x in squeeze_or_expand_to_same_rank(np, self.values, np.empty(shape)))
            )
        except ValueError:
            return False
        return True


def refused(failure, weighing):
    """Return the Finding for what Keras refused.

    A loss that failed, in eager mode, is called without weights and mask, then with each of them:
    what fails first is meant. Any other error is one of the compiled loss as a whole.
    """
    if failure.output is not None:
        refusal = Refusal(failure, weighing)
        if (own := returns.refused(refusal) or _own(refusal)) is not None:
            return own
        checks = masks.refused, custom_losses.refused, axes.refused
        if refusal.bare_error is not None:
            checks = not_finite.refused, labels.refused, targets.refused
        for check in checks:
            if (finding := check(refusal)) is not None:
                return finding
    elif (own := own_errors.found(failure.error)) is not None:
        return own
    for output in failure.computed:
        if getattr(output.loss, "reduction", "") in (None, "none"):
            return batches.array_refused(output, len(failure.computed), failure.error)
    return terms.loss_refused(failure.error)


def _own(refusal):
    """Return the finding for an error of the user's loss, None where other targets mend it."""
    failure, y_true, y_pred = refusal.failure, refusal.y_true, refusal.y_pred
    received = {"y_true.shape": y_true.shape, "y_pred.shape": y_pred.shape}
    if refusal.weight is not None:
        received["sample_weight.shape"] = refusal.weight.shape
    what = f"The loss of output {refusal.output.name!r}"
    own = own_errors.found(failure.error, what, received)
    if own is None:
        called = own_errors.called_with(refusal.output.loss, failure.error, what, received)
        return called or refusal.nothing(what, received)
    numbers = np.asarray(y_true, np.float64) if y_true.dtype != bool else y_true
    tried = [] if y_true.shape == y_pred.shape else [np.zeros(y_pred.shape, y_true.dtype)]
    tried += [] if np.isfinite(numbers).all() else [np.nan_to_num(y_true)]
    return None if any(map(refusal.runs_with, tried)) else own


def _concrete(x):
    """Copy a tensor to the host; of one that is only traced its shape must do."""
    try:
        return to_numpy(x)
    except Exception:
        return np.full(shape_of(x), 0.5).astype(dtype_name(x))
