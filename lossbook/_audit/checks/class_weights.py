"""class_weight: where fit refuses it, and where it means something else than classes."""

import numpy as np

from lossbook._audit.by_class import by_label, in_dataset, is_one_hot, names, weights_of
from lossbook._audit.examples import array, drawn, one_hot, passing, simplex
from lossbook._audit.finding import Hazard
from lossbook._core import collected_warnings, to_numpy
from lossbook._explain import with_class_weight
from lossbook._model import refused_by_fit

CLASS_WEIGHT_REFUSED = Hazard(
    "class-weight-refused",
    "error",
    "05_weights.ipynb",
    190,
    means="fit refuses this class_weight.",
    why=(
        "fit makes one sample weight per row of it, from the labels. That needs a single output, "
        "one label per row, a dict of numbers, and no sample_weight beside it. Of None it makes "
        "NaN, and does not fail."
    ),
    ignore="Never: fit fails.",
    symptoms=("raises",),
    asked=(
        "https://github.com/keras-team/keras/issues/3653",
        "https://github.com/keras-team/keras/issues/16674",
        "https://github.com/keras-team/keras/issues/11735",
        "https://github.com/keras-team/keras/issues/20701",
    ),
)
CLASS_WEIGHT_LABELS = Hazard(
    "class-weight-labels",
    "error",
    "05_weights.ipynb",
    200,
    means=(
        "class_weight meets targets that are no classes: each row is weighed by one of its "
        "labels, by a position, or by a rounded number."
    ),
    why=(
        "fit takes the arg max over the last axis of y and rounds: rows with several labels lose "
        "all but one, an axis of steps is taken for one of classes."
    ),
    ignore="Never: the weights mean something else than they say.",
    symptoms=("no-effect",),
    asked=(
        "https://github.com/keras-team/keras/issues/8011",
        "https://github.com/keras-team/keras/issues/15984",
    ),
)
CLASS_WEIGHT_MISSING = Hazard(
    "class-weight-missing",
    "warning",
    "05_weights.ipynb",
    210,
    means="class_weight does not name all classes, and those left out weigh 1.",
    why=(
        "fit looks each class up with class_weight.get(number, 1.0). A class without a key, or a "
        "key that is a string, is no error for arrays."
    ),
    ignore="If 1 is the weight that is meant for them.",
    symptoms=("no-effect", "never-learns"),
    asked=("https://github.com/keras-team/keras/issues/23220",),
)

CLASS_WEIGHT_MEAN = Hazard(
    "class-weight-mean",
    "note",
    "05_weights.ipynb",
    215,
    means=(
        "The class weights are not 1 in the mean over the rows: the loss of fit, and its steps, "
        "are scaled by that."
    ),
    why=(
        "Keras multiplies by the weights and divides by the number of values, not by the sum of "
        "the weights. evaluate and val_loss have no class weights at all."
    ),
    ignore="If the learning rate was chosen for it.",
    symptoms=("scale", "by-hand"),
    asked=(
        "https://github.com/keras-team/keras/issues/5616",
        "https://github.com/tensorflow/tensorflow/issues/42647",
    ),
)
_EVEN = 0.02


def weighted(x, y, sample_weight, class_weight, first=None, names=()):
    """Return (x, y, sample_weight, findings): class weights turned into weights, as fit does it.

    Where they mean nothing the data go on without them. `first` is the first batch of a generator.
    """
    if class_weight is None:
        return x, y, sample_weight, []
    error = refused_by_fit(x, y, sample_weight, class_weight)
    labels = first_labels(x, y) if first is None else first_labels(*(*first, None)[:2])
    if error is None and (found := _no_number(class_weight)):
        return x, y, sample_weight, [found]
    if error is not None:
        data = x, y, sample_weight
        return *data, [refusal(error, labels, data, class_weight, names=names)]
    findings = (
        [] if labels is None else list(_problems(labels, class_weight, hasattr(x, "element_spec")))
    )
    if any(finding.severity == "error" for finding in findings):
        return x, y, sample_weight, findings
    with collected_warnings():
        return *with_class_weight(x, y, None, dict(class_weight.items())), findings


