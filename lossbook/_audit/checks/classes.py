"""A class that the loss hardly sees."""

import numpy as np

from lossbook._audit.counting import by_class, by_row, highest, numbers
from lossbook._audit.examples import passing
from lossbook._audit.finding import Hazard
from lossbook._audit.observation import Check

CLASS_FORGOTTEN = Hazard(
    "class-forgotten",
    "warning",
    "12_case_study.ipynb",
    310,
    means="A class with a small share of the loss is badly predicted, and the loss hardly sees it.",
    why=(
        "The loss is a mean over all positions. A class that has one position in a hundred moves "
        "it by a hundredth, right or wrong."
    ),
    ignore="If that class does not matter, or rare classes are their nature, as with words.",
    symptoms=("never-learns", "falls"),
    asked=(
        "https://stackoverflow.com/q/52034983",
        "https://github.com/keras-team/keras/issues/16674",
    ),
)
_SHARE, _FRACTION, _QUALITY = 0.05, 0.25, 0.5
_UNTRAINED = 1.1  # times the crossentropy of a prediction that is the same for all
_SHOWN = 8  # classes of a finding
_FEW = 16  # classes that are compared one by one
_ASKED = 20_000  # positions of a batch whose crossentropy is computed


class Classes(Check):
    """A class with a small share of the loss, or of the positions, that is badly predicted.

    Positions count by their weights: class weights that balance the classes leave none small. A
    model that does worse than one prediction for all, the frequencies, has learned nothing yet.
    Where it is a third of all classes, as of words, that is their nature, and a note. An axis of
    rows, or one that is longer in another batch, is none of classes.
    """

    by_batch = False

    table = None  # share, true positives, predicted, true, true by weight; by class
    positions = count = crossentropy = 0.0
    true = asked = rank = 0
    flags = negative = weighed = False
    width = None  # how many classes, 0 where they are none

    def see(self, batch):
        """Add up the contributions, hits and misses of every class."""
        if not batch.entry.takes_logits:
            return
        y_pred = np.moveaxis(np.atleast_2d(batch.y_pred), batch.axis, -1)
        y_pred = y_pred.T if batch.y_pred.ndim == 1 else y_pred
        y_pred = y_pred.reshape(-1, y_pred.shape[-1])
        along_rows = batch.y_pred.ndim > 1 and batch.axis % batch.y_pred.ndim == 0
        if along_rows or self.width not in (None, y_pred.shape[1]):
            self.width = 0
            return
        self.width = y_pred.shape[1]
        if not np.isfinite(batch.predicted_range).all() or batch.kept.size != len(y_pred):
            return
        if batch.entry.target == "sparse":
            sums = _numbered(batch, y_pred)
            self._ask(batch, y_pred, batch.y_true.ravel())
        elif batch.y_true.size == y_pred.size:
            true = batch.y_true.reshape(1, -1) if batch.y_true.ndim < 2 else batch.y_true
            true = np.moveaxis(true, batch.axis, -1).reshape(y_pred.shape) > 0.5
            sums = _one_column_each(batch, np.ascontiguousarray(true.T), y_pred)
            self._ask(batch, y_pred, true)
        else:
            return
        self.count += np.count_nonzero(batch.kept)
        plain = batch.weight is None or batch.weights is None
        self.negative |= not plain and bool((batch.weight < 0).any())
        self.weighed, self.rank = self.weighed or not plain, np.ndim(batch.y_true)
        self.positions += float((batch.kept if plain else batch.kept * batch.weights).sum())
        sums = np.array([sums[0] * batch.rows, *sums[1:]])
        self.table = sums if self.table is None else self.table + sums

    def _ask(self, batch, y_pred, true):
        """Add up the plain crossentropy in the batches 0, 1, 2, 4, 8, ..., and how often each is.

        It is that of every class for flags that need not be one a row, else of the true class.
        """
        if batch.number & (batch.number - 1):
            return
        some = np.flatnonzero(batch.kept.ravel())
        some = some[:: len(some) // _ASKED + 1]
        p, true = y_pred[some].astype(np.float64), true[some]
        logits = batch.options.get("from_logits") and batch.logits is None
        self.flags = batch.entry.target == "binary"
        if self.flags:
            p = 1 / (1 + np.exp(-np.clip(p, -50, 50))) if logits else p
            right, counts = np.where(true, p, 1 - p), true.sum(0)
        else:
            p = np.exp(p - p.max(1, keepdims=True, initial=-np.inf)) if logits else np.abs(p)
            number = true.argmax(1) if true.ndim > 1 else np.clip(true, 0, p.shape[1] - 1)
            number = number.astype(int)
            right = p[np.arange(len(p)), number] / np.maximum(p.sum(1), 1e-12)
            counts = np.bincount(number, minlength=p.shape[1])
        self.crossentropy -= float(np.log(np.clip(right, 1e-12, 1)).sum())
        self.true, self.asked = self.true + counts, self.asked + len(some)

    def _untrained(self):
        """Say whether the frequencies of the classes, as predictions, have a lower loss."""
        shares = self.table[3][-len(self.true) :] / self.count  # of one column, that of class 1
        logs, others = (np.log(np.maximum(p, 1e-12)) for p in (shares, 1 - shares))
        best = -float((self.true * logs).sum())
        best -= float(((self.asked - self.true) * others).sum()) if self.flags else 0.0
        return self.crossentropy > _UNTRAINED * best

    def findings(self):
        """Yield one finding that names all forgotten classes."""
        if not self.width or self.table is None or not 0 < self.table[0].sum() < np.inf:
            return
        if self.negative or not self.positions > 0 or self._untrained():
            return
        share, hits, guessed, true, weighted = self.table
        share, positions = share / share.sum(), weighted / self.positions
        union = np.maximum(guessed + true - hits, 1)
        iou, recall = hits / union, hits / np.maximum(true, 1)
        bound = min(_SHARE, _FRACTION / len(share))
        small = np.minimum(share, positions) < bound
        bad = (true > 0) & small & (iou < _QUALITY) & (recall < _QUALITY)
        classes = np.flatnonzero(bad)
        if len(classes):
            worst = classes[np.argmin(iou[classes])]
            many = len(classes) > max(2, np.count_nonzero(true) / 3)  # words, say
            more = f" So it is with {len(classes) - 1} other classes." if len(classes) > 1 else ""
            classes = classes[np.argsort(iou[classes], kind="stable")][:_SHOWN]
            yield CLASS_FORGOTTEN.found(
                f"{self.head}class {worst} has {100 * positions[worst]:.2g} % of "
                f"the positions and {100 * share[worst]:.2g} % of the loss, but its IoU is "
                f"{iou[worst]:.2g} and its recall {recall[worst]:.2g}: the loss hardly sees what "
                f"is wrong with it.{more}",
                "Watch a metric per class. To raise its share average the loss class by class, or "
                f"give its values a greater sample_weight{self._greater(worst, positions)}.",
                {
                    name: {int(c): float(column[c]) for c in classes}
                    for name, column in (
                        ("share of the positions", positions),
                        ("share of the loss by class", share),
                        ("IoU", iou),
                        ("recall", recall),
                        ("true elements", true),
                    )
                },
                "note" if many else None,
            )

    def _greater(self, k, positions):
        """Return such weights as code, "" beside weights that there are."""
        if self.weighed or not 0 < positions[k] < 1:
            return ""
        is_one = f"y == {k}" if self.output.entry.target == "sparse" else f"y[..., {k}] == 1"
        if self.flags and len(self.true) == 1:
            is_one = f"{'np.ravel(y)' if self.rank < 3 else 'y[..., 0]'} == {k}"
        times = (1 - positions[k]) / positions[k] / (len(positions) - 1)
        code = f"sample_weight = np.where({is_one}, {float(f'{times:.2g}')!r}, 1.0)"
        return f": as much as the others have in the mean by `{code}`"


def _numbered(batch, y_pred):
    """Return share, true positives, predicted and true of class numbers; by class."""
    kept, classes = batch.kept.ravel(), y_pred.shape[1]
    true = numbers(batch.y_true, classes)
    counted = np.where(kept, true, -1)
    if classes <= _FEW:
        guess = highest(y_pred)
        guesses = [by_row(guess & (counted == np.arange(classes)[:, None])), by_row(guess & kept)]
    else:
        guess = y_pred.argmax(1)
        hit = np.where(guess == counted, counted, -1)
        guesses = [by_class(those, classes) for those in (hit, np.where(kept, guess, -1))]
    count, weights = by_class(counted, classes), _weights(batch)
    return [
        by_class(true, classes, _magnitudes(batch)),
        *guesses,
        count,
        count if weights is None else by_class(counted, classes, weights),
    ]


def _one_column_each(batch, true, y_pred):
    """Return the same of targets that are flags, `(classes, positions)`."""
    kept, classes = batch.kept.ravel(), len(true)
    binary = batch.entry.target == "binary"
    if binary and (classes == 1 or (true.sum(0, dtype=np.int32) != 1).any()):
        logits = batch.options.get("from_logits") and batch.logits is None
        bound = 0 if logits else 0.5
        guessed = np.ascontiguousarray(bound < y_pred.T)
        if classes == 1:
            true, guessed = np.vstack([~true, true]), np.vstack([~guessed, guessed])
        guesses = [by_row(true & guessed & kept), by_row(guessed & kept)]
    else:  # one class for each position
        guess = highest(y_pred)
        guesses = [by_row(guess & true & kept), by_row(guess & kept)]
    if binary and classes > 1:
        share = batch.magnitudes
    else:
        magnitudes = _magnitudes(batch)
        share = np.array([magnitudes[flags].sum() for flags in true])
    count, weights = by_row(true & kept), _weights(batch)
    return [share, *guesses, count, count if weights is None else (true & kept) @ weights]


def _weights(batch):
    """Return the weight of every position, None where all weigh 1."""
    plain = batch.weight is None or batch.weights is None
    return None if plain else batch.weights.ravel().astype(np.float64)


def _magnitudes(batch):
    """Return what every position adds to the sum of magnitudes; NaN if one of them is no number."""
    found = np.abs(batch.contributions).sum(2).ravel()
    return found if np.isfinite(found.sum()) else np.full(found.shape, np.nan)


@CLASS_FORGOTTEN.example("A greater `sample_weight` for its rows")
def forgotten_class(mended=0, sure=0.98, missed=0.4):
    """One element of 200 is of the second class, and missed."""
    y_true, y_pred = np.zeros((200, 2), "float32"), np.full((200, 2), 0.001, "float32")
    y_true[:, 0], y_pred[:, 0] = 1, sure
    y_true[7] = 0, 1
    y_pred[7] = 0.9, missed
    weight = {"sample_weight": 1 + 99 * y_true[:, 1]} if mended else {}
    return passing(y_pred, y_true, "binary_crossentropy", batch_size=50, **weight)
