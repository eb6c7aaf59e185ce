"""Which models can be taken apart: compiled ones; and what they have of their own."""

import sys
from numbers import Real
from typing import Any

from lossbook._core import is_whole, keras

_METHODS = (
    "call",
    "train_step",
    "evaluate",
    "make_test_function",
    "test_step",
    "compute_loss",
    "compute_metrics",
    "metrics",
    "get_metrics_result",
    "reset_metrics",
)


def check_model(model: Any, caller: str = "explain") -> None:
    """Refuse what is no compiled Keras model.

    Raises:
        TypeError: for anything but a Keras model.
        ValueError: for a model that is not compiled.
    """
    if not isinstance(model, keras.Model):
        if older := _of_another_keras(model):
            package, release = older
            rule = f"rule='{package}-{release}'" if package == "tf_keras" else "rule=..."
            raise TypeError(
                f"{caller} takes a compiled keras.Model of Keras 3. Received: "
                f"{type(model).__name__} of {package} {release}. Build the model with `import "
                "keras`, without TF_USE_LEGACY_KERAS, and load its weights; or take its tensors: "
                f"lossbook.trace(loss, y, model.predict(x), {rule}) shows the path that its loss "
                "takes under a rule of lossbook.RULES."
            )
        raise TypeError(
            f"{caller} takes a compiled keras.Model. Received: {type(model).__name__}. "
            "Of bare tensors, lossbook.trace() shows the path."
        )
    if not model.compiled:
        raise ValueError(f"{caller} needs a compiled model. Call model.compile(loss=...) first.")


def _of_another_keras(model):
    """Return the package and release of a model of another Keras, () where it is none."""
    for kind in type(model).__mro__:
        package = kind.__module__.partition(".")[0]
        if package == "tf_keras" or kind.__module__.startswith("tensorflow.python.keras"):
            release = getattr(sys.modules.get(package), "__version__", "")
            return (
                "tf_keras" if package == "tf_keras" else "the tf.keras inside TensorFlow",
                release,
            )
    return ()


def check_data(
    caller: str, x: Any, batch_size: Any = None, steps: Any = None, again: bool = False
) -> None:
    """Refuse what are no data, and numbers that are no sizes; `again`: they are read repeatedly.

    Raises:
        TypeError: for an x that is neither arrays nor a data set.
        ValueError: for a batch_size or steps that is no whole number, 1 or more; for data that
            are used up when they have been read once, where they are read again.
    """
    for name, number in (("batch_size", batch_size), ("steps", steps)):
        if number is not None and not is_whole(number):
            raise ValueError(
                f"{caller}: {name} must be a whole number, 1 or more, or None. "
                f"Received: {number!r}."
            )
    if x is None or isinstance(x, (str, bytes, Real)):
        raise TypeError(
            f"{caller} takes x as evaluate does: arrays or tensors, a dict or list of them, a "
            f"tf.data.Dataset, a PyDataset or a generator. Received: {x!r:.60}."
        )
    if callable(x) and not hasattr(x, "shape") and not hasattr(x, "__iter__"):
        if hasattr(x, "__getitem__"):  # a PyDataset
            return
        name = getattr(x, "__name__", type(x).__name__)
        raise TypeError(f"{caller} takes data. Received: the function {name}. Call it: {name}().")
    if again and hasattr(x, "__next__"):
        raise ValueError(
            f"{caller} reads its data in every epoch, and a {type(x).__name__} is used up after "
            "the first. Pass arrays, a tf.data.Dataset or a PyDataset; or read it once: "
            "list(generator), joined to arrays."
        )


def overridden(model: Any) -> list[str]:
    """Return which of Keras's methods, from a batch to the reported loss, a model has itself."""
    return [
        name
        for name in _METHODS
        if name in vars(model) or getattr(type(model), name) is not getattr(keras.Model, name)
    ]