def refusal(error, labels=None, data=(None, None, None), class_weight=None, units=0, names=()):
    """Return the Finding for class weights that fit refuses; `labels` are the targets, if known."""
    evidence = {} if labels is None else {"y_true.shape": labels.shape}
    x, y, sample_weight = data
    both = sample_weight is not None or "at the same time" in str(error)
    done = "; class_weight = None`."
    if not hasattr(class_weight, "get"):
        why = "class_weight is a dict, class number -> weight"
        fix = "Write `class_weight = dict(enumerate(class_weight))`."
        if isinstance(class_weight, str) and labels is not None:
            numbers = "y.argmax(-1)" if is_one_hot(labels) else "y"
            fix = (
                f"Write `labels, counts = np.unique({numbers}, return_counts=True); class_weight = "
                "{int(k): counts.sum() / (len(counts) * n) for k, n in zip(labels, counts)}`, what "
                "scikit-learn calls 'balanced'."
            )
    elif any(isinstance(weight, dict) for weight in class_weight.values()):
        why = "class_weight is one dict for one output, class number -> weight"
        fix = "Pass sample_weight, one array per output, made from its labels."
        if isinstance(y, dict) and all(map(_one_a_row, y.values())):
            parts = ", ".join(
                f"{k!r}: {_of_one(np.asarray(v), repr(k), k, class_weight)}" for k, v in y.items()
            )
            fix = f"Weigh the rows of each output: write `sample_weight = {{{parts}}}{done}"
        elif (
            isinstance(y, (list, tuple))
            and len(y) == len(names)
            and set(class_weight) <= {*names}
            and all(map(_one_a_row, y))
        ):
            pairs = enumerate(zip(names, y, strict=True))
            parts = [_of_one(np.asarray(v), i, name, class_weight) for i, (name, v) in pairs]
            fix = (
                f"Weigh the rows of each output: write `sample_weight = [{', '.join(parts)}]{done}"
            )
    elif _values(class_weight):
        return _no_number(class_weight, error)
    elif hasattr(x, "element_spec") and labels is not None:
        why = "fit takes class_weight or sample_weight, not both"
        fix = "Multiply them"
        if not both:
            why = "fit cannot look these classes up in a tf.data.Dataset"
            fix = "Name every class, from 0 on, by a whole number, or weigh the rows"
        fix += f" in the data set: write {in_dataset(labels, class_weight)}."
        if not both and labels.ndim < 3:
            count = int(max(units, labels.max(initial=0) + 1, *map(int, class_weight)))
            every = f"{{k: float(class_weight.get(k, 1)) for k in range({count})}}"
            fix = f"Name every class, from 0 on, by a whole number: `class_weight = {every}`."
    elif hasattr(x, "__next__"):
        why = "fit takes no class_weight beside a generator"
        fix = "Pass sample_weight, which the generator yields third."
        if labels is not None:
            code = weights_of(labels, y="targets")
            fix = (
                "Let it yield weights, made from the labels: write `x = ((inputs, targets, "
                f"{code}) for inputs, targets in x)`, and leave class_weight out."
            )
    elif both:
        why = "fit takes class_weight or sample_weight, not both"
        fix = "Multiply them yourself and pass the product as sample_weight"
        code = "" if labels is None else weights_of(labels, "sample_weight * ")
        fix += f": write `sample_weight = {code}{done}" if code else "."
    elif labels is not None and labels.ndim > 2:
        shape = labels.shape[:-1] if is_one_hot(labels) or labels.shape[-1] == 1 else labels.shape
        why = f"class_weight needs one label per row, but y_true has the shape {labels.shape}"
        fix = f"Pass sample_weight of shape {shape} instead, made from the labels: "
        fix += f"write `sample_weight = {weights_of(labels)}{done}"
    elif labels is None:
        why = "class_weight is for models with a single output, and for data that fit can map"
        fix = "Pass sample_weight, one array per output."
    else:
        why = "fit refuses this class_weight for these data"
        fix = (
            "Name every class, from 0 on, by a whole number: `class_weight = {int(key): weight for "
            "key, weight in class_weight.items()}`; or pass sample_weight, made from the labels."
        )
    return CLASS_WEIGHT_REFUSED.found(f"{why}: fit fails.", fix, evidence, error=error)


