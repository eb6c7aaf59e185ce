"""audit(): what the loss of a compiled model does that hardly anyone means."""

from collections import deque
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from lossbook._audit.by_class import Weighing
from lossbook._audit.checks import not_finite
from lossbook._audit.checks.class_weights import (
    first_labels,
    mean_finding,
    refusal,
    weighted,
)
from lossbook._audit.checks.given import GivenData, batched
from lossbook._audit.checks.given.own_errors import begin
from lossbook._audit.checks.given.own_errors import found as own_error
from lossbook._audit.checks.measured import gradients, in_sight, metrics
from lossbook._audit.checks.measured.batch_size import of_the_model
from lossbook._audit.checks.own_steps import OwnSteps
from lossbook._audit.checks.precision import FLOAT16_LOSS, scaling
from lossbook._audit.checks.reported import Reported
from lossbook._audit.checks.terms import Terms
from lossbook._audit.finding import HAZARDS, Findings, keras_words, ordered
from lossbook._audit.head import Seen
from lossbook._audit.mask_path import MaskPath
from lossbook._audit.observation import Check, OutputBatch, or_none
from lossbook._audit.refusals import refused
from lossbook._audit.step import STEP, batch_of, look
from lossbook._audit.together import Together
from lossbook._core import collected_warnings, to_numpy
from lossbook._model import (
    FewRows,
    Watch,
    batch_data,
    check_data,
    check_model,
    first_rows,
    overridden,
    refuse_nothing,
)

_EAGER_ALONE = (
    "It runs in eager mode, and not where Keras compiles it: take keras.ops in place of NumPy, "
    "keras.ops.where in place of if, and keras.ops.shape(y_pred)[0] in place of y_pred.shape[0] or "
    "len(y_pred), which are not known there."
)
_REPLAYED = 8  # batches of a generator that are kept, in case one of them fails


def audit(
    model: Any,
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    class_weight: dict[int, float] | None = None,
    batch_size: int = 32,
    steps: int | None = None,
) -> Findings:
    """Find what the loss of a compiled model does that hardly anyone means.

    Surprise: nothing found is no proof. The data are read once, in evaluate; what happens in
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
        steps: how many batches to take, None for all.

    Returns:
        Findings: a tuple of Finding(code, severity, message, evidence, fix, chapter), errors
        first, then along the path; empty where there is nothing. Where Keras itself fails, a
        finding says at what, with Keras's own words as evidence.

    Raises:
        TypeError: for what is no model of Keras 3, or no data.
        ValueError: for a model that is not compiled; for a batch_size or steps below 1; for data
            without a row; where a step of the model's own reports no scalar.
        RuntimeError: where a newer Keras has moved what lossbook reads of a compiled model.

    Examples:
        An example with a model: chapter 13.

    References:
        keras/src/losses/loss.py::Loss.__call__, Keras 3.15.1.
    """
    begin()
    check_model(model, "audit")
    check_data("audit", x, batch_size, steps)
    kept = None
    if hasattr(x, "__next__"):
        kept, x = _replayed(x)
    size = None if y is None and not hasattr(x, "shape") else batch_size
    data = {"x": x, "y": y, "sample_weight": sample_weight, "batch_size": size, "steps": steps}
    try:
        given = GivenData(model, data, kept)
    except Exception as error:  # of a first batch
        if (own := own_error(error, "The data")) is None:
            raise
        return ordered([own], seen=Seen().lines(False, False, False))
    data = given.data
    first = kept[0] if kept else None
    x, y, sample_weight, findings = weighted(
        data["x"], y, sample_weight, class_weight, first, getattr(model, "output_names", ())
    )
    findings += given.findings
    weighed = {**data, "x": x, "y": y, "sample_weight": sample_weight}
    acted = class_weight is not None and any(weighed[name] is not data[name] for name in weighed)
    labels = first_labels(data["x"], data["y"]) if acted else None
    checks = _Checks(Weighing(acted, labels, hasattr(data["x"], "element_spec")))
    try:
        findings += _evaluated(model, checks, weighed, kept, given)
    except Exception as error:
        if x is data["x"]:
            raise
        labels, units = first_labels(data["x"], None), getattr(model, "output_shape", None)
        units = units[-1] or 0 if isinstance(units, tuple) else 0
        findings.append(refusal(error, labels, (data["x"], None, None), class_weight, units))
        checks, acted = _Checks(), False
        findings += _evaluated(model, checks, data, kept, given)
    if acted:
        findings += mean_finding(class_weight, *checks.weights)
    few = _few_rows(model, weighed if acted else data, kept)
    asked = few is not None and not checks.own_step and checks.batches
    if asked:
        what = "whether batch sizes matter, for a few rows fail"
        few = few if checks.ask(what, of_the_model(few), findings) else None
    seen = checks.seen.lines(class_weight is not None, given.structure_known, few is not None)
    found = [*findings, *checks.findings(few), *scaling(model)]
    if asked and few is not None:
        checks.ask("whether the model sees its targets", in_sight.findings(few), found)
        checks.ask("the metrics", metrics.findings(few, checks.outputs()), found)
        if not any(f.severity == "error" and "stuck" in HAZARDS[f.code].symptoms for f in found):
            checks.ask("whether the loss has a derivative", gradients.findings(few), found)
    return ordered(found, checks.scope(), seen)


