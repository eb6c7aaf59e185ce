"""What the outputs and the additional losses add to the whole."""

import numpy as np

from lossbook._audit.checks import not_finite
from lossbook._audit.examples import Example, compiled, drawn, two_outputs
from lossbook._audit.finding import Hazard, keras_words

LOSS_REFUSED = Hazard("loss-refused", "error", "07_outputs.ipynb", 320)
LOSS_WEIGHT_ZERO = Hazard("loss-weight-zero", "warning", "07_outputs.ipynb", 330)
OUTPUT_DWARFED = Hazard("output-dwarfed", "warning", "07_outputs.ipynb", 340)
REGULARISER_LARGER = Hazard("regulariser-larger", "warning", "08_additional_losses.ipynb", 350)
_DWARFED = 0.95


class Terms:
    """The outputs and additional losses of all batches, by their magnitudes."""

    def __init__(self):
        self.outputs, self.additional, self.weights, self.rows = {}, {}, {}, 0

    def see(self, batch, outputs):
        """Add up one batch."""
        for output_batch in outputs:
            name = output_batch.output.name
            value = float(output_batch.magnitudes.sum())
            self.outputs[name] = self.outputs.get(name, 0.0) + value * batch.rows
            self.weights[name] = output_batch.output.loss_weight
        for name, value in batch.additional:
            self.additional[name] = self.additional.get(name, 0.0) + value * batch.rows
        self.rows += batch.rows

    def findings(self):
        """Yield findings for loss weights of 0, outputs out of scale, large regularisers."""
        outputs = {name: value / self.rows for name, value in self.outputs.items()}
        additional = {name: value / self.rows for name, value in self.additional.items()}
        ignored = [n for n, weight in self.weights.items() if weight is not None and weight == 0]
        for name in ignored:
            yield LOSS_WEIGHT_ZERO.found(
                f"Output {name!r}: its loss weight is 0. Its loss is computed and reported, but "
                "adds nothing and trains nothing.",
                "Give it a loss weight, or None as its loss.",
                {"loss_weight": 0.0, "other outputs": len(self.weights) - 1},
            )
        counted = {name: value for name, value in outputs.items() if name not in ignored}
        total = sum(counted.values())
        if len(counted) > 1 and 0 < total < np.inf:
            name = max(counted, key=counted.get)
            if counted[name] > _DWARFED * total:
                yield OUTPUT_DWARFED.found(
                    f"Output {name!r} makes {100 * counted[name] / total:.4g} % of the loss of "
                    f"{len(counted)} outputs: the others hardly count.",
                    "Set loss_weights that bring the outputs to one scale, or scale the targets.",
                    {"share of the loss": {n: v / total for n, v in counted.items()}},
                )
        bad = {name: value for name, value in additional.items() if not np.isfinite(value)}
        data, extra = sum(outputs.values()), sum(additional.values())
        if bad:
            yield not_finite.additional(bad)
        elif outputs and extra > data and np.isfinite(data):
            name = max(additional, key=additional.get)
            yield REGULARISER_LARGER.found(
                f"Regularisers and add_loss make {extra:.4g} of the loss, the data {data:.4g}: "
                f"most of it is {name!r}. The loss may fall while nothing improves.",
                "Lower the factor of that term, or judge the model by a metric.",
                {"data": data, "additional": additional},
            )


def loss_refused(error):
    """Return the finding for an error of the compiled loss that is no loss's own."""
    return LOSS_REFUSED.found(
        "Keras cannot put the loss of this model together: the losses, loss weights or targets "
        "don't match the outputs.",
        "Compare the names and the order of the outputs with those of loss, loss_weights, y and "
        "sample_weight.",
        {"Keras": keras_words(error)},
    )


@LOSS_REFUSED.example
def weights_from_a_file(mended=False):
    """Loss weights that are strings, as they come from a file of settings."""
    return two_outputs([1.0, 0.5] if mended else ["1.0", "0.5"])


@LOSS_WEIGHT_ZERO.example
def weight_of_zero(mended=False):
    """Two outputs, one without a weight."""
    return two_outputs([1.0, 0.5 if mended else 0.0])


@OUTPUT_DWARFED.example
def one_output_dwarfs(mended=False):
    """Two outputs, one with targets 100 times as large."""
    return two_outputs(scale=1.0 if mended else 100.0)


@REGULARISER_LARGER.example
def penalised(mended=False):
    """Weights of 1, and a factor of 10 for their squares."""
    import keras

    inputs = keras.Input((3,))
    penalty = keras.regularizers.L2(1e-6 if mended else 10.0)
    ones = {"kernel_initializer": "ones", "kernel_regularizer": penalty}
    outputs = keras.layers.Dense(1, name="out", **ones)(inputs)
    model = compiled(keras.Model(inputs, outputs), "mse")
    return Example(model, {"x": drawn(4, 3), "y": drawn(4, 1)})
