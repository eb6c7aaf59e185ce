"""The path of every case of the atlas, recomputed with lossbook's rules and no Keras of old.

`expected(case, release, method)` is what that release should have reported: one number, or one for
each call. What is left out is what comes before the values: see `atlas_reasons`.
"""

import warnings
from functools import cache
from pathlib import Path

import numpy as np

import lossbook as lb
from lossbook._rules.epochs_and_extras import last_batch
from lossbook.rules import resolve
from records.atlas.cases import CASES, CUSTOM, Numpy

ATLAS = Path(__file__).resolve().parents[2] / "records" / "atlas"
OUTPUTS = [output for case in CASES for output in case["outputs"]]
BY_ID = {case["id"]: case for case in CASES}
POSITIONS = {id(output): position for position, output in enumerate(OUTPUTS)}

__all__ = ["BY_ID", "CASES", "expected", "version"]


def version(release):
    """Return the framework and (major, minor, patch) of a release's name."""
    framework, _, numbers = release.rpartition("-")
    return framework, tuple(int(part) for part in numbers.split("."))


def finds_logits(release, eager):
    """Say whether this release finds the logits behind an activation."""
    framework, number = version(release)
    if framework == "tf.keras":
        return number >= (1, 14) and not (eager and (2, 0) <= number < (2, 1))
    return framework == "tf_keras" or number >= (2, 3)


def seen(output, release, eager):
    """Say what the loss sees: what the model returns, or the logits that Keras finds behind it."""
    found = finds_logits(release, eager) and output["after_activation"] is None
    if output["activation"] is None or not found:
        return "predictions"
    taken = output["options"].get("from_logits") and not logits_win(release)
    return "predictions" if taken else "logits"


def logits_win(release):
    """Say whether from_logits on an activation's output uses the logits behind it."""
    return version(release)[1] >= (2, 4)


def sigmoid_or_softmax(activation, z):
    z = z.astype("float32")
    with np.errstate(over="ignore"):
        if activation == "sigmoid":
            return 1 / (1 + np.exp(-z))
        e = np.exp(z - z.max(-1, keepdims=True))
        return e / e.sum(-1, keepdims=True)


def values_of(output, release, rows, eager):
    """Return the values of some rows, and the mask that the loss itself makes (or None)."""
    return _values(POSITIONS[id(output)], rows.start, rows.stop, seen(output, release, eager))


@cache
def _values(position, start, stop, sees):
    """Compute them once for all releases whose loss sees the same."""
    output, rows = OUTPUTS[position], slice(start, stop)
    y_true, y_pred, more = output["y_true"][rows], output["y_pred"], {}
    if sees == "logits":
        more = {"from_logits": True}
    elif output["activation"] is not None:
        y_pred = sigmoid_or_softmax(output["activation"], y_pred)
    y_pred, name = y_pred[rows], output["loss"]
    if name.startswith("custom:"):
        y_pred = y_pred.astype("float32")
        if y_true.ndim == y_pred.ndim - 1 and y_pred.shape[-1] == 1:
            y_true = y_true[..., None]
        return np.asarray(CUSTOM[name[7:]](Numpy, y_true, y_pred)), None
    options = {key: v for key, v in output["options"].items() if key != "reduction"} | more
    ignored = options.get("ignore_class")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values = lb.trace(name, y_true, y_pred, reduction=None, rule="keras-3.15", **options)[
            "values"
        ].value
    valid = None if ignored is None else y_true.reshape(values.shape) != ignored
    return values, valid


def weights_of(case, release, i, rows, training):
    """Return the sample weights of an output, class weights included."""
    weights, output = case["sample_weight"], case["outputs"][i]
    if isinstance(weights, dict):
        weight = weights.get(output["name"])
    elif isinstance(weights, list):
        weight = weights[i]
    else:
        weight = weights
    weight = None if weight is None else weight[rows]
    table = case["class_weight"]
    if table is None or not training:
        return weight
    framework, number = version(release)
    if any(isinstance(value, dict) for value in table.values()):
        table = table[output["name"]]
    elif len(case["outputs"]) > 1 and number < (3, 0, 0):
        return weight  # the keys are taken for names of outputs
    ignored = {"keras": number < (2, 2, 5), "tf.keras": number < (1, 14)}.get(framework)
    if weight is not None and ignored:
        return weight
    labels = output["y_true"][rows]
    if labels.ndim > 2:  # tf.keras from 2.13 on: one weight for each position
        one_hot = labels.shape[-1] > 1
        labels = labels.argmax(-1) if one_hot else labels[..., 0]
        found = np.vectorize(lambda label: table.get(int(label), 1.0))(labels).astype("float32")
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = lb.reduction.class_weights(labels, table)
    return found if weight is None else found * weight