class _Checks:
    """All checks of a pass: those of every output, and those of the whole."""

    def __init__(self, weighing=Check.weighing):
        self.weighing = weighing
        self.by_output, self.together, self.terms, self.batches = {}, {}, Terms(), 0
        self.reported = Reported()
        self.rows, self.own_step, self.unseen = [], None, []
        self.weights, self.seen = (0.0, 0), Seen()

    def see(self, batch, contributed):
        """Hand one batch to every check, with the contributions of each output."""
        repaired = []
        self.seen.see(batch.calls, batch.additional)
        for index, call in enumerate(batch.calls):
            plain = OutputBatch(call, batch.rows, self.batches, contributed[index])
            repaired.append(plain.repaired)
            if plain.weight is not None:
                total, count = self.weights
                self.weights = total + float(plain.weight.sum()), count + plain.weight.size
            if index not in self.by_output:
                checks = [check(call.output) for check in Check.kinds]
                for check in checks:
                    check.weighing, check.unseen = self.weighing, self.unseen
                self.by_output[index] = checks
                self.together[index] = Together([c for c in checks if not c.by_batch])
            for check in self.by_output[index]:
                if check.by_batch:
                    check.see(plain.repaired if check.repaired else plain)
            self.together[index].see(plain)
        self.terms.see(batch, repaired)
        self.batches += 1

    def outputs(self):
        """Return the outputs that have a loss."""
        return [checks[0].output for checks in self.by_output.values()]

    def ask(self, what, findings, found):
        """Add findings of a few rows to `found`; say whether they could be asked."""
        try:
            found.extend(findings)
        except Exception as error:
            self.unseen.append(f"{what}: {keras_words(error)}")
            return False
        return True

    def end(self):
        """Hand over the batches that were kept back, to be put together with others."""
        for together in self.together.values():
            together.flush()

    def scope(self):
        """Say what nobody has looked at."""
        unseen = [f"The targets, predictions, masks and weights in its own {self.own_step}"]
        unseen = (unseen if self.own_step else []) + self.unseen
        return f"Not looked at: {'; '.join(unseen)}." if unseen else ""

    def findings(self, few):
        """Yield what the checks found; not the NaN that a loss makes of what it can't take."""
        for checks in self.by_output.values():
            findings = [finding for check in checks for finding in check.findings()]
            causes = (*not_finite.CAUSES, (FLOAT16_LOSS.code, "error"))
            caused = any(f.code in causes or (f.code, f.severity) in causes for f in findings)
            for finding in findings:
                if not (caused and finding.evidence.get("source") == not_finite.BY_THE_LOSS):
                    yield finding
        if self.batches:
            yield from self.terms.findings(partial(_lengths, few))


