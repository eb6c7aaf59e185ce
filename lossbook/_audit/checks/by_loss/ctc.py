"""CTC: labels, logits and the blank as Keras has them; all of it is in the data."""

import numpy as np

from lossbook._audit.examples import drawn, passing, simplex
from lossbook._audit.finding import Hazard
from lossbook._audit.observation import Check, values_of
from lossbook._core import four_digits

CTC_LABELS = Hazard(
    "ctc-labels",
    "error",
    "11_custom_losses.ipynb",
    22,
    means="CTC gets labels below 0 or without a unit, such as a padding of -1.",
    why=(
        "keras.losses.CTC takes what is not 0 for a label: it counts them and reads as many from "
        "the left. Only 0 is padding."
    ),
    ignore="Never: the padding is read as labels.",
    symptoms=("padding", "by-hand"),
    asked=("https://github.com/keras-team/keras/issues/21876",),
)
CTC_TOO_LONG = Hazard(
    "ctc-too-long",
    "error",
    "11_custom_losses.ipynb",
    24,
    means="A row has more labels than CTC can read from its frames.",
    why=(
        "Every label needs a frame, and two equal labels in a row need one more between them, "
        "for the blank. Without a path the loss is infinite: PyTorch says so, TensorFlow and JAX "
        "give some large number."
    ),
    ignore="Never: no prediction makes the loss of such a row small.",
    symptoms=("nan", "scale", "stuck"),
)
CTC_BLANK = Hazard(
    "ctc-blank",
    "error",
    "11_custom_losses.ipynb",
    26,
    means=(
        "Labels or predictions have the blank elsewhere than Keras, for which it is 0, the first "
        "unit."
    ),
    why=(
        "keras.losses.CTC takes 0 for the blank among the units and for padding among the "
        "labels. ctc_batch_cost, before Keras 3, took the last unit, and labels from 0 on."
    ),
    ignore=(
        "If the loss is smaller with the last unit as the blank by chance, as it can be before "
        "training."
    ),
    symptoms=("by-hand", "stuck"),
    asked=("https://github.com/keras-team/keras/issues/21876",),
)
CTC_PROBABILITIES = Hazard(
    "ctc-probabilities",
    "error",
    "11_custom_losses.ipynb",
    52,
    means="CTC takes logits, and gets probabilities.",
    why=(
        "keras.losses.CTC hands y_pred to the backend as logits, and that takes a softmax of "
        "them. A softmax of numbers from 0 to 1 is nearly flat."
    ),
    ignore="Never: frames that all add up to 1 are no accident.",
    symptoms=("stuck", "by-hand"),
)
PAD_FRAMES = (
    "CTC takes no mask: it counts all frames. Let the frames after the end say blank, which adds "
    "nothing: `keras.ops.where(mask[..., None], logits, -1e4 * (keras.ops.arange(classes) > 0))`, "
    "in a layer whose compute_mask returns None."
)
_LABELS = "np.flip(np.maximum.accumulate(np.flip(y != 0, 1), 1), 1)"
_FIRST = (
    "Number the labels from 1, and let the first unit of the output be the blank, not the last: "
    f"write `y = np.where({_LABELS}, y + 1, 0); model = keras.Model(model.inputs, "
    "keras.ops.roll(model.outputs[0], 1, axis=-1))` and compile again (count a label 0 at the end "
    "of a row in)."
)
_FOLLOWS = 0.7  # the loss with another blank is so much smaller


