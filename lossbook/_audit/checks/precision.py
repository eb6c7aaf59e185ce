"""Gradients in float16 without loss scaling."""

from lossbook._audit.finding import found


def scaling(model):
    """Yield a finding if layers compute in float16 and nothing scales the loss."""
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None or not model.trainable_weights:
        return
    names = [layer.name for layer in _layers(model) if layer.compute_dtype == "float16"]
    if names and "LossScale" not in type(optimizer).__name__:
        yield found(
            "float16-no-scale",
            f"Layers that compute in float16: {len(names)}, such as {names[0]!r}. Nothing scales "
            "the loss for them: gradients below 6e-8 become 0.",
            "Wrap the optimizer in keras.optimizers.LossScaleOptimizer. compile() does so where "
            "the policy mixed_float16 is that of the whole model.",
            {"optimizer": type(optimizer).__name__, "layers in float16": len(names)},
        )


def _layers(model):
    for layer in getattr(model, "layers", ()):
        yield from _layers(layer) if hasattr(layer, "layers") else (layer,)
