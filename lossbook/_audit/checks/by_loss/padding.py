"""Row ends of one constant that count in the loss: padding without a mask."""

import numpy as np

from lossbook._audit.checks.data.known import called
from lossbook._audit.examples import masked, passing
from lossbook._audit.finding import Hazard
from lossbook._audit.observation import Check
from lossbook._core import four_digits

PADDING_COUNTS = Hazard(
    "padding-counts",
    "warning",
    "04_masks.ipynb",
    155,
    means=(
        "Rows of targets end in one constant, over and over, and nothing leaves it out: padding, "
        "most likely."
    ),
    why=(
        "Keras leaves out what a layer masks, such as Embedding(mask_zero=True) or Masking, and "
        "what weighs 0. A target of padding is a target otherwise."
    ),
    ignore="If the constant is a target like the others.",
    symptoms=("padding",),
    asked=(
        "https://github.com/keras-team/keras/issues/2897",
        "https://github.com/tensorflow/tensorflow/issues/39146",
    ),
)
_SHARE = 0.1


class Padding(Check):
    """A target that stands at the ends of rows, and nowhere else, with ends of unequal length."""

    by_batch = False

    def __init__(self, output):
        super().__init__(output)
        self.constant, self.elsewhere = None, False
        self.rows = self.padded = self.counted = self.positions = 0
        self.loss = self.of_padding = 0.0
        self.lengths, self.shape = set(), None

    def see(self, batch):
        """Count the positions at the ends of rows that have the constant, and count."""
        values = batch.values
        if (
            batch.output.loss_name in (None, "ctc")
            or values.ndim != 2
            or not batch.has_rows
            or values.shape[1] < 3
        ):
            return
        targets = np.asarray(batch.y_true, np.float64)
        if targets.shape[:2] != values.shape or not np.isfinite(targets).all():
            return
        targets = targets.reshape(*values.shape, -1)
        if self.constant is None:
            self.constant, self.shape = _last(targets), batch.y_true.shape
        if len(self.constant) != targets.shape[-1]:
            return
        same = (targets == self.constant).all(-1)
        ends = np.flip(np.logical_and.accumulate(np.flip(same, 1), 1), 1)
        self.elsewhere |= bool((same & ~ends).any())
        self.lengths |= set(ends.sum(1).tolist())
        self.rows, self.padded = self.rows + len(ends), self.padded + int(ends.any(1).sum())
        losses = np.abs(np.where(batch.kept, batch.weighted, 0.0))
        self.positions += int(batch.kept.sum())
        self.counted += int((ends & batch.kept).sum())
        self.loss += float(losses.sum())
        self.of_padding += float(losses[ends].sum())

    def findings(self):
        """Yield a finding if such positions are a tenth of those that count."""
        varied = len(self.lengths) > 2 or (len(self.lengths) == 2 and self.rows > 2)
        if self.elsewhere or not varied or self.counted <= _SHARE * max(self.positions, 1):
            return
        if self.padded * 2 < self.rows:
            return
        c, loss = self.constant, called(self.output.keras_loss, reduction="mean_with_sample_weight")
        value = four_digits(c[0]).rstrip("0").rstrip(".") if len(c) == 1 else "one row of numbers"
        test = f"y != {value}" if len(c) == 1 else f"(y != {c.tolist()}).any(-1)"
        share = 100 * self.of_padding / self.loss if self.loss else 0.0
        yield PADDING_COUNTS.found(
            f"{self.head}{self.padded} of {self.rows} rows of targets end in {value}, over and "
            "over, and it stands nowhere else: that looks like padding, and no mask leaves it "
            f"out. It is {self.counted} of {self.positions} positions that count, and "
            f"{share:.4g} % of the loss.",
            "Let the model mask it, Embedding(..., mask_zero=True) where 0 is padding in the "
            f"inputs, too; or write `sample_weight = ({test}).astype('float32'); loss = {loss}` "
            "and compile again.",
            {"y_true.shape": self.shape, "positions": self.positions, "padding": self.counted},
        )


def _last(targets):
    """Return the target that most rows end in."""
    ends, counts = np.unique(targets[:, -1], axis=0, return_counts=True)
    return ends[counts.argmax()]


@PADDING_COUNTS.example(
    "A mask of the model's", "`sample_weight=(y != 0)`, and `'mean_with_sample_weight'`"
)
def padded_sentences(mended=0):
    """Three sentences, padded with 0."""
    import keras

    y = np.array([[3, 1, 2, 1, 3], [2, 1, 0, 0, 0], [1, 3, 2, 0, 0]])
    loss, softmax = "sparse_categorical_crossentropy", keras.layers.Activation("softmax")
    case = masked((3, 5, 4), (5, 2, 3), y, loss, softmax)
    if mended == 1:
        return case
    data = {}
    if mended:
        loss = keras.losses.SparseCategoricalCrossentropy(reduction="mean_with_sample_weight")
        data = {"sample_weight": (y != 0).astype("float32")}
    return passing(case.data["x"], y, loss, activation="softmax", **data)