def _evaluated(model, checks, data, kept, given):
    """Run evaluate; return a list of what Keras refuses, or let errors of the model through."""
    watch = Watch.of(model, look, MaskPath)
    rows, first, own_steps = 0, None, {"test_step", "train_step", "compute_loss"}
    if own_steps & set(overridden(model)):
        first, data = first_rows(data)

    def each(batch_rows, replica, tensors, about):
        nonlocal rows
        rows += batch_rows
        checks.rows.append(batch_rows)
        checks.seen.count(batch_rows, replica)
        sums, (dtypes, tracked) = to_numpy(tensors.pop(STEP)).tolist(), about
        checks.reported.see(*sums, dtypes, tracked, replica)
        if not watch.own_step:
            checks.see(*batch_of(watch, batch_rows, tensors))

    with np.errstate(all="ignore"), collected_warnings():  # the findings say it
        try:
            reported = watch.evaluate(each, caller="audit", **data)
            refuse_nothing(rows, data["x"], "audit")
            watch.keep()
            checks.end()
            checks.own_step = watch.own_step
            findings = list(checks.reported.findings(watch, reported))
            seen = checks.seen
            if not (seen.outputs or seen.additional or watch.own_step):  # JAX takes no loss for 0
                findings += given.refusals
            if first is not None:
                own = OwnSteps(model, first, checks.rows, checks.unseen)
                findings += own.findings()
            return findings
        except Exception as error:
            if "KeyboardInterrupt: " in str(error):  # TensorFlow's own, from a function of the data
                raise
            if given.refusals:
                return given.refused(error)
            first, failure, eager = error, watch.failure, None
            if (failure is None or failure.output is None) and (found := given.afterwards(error)):
                return found
        if failure is None or not model.run_eagerly:  # a graph knows no values, a build no step
            eager, again = _eager_failure(watch, data, kept)
            failure = again or failure
    graph_alone = failure is not None and eager is None and not model.run_eagerly
    if graph_alone and failure.output is not None:
        own = own_error(first, f"The loss of output {failure.output.name!r}")
        if own is not None:
            return [replace(own, fix=_EAGER_ALONE)]
    if failure is not None:
        return [refused(failure, checks.weighing)]
    generator = getattr(kept, "error", None)
    own = own_error(generator, "The generator") if generator else own_error(eager or first)
    found = own or _metric_refused(model, data, kept) or (kept and batched.uneven(kept))
    if not found:
        raise first
    return [found]


def _eager_failure(watch, data, kept):
    """Run evaluate once more, eagerly; return its error and the failure of the loss, or None."""
    for replayed in [data] if kept is None else map(batch_data, kept):
        try:
            watch.evaluate(lambda *seen: None, eager=True, **replayed)
        except Exception as error:
            return error, watch.failure
    return None, None


class _Kept(deque):
    """The latest batches of a generator, and the error that ended it."""

    error = None


def _replayed(generator):
    """Return the latest batches of a generator, and a generator that keeps them."""
    kept = _Kept(maxlen=_REPLAYED)

    def batches():
        try:
            for batch in generator:
                kept.append(batch)
                yield batch
        except Exception as error:
            kept.error = error
            raise

    return kept, batches()


@or_none
def _few_rows(model, data, kept):
    """Return the FewRows of the data, None where there are none to be had any more."""
    return FewRows(model, data if kept is None else batch_data(kept[0]))


@or_none
def _metric_refused(model, data, kept):
    """Return the finding for a metric that fails, None where none does."""
    few = _few_rows(model, data, kept)
    return few and metrics.refused(few)


@or_none
def _lengths(few):
    """Return the lengths of the gradients of data and penalties, None where there are none."""
    return few and few.gradients()
