"""Code that leaves targets without a value out of a loss, whatever stands in their place."""

from typing import Any

SENTINELS = (-1, -9, -99, -100, -999, -9999, -32768, 255, 999, 9999, 99999, 65535)


def by_weights(output: Any, keep: str, shape: tuple[int, ...], fill: str = "") -> str:
    """Return code that weighs rows 0 and divides by the others; `keep` says which, of y."""
    keep = keep if len(shape) == 1 else f"({keep}).all(-1)"
    logits = "from_logits=True, " if output.options.get("from_logits") else ""
    return (
        f"`sample_weight = ({keep}).astype('float32'); {fill}loss = keras.losses."
        f"{class_of(output.loss_name)}({logits}reduction='mean_with_sample_weight')`"
    )


def by_elements(output: Any, known: str, filled: str = "y_true") -> str:
    """Return code of a loss that averages over what is known of each row."""
    known = f"keras.ops.cast({known}, 'float32')"
    logits = ", from_logits=True" if output.options.get("from_logits") else ""
    return (
        f"`loss = lambda y_true, y_pred: keras.ops.sum({known} * keras.losses.{output.loss_name}("
        f"{filled}[..., None], y_pred[..., None]{logits}), -1) / keras.ops.maximum(keras.ops.sum("
        f"{known}, -1), 1.0)`"
    )


def class_of(name: str) -> str:
    """Return the class of Keras's loss function of this name."""
    import keras

    odd = {"huber": "Huber", "log_cosh": "LogCosh", "kl_divergence": "KLDivergence"}
    for found, kind in vars(keras.losses).items():
        if isinstance(kind, type) and issubclass(kind, keras.losses.Loss):
            words = "".join(f"_{c.lower()}" if c.isupper() else c for c in found).lstrip("_")
            odd.setdefault(words, found)
    return odd[name]
