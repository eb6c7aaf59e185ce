"""audit(): what the loss of a compiled model does that hardly anyone means."""

import warnings
from collections import deque

from lossbook._audit.checks.balance import Classes, Terms
from lossbook._audit.checks.batches import Batches
from lossbook._audit.checks.class_weights import first_labels, refusal, weighted
from lossbook._audit.checks.custom_losses import Rows
from lossbook._audit.checks.labels import Labels
from lossbook._audit.checks.masks import LostMask, MaskBatches
from lossbook._audit.checks.not_finite import MADE, Finite
from lossbook._audit.checks.precision import scaling
from lossbook._audit.checks.predictions import Predictions
from lossbook._audit.checks.weights import WeightedMean, WeightsAxis, ZeroWeights
from lossbook._audit.finding import ordered
from lossbook._audit.observer import Looking
from lossbook._audit.refusals import refused, unexplained
from lossbook._model import check_model

CHECKS = (
    Labels,
    Predictions,
    Finite,
    Rows,
    LostMask,
    MaskBatches,
    WeightsAxis,
    ZeroWeights,
    WeightedMean,
    Batches,
    Classes,
)
_HALF = "float16-loss", "error"
_REPLAYED = 8  # batches of a generator that are kept, in case one of them fails


def audit(model, x, y=None, sample_weight=None, class_weight=None, batch_size=32, steps=None):
    """Find what the loss of a compiled model does that hardly anyone means.

    Surprise: nothing found is no proof. The data are looked at once, in evaluate; what happens in
    training alone (dropout, validation data, other batch sizes) is not seen.

    Formula: coefficients that are not what their user thinks, by shapes, ranges and shares.

    Args:
        model: a compiled `keras.Model` whose loss Keras puts together.
        x: inputs as `evaluate` takes them: arrays, tensors, a dict or list of them, a
            `tf.data.Dataset`, a `PyDataset`, or a generator (which is consumed once).
        y: targets, in the structure of the outputs; None where `x` brings them.
        sample_weight: as `evaluate` takes it: `(batch,)` or the shape of the values, per output.
        class_weight: dict, class number -> weight, as `fit` takes it.
        batch_size: rows of a batch; data that come in batches keep their own.
        steps: how many batches to look at, None for all.

    Returns:
        Findings: a tuple of Finding(code, severity, message, evidence, fix, chapter), errors
        first, then along the path; empty where there is nothing. Where Keras itself fails, a
        finding says at what, with Keras's own words as evidence.

    Raises:
        ValueError: for a model that is not compiled, or has its own `test_step` or `compute_loss`.
        RuntimeError: where a newer Keras has moved what lossbook reads of a compiled model.

    Examples:
        An example with a model: chapter 13.

    References:
        keras/src/losses/loss.py::Loss.__call__, Keras 3.15.1.
    """
    check_model(model, "audit")
    kept = None
    if hasattr(x, "__next__"):
        kept, x = _replayed(x)
    size = None if y is None and not hasattr(x, "shape") else batch_size
    data = {"x": x, "y": y, "sample_weight": sample_weight, "batch_size": size, "steps": steps}
    x, y, sample_weight, findings = weighted(x, y, sample_weight, class_weight)
    checks, terms = {}, Terms()

    def each(batch_and_looks):
        batch, looks = batch_and_looks
        for look in looks:
            mine = checks.setdefault(look.index, [check(look.output) for check in CHECKS])
            for check in mine:
                check.see(look if isinstance(check, Labels) else look.mended)
        terms.see(batch, [look.mended for look in looks])

    weighed = {**data, "x": x, "y": y, "sample_weight": sample_weight}
    try:
        findings += _evaluated(model, each, weighed, kept)
    except Exception as error:
        if weighed["x"] is data["x"]:
            raise
        findings.append(refusal(error, first_labels(data["x"], None)))  # of a class without weight
        checks.clear()
        findings += _evaluated(model, each, data, kept)
    for _, mine in sorted(checks.items()):
        findings += _without_consequences([f for check in mine for f in check.findings()])
    findings += [*terms.findings(), *scaling(model)]
    return ordered(findings)


def _without_consequences(findings):
    """Leave out NaN that the loss function makes of what it should not have got."""
    causes = ("logits-as-probabilities", "probabilities-sum", "labels-range", "one-class")
    if not any(f.code in causes or (f.code, f.severity) == _HALF for f in findings):
        return findings
    return [f for f in findings if (f.code, f.evidence.get("source")) != ("not-finite", MADE)]


def _evaluated(model, each, data, kept):
    """Run evaluate; return a list of what Keras refuses, or let errors of the model through."""
    looking, values = Looking(model), _values(model)
    try:
        _quietly(looking, each, data)
        return []
    except Exception as error:
        first = error
    _put_back(values)
    if not model.run_eagerly:  # a graph knows neither values nor the row that failed
        looking = _again(model, data, kept) or looking
        _put_back(values)
    if looking.failure is not None:
        finding = refused(looking.failure)
        if finding is not None:
            return [finding]
    if looking.refused is not None:
        return [unexplained(looking.refused, looking.called)]
    raise first


def _again(model, data, kept):
    """Run evaluate once more, eagerly, up to the batch that fails; None if none does."""
    looking, eager = Looking(model), model.run_eagerly
    model.run_eagerly = True
    try:
        for batch in [data] if kept is None else [_batch_data(batch) for batch in kept]:
            try:
                _quietly(looking, lambda batch: None, dict(batch))
            except Exception:
                return looking
    finally:
        model.run_eagerly = eager
    return None


def _quietly(looking, each, data):
    """Evaluate; what Keras warns of meanwhile, the findings say."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        looking.evaluate(each, **data)


def _replayed(generator):
    """Return the latest batches of a generator, and a generator that keeps them."""
    kept = deque(maxlen=_REPLAYED)

    def batches():
        for batch in generator:
            kept.append(batch)
            yield batch

    return kept, batches()


def _batch_data(batch):
    x, y, weight = (*batch, None, None)[:3]
    return {"x": x, "y": y, "sample_weight": weight, "batch_size": 2**31}


def _values(model):
    """Return the variables of a model and their values, which JAX takes out while it evaluates."""
    import keras

    if keras.backend.backend() != "jax":
        return []
    import numpy as np

    return [(v, np.array(v)) for v in [*model.variables, *model.metrics_variables]]


def _put_back(values):
    for variable, value in values:
        variable.assign(value)
