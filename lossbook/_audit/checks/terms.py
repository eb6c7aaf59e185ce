"""What the outputs and the additional losses add to the whole."""

import numpy as np

from lossbook._audit.checks import not_finite
from lossbook._audit.examples import Example, compiled, drawn, two_outputs
from lossbook._audit.finding import Hazard
from lossbook._audit.observation import or_none, values_of

LOSS_REFUSED = Hazard(
    "loss-refused",
    "error",
    "07_outputs.ipynb",
    320,
    means=(
        "Keras cannot put the loss of the model together: no loss, an unknown name, or a loss "
        "weight that is no float."
    ),
    why=(
        "compile() keeps what it gets. Keras looks names up and multiplies by the loss weights "
        "when the first batch comes, and fails there."
    ),
    ignore="Never: Keras fails.",
    symptoms=("raises",),
    asked=("https://github.com/keras-team/keras/issues/20294",),
)
LOSS_WEIGHT_ZERO = Hazard(
    "loss-weight-zero",
    "warning",
    "07_outputs.ipynb",
    330,
    means="An output has the loss weight 0: its loss is computed and reported, and trains nothing.",
    why=(
        "Keras multiplies the loss of each output by its weight and adds them up; the line of "
        "the output is logged without it."
    ),
    ignore="If you only want to watch that loss.",
    symptoms=("never-learns",),
)
OUTPUT_DWARFED = Hazard(
    "output-dwarfed",
    "warning",
    "07_outputs.ipynb",
    340,
    means=(
        "One output makes nearly all of the loss, and another that still has something to learn "
        "hardly counts."
    ),
    why="The loss is a sum over the outputs. Keras brings them to no common scale.",
    ignore="If the large output is the one that matters.",
    symptoms=("never-learns", "falls"),
)
REGULARISER_LARGER = Hazard(
    "regulariser-larger",
    "warning",
    "08_additional_losses.ipynb",
    350,
    means="Penalties make more of the loss than the data, and hold the training back.",
    why=(
        "Keras adds regularisers and add_loss to the loss, undivided, in evaluate and val_loss too."
    ),
    ignore="If the penalty is meant to rule.",
    symptoms=("falls", "scale", "by-hand"),
    asked=(
        "https://github.com/keras-team/keras/issues/2575",
        "https://github.com/keras-team/keras/issues/6518",
    ),
)
_DWARFED, _LEARNED, _PULLS = 0.95, 0.5, 0.25
_SAMPLE = 16  # rows of a batch


class Terms:
    """The outputs and additional losses of all batches, and what has been learned.

    A share alone says little: of a model that is well trained the penalty is the larger part, and
    of two outputs the one that cannot be predicted. So an output, or the data, is said to be too
    small only as long as it has something to learn: its loss is at least half of what it is with
    the predictions of other rows. A penalty has to steer as well: its gradient is more than a
    quarter as long as that of the data. An output that a loss_weight of its own makes small is
    meant so.
    """

    def __init__(self):
        self.outputs, self.additional, self.weights, self.rows = {}, {}, {}, 0
        self.signed, self.sampled = {}, {}

    def see(self, batch, outputs):
        """Add up one batch."""
        for output_batch in outputs:
            name = output_batch.output.name
            value = float(output_batch.magnitudes.sum())
            self.outputs[name] = self.outputs.get(name, 0.0) + value * batch.rows
            adds_up = float(output_batch.contributions.sum())
            self.signed[name] = self.signed.get(name, 0.0) + adds_up * batch.rows
            if not output_batch.number & (output_batch.number - 1):  # 0, 1, 2, 4, 8, ...
                self.sampled.setdefault(name, []).append(_sample(output_batch))
            self.weights[name] = output_batch.output.loss_weight
        for name, value in batch.additional:
            self.additional[name] = self.additional.get(name, 0.0) + value * batch.rows
        self.rows += batch.rows

    def findings(self, gradients=lambda: None):
        """Yield findings for loss weights of 0, outputs out of scale, large regularisers.

        `gradients` returns the lengths of the gradients of data and penalties, or None.
        """
        ignored = [n for n, weight in self.weights.items() if weight is not None and weight == 0]
        for name in ignored:
            yield LOSS_WEIGHT_ZERO.found(
                f"Output {name!r}: its loss weight is 0. Its loss is computed and reported, but "
                "adds nothing and trains nothing.",
                "Give it a loss weight, or None as its loss. A weight of 1 for each that has 0: "
                "`loss_weights = keras.tree.map_structure(lambda weight: weight or 1.0, "
                "loss_weights)`; compile again.",
                {"loss_weight": 0.0, "other outputs": len(self.weights) - 1},
            )
        yield from self._dwarfed([name for name in self.outputs if name not in ignored])
        yield from self._larger(gradients)

    def _dwarfed(self, names):
        """Yield a finding if one output makes nearly all, and another has something to learn."""
        shares = []
        names = [name for name in names if self.outputs[name] or self.signed[name]]  # else a dummy
        for sums in (self.outputs, self.signed):  # parts of a signed loss cancel
            sizes = {name: abs(sums[name]) for name in names}
            total = sum(sizes.values())
            if len(names) < 2 or not 0 < total < np.inf:
                return
            shares.append({name: size / total for name, size in sizes.items()})
        name = max(shares[0], key=shares[0].get)
        if min(share[name] for share in shares) <= _DWARFED:
            return
        weights = {n: 1.0 if self.weights[n] is None else float(self.weights[n]) for n in names}
        small = [
            n
            for n in names
            if n != name and weights[n] >= weights[name] and not learned(self.sampled[n])
        ]
        if small:
            yield OUTPUT_DWARFED.found(
                f"Output {name!r} makes {100 * shares[0][name]:.4g} % of the loss of "
                f"{len(names)} outputs: the others hardly count.",
                "Scale the targets, or set loss_weights that bring the outputs to one scale, "
                f"{self._of_one_scale(names, weights)}.",
                {"share of the loss": shares[0]},
            )

    def _of_one_scale(self, names, weights):
        """Return such weights as code, in the form of the outputs."""
        found = {n: weights[n] * self.rows / self.outputs[n] for n in names}
        pairs = ", ".join(f"{n!r}: {float(f'{w:.2g}')!r}" for n, w in found.items())
        return (
            f"`one_scale = {{{pairs}}}; loss_weights = one_scale if isinstance(loss, dict) "
            "else [one_scale.get(name, 1.0) for name in model.output_names]`; compile again"
        )

    def _larger(self, gradients):
        """Yield a finding if penalties are larger than the data, and hold the training back."""
        outputs = {name: value / self.rows for name, value in self.outputs.items()}
        additional = {name: value / self.rows for name, value in self.additional.items()}
        bad = {name: value for name, value in additional.items() if not np.isfinite(value)}
        data, extra = sum(outputs.values()), sum(additional.values())
        if bad:
            yield not_finite.additional(bad)
        elif outputs and extra > data and np.isfinite(data):
            if all(learned(batches) for batches in self.sampled.values()):
                return
            lengths = gradients()
            if lengths is not None and lengths[1] <= _PULLS * lengths[0]:
                return
            name = max(additional, key=additional.get)
            yield REGULARISER_LARGER.found(
                f"Regularisers and add_loss make {extra:.4g} of the loss, the data {data:.4g}: "
                f"most of it is {name!r}. The loss may fall while nothing improves.",
                "Lower the factor of that term, or judge the model by a metric.",
                {"data": data, "additional": additional},
            )


