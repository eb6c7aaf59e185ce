"""Half precision: a loss in float16, and gradients without loss scaling."""

import numpy as np

from lossbook._audit.checks.data.known import called
from lossbook._audit.examples import Example, compiled, drawn, passing
from lossbook._audit.finding import Hazard
from lossbook._audit.observation import MEANS, Check

FLOAT16_LOSS = Hazard(
    "float16-loss",
    "warning",
    "06_reduction.ipynb",
    290,
    means="A loss is computed in half precision.",
    why=(
        "A Loss has a dtype of its own, float32 unless you say otherwise. float16 has three "
        "digits and no number above 65504, while a loss adds up and divides by thousands."
    ),
    ignore="If two or three digits are enough, and the sum of a batch stays far below 65504.",
    symptoms=("nan", "by-hand", "backend"),
    asked=("https://github.com/tensorflow/tensorflow/issues/38457",),
)
FLOAT16_NO_SCALE = Hazard(
    "float16-no-scale",
    "warning",
    "06_reduction.ipynb",
    300,
    means="Layers compute in float16, and nothing scales the loss for them.",
    why=(
        "Gradients below 6e-8 are 0 in float16. compile() wraps the optimizer in a "
        "LossScaleOptimizer if mixed_float16 is the policy of the model itself; a policy of "
        "single layers does not do that."
    ),
    ignore="If no gradient is that small.",
    symptoms=("stuck", "backend"),
    asked=(
        "https://github.com/keras-team/keras/issues/16552",
        "https://github.com/keras-team/keras/issues/20894",
    ),
)
_LARGEST = {"float16": 65504.0, "bfloat16": np.inf}
_SMALLEST = 2.0**-24  # of float16, above 0


class HalfPrecision(Check):
    """A loss that computes in half precision: overflow, underflow, digits."""

    size = bad = 0
    small, sum = np.inf, 0.0

    def see(self, batch):
        """Keep the extremes of the batches."""
        half = getattr(self.output.loss, "dtype", None) in _LARGEST
        if not half or batch.output.whole or not batch.values.size:
            return
        values = np.asarray(batch.values, np.float64)
        self.bad += int((~np.isfinite(values)).sum())
        self.sum = max(self.sum, abs(float(values.sum())))
        smallest = np.abs(values[values != 0]).min(initial=np.inf) / values.size
        self.small, self.size = min(self.small, smallest), max(self.size, values.size)

    def findings(self):
        """Yield a finding that says what the dtype does to the loss."""
        if not self.size:
            return
        dtype = self.output.loss.dtype
        why = "it has 3 digits, and clips probabilities at another number than float32"
        if self.bad:
            why = f"NaN or infinity in {self.bad} of its values"
        elif self.size > _LARGEST[dtype]:
            why = f"its largest number is 65504, and the loss divides by {self.size}"
        elif self.sum > _LARGEST[dtype]:
            why = f"its largest number is 65504, and the values add up to {self.sum:.4g}"
        elif dtype == "float16" and self.small < _SMALLEST:
            why = f"a value / {self.size} can be {self.small:.2g}, which rounds to 0"
        yield FLOAT16_LOSS.found(
            f"{self.head}the loss is computed in {dtype}: {why}.",
            f"Leave dtype out of the loss{self._plain()}; the layers may stay in half precision.",
            {"loss dtype": dtype, "values in a batch": self.size, "sum": self.sum},
            "error" if self.bad else None,
        )

    def _plain(self):
        """Return code of the loss without it, "" where the loss is not Keras's."""
        if self.output.keras_loss is None or self.output.loss.reduction == "none":
            return ""
        reduction = self.output.loss.reduction
        kept = {} if reduction in MEANS else {"reduction": reduction}
        return f": write `loss = {called(self.output.keras_loss, **kept)}` and compile again"


@FLOAT16_LOSS.example("`dtype='float32'` for the loss")
def half_loss(mended=0):
    """A loss in float16."""
    from keras import losses

    loss = losses.MeanSquaredError(dtype="float32" if mended else "float16")
    return passing(drawn(4, 3), drawn(4, 3, seed=1), loss)


def scaling(model):
    """Yield a finding if layers compute in float16 and nothing scales the loss."""
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None or not model.trainable_weights:
        return
    names = [layer.name for layer in _layers(model) if layer.compute_dtype == "float16"]
    if names and "LossScale" not in type(optimizer).__name__:
        yield FLOAT16_NO_SCALE.found(
            f"Layers that compute in float16: {len(names)}, such as {names[0]!r}. Nothing scales "
            "the loss for them: gradients below 6e-8 become 0.",
            "Write `optimizer = keras.optimizers.LossScaleOptimizer(model.optimizer)` and compile "
            "again. compile() does so where the policy mixed_float16 is that of the whole model.",
            {"optimizer": type(optimizer).__name__, "layers in float16": len(names)},
        )


def _layers(model):
    for layer in getattr(model, "layers", ()):
        yield from _layers(layer) if hasattr(layer, "layers") else (layer,)


@FLOAT16_NO_SCALE.example("`LossScaleOptimizer` around the optimizer")
def unscaled(mended=0):
    """A layer in mixed precision under a plain optimizer."""
    import keras

    inputs = keras.Input((3,))
    outputs = keras.layers.Dense(2, name="out", dtype="mixed_float16")(inputs)
    optimizer = keras.optimizers.SGD()
    if mended:
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    model = compiled(keras.Model(inputs, outputs), "mse", optimizer=optimizer)
    return Example(model, {"x": drawn(4, 3), "y": drawn(4, 2)})
