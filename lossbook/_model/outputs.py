"""The outputs of a compiled model: a recorder in place of the loss of each, and their names."""

from collections import Counter

from lossbook._core import keras, private
from lossbook._model.recorder import Recorder


def recorded_losses(watch, compiled, undo):
    """Put recorders in place of the losses of a CompileLoss, now or as soon as it is built."""
    if compiled is None:
        return
    plain = "_flat_losses" if hasattr(compiled, "_flat_losses") else "flat_losses"  # up to 3.6

    def record():
        losses = private(compiled, plain)
        undo.callback(setattr, compiled, plain, losses)
        if plain == "_flat_losses":
            names = [entry.name if entry.path else "" for entry in losses]  # or the loss's
            recorders = [
                entry._replace(loss=Recorder(watch, i, entry.loss, entry.loss_weights, name))
                for i, (entry, name) in enumerate(
                    zip(losses, _distinct(watch.model, names), strict=True)
                )
            ]
        else:
            names = private(compiled, "inferred_output_names") or [""]
            if len(names) != len(losses):
                names = [getattr(loss, "name", "") for loss in losses]
            weights = private(compiled, "flat_loss_weights")
            each = zip(losses, weights, _distinct(watch.model, names), strict=True)
            recorders = [
                None if loss is None else Recorder(watch, i, loss, weight, name)
                for i, (loss, weight, name) in enumerate(each)
            ]
        setattr(compiled, plain, recorders)

    def build(*arguments, **options):
        type(compiled).build(compiled, *arguments, **options)
        record()

    if private(compiled, "built"):
        record()
    else:
        undo.callback(vars(compiled).pop, "build", None)
        vars(compiled)["build"] = build


def _distinct(model, names):
    """Return a name for each output: Keras's where it has one, numbered where it occurs twice."""
    if names == [""]:
        layers = getattr(model, "layers", None)
        own = getattr(model, "output_names", None)
        return [own[0] if own else layers[-1].name if _sequential(model) and layers else "output"]
    names = [name or "output" for name in names]
    counts = Counter(names)
    return [
        f"{name}_{names[: i + 1].count(name)}" if counts[name] > 1 else name
        for i, name in enumerate(names)
    ]


def _sequential(model):
    return isinstance(model, keras.Sequential)
