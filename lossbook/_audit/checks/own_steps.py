"""What a step of the model's own shows, which shapes it lets broadcast, and what it forgets."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from lossbook._audit.checks.reported import TRACKER_NOT_UPDATED
from lossbook._audit.examples import Example, array, compiled
from lossbook._audit.finding import Hazard, keras_words
from lossbook._core import four_digits, keras, to_numpy
from lossbook._model import overridden, stepped

STEP_BROADCAST = Hazard(
    "step-broadcast",
    "error",
    "11_custom_losses.ipynb",
    125,
    means=(
        "In a step of your own y and the predictions broadcast: every row is compared with all "
        "rows."
    ),
    why=(
        "Keras aligns ranks in the losses of compile(). A train_step or test_step of your own "
        "gets y as it is, and (batch,) with (batch, 1) makes (batch, batch)."
    ),
    ignore="If all pairs of rows are meant.",
    symptoms=("by-hand", "stuck"),
    asked=("https://github.com/keras-team/keras/issues/16836",),
)
PENALTY_FORGOTTEN = Hazard(
    "penalty-forgotten",
    "warning",
    "08_additional_losses.ipynb",
    355,
    means="A step of your own leaves out model.losses: what regularisers and add_loss ask for.",
    why=(
        "Keras's compute_loss adds self.losses. A step that computes its loss itself has to do "
        "so, too."
    ),
    ignore="If it is a test_step, and the loss of the data alone is to be shown.",
    symptoms=("no-effect", "by-hand"),
    asked=("https://github.com/tensorflow/tensorflow/issues/33219",),
)
LAST_BATCH_SHOWN = Hazard(
    "last-batch-shown",
    "error",
    "09_epochs.ipynb",
    400,
    means="A step of your own returns a tensor: what is shown of an epoch is its last batch.",
    why=(
        "Keras shows what the last step has returned. The result() of a tracker is a mean over "
        "the batches so far; a tensor is that batch alone."
    ),
    ignore="If an epoch is one batch.",
    symptoms=("shown", "batch-size"),
    asked=(
        "https://github.com/keras-team/keras-io/issues/48",
        "https://github.com/tensorflow/recommenders/issues/585",
    ),
)
BATCHES_COUNTED_ONCE = Hazard(
    "batches-counted-once",
    "warning",
    "10_mean_of_means.ipynb",
    410,
    means="A tracker of your own counts every batch once, whatever its rows.",
    why=(
        "keras.metrics.Mean weighs by sample_weight, and by 1 without it. Keras's own step "
        "passes the rows of the batch."
    ),
    ignore="If one short batch among many does not matter.",
    symptoms=("batch-size", "by-hand"),
    asked=("https://github.com/keras-team/keras/issues/19363",),
)
_CLOSE = 1e-5
_TRACKER = (
    "Keep a tracker, self.tracker = keras.metrics.Mean(name='own_loss'), update it in the step "
    "with tracker.update_state(loss, sample_weight=rows), and return tracker.result()."
)


@dataclass(frozen=True)
class OwnSteps:
    """The steps of a model's own, each run on a first batch; nothing that they move stays.

    `rows` are those of every batch. `unseen` says which steps could not be run alone, and why.
    """

    model: Any
    data: dict[str, Any]
    rows: list[int]
    unseen: list[str]

    def findings(self):
        """Yield what was found in every step."""
        own = overridden(self.model)
        names = {name: name for name in ("test_step", "train_step") if name in own}
        if "compute_loss" in own:
            names.setdefault("test_step", "compute_loss")
        for name, shown in names.items():
            if keras.backend.backend() == "jax":
                self.unseen.append(f"its own {shown}, which audit cannot run alone on JAX")
                continue
            try:
                yield from list(self._step(name, shown))
            except Exception as error:
                self.unseen.append(f"its own {shown}, which fails alone: {keras_words(error)}")

    def _step(self, name, shown):
        ran = stepped(self.model, name, self.data)
        head = f"{type(self.model).__name__}, its own {shown}: "
        yield from self._shown(head, name, ran)
        yield from self._broadcast(head, name, ran)
        if ran.penalties and not ran.added:
            yield PENALTY_FORGOTTEN.found(
                f"{head}what it reports has no part of model.losses, the regularisers and "
                f"add_loss of its layers: {', '.join(ran.penalties)}.",
                "Add sum(self.losses) to the loss, or let self.compute_loss(...) do it.",
                {"additional losses": ran.penalties, "reported": ran.value},
            )

    def _shown(self, head, name, ran):
        """Yield findings for what becomes of the loss over the batches."""
        if not ran.tracked and ran.key in ran.metrics and set(ran.keys) == set(ran.metrics):
            if name == "train_step":
                yield TRACKER_NOT_UPDATED.found(
                    f"{head}it returns {ran.key!r}, a tensor; but fit shows the metric of that "
                    "name, which the step does not update.",
                    _TRACKER,
                    {"returned": ran.value, "metrics": ran.metrics},
                )
        elif not ran.tracked:
            yield LAST_BATCH_SHOWN.found(
                f"{head}it returns {ran.key!r}, a tensor and no tracker's result: what is shown "
                "of an epoch is its last batch alone.",
                _TRACKER,
                {"returned": list(ran.keys), "a first batch": ran.value},
            )
        elif len(set(self.rows)) > 1 and ran.rows > 1 and ran.weight == 1:
            yield BATCHES_COUNTED_ONCE.found(
                f"{head}its tracker counts every batch once, whatever its rows: a mean of means, "
                "in which a row of a small batch counts more.",
                "Update it with tracker.update_state(loss, sample_weight=rows), as Keras does.",
                {"rows per batch": self.rows[:6], "weight of a batch": ran.weight},
            )

    def _broadcast(self, head, name, ran):
        """Yield a finding if the loss is another where y has the shape of the predictions."""
        y = self.data["y"]
        if not hasattr(y, "shape") or ran.outputs is None or ran.rows < 2:
            return
        given, predicted = tuple(y.shape), ran.outputs
        if len(given) + 1 == len(predicted) and predicted[-1] == 1:
            meant = np.asarray(to_numpy(y))[..., None]
        elif len(given) == len(predicted) + 1 and given[-1] == 1:
            meant = np.asarray(to_numpy(y))[..., 0]
        else:
            return
        again = stepped(self.model, name, self.data)
        other = stepped(self.model, name, {**self.data, "y": meant})
        if not _close(ran.value, again.value) or _close(ran.value, other.value):
            return
        yield STEP_BROADCAST.found(
            f"{head}y of shape {given} meets predictions of shape {predicted}: together they make "
            f"all pairs of rows. The loss is {four_digits(ran.value)}; with y of shape "
            f"{meant.shape} it is {four_digits(other.value)}.",
            f"Give y the shape of the predictions, {meant.shape}, or bring both to one shape in "
            "the step.",
            {
                "y.shape": given,
                "predictions.shape": predicted,
                "this batch": ran.value,
                f"with y {meant.shape}": other.value,
            },
        )


def _close(one, other):
    return abs(one - other) <= _CLOSE * max(abs(one), abs(other))


_X = array([0], [1], [2], [3], [4])
_Y = np.zeros((5, 1), "float32")


def _own(kind, x=_X, y=_Y, layer=None, **settings):
    import keras

    model = kind([keras.Input((1,)), layer or keras.layers.Identity()])
    return Example(compiled(model, None), {"x": x, "y": y, **settings})


def _tracked(by_rows=True, penalty=True, tracks=True):
    """Return a class with a test_step of its own; what it does wrong can be chosen."""
    import keras
    from keras import ops

    class Tracked(keras.Sequential):
        def __init__(self, layers):
            super().__init__(layers, name="tracked")
            self.tracker = keras.metrics.Mean(name="own")

        def test_step(self, data):
            x, y = data
            loss = ops.mean(ops.square(y - self(x, training=False)))
            loss = loss + sum(self.losses) if penalty else loss
            if not tracks:
                return {"own_loss": loss}
            rows = ops.shape(x)[0] if by_rows else None
            self.tracker.update_state(loss, sample_weight=rows)
            return {"loss": self.tracker.result()}

    return Tracked


@LAST_BATCH_SHOWN.example("A tracker, updated with every batch and its rows")
def tensor_returned(mended=0):
    """A step that returns the loss itself; batches of 2, 2 and 1."""
    return _own(_tracked(tracks=mended), batch_size=2)


@BATCHES_COUNTED_ONCE.example("`update_state(loss, sample_weight=rows)`")
def counted_once(mended=0):
    """A tracker that is not told the rows; batches of 2, 2 and 1."""
    return _own(_tracked(by_rows=mended), batch_size=2)


@STEP_BROADCAST.example("Targets of the shape of the predictions")
def all_pairs(mended=0):
    """Targets (5,), predictions (5, 1)."""
    return _own(_tracked(), y=_X if mended else _X[:, 0])


@PENALTY_FORGOTTEN.example("`sum(self.losses)` added to the loss")
def without_the_penalty(mended=0):
    """A regulariser that the step doesn't add."""
    import keras

    ones = {"kernel_initializer": "ones", "kernel_regularizer": keras.regularizers.L2(0.1)}
    return _own(_tracked(penalty=mended), layer=keras.layers.Dense(1, name="dense", **ones))
