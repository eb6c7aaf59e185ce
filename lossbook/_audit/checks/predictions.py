"""Predictions that the loss takes for something else: logits, probabilities, one class."""

import numpy as np

from lossbook._audit.checks.data.known import called
from lossbook._audit.counting import extremes
from lossbook._audit.examples import (
    Example,
    array,
    coins,
    compiled,
    drawn,
    one_hot,
    passing,
)
from lossbook._audit.finding import Hazard
from lossbook._audit.observation import Check

ONE_CLASS = Hazard(
    "one-class",
    "error",
    "02_elementwise.ipynb",
    30,
    means="A loss that compares classes gets one class alone: a softmax over one unit is always 1.",
    why=(
        "A softmax divides each unit by their sum. Of a single unit that is the unit itself, so "
        "that the loss does not depend on the model and its gradient is 0."
    ),
    ignore="Never: nothing is trained.",
    symptoms=("stuck",),
)
LOGITS_AS_PROBABILITIES = Hazard(
    "logits-as-probabilities",
    "error",
    "02_elementwise.ipynb",
    40,
    means="A loss that takes probabilities gets numbers outside of 0 to 1: logits, most likely.",
    why=(
        "Without from_logits=True a crossentropy takes y_pred for probabilities and clips them "
        "at 1e-7 and 1 - 1e-7; what is clipped has the gradient 0. Dice and Tversky do not clip, "
        "and leave the range from 0 to 1."
    ),
    ignore="Never: the loss is not that of the probabilities that the logits stand for.",
    symptoms=("stuck", "by-hand", "scale"),
    asked=(
        "https://github.com/xiph/LPCNet/issues/97",
        "https://github.com/MITDeepLearning/introtodeeplearning/issues/122",
    ),
)
PROBABILITIES_AS_LOGITS = Hazard(
    "probabilities-as-logits",
    "error",
    "02_elementwise.ipynb",
    50,
    means="from_logits=True, but the predictions are probabilities already.",
    why=(
        "Keras puts y_pred through a sigmoid or softmax of its own. A sigmoid of numbers from 0 "
        "to 1 lies between 0.5 and 0.73, and so the loss stays large. On TensorFlow Keras takes "
        "the logits behind a sigmoid or softmax instead, as long as nothing stands in between."
    ),
    ignore="If logits happen to lie between 0 and 1.",
    symptoms=("stuck", "by-hand", "backend"),
    asked=(
        "https://github.com/keras-team/keras/issues/6143",
        "https://github.com/keras-team/keras/issues/6587",
    ),
)
ACTIVATION_MISMATCH = Hazard(
    "activation-mismatch",
    "error",
    "02_elementwise.ipynb",
    60,
    means=(
        "A loss takes the logits behind the predictions for those of a sigmoid, but another "
        "activation made the predictions."
    ),
    why=(
        "On TensorFlow the sigmoid and the softmax of Keras leave their logits on the tensor "
        "(_keras_logits), and a crossentropy takes those, whichever of the two has made it. "
        "binary_crossentropy on a softmax is computed as if there were a sigmoid."
    ),
    ignore="Never: the loss is that of probabilities that the model does not return.",
    symptoms=("by-hand", "backend"),
    asked=("https://github.com/keras-team/keras/issues/17125",),
)
PROBABILITIES_SUM = Hazard(
    "probabilities-sum",
    "error",
    "02_elementwise.ipynb",
    70,
    means="A loss that takes one distribution per row gets predictions that do not add up to 1.",
    why=(
        "The categorical crossentropies divide y_pred by its sum over the classes; on TensorFlow "
        "they take the softmax of the logits behind a sigmoid instead. Either way the loss is "
        "that of other probabilities than the model returns."
    ),
    ignore="If dividing by the sum is meant.",
    symptoms=("by-hand", "backend"),
    asked=(
        "https://github.com/keras-team/keras/issues/2166",
        "https://github.com/keras-team/keras/issues/8910",
    ),
)
FLOAT16_UNDERFLOW = Hazard(
    "float16-underflow",
    "warning",
    "02_elementwise.ipynb",
    90,
    means="Probabilities in half precision are exactly 0 for what is true, or 1 for what is not.",
    why=(
        "float16 rounds to 1 what is nearer to 1 than 0.0002, bfloat16 what is nearer than "
        "0.002. Keras clips such a probability at 1e-7: its loss stays at 16.12 or below, and "
        "its gradient is 0."
    ),
    ignore="If a few elements may keep a loss that is cut off, and no gradient.",
    symptoms=("stuck", "backend", "by-hand"),
)
PROBABILITIES_CLIPPED = Hazard(
    "probabilities-clipped",
    "warning",
    "02_elementwise.ipynb",
    100,
    means="Probabilities are exactly 0 for what is true, or 1 for what is not.",
    why=(
        "Keras clips probabilities at 1e-7 and 1 - 1e-7 before the logarithm: no element costs "
        "more than 16.12, and one that is clipped has the gradient 0."
    ),
    ignore="If a few elements may keep a loss that is cut off, and no gradient.",
    symptoms=("stuck", "by-hand"),
    asked=(
        "https://github.com/keras-team/keras/issues/15249",
        "https://github.com/keras-team/keras/issues/9664",
    ),
)
_SLACK, _SUM_SLACK = 2e-3, 1e-2  # float16 rounds a probability by 5e-4
_EPSILON = 1.05e-7  # Keras clips at 1e-7
_ENOUGH = 20  # numbers from 0 to 1 that are no accident
_CAP = 16.118


