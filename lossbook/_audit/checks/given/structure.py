"""Structures that don't meet: of outputs, y, sample_weight, loss, loss_weights and metrics."""

import re
from collections.abc import Iterator
from typing import Any

from lossbook._audit.checks.given import metrics, order
from lossbook._audit.checks.given.differences import differences, expected
from lossbook._audit.checks.given.repairs import repaired
from lossbook._audit.checks.given.sides import table
from lossbook._audit.examples import Example, compiled, drawn, passing
from lossbook._audit.finding import Finding, Hazard, keras_words
from lossbook._model import (
    Given,
    Unmatched,
    leaves,
    met,
    refused_by_fit,
)

STRUCTURE_REFUSED = Hazard(
    "structure-refused",
    "error",
    "07_outputs.ipynb",
    2,
    means=(
        "Outputs, y, sample_weight, loss and loss_weights do not match: a key, a length or a "
        "nesting differs."
    ),
    why=(
        "Keras walks through their structures side by side: a dict needs the keys of the "
        "outputs, a list one entry for each output. Its error names a path or a structure, and "
        "seldom the side that is wrong."
    ),
    ignore="Never: Keras fails.",
    symptoms=("raises",),
    asked=("https://github.com/tensorflow/tensorflow/issues/72679",),
)
LOSSES_IGNORED = Hazard(
    "losses-ignored",
    "error",
    "07_outputs.ipynb",
    6,
    means="loss is a list of several losses for one output, and only the first of them counts.",
    why=(
        "For a single output Keras builds every loss of the list, computes each of them, and "
        "returns the first (CompileLoss.call)."
    ),
    ignore="Never: the others train nothing. Add them up, or leave them out.",
    symptoms=("by-hand", "falls"),
    asked=("https://github.com/keras-team/keras-tuner/issues/358",),
)


def findings(given: Given, data: dict[str, Any] | None) -> Iterator[Finding]:
    """Yield what Keras refuses of the structures, or matches in an order that nobody means.

    `data` are x, y and sample_weight where they are arrays.
    """
    if given.loss is None:
        return
    try:
        calls, all_count = met(given)
    except Exception as error:
        yield _refused(given, error)
        return
    uneven = data and refused_by_fit(data["x"], data["y"], data["sample_weight"], None)
    if uneven:
        yield _rows_refused(given, data, uneven)
        return
    yield from order.findings(given, calls)
    if not all_count:
        yield _ignored(given, calls)
    yield from metrics.findings(given)


def _refused(given, error):
    said = "; ".join(differences(given))
    fix = repaired(given)
    if given.y is None:
        fix = "Pass y, or let x yield (x, y)."
    elif fix is None:
        fix = f"Give y, sample_weight, loss and loss_weights {expected(given)}."
    else:
        again = " and compile again" if re.search("[ `]loss(_weights)? = ", fix) else ""
        fix = f"Write {fix}{again}."
    words = f"Unmatched: {error}" if isinstance(error, Unmatched) else keras_words(error)
    return STRUCTURE_REFUSED.found(
        f"Keras cannot bring outputs, targets and losses together: {said}.",
        fix,
        {"sides": table(given), "Keras": words},
    )


def _rows_refused(given, data, error):
    """Return the finding for arrays of unequal length, or of another form than y."""
    x, y = (list(leaves(data[name]).values()) for name in ("x", "y"))
    rows = {name: _rows(data[name]) for name in ("x", "y", "sample_weight")}
    rows = {name: found for name, found in rows.items() if found}
    longest = {count for found in rows.values() for count in found}
    said, fix = "x, y and sample_weight don't fit each other", None
    if len(longest) > 1:
        said = "rows differ: " + ", ".join(
            f"{name} {' and '.join(map(str, found))}" for name, found in rows.items()
        )
        fix = "Give x, y and sample_weight the same number of rows, axis 0."
        weight = given.sample_weight
        if getattr(weight, "shape", ())[:1] == (1,) and weight.size in rows["x"]:
            fix = "One weight a row is an array of one axis: `sample_weight = np.ravel("
            fix += "sample_weight)`."
        if len(y) == 1 and len(x) and len(y[0].shape) > 1 and y[0].shape[1] == x[0].shape[0]:
            fix = "Axis 1 of y has the rows: write `y = np.moveaxis(y, 1, 0)`."
            if y[0].shape[0] == len(leaves(given.outputs)) > 1:
                fix = "y is an array of the targets of all outputs: write `y = list(y)`."
    else:
        said = "; ".join(differences(given)) or said
        fix = repaired(given)
        fix = f"Write {fix}." if fix else "Give sample_weight the structure of y: one for each."
    return STRUCTURE_REFUSED.found(
        f"Keras cannot bring x, y and sample_weight together: {said}.",
        fix,
        {"sides": table(given)},
        error=error,
    )


def _rows(structure):
    counts = [leaf.shape[0] for leaf in leaves(structure).values() if getattr(leaf, "shape", ())]
    return list(dict.fromkeys(counts))


def _ignored(given, calls):
    """Return the finding for several losses of one output, of which the first counts."""
    count = len(leaves(given.loss))
    weights = given.loss_weights
    weighed = "".join(
        [
            "losses = [keras.losses.get(one) for one in loss]; ",
            "loss = lambda y_true, y_pred: sum(",
            "" if weights is None else "weight * ",
            'getattr(one, "call", one)(y_true, y_pred) for ',
            "one in losses)" if weights is None else "weight, one in zip(weights, losses))",
        ]
    )
    if weights is not None:
        weighed = f"weights = list(loss_weights); loss_weights = None; {weighed}"
    return LOSSES_IGNORED.found(
        f"loss is a list of {count} for one output: Keras calls all of them and returns the first "
        "alone. The others train nothing.",
        f"Add them up: write `{weighed}` and compile again.",
        {"sides": table(given, calls), "losses": count, "that count": 1},
    )


@STRUCTURE_REFUSED.example("The names of the outputs")
def another_name(mended=0):
    """Targets under a name that no output has."""
    import keras

    inputs = keras.Input((3,))
    model = keras.Model(inputs, {"pred": keras.layers.Activation("linear", name="pred")(inputs)})
    y = {"pred" if mended else "y_true": drawn(4, 3, seed=1)}
    return Example(compiled(model, {"pred": "mse"}), {"x": drawn(4, 3), "y": y})


@LOSSES_IGNORED.example("Their sum, as one loss")
def three_losses(mended=0):
    """Three losses for one output."""
    from keras import losses

    three = [losses.mean_squared_error, losses.mean_absolute_error, losses.huber]
    loss = (lambda y_true, y_pred: sum(one(y_true, y_pred) for one in three)) if mended else three
    return passing(drawn(4, 3), drawn(4, 3, seed=1), loss)
