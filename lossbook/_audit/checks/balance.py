"""Who makes the number: classes, outputs, regularisers."""

import numpy as np

from lossbook._audit.finding import found
from lossbook._audit.observation import BINARY, Check

SHARE, FRACTION, QUALITY = 0.05, 0.25, 0.5
DWARFED = 0.95
_CLASSES = (
    *BINARY,
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "sparse_categorical_crossentropy",
)


class Classes(Check):
    """A class with a small share of the loss, or of the positions, that is badly predicted."""

    def __init__(self, output):
        super().__init__(output)
        self.table = None  # share, true positives, predicted, true; by class
        self.positions = 0

    def see(self, look):
        """Add up the contributions, hits and misses of every class."""
        if look.name not in _CLASSES or look.y_pred is None:
            return
        axis = look.options.get("axis", -1)
        y_pred = np.moveaxis(np.atleast_2d(look.y_pred.astype(np.float64)), axis, -1)
        y_pred = y_pred.T if look.y_pred.ndim == 1 else y_pred
        classes = y_pred.shape[-1]
        y_pred = y_pred.reshape(-1, classes)
        if not np.isfinite(y_pred).all() or look.kept.size != len(y_pred):
            return
        kept, contributions = look.kept.ravel(), look.contributions
        if look.name == "sparse_categorical_crossentropy":
            true = look.y_true.reshape(-1, 1) == np.arange(classes)
        elif look.y_true.size == y_pred.size:
            true = look.y_true.reshape(1, -1) if look.y_true.ndim < 2 else look.y_true
            true = np.moveaxis(true, axis, -1).reshape(-1, classes) > 0.5
        else:
            return
        if look.name in BINARY and (classes == 1 or (true.sum(1) != 1).any()):
            logits = look.options.get("from_logits") and look.logits is None
            guessed = y_pred > (0 if logits else 0.5)
        else:  # one class for each position
            guessed = y_pred.argmax(1)[:, None] == np.arange(classes)
        if look.name in BINARY and classes == 1:
            true, guessed = np.hstack([~true, true]), np.hstack([~guessed, guessed])
        if look.name in BINARY and classes > 1:
            share = np.abs(contributions).sum((0, 2))
        else:
            share = (np.abs(contributions).sum(1).reshape(-1, 1) * true).sum(0)
        true, guessed = true & kept[:, None], guessed & kept[:, None]
        self.positions += kept.sum()
        sums = [share * look.rows, (true & guessed).sum(0), guessed.sum(0), true.sum(0)]
        self.table = np.array(sums) if self.table is None else self.table + np.array(sums)

    def findings(self):
        """Yield one finding that names all forgotten classes."""
        if self.table is None or not 0 < self.table[0].sum() < np.inf:
            return
        share, hits, guessed, true = self.table
        share, positions = share / share.sum(), true / self.positions
        union = np.maximum(guessed + true - hits, 1)
        iou, recall = hits / union, hits / np.maximum(true, 1)
        bound = min(SHARE, FRACTION / len(share))
        small = np.minimum(share, positions) < bound
        bad = (true > 0) & small & (iou < QUALITY) & (recall < QUALITY)
        classes = np.flatnonzero(bad)
        if len(classes):
            worst = classes[np.argmin(iou[classes])]
            yield found(
                "class-forgotten",
                f"Output {self.output.name!r}: class {worst} has {100 * positions[worst]:.2g} % of "
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


class Terms:
    """What the outputs and the additional losses add to the whole."""

    def __init__(self):
        self.outputs, self.additional, self.weights, self.rows = {}, {}, {}, 0

    def see(self, batch, looks):
        """Add up one batch."""
        for look in looks:
            name = look.output.name
            value = float(np.abs(look.contributions).sum())  # signed losses cancel
            self.outputs[name] = self.outputs.get(name, 0.0) + value * batch.rows
            self.weights[name] = look.output.loss_weight
        for (_, name), value in batch.additional.items():
            self.additional[name] = self.additional.get(name, 0.0) + value * batch.rows
        self.rows += batch.rows

    def findings(self):
        """Yield findings for loss weights of 0, outputs out of scale, large regularisers."""
        outputs = {name: value / max(self.rows, 1) for name, value in self.outputs.items()}
        additional = {name: value / max(self.rows, 1) for name, value in self.additional.items()}
        for name, weight in self.weights.items():
            if weight is not None and float(weight) == 0:
                yield found(
                    "loss-weight-zero",
                    f"Output {name!r}: its loss weight is 0. Its loss is computed and reported, "
                    "but adds nothing and trains nothing.",
                    "Give it a loss weight, or None as its loss.",
                    {"loss_weight": 0.0, "other outputs": len(self.weights) - 1},
                )
        counted = {n: v for n, v in outputs.items() if self.weights.get(n) != 0}
        total = sum(counted.values())
        if len(counted) > 1 and 0 < total < np.inf:
            name = max(counted, key=counted.get)
            if counted[name] > DWARFED * total:
                yield found(
                    "output-dwarfed",
                    f"Output {name!r} makes {100 * counted[name] / total:.4g} % of the loss of "
                    f"{len(counted)} outputs: the others hardly count.",
                    "Set loss_weights that bring the outputs to one scale, or scale the targets.",
                    {"share of the loss": {n: v / total for n, v in counted.items()}},
                )
        bad = [name for name, value in additional.items() if not np.isfinite(value)]
        if bad:
            yield found(
                "not-finite",
                f"The additional loss {bad[0]!r} is NaN or infinite, and so is the whole loss.",
                "Look for NaN or infinity in the weights of that layer.",
                {"additional losses": {name: additional[name] for name in bad}},
            )
            return
        data, extra = sum(outputs.values()), sum(additional.values())
        if outputs and extra > data and np.isfinite(data):
            name = max(additional, key=additional.get)
            yield found(
                "regulariser-larger",
                f"Regularisers and add_loss make {extra:.4g} of the loss, the data {data:.4g}: "
                f"most of it is {name!r}. The loss may fall while nothing improves.",
                "Lower the factor of that term, or judge the model by a metric.",
                {"data": data, "additional": additional},
            )
