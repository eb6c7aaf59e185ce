"""Structures that don't meet: of outputs, y, sample_weight, loss, loss_weights and metrics."""

import re
from collections.abc import Iterator
from typing import Any

from lossbook._audit.checks.given.differences import differences, expected, listed
from lossbook._audit.checks.given.repairs import repaired
from lossbook._audit.checks.given.sides import table
from lossbook._audit.examples import Example, compiled, drawn, passing
from lossbook._audit.finding import Finding, Hazard, keras_words
from lossbook._model import (
    Given,
    Unmatched,
    check_metrics,
    is_nested,
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
STRUCTURE_ORDER = Hazard(
    "structure-order",
    "error",
    "07_outputs.ipynb",
    4,
    means=(
        "A list meets a dict, and Keras pairs them in the alphabetical order of the keys: an "
        "output gets the targets or the loss of another."
    ),
    why=(
        "Keras flattens a dict in the order of its sorted keys, whatever order it was written "
        "in, and lays a list along that order."
    ),
    ignore=(
        "If the list was made in the alphabetical order of the keys. Names say so without a doubt."
    ),
    symptoms=("by-hand", "never-learns"),
    asked=(
        "https://github.com/keras-team/keras/issues/20346",
        "https://github.com/keras-team/keras/issues/20596",
    ),
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
METRICS_REFUSED = Hazard(
    "metrics-refused",
    "error",
    "07_outputs.ipynb",
    8,
    means=(
        "metrics or weighted_metrics do not fit the outputs, or name a metric that Keras does "
        "not know."
    ),
    why=(
        "Of several outputs a list of metrics needs one entry for each, a dict the names of the "
        "outputs. Keras looks at that when the first batch comes, not in compile()."
    ),
    ignore="Never: Keras fails, though the loss itself is sound.",
    symptoms=("raises",),
    asked=(
        "https://github.com/keras-team/keras/issues/21259",
        "https://github.com/tensorflow/tensorflow/issues/100319",
    ),
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
    yield from _in_another_order(given, calls)
    if not all_count:
        yield _ignored(given, calls)
    try:
        if given.metrics or given.weighted_metrics:
            check_metrics(given)
    except Exception as error:
        yield _metrics_refused(given, error)


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
        {"sides": table(given), "Keras": keras_words(error)},
    )


def _rows(structure):
    counts = [leaf.shape[0] for leaf in leaves(structure).values() if getattr(leaf, "shape", ())]
    return list(dict.fromkeys(counts))


def _in_another_order(given, calls):
    """Yield a finding where a list meets a dict in the order of its sorted keys."""
    outputs = leaves(given.outputs)
    if any(len(path) > 1 for path in outputs):
        return
    odd = {}
    for side, name in (("y", "target"), ("loss", "loss"), ("loss_weights", "loss_weight")):
        value = getattr(given, side)
        if not is_nested(value) or _same(value) or len(value) != len(outputs):
            continue
        pairs = {call.output: getattr(call, name) for call in calls}
        meant = {path: _meant(given, value, path, i) for i, path in enumerate(outputs)}
        if any(map(is_nested, _parts(value))):  # several losses for one output
            continue
        if any(pairs[path] != meant[path] for path in pairs) and _may_be_meant(given, side):
            odd[side] = f"{side} is a list, the outputs are a dict"
            if isinstance(value, dict):
                names = given.outputs if isinstance(given.outputs, dict) else given.names
                unknown = [key for key in value if key not in names]
                odd[side] = f"{side} names {listed(unknown)}, which no output is called"
                odd[side] = odd[side] if unknown else f"{side} is a dict, loss is none"
    if not odd:
        return
    code = "; ".join(f"`{_by_names(given, side)}`" for side in odd)
    again = " and compile again" if set(odd) - {"y"} else ""
    yield STRUCTURE_ORDER.found(
        f"{'; '.join(odd.values())}. Keras takes the keys in alphabetical order, so that others "
        "meet than those in the same place or of the same name.",
        f"Name them: write {code}{again}.",
        {"as Keras lets them meet": table(given, calls)},
    )


def _parts(value):
    return value.values() if isinstance(value, dict) else value


def _meant(given, value, path, place):
    """Return the path on another side that an output should meet, or None."""
    if not isinstance(value, dict):
        return (place,)
    name = path[0] if isinstance(given.outputs, dict) else None
    if name is None and place < len(given.names):
        name = given.names[place]
    return (name,) if name in value else (list(value)[place],)


def _same(values):
    """Say whether all values are the same, so that their order is none."""
    values = list(_parts(values))
    return all(value is values[0] or _equal(value, values[0]) for value in values[1:])


def _equal(one, other):
    return isinstance(one, (str, int, float)) and type(one) is type(other) and one == other


def _may_be_meant(given, side):
    """Say whether targets fit the outputs of the same place too; else no other order is meant."""
    if side != "y":
        return True
    outputs = list(leaves(given.outputs).values())
    return all(_fits(y, output) for y, output in zip(given.y, outputs, strict=False))


def _fits(y, output):
    y, output = tuple(getattr(y, "shape", ()))[1:], tuple(output.shape)[1:]
    return y in (output, output[:-1], (*output[:-1], 1)) or (*y, 1) == output


def _by_names(given, side):
    """Return code that gives a side the form of the outputs: the same place, or the same name."""
    value, outputs = getattr(given, side), given.outputs
    names = list(outputs) if isinstance(outputs, dict) else given.names
    sources = list(range(len(value)))
    if isinstance(value, dict):
        pairs = zip(names, value, strict=False)
        sources = [name if name in value else source for name, source in pairs]
    if not isinstance(outputs, dict):
        return f"{side} = [{', '.join(f'{side}[{source!r}]' for source in sources)}]"
    pairs = zip(outputs, sources, strict=True)
    return f"{side} = {{{', '.join(f'{key!r}: {side}[{source!r}]' for key, source in pairs)}}}"


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


def _metrics_refused(given, error):
    side = "metrics" if given.metrics else "weighted_metrics"
    count = len(leaves(given.outputs))
    value = getattr(given, side)
    keys = list(given.outputs) if isinstance(given.outputs, dict) else list(given.names)
    if isinstance(value, dict):
        sources = [key for key in value if key not in keys]
        said = f"it names {listed(sources)}, which no output is called"
        unnamed = [key for key in keys if key not in value]
        if len(sources) <= len(unnamed):
            new = dict(zip(sources, unnamed, strict=False))
            inner = ", ".join(f"{new.get(key, key)!r}: {side}[{key!r}]" for key in value)
            fix = f"`{side} = {{{inner}}}`"
        else:
            inner = ", ".join(f"{key!r}: {side}[{key!r}]" for key in value if key in keys)
            fix = f"`{side} = {{{inner}}}`"
    else:
        said = f"its length is {len(value)}, for {count} outputs"
        fix = f"`{side} = [list({side})] * {count}` (each of them for every output)"
    return METRICS_REFUSED.found(
        f"{side} does not fit the outputs: {said}. Keras fails.",
        f"Write {fix} and compile again.",
        {"outputs": keys, "Keras": keras_words(error)},
    )


def _two(kind, names=("near", "far")):
    import keras

    inputs = keras.Input((3,))
    outputs = [keras.layers.Activation("linear", name=name)(inputs) for name in names]
    return keras.Model(inputs, dict(zip(names, outputs, strict=True)) if kind is dict else outputs)


@STRUCTURE_REFUSED.example("The names of the outputs")
def another_name(mended=0):
    """Targets under a name that no output has."""
    import keras

    inputs = keras.Input((3,))
    model = keras.Model(inputs, {"pred": keras.layers.Activation("linear", name="pred")(inputs)})
    y = {"pred" if mended else "y_true": drawn(4, 3, seed=1)}
    return Example(compiled(model, {"pred": "mse"}), {"x": drawn(4, 3), "y": y})


@STRUCTURE_ORDER.example("A dict with the names of the outputs")
def list_for_a_dict(mended=0):
    """A list of targets for a dict of outputs, whose keys are not in alphabetical order."""
    y = [drawn(4, 3, seed=1), drawn(4, 3, seed=2)]
    y = {"near": y[0], "far": y[1]} if mended else y
    losses = {"near": "mse", "far": "mae"}
    return Example(compiled(_two(dict), losses), {"x": drawn(4, 3), "y": y})


@LOSSES_IGNORED.example("Their sum, as one loss")
def three_losses(mended=0):
    """Three losses for one output."""
    from keras import losses

    three = [losses.mean_squared_error, losses.mean_absolute_error, losses.huber]
    loss = (lambda y_true, y_pred: sum(one(y_true, y_pred) for one in three)) if mended else three
    return passing(drawn(4, 3), drawn(4, 3, seed=1), loss)


@METRICS_REFUSED.example("A list for every output", "A dict with the names of the outputs")
def one_metric_for_two(mended=0):
    """One metric in a list, for two outputs."""
    metrics = {0: ["mae"], 1: [["mae"], ["mae"]], 2: {"near": "mae", "far": "mae"}}[mended]
    model = compiled(_two(list), ["mse", "mse"], metrics=metrics)
    y = [drawn(4, 3, seed=1), drawn(4, 3, seed=2)]
    return Example(model, {"x": drawn(4, 3), "y": y})
