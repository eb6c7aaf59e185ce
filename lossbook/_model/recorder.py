"""Stands in for the losses of a compiled model while a step is traced, and records their calls."""

from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from lossbook._core import attach_mask, attached_mask, keras
from lossbook._losses import KerasLoss, function_of, loss_named, own_call
from lossbook._marks import measured
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
    mark: str | None = None  # of a tensor within a user's own loss

    @property
    def source(self) -> str:
        """The name of its loss; a mark has its own."""
        return self.mark or (self.name if self.loss is None else self.loss.name)

    @property
    def loss_name(self) -> str | None:
        """The name of a loss of `keras.losses`, None for a user's own."""
        return self.keras_loss[0] if self.keras_loss else None

    @property
    def options(self) -> dict[str, Any]:
        """The options of a loss of `keras.losses`."""
        return self.keras_loss[1] if self.keras_loss else {}

    @cached_property
    def entry(self) -> KerasLoss:
        """What the loss is, from the catalogue; a user's own is atomic, of the target "own"."""
        return loss_named(self.loss_name) or _OWN


@dataclass(frozen=True)
class Call:
    """What the loss of one output got and gave for one batch: tensors, None where there is none.

    `y_true` and `y_pred` are as they reach the loss function, cast and aligned; `logits` are those
    that Keras finds behind `y_pred` (which is left out then); `mask` is that of the predictions.
    `values` is what the loss function returns, `own_mask` the mask that it attaches to them, and
    `coefficients` the factor of each value in the loss of the batch, measured: the derivative of
    what Keras makes of the values, times the replicas, whose losses Keras adds up; `uniform` says
    that it is the same for all of them, since nothing weighs or masks them. A Watch with a path
    adds targets and predictions as they were given, where the predictions come from, and a mask
    lost on the way.
    """

    output: Output
    index: int = 0
    y_true: Any = None
    y_pred: Any = None
    logits: Any = None
    mask: Any = None
    sample_weight: Any = None
    values: Any = None
    own_mask: Any = None
    coefficients: Any = None
    given_y_true: Any = None
    given_y_pred: Any = None
    lost_mask: Any = None
    origin: Any = None
    uniform: bool = False


@dataclass(frozen=True)
class Batch:
    """One batch: its rows as Keras counts them, its calls, its additional losses with names.

    A step of the model's own adds what the batch weighs in the epoch (`weight`), the `rest` of its
    loss that nothing covers, by how much the loss bends with each mark, whether a metric keeps the
    mean (`tracked`) or the last batch alone is reported, and what was called where nothing can be
    measured (`unseen`).
    """

    rows: Any
    calls: tuple[Call, ...]
    additional: tuple[tuple[str, Any], ...] = ()
    weight: Any = None
    rest: Any = None
    bends: tuple[tuple[str, Any], ...] = ()
    tracked: bool = True
    unseen: tuple[str, ...] = ()


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


@dataclass
class Step:
    """What is recorded while one step runs, or is traced: by one replica, in one thread."""

    seen: dict[int, tuple[Any, dict[str, Any]]] = field(default_factory=dict)
    tensors: dict[str, Any] = field(default_factory=dict)
    failure: Failure | None = None


