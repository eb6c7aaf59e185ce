"""A callback that explains in training, so that History, CSVLogger, TensorBoard show the parts."""

import functools
from typing import Any

from lossbook._core import is_whole, keras
from lossbook._explain.explain import explained
from lossbook._model import check_data, check_model

_KEYS = ("output", "source", "class", "true_class")


def callback(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    by: str | tuple[str, ...] = ("class",),
    prefix: str = "val_",
    batch_size: int = 32,
    steps: int | None = None,
    every: int = 1,
) -> Any:
    """Return a Keras callback that logs the parts of the loss after every epoch.

    Surprise: what other callbacks see depends on their order: put this one before CSVLogger or
    TensorBoard in the list. History always sees it.

    The names are `val_loss/class_4`, `val_loss/true_class_1`, `val_loss/output_mask`,
    `val_loss/source_binary_crossentropy`, and `val_loss/class_additional` for what belongs to no
    class; the parts of one kind add up to the loss on these data.

    Args:
        x: data as `lossbook.explain` takes them, usually those of `validation_data`; no generator,
            for it is read in every epoch.
        y: targets, or None where `x` brings them.
        sample_weight: weights, or None.
        by: one or several of "output", "source", "class", "true_class": each makes its own logs.
        prefix: what stands before `loss/`.
        batch_size: rows of a batch.
        steps: how many batches to take, None for all.
        every: explain after every so many epochs. CSVLogger wants every epoch.

    Returns:
        ExplainCallback, a `keras.callbacks.Callback`, for `fit(..., callbacks=[...])`. Its
        `explanation` is the last.

    Raises:
        TypeError: for an x that is no data.
        ValueError: for other keys, an `every` that is no positive whole number, or a generator;
            and, when training begins, for models that `explain` refuses.

    Examples:
        >>> import keras, numpy as np, lossbook as lb
        >>> x, y = np.ones((4, 3)), np.eye(4)[:, :2]
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        >>> model.compile("sgd", "mse")
        >>> parts = lb.explain.callback(x, y, prefix="")
        >>> history = model.fit(x, y, verbose=0, callbacks=[parts]).history
        >>> sorted(history)
        ['loss', 'loss/class_0', 'loss/class_1']
    """
    data = {"x": x, "y": y, "sample_weight": sample_weight}
    data |= {"batch_size": batch_size, "steps": steps}
    return explain_callback()(data, by, prefix, every)


@functools.cache
def explain_callback() -> Any:
    """Return the class ExplainCallback, which is made when Keras is first needed."""

    class ExplainCallback(keras.callbacks.Callback):
        """Logs the parts of the loss after epochs of training; see `lossbook.explain.callback`."""

        explanation = None

        def __init__(self, data, by, prefix, every):
            self.keys = (by,) if isinstance(by, str) else tuple(by)
            if not self.keys or set(self.keys) - set(_KEYS):
                raise ValueError(
                    f"by takes one or several of {', '.join(_KEYS)}, for each makes logs of its "
                    f"own. Received: {by!r}."
                )
            if not is_whole(every):
                raise ValueError(
                    f"every must be a whole number of epochs, 1 or more. Received: {every!r}."
                )
            check_data("the callback", data["x"], data["batch_size"], data["steps"], again=True)
            super().__init__()
            self.data, self.prefix, self.every = data, prefix, every

        def on_train_begin(self, logs=None):
            check_model(self.model, "the callback")

        def on_epoch_end(self, epoch, logs=None):
            if (epoch + 1) % self.every:
                return
            self.explanation = explained(self.model, 0, **self.data)
            for key in self.keys:
                for label, value in self.explanation.by(key).items():
                    name = str(label).removeprefix("(additional) ").strip("()")
                    logs[f"{self.prefix}loss/{key}_{name}"] = value

    return ExplainCallback
