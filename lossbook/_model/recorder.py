"""Stands in for the losses of a compiled model while a step is traced, and looks on."""

from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from lossbook._losses.catalogue import LOSSES
from lossbook._model.keras_private import (
    function_of,
    keras_logits,
    keras_mask,
    known_loss,
    own_call,
)


@dataclass(frozen=True)
class Output:
    """One output of a compiled model: its name, its Loss object, its loss weight.

    `known` is (name, options) of a loss of `keras.losses`, None for a user's own. `whole` says that
    the loss has a `__call__` of its own, so that weights, mask and reduction are its own affair.
    """

    name: str
    loss: Any
    loss_weight: float | None
    known: tuple | None
    whole: bool


@dataclass(frozen=True)
class Call:
    """What the loss of one output got and gave for one batch: tensors, None where there is none.

    `y_true` and `y_pred` are as they reach the loss function, cast and aligned; `logits` are those
    that Keras finds behind `y_pred` (which is left out then); `mask` is that of the predictions.
    Of a loss that lossbook does not know as a sum, `values` is what its function returns, and
    `own_mask` the mask that the function attaches to them.
    """

    output: Output
    y_true: Any = None
    y_pred: Any = None
    logits: Any = None
    mask: Any = None
    sample_weight: Any = None
    values: Any = None
    own_mask: Any = None


@dataclass(frozen=True)
class Batch:
    """One batch: its rows as Keras counts them, its calls, its additional losses by name."""

    rows: int
    calls: tuple
    additional: dict


class Recorder:
    """Stands in for the Loss of one output while a step is traced: calls it and looks on."""

    def __init__(self, watch, index, loss, loss_weight, name):
        self.watch, self.index, self.loss = watch, index, loss
        own = own_call(loss)
        self.output = Output(name, loss, loss_weight, None if own else known_loss(loss), own)

    def __getattr__(self, name):
        return getattr(self.loss, name)

    def __call__(self, y_true, y_pred, sample_weight=None):
        import keras

        seen, output = {}, self.output
        if keras.ops.is_tensor(y_pred):
            seen["mask"] = keras_mask(y_pred)
        seen["sample_weight"] = sample_weight
        if keras.backend.backend() == "torch" and sample_weight is not None:
            seen["sample_weight"] = sample_weight + 0  # Keras multiplies it by the mask in place
        if output.whole:
            result = seen["values"] = self.loss(y_true, y_pred, sample_weight)
        else:
            with self._spying(seen):
                result = self.loss(y_true, y_pred, sample_weight)
        self.watch.seen[self.index] = output, seen
        return result

    @contextmanager
    def _spying(self, seen):
        """Record what reaches the loss function, and what it returns."""
        name = "call" if function_of(self.loss) is None else "fn"
        function, own = getattr(self.loss, name), vars(self.loss)
        before = own.get(name)

        def spy(y_true, y_pred, *args, **options):
            import keras

            values = function(y_true, y_pred, *args, **options)
            loss = self.output.known[0] if self.output.known else None
            if keras.ops.is_tensor(y_pred):
                seen["y_true"], seen["y_pred"] = y_true, y_pred
            if loss not in LOSSES:
                seen["values"], seen["own_mask"] = values, keras_mask(values)
            else:
                logits = seen["logits"] = keras_logits(loss, y_pred, options)
                if logits is not None and not LOSSES[loss].clips_logits:
                    del seen["y_pred"]
            return values

        own[name] = spy
        try:
            yield
        finally:
            if before is None:
                del own[name]
            else:
                own[name] = before