def _one_a_row(labels):
    """Say whether these are class numbers, one a row, or one-hot rows."""
    if not hasattr(labels, "shape"):
        return False
    return labels.ndim == 1 or labels.shape[-1] == 1 or is_one_hot(np.asarray(labels))


def _of_one(labels, index, name, class_weight):
    """Return code of the weights of one output, 1 where it has no class weights."""
    if name not in class_weight:
        return f"np.ones(len(y[{index}]))"
    return weights_of(labels, y=f"y[{index}]", weights=f"class_weight[{name!r}]")


def _values(class_weight):
    """Return {key: weight} of the weights that are no finite numbers."""
    odd = {}
    for key, weight in class_weight.items():
        try:
            odd |= {} if np.isfinite(float(weight)) else {key: weight}
        except (TypeError, ValueError):
            odd[key] = weight
    return odd


def _no_number(class_weight, error=None):
    """Return the finding for class weights that are no numbers, None where all are."""
    odd = _values(class_weight) if hasattr(class_weight, "items") else {}
    if not odd:
        return None
    code = f"{{**class_weight, {', '.join(f'{key!r}: 1.0' for key in odd)}}}"
    fix = f"Give each class a number: write `class_weight = {code}`, with its own weight."
    if all(isinstance(weight, (list, tuple)) and len(weight) == 1 for weight in odd.values()):
        code = "{key: float(np.ravel(weight)[0]) for key, weight in class_weight.items()}"
        fix = f"Take the numbers out of the lists: write `class_weight = {code}`."
    fails = "Keras computes NaN" if error is None else "fit fails"
    return CLASS_WEIGHT_REFUSED.found(
        f"class_weight has no number for {', '.join(map(repr, odd))}: {fails}.",
        fix,
        {"class_weight": dict(class_weight.items())},
        error=error,
    )


def first_labels(x, y):
    """Return the targets of the first batch, or all of them; None if they are no array."""
    if y is None and hasattr(x, "element_spec"):
        batch = next(iter(x), ())
    elif y is None and hasattr(x, "__getitem__") and not hasattr(x, "shape"):
        batch = x[0]
    else:
        batch = (x, y)
    y = batch[1] if isinstance(batch, (tuple, list)) and len(batch) > 1 else None
    several = isinstance(y, list) and any(hasattr(part, "shape") for part in y)
    if y is None or several or isinstance(y, (dict, tuple)):
        return None
    try:
        return to_numpy(y)
    except (TypeError, ValueError):
        return None


