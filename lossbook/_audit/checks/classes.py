"""A class that the loss hardly sees."""

import numpy as np

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
        y_pred = np.moveaxis(np.atleast_2d(batch.y_pred.astype(np.float64)), axis, -1)
        y_pred = y_pred.T if batch.y_pred.ndim == 1 else y_pred
        classes = y_pred.shape[-1]
        y_pred = y_pred.reshape(-1, classes)
        if not np.isfinite(y_pred).all() or batch.kept.size != len(y_pred):
            return
        kept, contributions = batch.kept.ravel(), batch.contributions
        if batch.entry.target == "sparse":
            true = batch.y_true.reshape(-1, 1) == np.arange(classes)
        elif batch.y_true.size == y_pred.size:
            true = batch.y_true.reshape(1, -1) if batch.y_true.ndim < 2 else batch.y_true
            true = np.moveaxis(true, axis, -1).reshape(-1, classes) > 0.5
        else:
            return
        binary = batch.entry.target == "binary"
        if binary and (classes == 1 or (true.sum(1) != 1).any()):
            logits = batch.options.get("from_logits") and batch.logits is None
            guessed = y_pred > (0 if logits else 0.5)
        else:  # one class for each position
            guessed = y_pred.argmax(1)[:, None] == np.arange(classes)
        if binary and classes == 1:
            true, guessed = np.hstack([~true, true]), np.hstack([~guessed, guessed])
        if binary and classes > 1:
            share = np.abs(contributions).sum((0, 2))
        else:
            share = (np.abs(contributions).sum(1).reshape(-1, 1) * true).sum(0)
        true, guessed = true & kept[:, None], guessed & kept[:, None]
        self.positions += kept.sum()
        sums = [share * batch.rows, (true & guessed).sum(0), guessed.sum(0), true.sum(0)]
        self.table = np.array(sums) if self.table is None else self.table + np.array(sums)

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


@CLASS_FORGOTTEN.example
def forgotten_class(mended=False, sure=0.7, missed=0.4):
    """One element of 200 is of the second class, and missed."""
    y_true, y_pred = np.zeros((200, 2), "float32"), np.full((200, 2), 0.001, "float32")
    y_true[:, 0], y_pred[:, 0] = 1, sure
    y_true[7] = 0, 1
    y_pred[7] = (0.1, 0.9) if mended else (0.9, missed)
    return passing(y_pred, y_true, "binary_crossentropy", batch_size=50)
