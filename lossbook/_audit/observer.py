"""One pass of evaluate, with more to look at: tensors as they came, lost masks, what failed."""

import functools
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from lossbook._audit.mask_path import Passage
from lossbook._audit.observation import Given, Look
from lossbook._core.arrays import dtype_name, to_numpy
from lossbook._model import Watch


@dataclass(frozen=True)
class Failure:
    """The call of a loss that Keras refused: the output, its Loss, what it got, and the error."""

    name: str
    loss: Any
    y_true: Any
    y_pred: Any
    sample_weight: Any
    error: Exception


class Looking(Watch):
    """Hands over (batch, looks): a Look for every output of every batch."""

    def __init__(self, model):
        super().__init__(model)
        self.passage, self.calls = Passage(model), []
        self.given, self.batches = {}, 0
        self.failure = self.refused = None
        self.called = []  # the outputs whose losses could be called when the whole failed

    @contextmanager
    def _installed(self):
        with super()._installed(), _standing_by(self):
            yield

    def _compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        self.calls = []
        try:
            loss = super()._compute_loss(x, y, y_pred, sample_weight, training)
        except Exception as error:
            self.refused, seen = error, sorted(self.seen.items())
            self.called = [output for _, (output, _) in seen]
            raise
        for i, (output, _) in sorted(self.seen.items()):
            call = next((c for c in self.calls if c[0] is output.loss), None)
            if call is None or i not in self.outputs:
                continue
            self.calls.remove(call)
            _, y_true, predicted = call
            made = self.passage.of(predicted)
            came = made.maker, made.activation, made.where, made.settable
            self.given[i] = Given(dtype_name(predicted), *came)
            parts = {"y_true": y_true, "y_pred": predicted, "lost": made.lost}
            self.tensors |= {f"given/{i}/{k}": t for k, t in parts.items() if t is not None}
        return loss

    def _name_of(self, loss):
        """Return the name of the output whose loss is called just now."""
        names = [r.output.name for r in self.recorders if r.loss is loss]
        called = sum(call[0] is loss for call in self.calls)
        return names[min(called, len(names)) - 1] if names else loss.name

    def _batch(self, tensors):
        batch = super()._batch(tensors)
        by_output = {id(output): i for i, output in self.outputs.items()}
        looks = []
        for call in batch.calls:
            i = by_output[id(call.output)]
            received = {
                name: to_numpy(tensors[f"given/{i}/{name}"])
                for name in ("y_true", "y_pred", "lost")
                if f"given/{i}/{name}" in tensors
            }
            given = self.given.get(i, Given())
            looks.append(Look(call, i, batch.rows, self.batches, given, received))
        self.batches += 1
        return batch, looks


@contextmanager
def _standing_by(look):
    """Look on, in this thread, while Keras calls layers, operations and losses."""
    import keras

    here, passage = threading.get_ident(), look.passage

    def operation(original, plain=False, variables=0):
        @functools.wraps(original)
        def call(self, *args, **kwargs):
            skipped = plain and isinstance(self, keras.Layer)
            if skipped or threading.get_ident() != here:
                return original(self, *args, **kwargs)
            arguments = args[variables:], {} if variables else kwargs
            passage.enter(self, arguments)
            results = None
            try:
                results = original(self, *args, **kwargs)
            finally:
                passage.leave(self, arguments, results)
            return results

        return call

    def loss(original):
        @functools.wraps(original)
        def call(self, y_true, y_pred, sample_weight=None):
            if threading.get_ident() != here:
                return original(self, y_true, y_pred, sample_weight)
            look.calls.append((self, y_true, y_pred))
            try:
                return original(self, y_true, y_pred, sample_weight)
            except Exception as error:
                look.failure = Failure(
                    look._name_of(self), self, y_true, y_pred, sample_weight, error
                )
                raise

        return call

    hooks = {  # the step of JAX calls the model by stateless_call
        (keras.Layer, "__call__"): operation(keras.Layer.__call__),
        (keras.Layer, "stateless_call"): operation(keras.Layer.stateless_call, variables=2),
        (keras.Operation, "__call__"): operation(keras.Operation.__call__, plain=True),
        (keras.Loss, "__call__"): loss(keras.Loss.__call__),
    }
    before = {(owner, name): getattr(owner, name) for owner, name in hooks}
    for (owner, name), hook in hooks.items():
        setattr(owner, name, hook)
    try:
        yield
    finally:
        for (owner, name), original in before.items():
            setattr(owner, name, original)
