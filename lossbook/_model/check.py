"""Which models can be taken apart: compiled ones; and what they have of their own."""

from typing import Any

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
    import keras

    if not isinstance(model, keras.Model):
        raise TypeError(
            f"{caller} takes a compiled keras.Model. Received: {type(model).__name__}. "
            "Of bare tensors, lossbook.trace() shows the path."
        )
    if not model.compiled:
        raise ValueError(f"{caller} needs a compiled model. Call model.compile(loss=...) first.")


def overridden(model: Any) -> list[str]:
    """Return which of Keras's methods, from a batch to the reported loss, a model has itself."""
    import keras

    return [
        name
        for name in _METHODS
        if name in vars(model) or getattr(type(model), name) is not getattr(keras.Model, name)
    ]