class Recorder:
    """Stands in for the Loss of one output while a step is traced: calls it and keeps its call.

    What is called is a copy of the Loss: the object itself may be another model's, too.
    """

    def __init__(self, watch, index, loss, loss_weight, name):
        self.watch, self.index, self.loss = watch, index, loss
        own = own_call(loss)
        self.output = Output(name, loss, loss_weight, None if own else known_loss(loss), own)

    def __getattr__(self, name):
        return getattr(self.loss, name)

    def __call__(self, y_true, y_pred, sample_weight=None):
        step = self.watch.step
        if step is None:  # Keras builds the model
            try:
                return self.loss(y_true, y_pred, sample_weight)
            except Exception as error:
                self.watch.unbuilt = Failure(error, self.output, y_true, y_pred, sample_weight)
                raise
        seen = {"given_y_true": _as_tensor(y_true), "given_y_pred": y_pred}
        if keras.ops.is_tensor(y_pred):
            seen["mask"] = attached_mask(y_pred)
        together = isinstance(sample_weight, (list, tuple))  # which Keras makes one tensor of
        seen["sample_weight"] = _untouched(
            keras.ops.stack(sample_weight) if together else sample_weight
        )
        before = _numbers(self.loss)
        try:
            if self.output.whole:
                result = seen["values"] = self.loss(y_true, y_pred, sample_weight)
                count = keras.ops.cast(keras.ops.size(result), result.dtype)
                seen["coefficients"] = keras.ops.ones_like(result) / count
            else:
                result = self._called(seen, y_true, y_pred, _untouched(sample_weight))
                if self.output.keras_loss is None and self.watch.path is None:
                    after = _numbers(self.loss)
                    _set_numbers(self.loss, before)
                    result, seen["marks"] = self._marks(result, y_true, y_pred, sample_weight)
                    _set_numbers(self.loss, after)
                weights = (seen.get(name) for name in ("sample_weight", "mask", "own_mask"))
                seen["uniform"] = all(weight is None for weight in weights)
                seen["coefficients"] = derivative(
                    lambda values: self._called_again(values, seen, y_pred, sample_weight),
                    seen["values"],
                )
        except Exception as error:
            step.failure = Failure(error, self.output, y_true, y_pred, sample_weight)
            raise
        after = _numbers(self.loss)
        changed = [key[1] for key in after if after[key] != before.get(key, after[key])]
        if changed:
            self.watch.counting[self.output.source] = tuple(changed)
        step.seen[self.index] = self.output, seen
        return result

    def _called(self, seen, y_true, y_pred, sample_weight):
        """Call the loss, and keep what reaches its function, and what that returns."""
        name = "call" if function_of(self.loss) is None else "fn"
        function = getattr(self.loss, name)

        def recorded(y_true, y_pred, *args, **options):
            values, entry = function(y_true, y_pred, *args, **options), self.output.entry
            if keras.ops.is_tensor(y_pred):
                seen["y_true"] = y_true.to_tensor() if hasattr(y_true, "to_tensor") else y_true
                seen["y_pred"] = y_pred
            seen["values"] = keras.ops.convert_to_tensor(values, dtype=self.loss.dtype)
            seen["own_mask"] = attached_mask(values)
            if not entry.atomic:
                logits = keras_logits(self.output.loss_name, y_pred, options)
                seen["logits"] = logits
                if logits is not None and not entry.clips_logits:
                    del seen["y_pred"]
            return values

        return _with(self.loss, name, recorded)(y_true, y_pred, sample_weight)

    def _marks(self, result, y_true, y_pred, sample_weight):
        """Return the losses that a user's own loss is made of, and what is left; () where none.

        With the loss of the same call, which may have drawn other random numbers than `result`.
        """

        def scalar():
            return keras.ops.mean(self.loss(y_true, y_pred, _untouched(sample_weight)))

        measured_result, marks = measured(scalar)
        inside = any(mark.inside for mark in marks)
        return (measured_result, marks) if inside else (result, ())

    def _called_again(self, values, seen, y_pred, sample_weight):
        """Return what Keras makes of the values: a scalar."""
        if seen["own_mask"] is not None:
            attach_mask(values, seen["own_mask"])
        again = _with(self.loss, "call", lambda y_true, y_pred: values)
        result = again(y_pred, y_pred, _untouched(sample_weight))
        return keras.ops.mean(result)  # Keras averages an array when it tracks it


def _with(loss, name, function):
    """Return a copy of a Loss with another function in it."""
    copied = object.__new__(type(loss))  # copy.copy goes by Keras's configuration
    vars(copied).update(vars(loss), **{name: function})
    return copied


def _numbers(loss):
    """Return the plain numbers that a Loss keeps, and the object whose function it calls."""
    found = {}
    for owner in (loss, getattr(loss, "fn", None)):
        for named in (*map(vars, reversed(type(owner).__mro__)), getattr(owner, "__dict__", {})):
            numbers = {name: n for name, n in named.items() if type(n) in (int, float)}
            found |= {(owner, name): n for name, n in numbers.items()}
    return found


def _set_numbers(loss, numbers):
    """Let them be these again; the objects may be those of other threads, too."""
    for (owner, name), value in _numbers(loss).items():
        if numbers.get((owner, name), value) != value:
            vars(owner)[name] = numbers[owner, name]


@contextmanager
def numbers_kept(losses):
    """Let the plain numbers of some Loss objects be afterwards what they are now."""
    before = [_numbers(loss) for loss in losses]
    try:
        yield
    finally:
        for loss, numbers in zip(losses, before, strict=True):
            _set_numbers(loss, numbers)


def _as_tensor(x):
    """Return an array as a tensor: on JAX, run eagerly, a loss gets those of NumPy."""
    x = np.asarray(x) if isinstance(x, np.ndarray) else x  # a mask of NumPy's is lost, as in Keras
    return keras.ops.convert_to_tensor(x) if hasattr(x, "shape") else x


def _untouched(sample_weight):
    """Return weights as a tensor that Keras may multiply by a mask in place, as on PyTorch."""
    weight = _as_tensor(sample_weight)
    torch = weight is not None and keras.backend.backend() == "torch"
    return weight + 0 if torch and hasattr(weight, "shape") else weight


def derivative(function, x):
    """Return the derivative of `function(x)`, a scalar, with respect to the tensor x."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            scalar = function(x)
        return tape.gradient(scalar, x, unconnected_gradients="zero")
    if backend == "jax":
        import jax

        return jax.grad(function)(x)
    if backend == "torch":
        import torch

        with torch.enable_grad():
            x = x.detach().requires_grad_()
            scalar = function(x)
            if not scalar.requires_grad:
                return torch.zeros_like(x)
            (found,) = torch.autograd.grad(scalar, x, allow_unused=True)
        return torch.zeros_like(x) if found is None else found
    raise NotImplementedError(f"lossbook knows no derivative on the backend {backend}.")
