"""Targets that the loss cannot mean: out of range, not one-hot."""

import numpy as np

from lossbook._audit.checks.data.known import (
    SENTINELS,
    by_elements,
    called,
    into_range,
    other_axis,
)
from lossbook._audit.examples import array, drawn, one_hot, passing, simplex
from lossbook._audit.finding import Hazard
from lossbook._audit.observation import Check

LABELS_RANGE = Hazard(
    "labels-range",
    "error",
    "02_elementwise.ipynb",
    10,
    means=(
        "Targets lie outside of what the loss takes, or of what the output can give: a class "
        "number without a unit, -1 for a crossentropy, 255 for a sigmoid."
    ),
    why=(
        "Keras does not compare targets with the range of a loss. binary_crossentropy is "
        "computed for any number, and falls below 0 for a label of -1; a class number that does "
        "not exist is an error, NaN or some number, by loss and backend."
    ),
    ignore="Never for a crossentropy. Labels -1 and 1 have losses of their own, such as hinge.",
    symptoms=("by-hand", "falls", "nan", "raises"),
    asked=(
        "https://github.com/keras-team/keras/issues/14046",
        "https://github.com/tensorflow/tensorflow/issues/71638",
    ),
)
LABELS_NOT_ONE_HOT = Hazard(
    "labels-not-one-hot",
    "error",
    "02_elementwise.ipynb",
    20,
    means="A row of targets does not add up to 1, for a loss that takes one distribution per row.",
    why=(
        "categorical_crossentropy is -sum(y_true * log(y_pred)) over the classes: a row with two "
        "labels counts twice, a row of zeros costs 0 and stays in the denominator."
    ),
    ignore="If a row is to count by its sum. sample_weight says that more plainly.",
    symptoms=("by-hand", "scale"),
    asked=("https://github.com/keras-team/keras/issues/19316",),
)
_TOLERANCE = 1e-3
_VALUES = 256
_NUMBERED = (
    "Number the classes from 0, and give the output one unit per class; labels that are to be left "
    "out need ignore_class, or a weight of 0 and a number that exists."
)
_IN_RANGE = "Bring the targets into that range, or take a loss for such targets."


def _outside(entry, y_true):
    """Return which targets lie outside of the range of a loss that has one."""
    low, high, _ = entry.target_range
    return (y_true < low - _TOLERANCE) | (y_true > high + _TOLERANCE)


def _unknown(output, value, zeros, within=None):
    """Return the fix for labels that are all one mark for 'unknown', "" where they are none.

    Labels -1 and 1 without a 0 are signs.
    """
    if value not in SENTINELS:
        return ""
    head = f"If {value:g} means 'unknown', leave these out"
    if within is not None:
        how = "multiply its values by 0 there, and divide by the number of the others"
        if output.entry.target == "sparse":
            how = f"pass ignore_class={int(value)} to {output.loss_name}"
        return f"{head} in {within}: {how}."
    head += ": write"
    if output.entry.target == "sparse":
        loss = called(output.keras_loss, ignore_class=int(value))
        return f"{head} `loss = {loss}` and compile again. {_NUMBERED}"
    if output.entry.class_axis != "mean" or not zeros:
        return ""
    filled = f"keras.ops.where(y_true == {value:g}, 0.0, y_true)"
    code = by_elements(output.keras_loss, f"y_true != {value:g}", filled)
    return f"{head} {code} and compile again."


