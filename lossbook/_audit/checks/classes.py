"""A class that the loss hardly sees."""

import numpy as np

from lossbook._audit.counting import by_class, by_row, highest, numbers
from lossbook._audit.examples import passing
from lossbook._audit.finding import Hazard
from lossbook._audit.observation import Check

CLASS_FORGOTTEN = Hazard("class-forgotten", "warning", "12_case_study.ipynb", 310)
_SHARE, _FRACTION, _QUALITY = 0.05, 0.25, 0.5


class Classes(Check):
    """A class with a small share of the loss, or of the positions, that is badly predicted."""

    def __init__(self, output):
        super().__init__(output)
        self.table = None  # share, true positives, predicted, true; by class
        self.positions = 0

    def see(self, batch):
        """Add up the contributions, hits and misses of every class."""
        if not batch.entry.takes_logits or batch.y_pred is None:
            return
        axis = batch.options.get("axis", -1)
        y_pred = np.moveaxis(np.atleast_2d(batch.y_pred), axis, -1)
        y_pred = y_pred.T if batch.y_pred.ndim == 1 else y_pred
        y_pred = y_pred.reshape(-1, y_pred.shape[-1])
        if not np.isfinite(batch.predicted_range).all() or batch.kept.size != len(y_pred):
            return
        if batch.entry.target == "sparse":
            sums = _numbered(batch, y_pred)
        elif batch.y_true.size == y_pred.size:
            true = batch.y_true.reshape(1, -1) if batch.y_true.ndim < 2 else batch.y_true
            true = np.moveaxis(true, axis, -1).reshape(y_pred.shape) > 0.5
            sums = _one_column_each(batch, np.ascontiguousarray(true.T), y_pred)
        else:
            return
        self.positions += batch.kept.sum()
        sums = np.array([sums[0] * batch.rows, *sums[1:]])
        self.table = sums if self.table is None else self.table + sums

    def findings(self):
        """Yield one finding that names all forgotten classes."""
        if self.table is None or not 0 < self.table[0].sum() < np.inf:
            return
        share, hits, guessed, true = self.table
        share, positions = share / share.sum(), true / self.positions
        union = np.maximum(guessed + true - hits, 1)
        iou, recall = hits / union, hits / np.maximum(true, 1)
        bound = min(_SHARE, _FRACTION / len(share))
        small = np.minimum(share, positions) < bound
        bad = (true > 0) & small & (iou < _QUALITY) & (recall < _QUALITY)
        classes = np.flatnonzero(bad)
        if len(classes):
            worst = classes[np.argmin(iou[classes])]
            yield CLASS_FORGOTTEN.found(
                f"{self.head}class {worst} has {100 * positions[worst]:.2g} % of "
                f"the positions and {100 * share[worst]:.2g} % of the loss, but its IoU is "
                f"{iou[worst]:.2g} and its recall {recall[worst]:.2g}: the loss hardly sees what "
                "is wrong with it.",
                "Watch a metric per class. To raise its share give its values a greater "
                "sample_weight, or average the loss class by class.",
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
            )


def _numbered(batch, y_pred):
    """Return share, true positives, predicted and true of class numbers; by class."""
    kept, classes = batch.kept.ravel(), y_pred.shape[1]
    true, guess = numbers(batch.y_true, classes), highest(y_pred)
    return [
        by_class(true, classes, _magnitudes(batch)),
        by_class(np.where(kept & (true == guess), true, -1), classes),
        by_class(np.where(kept, guess, -1), classes),
        by_class(np.where(kept, true, -1), classes),
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
        hit = kept & true[guess, np.arange(len(guess))]
        guesses = [by_class(np.where(those, guess, -1), classes) for those in (hit, kept)]
    if binary and classes > 1:
        share = batch.magnitudes
    else:
        magnitudes = _magnitudes(batch)
        share = np.array([magnitudes[flags].sum() for flags in true])
    return [share, *guesses, by_row(true & kept)]


def _magnitudes(batch):
    """Return what every position adds to the sum of magnitudes; NaN if one of them is no number."""
    found = np.abs(batch.contributions).sum(1).ravel()
    return found if np.isfinite(found.sum()) else np.full(found.shape, np.nan)


@CLASS_FORGOTTEN.example
def forgotten_class(mended=False, sure=0.7, missed=0.4):
    """One element of 200 is of the second class, and missed."""
    y_true, y_pred = np.zeros((200, 2), "float32"), np.full((200, 2), 0.001, "float32")
    y_true[:, 0], y_pred[:, 0] = 1, sure
    y_true[7] = 0, 1
    y_pred[7] = (0.1, 0.9) if mended else (0.9, missed)
    return passing(y_pred, y_true, "binary_crossentropy", batch_size=50)