def factors(case):
    """Return the loss weight of every output."""
    names, weights = [o["name"] for o in case["outputs"]], case["loss_weights"]
    if weights is None:
        return [1.0] * len(names)
    if isinstance(weights, dict):
        return [weights.get(name, 1.0) for name in names]
    return list(weights) if isinstance(weights, list) else [weights]


def additional(case, release, rows):
    """Return what regularisers and add_loss add to a batch."""
    extras, total = resolve(release).extras, 0.0
    for output in case["outputs"]:
        y_pred = output["y_pred"][rows].astype("float64")
        parts = {"activity": y_pred, **(output["dense"] or {})}
        for penalty in output["penalties"]:
            array = parts[penalty["on"]].astype("float64")
            if "l2" in penalty:
                value = penalty["l2"] * np.sum(array**2)
            else:
                value = penalty["l1"] * np.sum(np.abs(array))
            if penalty["on"] == "activity":
                value = extras["activity_penalty"](value, len(y_pred))
            total += value
        add = output["add_loss"]
        if add is not None and add["kind"] == "constant":
            total += add["value"]
        elif add is not None and add["kind"] == "sum":
            total += add["factor"] * np.sum(y_pred)
        elif add is not None:
            total += extras["add_loss"](add["factor"] * y_pred.sum(-1))
    return total


def output_rule(output, release):
    """Return the rule for an output: in TF 1.13 it depends on how the loss is given."""
    rule = resolve(release)
    if rule.name == "tf.keras-1.13" and (
        output["form"] == "class" or output["loss"] == "mean_squared_error"
    ):
        rule = resolve("tf.keras-1.13-class")
    return rule


def batch(case, release, rows, training, eager=False):
    """Return the loss of one batch; an array where the reduction is none."""
    by_class = training and case["class_weight"] is not None
    eagerly = eager and finds_logits(release, True) != finds_logits(release, False)
    return _batch(case["id"], release, rows.start, rows.stop, by_class, eagerly)


@cache
def _batch(name, release, start, stop, training, eager):
    """Compute it once for all methods that agree on it."""
    case, rows = BY_ID[name], slice(start, stop)
    total = additional(case, release, rows)
    for i, (output, factor) in enumerate(zip(case["outputs"], factors(case), strict=True)):
        if output["loss"] is None:
            continue
        values, valid = values_of(output, release, rows, eager)
        mask = None if output["mask"] is None else output["mask"][rows] != 0
        weight = weights_of(case, release, i, rows, training)
        reduction = output["options"].get("reduction", "sum_over_batch_size")
        reduction = "sum_over_batch_size" if reduction == "auto" else reduction
        rule = output_rule(output, release)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            result = rule.stages_of_loss(values, weight, mask, valid, reduction)[-1].value
        total = total + factor * np.asarray(result, "float64")
    return total


def hands_arrays_out(release):
    """Say whether a loss that is an array is reported as it is, not as its mean."""
    framework, number = version(release)
    return number < (2, 3) if framework == "keras" else number < (2, 2)


def mean(losses):
    return [float(np.mean(loss)) for loss in losses]


def expected(case, release, method):
    """Return what a method of a release should have reported: a number, or one for each call."""
    rule, size = resolve(release), len(case["outputs"][0]["y_true"])
    training = method.startswith(("train", "fit"))
    eager = "on_batch" in method
    whole = method in ("test_on_batch", "train_on_batch")
    step = size if whole else case["batch_size"]
    parts = [slice(start, min(start + step, size)) for start in range(0, size, step)]
    sizes = [part.stop - part.start for part in parts]
    losses = [batch(case, release, part, training, eager) for part in parts]
    if hands_arrays_out(release) and any(np.ndim(loss) for loss in losses):
        if "calls" in method:
            return losses
        if method == "evaluate_generator":
            sizes = [1] * len(sizes) if rule.from_generator is not last_batch else [0, 0, 1]
        return sum(n * loss for n, loss in zip(sizes, losses, strict=True)) / sum(sizes)
    entries = [np.size(loss) for loss in losses]
    if max(entries) > 1 and rule.name == "keras-3.0":  # its mean counts entries, not batches
        rule, sizes = resolve("keras-3.2"), entries
    elif max(entries) > 1 and rule.framework == "tf.keras":  # each entry counts with the batch
        sizes = [size * entry for size, entry in zip(sizes, entries, strict=True)]
    losses = mean(losses)
    if "calls" in method:
        return list(rule.on_batch(losses, sizes))
    if method == "evaluate_generator":
        return rule.from_generator(losses, sizes).value
    return rule.epoch(losses, sizes).value