class Labels(Check):
    """Targets out of the range of their loss, and rows that are no distribution."""

    repaired = False
    by_batch = False

    def __init__(self, output):
        super().__init__(output)
        self.bad, self.low, self.high, self.count = 0, np.inf, -np.inf, 0
        self.odd, self.empty, self.rows, self.sums = 0, 0, 0, set()
        self.shape, self.classes, self.zeros = None, None, False
        self.values: set[float] | None = set()
        self.predicted, self.other, self.origin, self.weighed = (), None, None, False

    def see(self, batch):
        """Count what is out of range at positions that count."""
        entry = batch.entry
        self.predicted = () if batch.y_pred is None else batch.y_pred.shape
        self.origin, self.weighed = batch.call.origin, self.weighed or batch.weight is not None
        if entry.target == "sparse":
            self._see_numbers(batch)
        elif entry.target_range:
            ends = np.array(batch.true_range)
            fine = np.isfinite(ends).all() and not _outside(entry, ends).any()
            if fine and entry.target != "categorical":
                self._add(batch.y_true, np.zeros((), bool))
                return
            y_true = np.asarray(batch.y_true, np.float64)
            wrong = batch.kept_targets & np.isfinite(y_true) & _outside(entry, y_true)
            self._add(y_true, wrong)
            if entry.target == "categorical" and y_true.shape[batch.axis] > 1:
                self._see_rows(batch, y_true, wrong)

    def _see_numbers(self, batch):
        self.classes = batch.y_pred.shape[batch.axis]
        y_true = np.asarray(batch.y_true, np.float64)
        kept = batch.repaired.kept
        kept = kept.reshape(y_true.shape) if kept.size == y_true.size else True
        wrong = (y_true < 0) | (y_true >= self.classes) | (np.round(y_true) != y_true)
        wrong &= kept & np.isfinite(y_true)
        if batch.options.get("ignore_class") is not None:
            wrong &= batch.y_true != batch.options["ignore_class"]
        self._add(y_true, wrong)

    def _see_rows(self, batch, y_true, wrong):
        """Count rows of targets that don't add up to 1; a smoothed or soft row does."""
        axis = batch.axis
        sums = y_true.sum(axis)
        kept = batch.kept if batch.kept.shape == sums.shape else np.ones(sums.shape, bool)
        kept = kept & np.isfinite(sums) & ~wrong.any(axis)
        odd = kept & (np.abs(sums - 1) > _TOLERANCE) & (sums != 0)
        if odd.any() and self.other is None:
            self.other = other_axis(y_true, axis)
        self.odd += int(odd.sum())
        self.empty += int((kept & (sums == 0)).sum())
        self.rows += int(kept.sum())
        self.sums |= set(np.unique(sums[odd])[:3].tolist()) if len(self.sums) < 3 else set()

    def _add(self, y_true, wrong):
        self.shape, self.count = self.shape or y_true.shape, self.count + y_true.size
        self.bad += int(wrong.sum())
        if wrong.any():
            self.zeros |= bool((y_true == 0).any())
            found = np.unique(y_true[np.isfinite(y_true)])
            many = self.values is None or len(found) > _VALUES
            self.values = None if many else self.values | set(found.tolist())
            self.low = min(self.low, y_true[wrong].min())
            self.high = max(self.high, y_true[wrong].max())

    def findings(self):
        """Yield a finding for the range, and one for the rows."""
        loss, entry = self.output.loss_name, self.output.entry
        evidence = {"y_true.shape": self.shape, "targets": self.count, "out of range": self.bad}
        if self.bad:
            evidence |= {"lowest of them": self.low, "highest of them": self.high}
            if entry.target == "sparse":
                text = f"class numbers from 0 to {self.classes - 1}"
                ignored = self.output.options.get("ignore_class")
                labels = (self.values or {0}) - {ignored}
                fix = _numbered(min(labels), self.high, self.classes, ignored)
            else:
                text = entry.target_range[2]
                fix = _into(entry, self.values, self.shape, self.predicted)
            unknown = self.low == self.high and _unknown(
                self.output, self.low, self.zeros, self.within
            )
            fix = (self.values != {0.0, 255.0} and unknown) or fix
            yield LABELS_RANGE.found(
                f"{self.head}{loss} takes {text}. Targets outside of that: {self.bad} of "
                f"{self.count}. Keras computes with them or fails, by loss and backend.",
                fix,
                evidence,
            )
        smoothing = self.output.options.get("label_smoothing") or 0
        if not 0 <= smoothing < 1:
            yield LABELS_RANGE.found(
                f"{self.head}{loss} mixes the share label_smoothing={smoothing:g} of an even "
                "distribution into the targets: outside of 0 to 1 they are no probabilities.",
                "Take a share from 0 to below 1, 0.1 say.",
                {"label_smoothing": smoothing},
            )
        evidence = {"y_true.shape": self.shape, "rows": self.rows}
        if self.odd:
            fix = (
                "For one class per row pass one-hot rows; for several classes per row take a "
                "sigmoid and binary_crossentropy"
                f"{self._of_several()}."
            )
            if loss == "kl_divergence":
                fix = "Divide each row by its sum: write `y = y / y.sum(-1, keepdims=True)`."
            if self.other is not None and self.within is None:
                code = called(self.output.keras_loss, axis=self.other)
                fix = (
                    f"They add up to 1 over axis {self.other}: if it has the classes, write `loss "
                    f"= {code}` and compile again."
                )
            evidence |= {"rows of another sum": self.odd, "such as": sorted(self.sums)[:3]}
            yield LABELS_NOT_ONE_HOT.found(
                f"{self.head}{loss} takes one distribution per row. Rows of targets that "
                f"don't add up to 1: {self.odd} of {self.rows}. A row counts by its sum.",
                fix,
                evidence,
            )
        elif self.empty:
            evidence |= {"rows of zeros": self.empty}
            yield LABELS_NOT_ONE_HOT.found(
                f"{self.head}rows of targets that are all 0: {self.empty} of {self.rows}. "
                "Their loss is 0, and they stay in the denominator.",
                "If they belong to one more class, give it a column; if these rows have no label, "
                f"leave them out{self._without_empty()}.",
                evidence,
                "warning",
            )

    def _without_empty(self):
        """Return the way to weights of 0 for rows without a label, as code."""
        if self.within is not None or self.weighed or self.output.options.get("axis", -1) != -1:
            return ""
        loss = called(self.output.keras_loss, reduction="mean_with_sample_weight")
        code = f"sample_weight = y.any(-1).astype('float32'); loss = {loss}"
        return f": write `{code}` and compile again"

    def _of_several(self):
        """Return the way to a loss of several classes per row, as code where there is one."""
        if self.within is not None:
            return ""
        return self.origin.ending("sigmoid", "loss = 'binary_crossentropy'")