class Ctc(Check):
    """Negative labels, a 0 between labels, too many labels for the frames, probabilities."""

    repaired = False

    rows = bad = long = inner = frames = normal = 0
    lowest = classes = length = 0
    loss = other = 0.0
    last_used = False

    def see(self, batch):
        """Count rows with wrong labels, frames that add up to 1."""
        if batch.output.loss_name != "ctc":
            return
        y, p = np.asarray(batch.y_true, np.int64), np.asarray(batch.y_pred, np.float64)
        self.classes, self.length = p.shape[-1], p.shape[1]
        labels = y != 0
        self.rows += len(y)
        self.lowest = min(self.lowest, int(y.min(initial=0)))
        self.bad += int(((y < 0) | (y >= self.classes)).any(1).sum())
        after = np.flip(np.logical_or.accumulate(np.flip(labels, 1), 1), 1)
        self.inner += int((after & ~labels).any(1).sum())
        repeated = (y[:, 1:] == y[:, :-1]) & labels[:, 1:]
        self.long += int((labels.sum(1) + repeated.sum(1) > self.length).sum())
        self.last_used |= bool((y == self.classes - 1).any())
        self.frames += p.shape[0] * p.shape[1]
        self.normal += int(((np.abs(p.sum(-1) - 1) < 1e-3) & (p >= 0).all(-1)).sum())
        if not self.bad and not self.last_used:
            self._with_the_last_blank(batch, y, p)

    def _with_the_last_blank(self, batch, y, p):
        """Add up the loss as it is, and with the last unit as the blank, as before Keras 3."""
        moved = np.roll(p, 1, -1).astype("float32")
        pad = ~np.flip(np.logical_or.accumulate(np.flip(y != 0, 1), 1), 1)
        try:
            self.other += values_of(batch.output, np.where(pad, 0, y + 1), moved).sum()
            self.loss += float(np.sum(batch.values))
        except Exception:  # an option of a newer Keras
            self.other += np.inf

    def findings(self):
        """Yield what the labels and the frames say."""
        evidence = {"rows": self.rows, "frames": self.length, "units": self.classes}
        if self.bad:
            yield self._labels(evidence)
        elif self.inner:
            yield CTC_BLANK.found(
                f"{self.head}ctc takes 0 for the blank, but 0 stands before other labels in "
                f"{self.inner} of {self.rows} rows. Keras counts the labels that are not 0, and "
                "reads as many from the left: it drops the last ones.",
                _FIRST,
                evidence | {"rows with such labels": self.inner},
            )
        elif np.isfinite(self.other) and 0 < self.other < _FOLLOWS * self.loss:
            yield CTC_BLANK.found(
                f"{self.head}the predictions have the blank in the last unit, as ctc_batch_cost "
                f"before Keras 3: with it there the loss is {four_digits(self.other / self.rows)} "
                f"instead of {four_digits(self.loss / self.rows)}. Here it is the first.",
                _FIRST,
                evidence | {"blank first": self.loss / self.rows, "last": self.other / self.rows},
            )
        if self.long:
            yield CTC_TOO_LONG.found(
                f"{self.head}rows with more labels than ctc can read from {self.length} frames: "
                f"{self.long} of {self.rows}. A label needs a frame, and one more where it repeats "
                "the one before. Their loss is infinite: PyTorch says so, TensorFlow and JAX give "
                "some large number.",
                "Let the model return more frames (fewer strides and poolings), or leave these "
                "rows out: write `keep = (y != 0).sum(1) + ((y[:, 1:] == y[:, :-1]) & (y[:, 1:] "
                f"!= 0)).sum(1) <= {self.length}; x, y = x[keep], y[keep]`.",
                evidence | {"rows that are too long": self.long},
            )
        if self.frames and self.normal == self.frames:
            yield CTC_PROBABILITIES.found(
                f"{self.head}ctc takes logits, but all {self.frames} frames of y_pred are "
                "probabilities, which add up to 1: Keras takes another softmax of them.",
                "Leave the softmax out of the model, or write `model = keras.Model(model.inputs, "
                "keras.ops.log(model.outputs[0]))` and compile again.",
                evidence | {"frames that add up to 1": self.normal},
            )

    def _labels(self, evidence):
        fix = (
            "Give the output one unit more than there are labels, for the blank: "
            f"Dense({self.classes + 1})."
        )
        padding = ""
        if self.lowest < 0:
            fix = "Pad the labels with 0: `y = np.where(y < 0, 0, y)`."
            padding = f" Keras takes padding of {self.lowest} for labels."
        last = self.classes - 1
        return CTC_LABELS.found(
            f"{self.head}ctc takes labels from 1 to {last}, and 0 as padding. Rows with others, "
            f"below 0 or above {last}: {self.bad} of {self.rows}.{padding}",
            fix,
            evidence | {"rows with such labels": self.bad, "lowest": self.lowest},
        )


def _ctc(y, p=None):
    from keras import losses

    return passing(drawn(2, 4, 4, low=-2, high=2) if p is None else p, np.array(y), losses.CTC())


@CTC_LABELS.example("Padded with 0")
def padded_with_minus_one(mended=0):
    """Labels that are padded with -1."""
    return _ctc([[1, 2, 0 if mended else -1], [3, 1, 2]])


@CTC_TOO_LONG.example("More frames", "These rows left out")
def more_labels_than_frames(mended=0):
    """Three times the same label needs five frames."""
    y, p = [[1, 1, 1], [3, 1, 2]], drawn(2, 6 if mended == 1 else 4, 4, low=-2, high=2)
    return _ctc(y[1:], p[1:]) if mended == 2 else _ctc(y, p)


@CTC_BLANK.example("Labels from 1 on, and the blank first")
def blank_last(mended=0):
    """Labels from 0 on, as for ctc_batch_cost."""
    y = np.array([[0, 1, 2], [0, 1, 1]])
    p = drawn(2, 6, 4, low=-2, high=2)
    return _ctc(y + 1, np.roll(p, 1, -1)) if mended else _ctc(y, p)


@CTC_PROBABILITIES.example("No softmax in the model", "`keras.ops.log(probabilities)`")
def probabilities(mended=0):
    """A softmax over the units."""
    p = simplex(2, 4, 4)
    y_pred = {0: p, 1: np.log(p) + 1, 2: np.log(p)}[mended]
    return _ctc([[1, 2, 0], [3, 1, 2]], y_pred)
