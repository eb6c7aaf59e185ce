"""Ask the Keras of this environment for what the atlas doesn't: layers, regions, every loss.

    python -m tools.watch.drift_probes keras-3.15 ANSWERS

A line for each probe: what lossbook's rule gives, and what Keras prints, or None where it refuses
to. The rule's number is made by NumPy, of predictions where a model makes them, so that it needs no
record. tools/watch/drift.py calls it.
"""

import json
import sys

import keras
import numpy as np

import lossbook as lb
from lossbook._losses.catalogue import LOSSES

STEPS = np.array([2, 4, 3, 1])  # kept of five
KEPT = np.arange(5) < STEPS[:, None]
X = np.where(KEPT[..., None], (0.1 + np.arange(40).reshape(4, 5, 2) * 7 % 11) / 8, 0)
X = X.astype("float32")
Y = (np.arange(20).reshape(4, 5, 1) * 3 % 7 / 8 - 0.25).astype("float32")


def asked(function, *arguments, **options):
    """Return the mean of what Keras gives, or None where it raises; the log says why."""
    try:
        return float(np.mean(keras.ops.convert_to_numpy(function(*arguments, **options))))
    except Exception as error:
        print(f"{function}: {type(error).__name__}: {error}", file=sys.stderr)
        return None


def _weights():
    """Return initialisers that give every release the same weights."""
    constant = keras.initializers.Constant
    return {"kernel_initializer": constant(0.5), "recurrent_initializer": constant(0.25)}


def layers():
    """Return {name: (title, a layer from (4, 5, 2) to (4, 5, ...))}."""
    many = {"return_sequences": True, **_weights()}
    dense = keras.layers.Dense(1, kernel_initializer="ones")
    return {
        "dense": ("a Dense layer", dense),
        "normalization": ("a LayerNormalization layer", keras.layers.LayerNormalization()),
        "lstm": ("an LSTM layer", keras.layers.LSTM(1, **many)),
        "gru": ("a GRU layer", keras.layers.GRU(1, **many)),
        "simple-rnn": ("a SimpleRNN layer", keras.layers.SimpleRNN(1, **many)),
        "bidirectional": (
            "a Bidirectional layer",
            keras.layers.Bidirectional(keras.layers.LSTM(1, **many)),
        ),
        "time-distributed": (
            "a TimeDistributed layer",
            keras.layers.TimeDistributed(
                keras.layers.Dense(1, kernel_initializer=keras.initializers.Constant(0.5))
            ),
        ),
    }


def passing_masks(rule):
    """Yield the mean squared error behind a layer of every kind, with a mask before it."""
    for name, (title, layer) in layers().items():
        inputs = keras.Input((5, 2))
        model = keras.Model(inputs, layer(keras.layers.Masking(0.0)(inputs)))
        model.compile(loss="mse")
        predicted = model(X)  # predict and evaluate may refuse what a single call does not
        values = np.square(keras.ops.convert_to_numpy(predicted) - Y).mean(-1)
        ours = lb.aggregate(values, mask=KEPT, rule=rule).total
        printed = asked(model.evaluate, X, Y, verbose=0)
        yield f"through-{name}", f"a mask before {title}", "evaluate", ours, printed


def smoothing(rule):
    """Yield label smoothing where the classes are not on the last axis: how many are there?"""
    y = np.eye(3, dtype="float32")[[[0, 2], [1, 2], [2, 0], [1, 1]]].swapaxes(1, 2)
    p = (1 + np.arange(24).reshape(4, 3, 2) * 5 % 7).astype("float32")
    p /= p.sum(1, keepdims=True)
    options = {"label_smoothing": 0.25, "axis": 1}
    ours = lb.trace("categorical_crossentropy", y, p, rule=rule, **options).total
    printed = asked(keras.losses.CategoricalCrossentropy(**options), y, p)
    yield "smooth-axis-1", "label smoothing, three classes on axis 1", "loss", ours, printed


def regions(rule):
    """Yield Dice and Tversky, whose ratios weigh false positives and negatives."""
    y = np.array([[1, 0, 0, 1, 1, 0]], "float32")
    p = np.array([[0.75, 0.5, 0.125, 0.5, 0.25, 0.0]], "float32")
    hit, false, missed = (y * p).sum(), ((1 - y) * p).sum(), (y * (1 - p)).sum()
    for alpha, beta in ((0.5, 0.5), (0.25, 0.75)):
        # Up to 3.15 alpha weighs what is missed, though the documentation says false positives.
        ours = 1 - hit / (hit + alpha * missed + beta * false)
        loss = getattr(keras.losses, "Tversky", None)
        if loss is None:  # came later than this release
            continue
        title = f"Tversky, alpha={alpha}, beta={beta}"
        yield (
            f"region-tversky-{alpha}",
            title,
            "loss",
            ours,
            asked(loss(alpha=alpha, beta=beta), y, p),
        )
    ours = 1 - 2 * hit / (y.sum() + p.sum())
    if hasattr(keras.losses, "Dice"):
        yield "region-dice", "Dice", "loss", ours, asked(keras.losses.Dice(), y, p)


def every_loss(rule):
    """Yield every loss that lossbook knows, on probabilities."""
    y = np.eye(3, dtype="float32")[[0, 2, 1, 2]]
    p = np.array([[5, 2, 1], [1, 1, 6], [3, 4, 1], [2, 2, 4]], "float32") / 8
    for name in LOSSES:
        function = getattr(keras.losses, name, None)
        if function is None:  # came later than this release
            continue
        sparse = "sparse" in name or "generalized" in name
        target = y.argmax(-1).astype("int32") if sparse else y
        options = {"q": 0.5} if "generalized" in name else {}
        printed = asked(function, target, p, **options)
        ours = lb.trace(name, target, p, rule=rule, **options).total
        yield f"loss-{name}", f"the function {name}", "function", ours, printed


def main():
    """Write a line for each probe."""
    rule, path = sys.argv[1:]
    with open(path, "w") as file:
        file.write(json.dumps({"keras": keras.__version__, "backend": keras.backend.backend()}))
        for probes in (passing_masks, smoothing, regions, every_loss):
            for case, title, method, ours, printed in probes(rule):
                old, new = ({"loss": float(n)} if n is not None else None for n in (ours, printed))
                line = {
                    "case": case,
                    "title": title,
                    "rule": {method: old},
                    "printed": {method: new or {"error": "refused"}},
                }
                file.write("\n" + json.dumps(line))


if __name__ == "__main__":
    main()