def _into(entry, values, shape, predicted):
    """Return how to bring the targets into the range of the loss."""
    code = ""
    if entry.target_range[:2] == (0, 1):
        code = into_range(values, shape, predicted)
    elif values and values <= {1, 2}:
        code = "`y = y - 1`"
    if not code:
        return _IN_RANGE
    more = " Numbers have losses of their own, mean_squared_error say." * ("min()" in code)
    return f"Bring the targets into that range: write {code}.{more}"


def _numbered(low, high, classes, ignored):
    """Return how to number the classes that go from low to high."""
    if low != 1 or high != classes or ignored in range(classes + 1):
        return _NUMBERED
    code = "y - 1" if ignored is None else f"np.where(y == {ignored}, y, y - 1)"
    return f"They begin at 1, and classes at 0: write `y = {code}`."


def refused(refusal):
    """Return the finding for a loss function that fails at its labels, None for another failure."""
    output, y_true, y_pred = refusal.output, refusal.y_true, refusal.y_pred
    entry, options = output.entry, output.options
    labels, sparse = np.asarray(y_true, np.float64), entry.target == "sparse"
    classes = y_pred.shape[options.get("axis", -1)] if sparse else 0
    if sparse and y_true.size * classes == y_pred.size:
        labels = labels[labels != options.get("ignore_class")]
        wrong = labels[(labels < 0) | (labels >= classes)]
        expected = f"class numbers from 0 to {classes - 1}"
    elif entry.target_range and y_true.shape == y_pred.shape:
        wrong, expected = labels[_outside(entry, labels)], entry.target_range[2]
    else:
        return None
    if not wrong.size:
        return None
    low, high = float(labels.min()), float(labels.max())
    fix = _numbered(low, high, classes, options.get("ignore_class"))
    if not sparse:
        fix = _into(entry, {*labels.ravel()[:_VALUES].tolist()}, y_true.shape, y_pred.shape)
    unknown = (wrong == wrong[0]).all() and _unknown(output, wrong[0], (labels == 0).any())
    return refusal.found(
        LABELS_RANGE,
        f"{refusal.name} takes {expected}, but the targets go from {low:g} to {high:g}: Keras "
        "fails.",
        unknown or fix,
        lowest=low,
        highest=high,
    )


@LABELS_RANGE.example("Labels 0 and 1", "A loss for labels -1 and 1, `'hinge'`")
def labels_of_minus_one(mended=0):
    """Labels -1 and 1 for a crossentropy."""
    no = 0 if mended == 1 else -1
    loss = "hinge" if mended == 2 else "binary_crossentropy"
    return passing(drawn(3, 2), array([1, no], [no, 1], [1, 1]), loss)


@LABELS_NOT_ONE_HOT.example(
    "One-hot rows, for one class per row", "A sigmoid and `binary_crossentropy`, for several"
)
def several_hot(mended=0):
    """Two rows with two labels."""
    labels = one_hot(4, 3)
    if mended != 1:
        labels[:2] = 1, 1, 0
    if mended == 2:
        return passing(simplex(4, 3), labels, "binary_crossentropy", activation="sigmoid")
    return passing(simplex(4, 3), labels, "categorical_crossentropy")