def _sample(batch):
    """Return the output of a batch, and copies of a few rows: what a batch holds is large."""
    try:
        return batch.output, batch.y_true[:_SAMPLE].copy(), batch.y_pred[:_SAMPLE].copy()
    except Exception:  # targets or predictions that are no array of rows
        return batch.output, None, None


@or_none
def learned(samples):
    """Say whether an output's loss is less than half of what other rows' predictions get.

    Both are taken above the loss of perfect predictions, where those can be had: the entropy of
    soft labels stays.
    """
    output = samples[0][0]
    y_true, y_pred = (np.concatenate([sample[i] for sample in samples]) for i in (1, 2))
    own = values_of(output, y_true, y_pred).mean()
    others = np.roll(y_pred, max(len(y_pred) // 2, 1), axis=0)
    others = values_of(output, y_true, others).mean()
    best = min(own, 0.0)
    if y_true.shape == y_pred.shape and not output.options.get("from_logits"):
        perfect = values_of(output, y_true, y_true.astype(y_pred.dtype)).mean()
        best = min(own, perfect) if np.isfinite(perfect) else best
    return bool(own - best < _LEARNED * (others - best))


def loss_refused(error):
    """Return the finding for an error of the compiled loss that is no loss's own."""
    return LOSS_REFUSED.found(
        "Keras cannot put the loss of this model together: the losses, loss weights or targets "
        "don't match the outputs.",
        "Compare the names and the order of the outputs with those of loss, loss_weights, y and "
        "sample_weight.",
        {},
        error=error,
    )


@LOSS_REFUSED.example("Loss weights that are numbers")
def weights_from_a_file(mended=0):
    """Loss weights that are strings, as they come from a file of settings."""
    return two_outputs([1.0, 0.5] if mended else ["1.0", "0.5"])


@LOSS_WEIGHT_ZERO.example("A loss weight", "None, as the loss of that output")
def weight_of_zero(mended=0):
    """Two outputs, one without a weight."""
    case = two_outputs([1.0, 0.5 if mended == 1 else 0.0])
    if mended == 2:
        compiled(case.model, ["mse", None])
    return case


@OUTPUT_DWARFED.example(
    "`loss_weights` that bring the outputs to one scale", "Targets of one scale"
)
def one_output_dwarfs(mended=0):
    """Two outputs, one with targets 100 times as large."""
    loss_weights = [1.0, 1e-4] if mended == 1 else None
    return two_outputs(loss_weights, scale=1.0 if mended == 2 else 100.0)


@REGULARISER_LARGER.example("A smaller factor")
def penalised(mended=0):
    """Weights of 1, and a factor of 10 for their squares."""
    import keras

    inputs = keras.Input((3,))
    penalty = keras.regularizers.L2(1e-6 if mended else 10.0)
    ones = {"kernel_initializer": "ones", "kernel_regularizer": penalty}
    outputs = keras.layers.Dense(1, name="out", **ones)(inputs)
    model = compiled(keras.Model(inputs, outputs), "mse")
    return Example(model, {"x": drawn(4, 3), "y": drawn(4, 1)})
