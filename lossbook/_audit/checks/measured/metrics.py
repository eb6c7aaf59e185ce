"""Metrics beside the loss: without its weights, or of other predictions than they take."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from lossbook._audit.checks.given.metrics import METRICS_REFUSED
from lossbook._audit.checks.predictions.logits import outside
from lossbook._audit.examples import array, drawn, passing
from lossbook._audit.finding import Finding, Hazard
from lossbook._core import four_digits, keras, to_numpy

METRICS_UNWEIGHTED = Hazard(
    "metrics-unweighted",
    "note",
    "05_weights.ipynb",
    262,
    means="The loss is weighted, and metrics beside it are not.",
    why=(
        "compile() has two lists: those of metrics count every row once, those of weighted_metrics "
        "get the weights of the loss, class weights as well."
    ),
    ignore="If the metrics are to count every row once, as they often are.",
    symptoms=("shown", "by-hand"),
    asked=(
        "https://github.com/keras-team/keras/issues/1642",
        "https://github.com/keras-team/keras/issues/5549",
    ),
)
METRIC_UNFIT = Hazard(
    "metric-unfit",
    "warning",
    "05_weights.ipynb",
    264,
    means="A metric cannot say how good these predictions are.",
    why=(
        "Keras picks the metric that accuracy stands for by the shapes alone, and a metric knows "
        "nothing of the loss: it takes logits for probabilities, numbers for labels, and of "
        "several labels a row the largest."
    ),
    ignore="If nobody looks at that metric: the loss is another matter.",
    symptoms=("shown",),
    asked=(
        "https://github.com/tensorflow/tensorflow/issues/41413",
        "https://github.com/suraj-deshmukh/Keras-Multi-Label-Image-Classification/issues/1",
    ),
)
_APART = 1e-3
_OF_PROBABILITIES = (
    *("BinaryAccuracy", "Precision", "Recall", "AUC", "F1Score", "FBetaScore", "BinaryIoU"),
    *("TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives"),
    *("PrecisionAtRecall", "RecallAtPrecision"),
    *("SensitivityAtSpecificity", "SpecificityAtSensitivity"),
    *("BinaryCrossentropy", "CategoricalCrossentropy", "SparseCategoricalCrossentropy"),
)


def findings(few: Any, outputs: Any) -> Iterator[Finding]:
    """Yield what the metrics say of a few rows."""
    unweighted = {}
    for metric in few.metrics():
        output = _output(metric.output, outputs)
        if output is not None and (found := _unfit(metric, output)) is not None:
            yield found
        if metric.weight is not None and not metric.weighted:
            pair = metric.number(), metric.number(weight=metric.weight)
            if abs(pair[0] - pair[1]) > _APART * max(map(abs, pair)):
                unweighted[_name(metric)] = pair
    if unweighted:
        said = "; ".join(
            f"{name} is {four_digits(one)} without, {four_digits(other)} with the weights"
            for name, (one, other) in unweighted.items()
        )
        yield METRICS_UNWEIGHTED.found(
            f"The loss is weighted, the metrics are not. Of the first {few.rows} rows: {said}.",
            "Where they are to be weighted, write `weighted_metrics = metrics; metrics = None` and "
            "compile again.",
            {"rows": few.rows},
        )


def refused(few: Any) -> Finding | None:
    """Return the finding for a metric that fails at a few rows, None where none does."""
    for metric in few.metrics():
        try:
            metric.number()
        except Exception as error:
            y_true, y_pred = tuple(metric.y_true.shape), tuple(metric.y_pred.shape)
            fix = "Leave it out, or take 'accuracy', which Keras chooses by the shapes."
            if y_true in (y_pred[:-1], (*y_pred[:-1], 1)) and y_pred[-1] > 1:
                fix = (
                    "It takes rows of classes in y_true, too: one-hot rows, with "
                    "categorical_crossentropy; for class numbers write `metrics = ['accuracy']` "
                    "and compile again."
                )
            elif y_true == y_pred:
                fix = (
                    "It takes class numbers, and y_true has rows of classes: write `metrics = "
                    "['accuracy']`, which Keras chooses by the shapes, and compile again."
                )
            return METRICS_REFUSED.found(
                f"The metric {_name(metric)!r} fails at y_true of shape {y_true} and y_pred of "
                f"shape {y_pred}. The loss does not.",
                fix,
                {"y_true.shape": y_true, "y_pred.shape": y_pred},
                error=error,
            )
    return None


def _name(metric):
    return f"{metric.output}/{metric.metric.name}" if metric.output else metric.metric.name


def _output(name, outputs):
    """Return the output of that name, or the only one."""
    if name is None:
        return outputs[0] if len(outputs) == 1 else None
    return next((output for output in outputs if output.name == name), None)


def _unfit(metric, output):
    """Return the finding for a metric that takes these for something else, or None."""
    kind = type(metric.metric).__name__
    y_true, y_pred = (to_numpy(x) for x in (metric.y_true, metric.y_pred))
    head, name = f"Output {output.name!r}: ", metric.metric.name
    if not np.isfinite(y_pred.astype(np.float64)).all() or y_true.dtype.kind not in "biuf":
        return None
    if output.options.get("from_logits") and kind in _OF_PROBABILITIES:
        return _of_logits(metric, output, y_pred, head)
    if kind == "BinaryAccuracy" and output.entry.target in ("regression", "own"):
        if y_true.size != y_pred.size or np.isin(y_true, (0, 1)).all():
            return None
        best = metric.number(y_pred=y_true.reshape(y_pred.shape).astype(y_pred.dtype))
        if best > 1 - _APART:
            return None
        return METRIC_UNFIT.found(
            f"{head}the metric {name!r} asks whether predictions above 0.5 are 1 and others 0, but "
            f"the targets are numbers: predictions without any error would have "
            f"{four_digits(best)}.",
            "How far numbers are apart says `metrics = ['mean_absolute_error']`; compile again. "
            "Labels -1 and 1 need a metric of their own.",
            {"targets": [y_true.min(), y_true.max()], name: metric.number()},
        )
    if kind == "CategoricalAccuracy" and y_pred.shape[-1:] == (1,):
        return METRIC_UNFIT.found(
            f"{head}the metric {name!r} compares the largest prediction of a row with its largest "
            "target, and there is one of each: it is 1 whatever is predicted.",
            "Write `metrics = ['binary_accuracy']` and compile again.",
            {"y_pred.shape": y_pred.shape, name: metric.number()},
        )
    several = y_true.ndim > 1 and y_true.shape == y_pred.shape and np.isin(y_true, (0, 1)).all()
    if kind == "CategoricalAccuracy" and several and (y_true.sum(-1) > 1).any():
        binary = keras.metrics.BinaryAccuracy()
        binary.update_state(metric.y_true, metric.y_pred)
        return METRIC_UNFIT.found(
            f"{head}rows have several labels, but the metric {name!r} is categorical_accuracy "
            "here: it looks at the largest prediction of a row, and at the first of its labels.",
            "Ask each label, `metrics = ['binary_accuracy']`, and compile again.",
            {name: metric.number(), "binary_accuracy": float(to_numpy(binary.result()))},
        )
    return None


def _of_logits(metric, output, y_pred, head):
    """Return the finding for a metric of probabilities that gets logits, None if it knows."""
    from keras import activations, ops

    options, name = metric.metric.get_config(), metric.metric.name
    kind = type(metric.metric).__name__
    limits = [options.get(key) for key in ("threshold", "thresholds")]
    limits = [limit for given in limits if given is not None for limit in np.ravel(given).tolist()]
    known = kind != "AUC" and any(not 0 < limit < 1 for limit in limits)
    if options.get("from_logits") or known or not outside(y_pred).any():
        return None
    activation = output.entry.activation
    given = metric.number()
    other = metric.number(getattr(activations, activation)(ops.convert_to_tensor(y_pred)))
    if abs(given - other) <= _APART * max(abs(given), abs(other)):
        return None
    code = f"keras.metrics.{kind}(from_logits=True)"
    code = f"keras.metrics.{kind}(threshold=0.0)" if "threshold" in options else code
    code = f"keras.metrics.{kind}(thresholds=0.0)" if "thresholds" in options else code
    fix = f"Write `metrics = [{code}]` and compile again"
    if kind == "AUC" or not ("from_logits" in options or "0.0" in code):
        fix = f"End the output in a {activation} and leave from_logits=True out"
    return METRIC_UNFIT.found(
        f"{head}the metric {name!r} takes probabilities and gets logits: it is "
        f"{four_digits(given)}, and {four_digits(other)} of their {activation}.",
        f"{fix}.",
        {"lowest": y_pred.min(), "highest": y_pred.max()},
    )


@METRICS_UNWEIGHTED.example("`weighted_metrics`")
def a_metric_without_weights(mended=0):
    """The loss once more, as a metric."""
    options = {"weighted_metrics" if mended else "metrics": ["mean_squared_error"]}
    weight = array(1, 2, 3, 2)
    return passing(drawn(4, 3), drawn(4, 3, seed=1), "mse", options=options, sample_weight=weight)


@METRIC_UNFIT.example("`mean_absolute_error`")
def accuracy_of_numbers(mended=0):
    """The accuracy of a regression."""
    options = {"metrics": ["mean_absolute_error" if mended else "accuracy"]}
    return passing(drawn(4, 1), 9 * drawn(4, 1, seed=1), "mse", options=options)
