"""Stands in for the losses of a compiled model while a step is traced, and records their calls."""

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from lossbook._core import attached_mask
from lossbook._losses import KerasLoss, function_of, loss_named, own_call
from lossbook._model.keras_private import keras_logits, known_loss

_OWN = KerasLoss(None, "none", target="own")  # what a user's loss takes is not known


@dataclass(frozen=True)
class Output:
    """One output of a compiled model: its name, its Loss object, its loss weight.

    `keras_loss` is (name, options) of a loss of `keras.losses`, None for a user's own. `whole` says
    that the loss has a `__call__` of its own, so that weights, mask and reduction are its affair.
    """

    name: str
    loss: Any
    loss_weight: float | None
    keras_loss: tuple[str, dict[str, Any]] | None
    whole: bool

    @property
    def loss_name(self) -> str | None:
        """The name of a loss of `keras.losses`, None for a user's own."""
        return self.keras_loss[0] if self.keras_loss else None

    @property
    def options(self) -> dict[str, Any]:
        """The options of a loss of `keras.losses`."""
        return self.keras_loss[1] if self.keras_loss else {}

    @property
    def entry(self) -> KerasLoss:
        """What the loss is, from the catalogue; a user's own is atomic, of the target "own"."""
        return loss_named(self.loss_name) or _OWN


@dataclass(frozen=True)
class Call:
    """What the loss of one output got and gave for one batch: tensors, None where there is none.

    `y_true` and `y_pred` are as they reach the loss function, cast and aligned; `logits` are those
    that Keras finds behind `y_pred` (which is left out then); `mask` is that of the predictions.
    Of a loss that lossbook does not know as a sum, `values` is what its function returns, and
    `own_mask` the mask that the function attaches to them. A Watch with a path adds targets and
    predictions as they were given, where the predictions come from, and a mask lost on the way.
    """

    output: Output
    y_true: Any = None
    y_pred: Any = None
    logits: Any = None
    mask: Any = None
    sample_weight: Any = None
    values: Any = None
    own_mask: Any = None
    given_y_true: Any = None
    given_y_pred: Any = None
    lost_mask: Any = None
    origin: Any = None


@dataclass(frozen=True)
class Batch:
    """One batch: its rows as Keras counts them, its calls, its additional losses by name."""

    rows: int
    calls: tuple[Call, ...]
    additional: dict[tuple[int, str], float]


@dataclass(frozen=True)
class Failure:
    """An error while Keras put the loss together, and the outputs whose losses were computed.

    `output` is the one whose loss failed, with what its loss got; None where no loss did.
    """

    error: Exception
    output: Output | None = None
    y_true: Any = None
    y_pred: Any = None
    sample_weight: Any = None
    computed: tuple[Output, ...] = field(default=())


class Recorder:
    """Stands in for the Loss of one output while a step is traced: calls it and keeps its call."""

    def __init__(self, watch, index, loss, loss_weight, name):
        self.watch, self.index, self.loss = watch, index, loss
        own = own_call(loss)
        self.output = Output(name, loss, loss_weight, None if own else known_loss(loss), own)

    def __getattr__(self, name):
        return getattr(self.loss, name)

    def __call__(self, y_true, y_pred, sample_weight=None):
        import keras

        seen = {"given_y_true": y_true, "given_y_pred": y_pred, "sample_weight": sample_weight}
        if keras.ops.is_tensor(y_pred):
            seen["mask"] = attached_mask(y_pred)
        if keras.backend.backend() == "torch" and sample_weight is not None:
            seen["sample_weight"] = sample_weight + 0  # Keras multiplies it by the mask in place
        try:
            with self._recording(seen):
                result = self.loss(y_true, y_pred, sample_weight)
        except Exception as error:
            self.watch.failure = Failure(error, self.output, y_true, y_pred, sample_weight)
            raise
        if self.output.whole:
            seen["values"] = result
        self.watch.seen[self.index] = self.output, seen
        return result

    @contextmanager
    def _recording(self, seen):
        """Record what reaches the loss function, and what it returns."""
        name = "call" if function_of(self.loss) is None else "fn"
        function, own = getattr(self.loss, name), vars(self.loss)
        before = own.get(name)

        def recorded(y_true, y_pred, *args, **options):
            import keras

            values, entry = function(y_true, y_pred, *args, **options), self.output.entry
            if keras.ops.is_tensor(y_pred):
                seen["y_true"], seen["y_pred"] = y_true, y_pred
            if entry.atomic:
                seen["values"], seen["own_mask"] = values, attached_mask(values)
            else:
                logits = keras_logits(self.output.loss_name, y_pred, options)
                seen["logits"] = logits
                if logits is not None and not entry.clips_logits:
                    del seen["y_pred"]
            return values

        if self.output.whole:
            yield
            return
        own[name] = recorded
        try:
            yield
        finally:
            if before is None:
                del own[name]
            else:
                own[name] = before
