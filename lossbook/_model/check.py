"""Which models can be taken apart: compiled ones whose loss Keras puts together."""

from typing import Any

_STEPS = ("test_step", "compute_loss")
_REPORTING = (
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
    """Refuse what is no compiled Keras model, and a model whose loss is not put together by Keras.

    Raises:
        TypeError: for anything but a Keras model.
        ValueError: for a model that is not compiled, or overrides `test_step` or `compute_loss`.
    """
    import keras

    if not isinstance(model, keras.Model):
        raise TypeError(
            f"{caller} takes a compiled keras.Model. Received: {type(model).__name__}. "
            "Of bare tensors, lossbook.trace() shows the path."
        )
    if not model.compiled:
        raise ValueError(f"{caller} needs a compiled model. Call model.compile(loss=...) first.")
    for name in _STEPS:
        own = name in vars(model) or getattr(type(model), name) is not getattr(keras.Model, name)
        if own:
            raise ValueError(
                f"{type(model).__name__} has its own {name}: its loss need not be the sum of the "
                f"compiled losses, and nothing says what it is made of. {caller} takes models "
                "whose loss Keras puts together: move your terms into a Loss or into add_loss, or "
                "pass the values to lossbook.aggregate()."
            )


def overridden(model: Any) -> list[str]:
    """Return which of Keras's methods between a batch and the reported loss a model has itself."""
    import keras

    return [
        name
        for name in _REPORTING
        if name in vars(model) or getattr(type(model), name) is not getattr(keras.Model, name)
    ]