def outside(y_pred):
    """Return which predictions can be no probabilities, in half precision either."""
    return (y_pred < -_SLACK) | (y_pred > 1 + _SLACK)


def enough(y_pred):
    """Say whether numbers from 0 to 1 are so many that they are no logits by accident."""
    return y_pred.size >= _ENOUGH and y_pred.max() > 0.5


class Predictions(Check):
    """from_logits in the wrong way, wrong activations, sums other than 1, probabilities of 0."""

    by_batch = False

    def __init__(self, output):
        super().__init__(output)
        self.low, self.high, self.outside, self.count = np.inf, -np.inf, 0, 0
        self.far = self.rows = self.clipped = self.mismatched = 0
        self.sums = [np.inf, -np.inf]
        self.shape = self.origin = None
        self.recovered, self.classes, self.worst, self.constant = True, 2, 0.0, False

    def see(self, batch):
        """Take the ranges and sums of the predictions of a batch."""
        y_pred = batch.y_pred
        if y_pred is not None and y_pred.shape[-1:] == (1,):  # of whatever loss
            softmax = getattr(batch.call.origin, "activation", None) == "softmax"
            self.constant = (self.constant or softmax) and bool((y_pred == 1).all())
            self.shape, self.origin = self.shape or y_pred.shape, batch.call.origin
        if batch.entry.activation is None or y_pred is None:
            return
        y_pred = y_pred.astype(np.float64) if y_pred.dtype == np.float16 else y_pred
        low, high = batch.predicted_range
        finite = y_pred
        if not (np.isfinite(low) and np.isfinite(high)):
            finite = y_pred[np.isfinite(y_pred)]
            low, high = extremes(finite)
        if not finite.size:
            return
        self.shape, self.origin = self.shape or y_pred.shape, batch.call.origin
        self.count += finite.size
        self.low, self.high = min(self.low, low), max(self.high, high)
        self.recovered &= batch.logits is not None
        if batch.entry.activation == "softmax" and y_pred.ndim:
            self.classes = y_pred.shape[batch.options.get("axis", -1)]
        as_logits = batch.options.get("from_logits")
        if (low < -_SLACK or high > 1 + _SLACK) and not (as_logits and self.outside):
            self.outside += int(outside(finite).sum())
        if not self.outside:  # which explains the rest
            self._see_probabilities(batch, y_pred)

    def _see_probabilities(self, batch, y_pred):
        """Take their sums, what the logits behind them say, and how many are clipped."""
        if batch.entry.activation == "softmax" and y_pred.ndim:
            sums = y_pred.sum(batch.options.get("axis", -1), dtype=np.float64)
            sums = sums[np.isfinite(sums)]
            self.rows += sums.size
            self.far += int((np.abs(sums - 1) > _SUM_SLACK).sum())
            if sums.size:
                self.sums = [min(self.sums[0], sums.min()), max(self.sums[1], sums.max())]
        if batch.logits is not None and batch.entry.target == "binary":
            few = not batch.number & (batch.number - 1)  # 0, 1, 2, 4, 8, ...: all are made alike
            if few and batch.logits.shape == y_pred.shape:
                self._compare(batch.logits, y_pred)
        elif batch.logits is None and not batch.options.get("from_logits"):
            self.clipped += self._clipped(batch, y_pred)

    def _compare(self, logits, y_pred):
        """Count predictions that are not the sigmoid of the logits behind them."""
        off = np.abs(1 / (1 + np.exp(-logits)) - y_pred)
        if off.max(initial=0.0) < _SLACK / 2:
            return  # whatever the dtype
        expected = 1 / (1 + np.exp(-np.clip(logits.astype(np.float64), -500, 500)))
        off = np.abs(expected - y_pred)
        off = off[np.isfinite(off)]
        self.mismatched += int((off > _SLACK).sum())
        self.worst = max(self.worst, off.max(initial=0.0))

    def _clipped(self, batch, y_pred):
        """Count probabilities of 0 (or 1) for what is true (or isn't): no loss is larger."""
        low, high = batch.predicted_range
        if low > _EPSILON and (batch.entry.target != "binary" or high < 1 - _EPSILON):
            return 0
        if batch.entry.target == "sparse":
            labels = np.asarray(batch.y_true, np.float64).ravel()
            flat = np.moveaxis(y_pred, batch.options.get("axis", -1), -1)
            flat = flat.reshape(-1, flat.shape[-1])
            valid = (labels >= 0) & (labels < flat.shape[-1]) & (len(labels) == len(flat))
            valid &= batch.kept.ravel() if batch.kept.size == labels.size else True
            rows = np.flatnonzero(valid)
            return int((flat[rows, labels[rows].astype(int)] <= _EPSILON).sum())
        y_true = np.asarray(batch.y_true, np.float64)
        if y_true.shape != y_pred.shape or not batch.entry.takes_logits:
            return 0
        wrong = (y_true > 0.5) & (y_pred <= _EPSILON)
        if batch.entry.target == "binary":
            wrong |= (y_true < 0.5) & (y_pred >= 1 - _EPSILON)
        kept, axis = batch.kept, batch.options.get("axis", -1)
        return int((wrong & (np.expand_dims(kept, axis) if kept.ndim < wrong.ndim else kept)).sum())

    def findings(self):
        """Yield what the ranges, sums and activations say."""
        if self.constant:
            yield ONE_CLASS.found(
                f"{self.head}all predictions are 1: a softmax divides the one unit of an output of "
                f"shape {self.shape} by itself.",
                "For two classes end the output in a sigmoid, with binary_crossentropy, or give it "
                "two units; for a number leave the softmax out.",
                {"y_pred.shape": self.shape, "activation": self.origin.activation},
            )
            return
        if not self.count:
            return
        loss, entry = self.output.loss_name, self.output.entry
        evidence = {
            "y_pred.shape": self.shape,
            "lowest": self.low,
            "highest": self.high,
            "activation": self.origin.activation or "unknown",
        }
        if entry.activation == "softmax" and self.classes == 1:
            yield ONE_CLASS.found(
                f"{self.head}{loss} compares classes, but y_pred of shape {self.shape} has one: a "
                "distribution over one class is always 1, and the loss says nothing.",
                "For two classes give the output two units, or one with a sigmoid and "
                "binary_crossentropy.",
                evidence,
            )
        elif self.output.options.get("from_logits"):
            yield from self._as_logits(evidence)
        elif self.outside:
            option = ""
            if entry.takes_logits:
                code = called(loss, {**self.output.options, "from_logits": True})
                option = (
                    f", or compile with from_logits=True: write `loss = {code}` and compile again"
                )
            clipped = "" if entry.target == "region" else ", and Keras clips them"
            yield LOGITS_AS_PROBABILITIES.found(
                f"{self.head}{loss} takes probabilities. Predictions outside of 0 to 1: "
                f"{self.outside} of {self.count}, from {self.low:.4g} to {self.high:.4g}. They "
                f"look like logits{clipped}.",
                f"End the output in a {entry.activation}{option}.",
                evidence,
            )
        elif self.far:
            done = (
                "Keras takes the softmax of the logits behind them instead"
                if self.recovered
                else "Keras divides them by their sum"
            )
            if not entry.takes_logits and not self.recovered:
                done = "Nothing divides them by their sum"
            yield PROBABILITIES_SUM.found(
                f"{self.head}{loss} takes one distribution per row. Rows of predictions that "
                f"don't add up to 1: {self.far} of {self.rows}. {done}.",
                "For one class per row end the output in a softmax over the class axis; for "
                "several classes per row keep the sigmoid and take binary_crossentropy.",
                evidence | {"lowest sum": self.sums[0], "highest sum": self.sums[1]},
            )
        elif self.mismatched:
            yield ACTIVATION_MISMATCH.found(
                f"{self.head}{loss} takes the logits that Keras finds behind y_pred for those of a "
                f"sigmoid, but another activation made y_pred: the loss is that of other "
                "probabilities.",
                "For one class per row take categorical_crossentropy; for several end the output "
                "in a sigmoid.",
                evidence | {"elements that differ": self.mismatched, "by up to": self.worst},
            )
        elif self.clipped:
            yield self._saturated(evidence)

    def _as_logits(self, evidence):
        """Yield a finding if predictions under from_logits=True are probabilities."""
        activation, expected = self.origin.activation, self.output.entry.activation
        probabilities = activation in ("sigmoid", "softmax")
        guess = activation is None and (
            (expected == "softmax" and self.rows and not self.far)
            or (expected == "sigmoid" and self.count >= _ENOUGH and self.high > 0.5)
        )
        if self.recovered:
            yield PROBABILITIES_AS_LOGITS.found(
                f"{self.head}from_logits=True, but the output ends in a {activation or expected}. "
                "Keras on TensorFlow finds the logits behind it and uses those; on another "
                "backend, in mixed precision or after a reshape the loss is another.",
                self._without_flag(activation or expected),
                evidence,
                "warning",
            )
        elif not self.outside and (probabilities or guess):
            yield PROBABILITIES_AS_LOGITS.found(
                f"{self.head}from_logits=True, but all {self.count} predictions are probabilities, "
                f"from {self.low:.4g} to {self.high:.4g}: Keras puts them through another "
                f"{expected}.",
                self._without_flag(f"activation {activation or 'of the output'}"),
                evidence,
            )

    def _without_flag(self, activation):
        code = called(self.output.loss_name, {**self.output.options, "from_logits": False})
        return (
            f"Leave the {activation} out, or from_logits=True: write `loss = {code}` and compile "
            "again."
        )

    def _saturated(self, evidence):
        """Return a finding for probabilities that are exactly as wrong as can be."""
        half = self.origin.dtype in ("float16", "bfloat16")
        evidence |= {"dtype": self.origin.dtype, "clipped": self.clipped, "largest loss": _CAP}
        text = (
            f"{self.head}probabilities that are 0 for what is true, or 1 for what is not: "
            f"{self.clipped}. Keras clips them at 1e-7: their loss stays at 16.12 or below, their "
            "gradient is 0."
        )
        if half:
            return FLOAT16_UNDERFLOW.found(
                f"{text} They are {self.origin.dtype}, which rounds to 1 what is near to it.",
                "Give the output layer dtype='float32', or let it return logits and compile with "
                "from_logits=True.",
                evidence,
            )
        return PROBABILITIES_CLIPPED.found(
            text,
            "Let the output return logits and compile with from_logits=True: they are not clipped.",
            evidence,
        )


