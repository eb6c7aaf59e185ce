"""Poisson: logarithms of rates in place of rates."""

import numpy as np

from lossbook._audit.examples import passing
from lossbook._audit.finding import Hazard
from lossbook._audit.observation import Check
from lossbook._core import four_digits
from lossbook.elementwise import poisson

LOG_RATES = Hazard(
    "log-rates",
    "error",
    "02_elementwise.ipynb",
    45,
    means="poisson takes rates, and the predictions fit the counts as logarithms of rates.",
    why=(
        "Keras computes y_pred - y_true * log(y_pred). PyTorch's PoissonNLLLoss takes logarithms "
        "unless it is told otherwise, and a linear output is one, by the link of a Poisson "
        "regression."
    ),
    ignore="Never: the loss is that of other rates, and NaN as soon as one of them is below 0.",
    symptoms=("nan", "by-hand", "stuck"),
    asked=(
        "https://github.com/keras-team/keras/issues/590",
        "https://github.com/keras-team/keras/issues/18886",
    ),
)
OF_LOGARITHMS = (
    "`loss = lambda y_true, y_pred: keras.losses.poisson(y_true, keras.ops.exp(y_pred))` and "
    "compile again"
)
_FITS, _FAR = 3.0, 10.0  # twice the distance from the best loss: 1 for a Poisson variable


class LogRates(Check):
    """Predictions that are no rates of these counts, where their exponentials are."""

    by_batch = False

    count, sums = 0, 0.0

    def see(self, batch):
        """Add up the loss as it is, of the exponentials, and of perfect predictions."""
        if batch.output.loss_name != "poisson" or batch.y_true.shape != batch.y_pred.shape:
            return
        y, p = (np.asarray(x, np.float64) for x in (batch.y_true, batch.y_pred))
        if not (np.isfinite(p).all() and (y >= 0).all() and (p > 0).all() and p.max() < 50):
            return
        self.count += y.size
        self.sums += np.array([float(poisson(y, rate).sum()) for rate in (p, np.exp(p), y)])

    def findings(self):
        """Yield a finding if the exponentials are rates of these counts, and they are not."""
        if not self.count:
            return
        now, other, best = self.sums / self.count
        if 2 * (other - best) < _FITS and 2 * (now - best) > _FAR:
            yield LOG_RATES.found(
                f"{self.head}poisson takes rates. Taken for logarithms of rates the predictions "
                f"fit: with their exponentials the loss is {four_digits(other)} instead of "
                f"{four_digits(now)}.",
                f"Let the output end in an exponential, or write {OF_LOGARITHMS}.",
                {"loss": now, "with the exponentials": other, "of perfect rates": best},
            )


@LOG_RATES.example("An exponential at the output", "A loss of `keras.ops.exp(y_pred)`")
def logarithms_of_rates(mended=0):
    """Logarithms of the rates of counts around 200."""
    from keras import losses, ops

    y = np.random.default_rng(0).poisson(200.0, (32, 1)).astype("float32")
    loss = (lambda t, p: losses.poisson(t, ops.exp(p))) if mended == 2 else "poisson"
    activation = "exponential" if mended == 1 else "linear"
    return passing(np.full((32, 1), np.log(200), "float32"), y, loss, activation=activation)
