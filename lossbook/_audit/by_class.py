"""Code that mends class weights: weights of rows made from labels, in an array or a data set."""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Weighing:
    """Whose weights a finding speaks of: those that the user passes, or those of class_weight.

    `labels` are the targets from which class weights become weights of rows, None if not known;
    `dataset` says that the weights are yielded by a tf.data.Dataset.
    """

    by_class: bool = False
    labels: Any = None
    dataset: bool = False

    @property
    def name(self) -> str:
        """How a message calls the weights."""
        return "class weights" if self.by_class else "sample weights"

    def each(self, code: str) -> str:
        """Return code that makes another of each weight `{w}`; all of them are `{every}`."""
        if self.dataset and not self.by_class:
            if "{every}" in code:
                return "it in the data set, with the mean over all rows"
            return self._mapped(code.format(w="sample_weight").replace("np.", "keras.ops."))
        if not self.by_class:
            return f"`sample_weight = {code.format(w='sample_weight', every='sample_weight')}`"
        code = code.format(w="weight", every="[*class_weight.values()]")
        return f"`class_weight = {{key: {code} for key, weight in class_weight.items()}}`"

    def shaped(self, code: str) -> str:
        """Return code that gives the weights another shape, which class weights have not."""
        if self.dataset and not self.by_class:
            return self._mapped(code.replace("np.", "keras.ops."))
        first = ""
        if self.by_class and self.labels is not None:
            first = f"sample_weight = {weights_of(self.labels)}; class_weight = None; "
        return f"`{first}sample_weight = {code}`"

    def _mapped(self, code):
        return f"`x = x.map(lambda x, y, sample_weight: (x, y, {code}))`"


def is_one_hot(labels):
    """Say whether labels have an axis of classes."""
    rows = labels.reshape(-1, labels.shape[-1])
    return labels.ndim > 1 and labels.shape[-1] > 1 and bool(np.isclose(rows.sum(-1), 1).all())


def weights_of(labels, times="", y="y", weights="class_weight"):
    """Return the code that makes sample weights from labels as fit does it, of any rank."""
    numbers = y
    if labels.ndim > 1:
        numbers = f"{y}[..., 0]" if labels.shape[-1] == 1 else y
        numbers = f"{y}.argmax(-1)" if is_one_hot(labels) else numbers
    return f"{times}np.vectorize(lambda k: float({weights}.get(int(k), 1)))({numbers})"


def in_dataset(labels, class_weight):
    """Return code that weighs the rows of a tf.data.Dataset, beside the weights that it has."""
    table = f"[float(class_weight.get(k, 1)) for k in range({max(map(int, class_weight)) + 1})]"
    numbers = "y[..., 0]" if labels.ndim > 1 and labels.shape[-1] == 1 else "y"
    numbers = "tf.argmax(y, -1)" if is_one_hot(labels) else numbers
    return (
        f"`table = tf.constant({table}); x = x.map(lambda x, y, weight=1.0: (x, y, "
        f"weight * tf.gather(table, tf.cast({numbers}, tf.int32)))); class_weight = None`"
    )


def by_label(class_weight, labels, dataset=False):
    """Return the way to a weight for every label: of several a row, or of one for each position."""
    if labels.ndim != 2 or not np.isin(labels, (0, 1)).all():
        if (np.round(labels) != labels).any() or labels.min(initial=0) < 0:
            return "Pass sample_weight of the shape of the values instead, made from the labels."
        code = f"`sample_weight = {weights_of(labels)}; class_weight = None`"
        code = in_dataset(labels, class_weight) if dataset else code
        return f"For one label per position pass a weight for each: write {code}."
    count, weights = labels.shape[1], [float(w) for _, w in sorted(class_weight.items())]
    by, weight = "the label, 0 or 1", f"np.where(y == 1, {weights[-1]}, {weights[0]})"
    if set(class_weight) == set(range(count)) and count > 2:
        by, weight = "the column", f"np.broadcast_to({weights}, y.shape)"
    elif set(class_weight) != {0, 1}:
        return "Pass sample_weight of the shape of the values instead, made from the labels."
    return (
        f"Several labels a row: the class axis is averaged before weights come. For a weight by "
        f"{by}, write `{by_element((count,), weight)}; class_weight = None` and compile again."
    )


def by_element(shape, weight):
    """Return code for a weight of every element, of rows of this shape."""
    ending = f"keras.layers.Reshape({(*shape, 1)})(model.outputs[0])"
    weights = "" if weight == "sample_weight" else f"sample_weight = {weight}; "
    return f"model = keras.Model(model.inputs, {ending}); {weights}y = y[..., None]"


def names(class_weight, missing, classes):
    """Return code that names the classes that are missing."""
    keys = list(class_weight)
    if keys and all(isinstance(key, str) and not key.isdecimal() for key in keys):
        if len(keys) != max(classes) + 1:
            ones = ", ".join(f"{number}: 1.0" for number in sorted(classes))
            return f"The keys are class numbers: `class_weight = {{{ones}}}`, with their weights."
        return (
            "The keys are class numbers, not names: `class_weight = dict(enumerate("
            f"class_weight.values()))`, if {', '.join(keys[:3])} are 0, 1 and so on in y."
        )
    if keys and 0 in missing and {number + 1 for number in classes} <= set(keys):
        code = "{key - 1: weight for key, weight in class_weight.items()}"
        return f"The labels begin at 0, the keys at 1: `class_weight = {code}`."
    if class_weight and all(isinstance(key, str) and key.isdecimal() for key in class_weight):
        code = "{int(key): weight for key, weight in class_weight.items()}"
        return f"The keys are whole numbers, not strings: `class_weight = {code}`."
    more = ", ".join(f"{number}: 1.0" for number in missing)
    return f"Name every class: `class_weight = {{**class_weight, {more}}}`, with its own weight."
