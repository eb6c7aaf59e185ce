"""NaN and infinity: where they are, and what does not remove them."""

import numpy as np

from lossbook._audit.checks.by_loss.rates import OF_LOGARITHMS
from lossbook._audit.checks.data.known import by_elements, by_weights
from lossbook._audit.examples import drawn, passing
from lossbook._audit.finding import Hazard
from lossbook._audit.observation import Check

NOT_FINITE = Hazard(
    "not-finite",
    "error",
    "04_masks.ipynb",
    80,
    means=(
        "NaN or infinity among the values of the loss, the sample weights or the additional losses."
    ),
    why=(
        "A sum with NaN in it is NaN. A mask or a weight of 0 multiplies, and 0 times NaN is "
        "NaN: it leaves nothing out."
    ),
    ignore="Never: the whole loss is NaN or infinite.",
    symptoms=("nan",),
    asked=(
        "https://github.com/keras-team/keras/issues/18829",
        "https://github.com/keras-team/keras/issues/1628",
        "https://github.com/keras-team/keras/issues/9549",
        "https://github.com/keras-team/keras/issues/6825",
    ),
)
CAUSES = (
    *("logits-as-probabilities", "probabilities-sum", "labels-range", "one-class"),
    "ctc-too-long",
)
BY_THE_LOSS = "y_true and y_pred are finite: the loss function makes them"
_REPLACE = "Replace them before the loss, for example with keras.ops.nan_to_num"


class Finite(Check):
    """Values that are NaN or infinite, and whether a mask or a weight of 0 lies over them."""

    def __init__(self, output):
        super().__init__(output)
        self.bad = self.count = self.hidden = self.weights = 0
        self.first = self.shape = self.targets = None
        self.weighed = False
        self.sources = {"y_true": 0, "y_pred": 0}

    def see(self, batch):
        """Count values that are no numbers, and where they come from."""
        bad = ~np.isfinite(batch.values)
        self.count += bad.size
        self.weights += _count(batch.weight)
        if not bad.any():
            return
        if self.first is None:
            self.first = (batch.number, *np.argwhere(bad)[0].tolist())
            self.shape = batch.values.shape
            self.targets = None if batch.y_true is None else batch.y_true.shape
            self.weighed = batch.weight is not None
        self.bad += int(bad.sum())
        self.hidden += int((bad & ~batch.kept).sum())
        for name in self.sources:
            self.sources[name] += _count(getattr(batch, name))

    def findings(self):
        """Yield one finding for values, or one for weights."""
        if self.bad:
            where = _where(self.sources)
            over, fix = "", f"{_REPLACE}."
            if self.hidden:
                over = (
                    f" Under a mask or a weight of 0: {self.hidden}. It does not remove them, "
                    "for 0 times NaN is NaN."
                )
                fix = f"{_REPLACE}: in the data, where the mask leaves them out."
                if self.hidden == self.bad and not self.sources["y_pred"] and where:
                    fix = "The mask leaves them out, so any number will do: `y = np.nan_to_num(y)`."
            elif self.sources["y_true"] and not self.sources["y_pred"]:
                fix = self._unknown() or fix
            if not where:
                fix = "Keep the loss function away from log(0), 0 / 0 and overflow."
                if self.output.loss_name == "poisson":
                    fix = (
                        "poisson takes the logarithm of y_pred, a rate, which must be above 0: end "
                        "the output in a softplus or an exponential, or, of logarithms of rates, "
                        f"write {OF_LOGARITHMS}."
                    )
            yield NOT_FINITE.found(
                f"{self.head}NaN or infinity in {self.bad} of {self.count} values of the "
                f"loss.{over}",
                fix,
                {
                    "values.shape": self.shape,
                    "first at (batch, *index)": self.first,
                    "source": f"NaN or infinity: {where}" if where else BY_THE_LOSS,
                    "under a mask or weight 0": self.hidden,
                },
            )
        elif self.weights:
            yield NOT_FINITE.found(
                f"{self.head}NaN or infinity among the sample weights: {self.weights}. "
                "So is the loss.",
                "Replace them, by 0 say, which leaves a value out of the sum: write "
                f"{self.weighing.each('np.where(np.isfinite({w}), {w}, 0)')}.",
                {"weights that are no numbers": self.weights},
            )

    def _unknown(self):
        """Return the fix for targets of NaN that mean 'unknown', "" where none is known."""
        output, shape, known = self.output, self.targets, self.output.keras_loss
        if known is None or output.entry.class_axis != "mean" or shape is None:
            return ""
        if (len(shape) == 1 or shape[-1] == 1) and not self.weighed:  # or they would be lost
            code = by_weights(known, "np.isfinite(y)", shape, "y = np.nan_to_num(y); ")
        else:
            filled = "keras.ops.nan_to_num(y_true)"
            code = by_elements(known, "keras.ops.isfinite(y_true)", filled)
        return f"If NaN means 'unknown', leave these targets out: write {code} and compile again."


def additional(bad):
    """Return the finding for additional losses, name -> value, that are no numbers."""
    return NOT_FINITE.found(
        f"The additional loss {next(iter(bad))!r} is NaN or infinite, and so is the whole loss.",
        "Look for NaN or infinity in the weights of that layer.",
        {"additional losses": bad},
    )


def refused(refusal):
    """Return the finding for a loss function that fails at NaN, None where there is none."""
    where = _where({"y_true": _count(refusal.y_true), "y_pred": _count(refusal.y_pred)})
    if not where:
        return None
    message = f"{refusal.name} refuses NaN or infinity: {where}. Keras fails."
    return refusal.found(NOT_FINITE, message, f"{_REPLACE}.")


def _count(x):
    return 0 if x is None else int((~np.isfinite(np.asarray(x, np.float64))).sum())


def _where(counts):
    return " and ".join(f"{n} in {name}" for name, n in counts.items() if n)


@NOT_FINITE.example("A loss that leaves NaN out, and divides by the others", "These rows left out")
def nan_in_targets(mended=0):
    """One target that is NaN."""
    from keras import ops

    def known(y_true, y_pred):
        counts = ops.isfinite(y_true)
        errors = ops.square(ops.where(counts, y_true, y_pred) - y_pred)
        return ops.sum(errors, -1) / ops.sum(ops.cast(counts, "float32"), -1)

    p, y = drawn(4, 3), drawn(4, 3, seed=1)
    y[2, 1] = np.nan
    keep = [0, 1, 3] if mended == 2 else [0, 1, 2, 3]
    return passing(p[keep], y[keep], known if mended == 1 else "mse")