@ONE_CLASS.example("Two units", "A sigmoid and `binary_crossentropy`")
def one_class(mended=0):
    """A softmax over one unit."""
    y = coins(8, 1)
    if mended == 2:
        y_pred = drawn(8, 1, low=-3, high=3)
        return passing(y_pred, y, "binary_crossentropy", activation="sigmoid")
    y = np.concatenate([1 - y, y], -1) if mended else y
    y_pred = drawn(*y.shape, low=-3, high=3)
    return passing(y_pred, y, "categorical_crossentropy", activation="softmax")


@LOGITS_AS_PROBABILITIES.example("`from_logits=True`", "A sigmoid at the output")
def logits_without_flag(mended=0):
    """Logits for a loss that takes probabilities."""
    from keras import losses

    logits = array([2, -1], [-3, 0.5], [1, 4], [-2, -2])
    loss = losses.BinaryCrossentropy(from_logits=mended == 1)
    return passing(logits, coins(4, 2), loss, activation="sigmoid" if mended == 2 else "linear")


@PROBABILITIES_AS_LOGITS.example(
    "The sigmoid left out of the model", "`from_logits=True` left out of the loss"
)
def flag_on_sigmoid(mended=0):
    """A sigmoid, and from_logits=True."""
    from keras import losses

    loss = losses.BinaryCrossentropy(from_logits=mended != 2)
    return _activated(coins(8, 4), loss, "linear" if mended == 1 else "sigmoid")


