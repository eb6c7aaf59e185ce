"""What audit was given, looked at before anything runs: structures, and kinds of arrays."""

import re
from contextlib import suppress
from dataclasses import replace
from typing import Any

from lossbook._audit.checks.given import (
    batched,
    closures,
    identifiers,
    kinds,
    metrics,
    order,
    own_errors,
    rounded,
    structure,
)
from lossbook._audit.finding import Finding, keras_words
from lossbook._core import keras
from lossbook._model import (
    Given,
    compiled_with,
    first_rows,
    is_nested,
    known_loss,
    leaves,
    outputs_of,
    overridden,
    refuse_nothing,
)

_REFUSALS = (
    structure.STRUCTURE_REFUSED.code,
    metrics.METRICS_REFUSED.code,
    kinds.KIND_REFUSED.code,
    kinds.LOSS_REFUSED.code,
)


class GivenData:
    """The data of an audit and what is found of them before anything runs.

    `data` are those to go on with: what a generator has yielded first is put back. `refusals` are
    findings that hold if Keras does fail, `findings` all others.
    """

    def __init__(self, model: Any, data: dict[str, Any], yielded: Any = None) -> None:
        self.data, first = data, None
        self.model = model
        self.structure_known, self.first = False, None
        if data["y"] is None and not hasattr(data["x"], "shape"):
            first, self.data = _first_batch(data)
            if first is None and hasattr(data["x"], "__next__"):
                refuse_nothing(0, data["x"], "audit")
        found = [*kinds.batches(yielded), *batched.findings(model, data["x"], first)]
        found += [] if found else kinds.findings(first or data, _one_loss(model))
        known = first is not None or data["y"] is not None or _are_arrays(data["x"])
        if known and not any(finding.code in _REFUSALS for finding in found):
            self.first = first or data
            given = _given(model, self.first)
            self.structure_known = given is not None
            try:
                found += [] if given is None else self._of(given, first or data)
            except (AttributeError, IndexError, KeyError, TypeError, ValueError):
                self.structure_known = False  # of a form that nobody has thought of
        self.refusals = [finding for finding in found if finding.code in _REFUSALS]
        self.findings = [finding for finding in found if finding.code not in _REFUSALS]

    def _of(self, given, first):
        yielded = self.data["y"] is None
        arrays = None if hasattr(self.data["x"], "element_spec") else first
        found = [*structure.findings(given, arrays), *closures.findings(given.loss)]
        found += kinds.loss_weights(given.loss_weights)
        found += [*identifiers.findings(vars(given)), *rounded.findings(given.y)]
        if not yielded:
            return found
        more = "y and sample_weight are what x yields."
        return [self._yielded(f, more) if "`y = " in f.fix else f for f in found]

    def _yielded(self, finding, more):
        """Say the same of what x yields."""
        code = re.fullmatch("Write `y = ([^`;]*)`.", finding.fix)
        if not (hasattr(self.data["x"], "element_spec") and code) or "np." in code[1]:
            return replace(finding, fix=f"{finding.fix} {more}")
        fix = f"Write `x = x.map(lambda x, y: (x, {code[1]}))`"
        if code[1] == "y[0]":
            fix += "; where the second of y is a weight, `x = x.map(lambda x, y: (x, *y))`"
        return replace(finding, fix=f"{fix}.")

    def refused(self, error: Exception) -> list[Finding]:
        """Return the refusals, with what Keras says in the end."""
        said = {"Keras": keras_words(error)}
        return [replace(one, evidence=one.evidence | said) for one in self.refusals]

    def afterwards(self, error: Exception) -> list[Finding]:
        """Return the refusals of what had to be computed first: a batch, or the outputs."""
        x = self.data["x"]
        if hasattr(x, "__getitem__") and getattr(x, "num_batches", 0) != 0:
            fix = "Let __getitem__ return (x, y), or (x, y, sample_weight)."
            self.refusals = [replace(found, fix=fix) for found in kinds.batches([x[0]])]
            if self.refusals:
                return self.refused(error)
        if self.structure_known or self.first is None or hasattr(self.data["x"], "element_spec"):
            return []
        try:
            given = _given(self.model, self.first, compute=True)
            found = [] if given is None else structure.findings(given, None)
            self.refusals = [finding for finding in found if finding.code in _REFUSALS]
        except Exception:  # the model itself may be what fails
            return []
        return self.refused(error)


def _are_arrays(x):
    """Say whether x is made of arrays, and no data set that nobody has looked into."""
    return all(hasattr(leaf, "shape") for leaf in leaves(x).values())


def _first_batch(data):
    """Return (a first batch or None, the data with it put back)."""
    x = data["x"]
    if hasattr(x, "element_spec"):
        spec = x.element_spec
        parts = spec if isinstance(spec, tuple) else (spec,)
        return dict(zip(("x", "y", "sample_weight"), (*parts, None, None), strict=False)), data
    if not (hasattr(x, "__next__") or isinstance(x, keras.utils.PyDataset)):
        return None, data
    if not hasattr(x, "__next__") and not x.num_batches:
        return None, data
    return first_rows(data)


def _one_loss(model):
    """Return (name, options) of the loss of a model that has one, and it is Keras's; else None."""
    loss = compiled_with(model)["loss"]
    with suppress(ValueError, TypeError):  # of a name that Keras does not know
        return None if loss is None or is_nested(loss) else known_loss(keras.losses.get(loss))
    return None


def _given(model, data, compute=False):
    """Return what meets in the loss of a model, or None where that is not known."""
    if overridden(model) and {"test_step", "train_step", "compute_loss"} & set(overridden(model)):
        return None
    try:
        parts = compiled_with(model)
        known = outputs_of(model)
        nested = [data["y"], data["sample_weight"], parts["loss"], parts["loss_weights"]]
        if known is None and (compute or any(map(is_nested, nested))):
            known = outputs_of(model, data["x"] if hasattr(data["x"], "shape") else None)
    except Exception:  # a model that has no such parts, or fails: the pass will say why
        return None
    if known is None:
        return None
    outputs, names = known
    return Given(outputs, list(names), data["y"], data["sample_weight"], **parts)