def _problems(labels, class_weight, dataset=False):
    """Yield what is wrong with class weights on these labels."""
    evidence = {"y_true.shape": labels.shape}
    numbers = labels[:, 0] if labels.ndim == 2 and labels.shape[-1] == 1 else labels
    numbers = np.asarray(numbers, np.float64)
    if numbers.ndim > 1:
        sums = numbers.sum(-1)
        odd = np.abs(sums - 1) > 1e-3
        if odd.any() or (numbers < 0).any():
            yield CLASS_WEIGHT_LABELS.found(
                f"class_weight takes the arg max over the last axis of y_true, shape "
                f"{labels.shape}. Rows that are not one-hot: {int(odd.sum())} of {sums.size}. Each "
                "is weighed by one of its classes, or by a position taken for a class.",
                by_label(class_weight, labels, dataset),
                evidence | {"first row": labels[0].ravel()[:8]},
            )
            return
        numbers = numbers.argmax(-1)
    elif (odd := np.round(numbers) != numbers).any():
        yield CLASS_WEIGHT_LABELS.found(
            f"class_weight needs class numbers. Targets that are none: {int(odd.sum())} of "
            f"{numbers.size}. Each is rounded to one.",
            "Pass sample_weight instead, computed from the targets.",
            evidence | {"first targets": numbers[:4]},
        )
        return
    classes = {int(n) for n in np.unique(numbers)}
    missing = sorted(number for number in classes if number not in class_weight)  # 1.0 is 1
    if missing:
        count = int(np.isin(numbers, missing).sum())
        yield CLASS_WEIGHT_MISSING.found(
            f"class_weight does not name all classes: {missing} weigh 1, in {count} of "
            f"{numbers.size} rows.",
            names(class_weight, missing, classes),
            evidence | {"class_weight": dict(class_weight), "classes": sorted(classes)},
        )


def mean_finding(class_weight, total, count):
    """Yield a finding if class weights are not 1 in the mean over the rows that were seen."""
    mean = total / count if count else 1.0
    if not np.isfinite(mean) or abs(mean - 1) < _EVEN or mean <= 0:
        return
    yield CLASS_WEIGHT_MEAN.found(
        f"The class weights are {mean:.4g} in the mean over these rows. fit multiplies by them and "
        f"divides by the number of rows: its loss and its steps are {mean:.4g} times those of "
        "weights of mean 1. evaluate and val_loss have no class weights.",
        "Divide them by their mean: write `class_weight = {key: weight / "
        f"{mean:.6g} for key, weight in class_weight.items()}}`.",
        {"mean": mean, "rows": count, "class_weight": dict(class_weight)},
    )


_THREE = {0: 0.5, 1: 1.0, 2: 1.5}


@CLASS_WEIGHT_REFUSED.example("`sample_weight` of the shape of the values, made from the labels")
def class_weight_on_images(mended=0):
    """Labels of the pixels of images."""
    y = one_hot(4, 2, 2, 3)
    weight = {"class_weight": _THREE}
    if mended:
        weight = {"sample_weight": np.vectorize(_THREE.get)(y.argmax(-1))}
    return passing(simplex(4, 2, 2, 3), y, "categorical_crossentropy", **weight)


@CLASS_WEIGHT_LABELS.example(
    "A weight by the column: a last axis of length 1, and `sample_weight` (rows, classes)"
)
def class_weight_on_several_labels(mended=0):
    """Rows with two labels, and one without."""
    y = array([1, 1, 0], [0, 1, 1], [1, 0, 0], [0, 0, 0])
    if not mended:
        return passing(drawn(4, 3), y, "binary_crossentropy", class_weight=_THREE)
    weight = np.tile(array(0.5, 1, 1.5), (4, 1))
    return passing(drawn(4, 3, 1), y[..., None], "binary_crossentropy", sample_weight=weight)


@CLASS_WEIGHT_MISSING.example("Every class named, with its own weight")
def class_weight_without_a_class(mended=0):
    """Three classes, two of them named."""
    weight = _THREE if mended else {0: 0.5, 1: 1.25}
    y = np.array([0, 1, 2, 1])
    return passing(simplex(4, 3), y, "sparse_categorical_crossentropy", class_weight=weight)


@CLASS_WEIGHT_MEAN.example("Weights divided by their mean over the rows")
def class_weights_of_another_mean(mended=0):
    """A weight of 10 for half of the rows, 1 for the others."""
    weight = {0: 1 / 5.5, 1: 10 / 5.5} if mended else {0: 1.0, 1: 10.0}
    y = np.array([0, 1, 0, 1])
    return passing(simplex(4, 2), y, "sparse_categorical_crossentropy", class_weight=weight)