@ACTIVATION_MISMATCH.example(
    "`categorical_crossentropy`, for one class per row", "A sigmoid, for several"
)
def binary_on_softmax(mended=0):
    """A softmax under binary crossentropy, which needs TensorFlow to be found."""
    loss = "categorical_crossentropy" if mended == 1 else "binary_crossentropy"
    return _activated(one_hot(8, 4), loss, "sigmoid" if mended == 2 else "softmax")


@PROBABILITIES_SUM.example("A softmax, for one class per row", "`binary_crossentropy`, for several")
def categorical_on_sigmoid(mended=0):
    """A sigmoid under categorical crossentropy."""
    loss = "binary_crossentropy" if mended == 2 else "categorical_crossentropy"
    return _activated(one_hot(8, 4), loss, "softmax" if mended == 1 else "sigmoid")


def _activated(y_true, loss, activation):
    return passing(drawn(8, 4, low=-3, high=3), y_true, loss, activation=activation)


@FLOAT16_UNDERFLOW.example(
    "An output layer with `dtype='float32'`", "Logits, and `from_logits=True`"
)
def underflow(mended=0):
    """A sigmoid of 10 in float16."""
    import keras

    logits = drawn(4, 3)
    logits[:2, 1] = 10
    inputs, dtype = keras.Input((3,)), "float32" if mended == 1 else "float16"
    activation = "linear" if mended == 2 else "sigmoid"
    outputs = keras.layers.Activation(activation, dtype=dtype, name="out")(inputs)
    outputs = keras.layers.Reshape((3,), dtype=dtype, name="same")(outputs)
    loss = keras.losses.BinaryCrossentropy(from_logits=mended == 2)
    model = compiled(keras.Model(inputs, outputs), loss)
    return Example(model, {"x": logits, "y": np.zeros((4, 3), "float32")})


@PROBABILITIES_CLIPPED.example("Logits, and `from_logits=True`")
def probabilities_of_zero(mended=0):
    """One probability of 0 for what is true."""
    from keras import losses

    logits = drawn(4, 3, low=-3, high=3)
    logits[1, 2] = -80
    y_pred = logits if mended else np.where(logits < -50, 0, 1 / (1 + np.exp(-logits)))
    loss = losses.BinaryCrossentropy(from_logits=bool(mended))
    return passing(y_pred, np.ones((4, 3), "float32"), loss)
