"""The losses of Keras that a function may call: what to hook, and what to do with what comes by."""

from typing import Any

from lossbook._core import active_backend, keras, ops, private
from lossbook._losses import ATOMIC, LOSSES, keras_objects, known_options, options_of


def handlers() -> dict[str, tuple[Any, Any]]:
    """Return what to hook: a key -> (function of Keras, handler)."""
    from keras.src.losses import loss as loss_module

    functions = keras_objects()
    hooks = {
        name: (functions[name], _loss_function(name, functions[name]))
        for name in (*LOSSES, *ATOMIC)
        if name in functions
    }
    hooks["Loss.__call__"] = keras.losses.Loss.__call__, _loss_object
    hooks["reduce"] = private(loss_module, "reduce_weighted_values"), _reduced
    hooks["Layer.losses"] = keras.Layer.losses.fget, _additional
    if active_backend() == "jax":
        hooks["Layer.add_loss"] = keras.Layer.add_loss, _added
        hooks["Variable.assign"] = keras.Variable.assign, _assigned
    return hooks


def names_of_losses(layer: Any, losses: list[Any]) -> list[str]:
    """Return a name for each of `layer.losses`: its layer's, where that can be found."""
    owners = [layer, *private(layer, "_flatten_layers")(include_self=False)]
    penalties = [v.path for v in layer.trainable_weights if v.regularizer is not None]
    names: list[str | None] = [None] * (len(losses) - len(penalties)) + penalties
    for i, loss in enumerate(losses[: len(losses) - len(penalties)]):
        for owner in owners:
            own_loss = any(loss is other for other in private(owner, "_losses"))
            if own_loss or id(loss) in private(owner, "_loss_ids"):
                kind = "add_loss" if owner.activity_regularizer is None else "activity_regularizer"
                names[i] = f"{owner.name}/{kind}"
                break
    return [name or "add_loss" for name in names]


def _loss_function(name, function):
    def handler(recording, plain, y_true, y_pred, **options):
        values = plain(y_true=y_true, y_pred=y_pred, **options)
        if not ops.is_tensor(values):  # a model is being built
            return values
        options = known_options(name, function, options)
        known = (name, options) if set(options) <= set(options_of(name)) else None
        seen = {"y_true": ops.convert_to_tensor(y_true), "y_pred": ops.convert_to_tensor(y_pred)}
        return recording.add(name, values, "loss", known, **seen)

    return handler


def _loss_object(recording, plain, self, **arguments):
    recording.losses.append(self)
    before = len(recording.found)
    try:
        loss = plain(self=self, **arguments)
    finally:
        recording.losses.pop()
    if len(recording.found) > before:
        recording.returned.append((loss, recording.found[-1]))
    return loss


def _reduced(recording, plain, values, **arguments):
    """Mark what a Loss's `call` returned, unless that was marked in it, as its function's."""
    if recording.losses and ops.is_tensor(values):
        name = recording.losses[-1].name
        last = recording.found[-1] if recording.found else None
        if last is not None and last.marked is values:
            last.name = name
        else:
            values = recording.add(name, values, "loss")
    return plain(values=values, **arguments)


def _additional(recording, plain, self):
    losses = plain(self=self)
    names = names_of_losses(self, losses)
    return [
        recording.add(name, loss, "additional") for name, loss in zip(names, losses, strict=True)
    ]


def _added(recording, plain, self, loss):
    """On JAX a loss may be a tracer, which must not stay in the layer."""
    if not any(self is layer for layer in recording.layers):
        recording.undo.callback(private(self, "_losses").clear)
        recording.layers.append(self)
    return plain(self=self, loss=loss)


def _assigned(recording, plain, self, value):
    """On JAX a value may be a tracer, which must not stay in the variable."""
    recording.tape.before(self, value, recording.undo)
    return plain(self=self, value=value)
