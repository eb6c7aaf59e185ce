"""The families of releases that compute the same numbers, each with its rule, oldest first."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from lossbook import reduction as keras3
from lossbook._core import asarray, check_fit, namespace, shape_of
from lossbook._rules.epochs_and_extras import (
    batches_alike,
    each_alone,
    last_batch,
    mean_of_vector,
    no_vector,
    running_means,
    sum_of_vector,
    undivided_penalty,
    vector_itself,
)
from lossbook._rules.keras2 import (
    at_a_mask_with_ones,
    at_the_values,
    keras2_walk,
    mask_as_weight,
    mask_by_mean,
    mask_by_valid,
    sum_of_weights_walk,
)
from lossbook._rules.keras3_to_14 import mask_times_ratio
from lossbook._rules.weight_shapes import (
    alike,
    alike_but_one,
    any_shape,
    column,
    first_axes,
    first_axes_or_number,
    one_axis,
    one_or_two_axes,
)
from lossbook.reduction import standardize_reduction, walk
from lossbook.total import Sum, activity_penalty, reported_loss

_VALID = r"\frac{1}{\#\{m_i=1\}}\sum_i m_i\,w_i\,\ell_i"
_ALL = r"\frac{1}{n}\sum_i m_i\,w_i\,\ell_i"
_BY_KIND = (
    r"\frac{1}{n}\sum_i \frac{m_i}{\operatorname{mean}(m)}\,"
    r"\frac{w_i}{\operatorname{mean}(w\neq 0)}\,\ell_i"
)
_BY_WEIGHT = r"\frac{\sum_i m_i\,w_i\,\ell_i}{\sum_i m_i\,w_i}"

_IN_KERAS3 = "keras/src/losses/loss.py::reduce_weighted_values"
_IN_ENGINE = "keras/engine/training_utils.py::weighted_masked_objective"
_IN_KERAS2 = "keras/utils/losses_utils.py::compute_weighted_loss"
_IN_TF1 = "tensorflow/python/keras/engine/training_utils.py::weighted_masked_objective"
_IN_TF = "tensorflow/python/keras/utils/losses_utils.py::compute_weighted_loss"
_IN_KERAS = "keras/utils/losses_utils.py::compute_weighted_loss"
_IN_SRC = "keras/src/utils/losses_utils.py::compute_weighted_loss"

_ONE = ("sum_over_batch_size",)
_THREE = ("sum_over_batch_size", "sum", "none")


@dataclass(frozen=True)
class Rule:
    """One family of releases that compute the same numbers, and where that is written.

    `stages(values, sample_weight, mask, reduction)` takes all stages after the class axis, and
    `coefficients` the same arguments to the last of them. `epoch(batch_losses, batch_sizes)` is
    what `evaluate` and `fit` report, `from_generator` what `evaluate` reports of a generator, and
    `on_batch` what `train_on_batch` and `test_on_batch` return, called once per batch.
    `extras["activity_penalty"](penalty, batch_size)` is what the release adds for the activity
    regulariser of a layer, `extras["add_loss"](vector)` for a vector given to `add_loss`.
    `own_mask` is what becomes of the positions that a loss itself keeps (ignore_class): "merged"
    with the mask of the predictions, stages of its own (that mask is a weight then), or "" where
    there is no such loss. `for_losses` says for which losses it holds, "" for all.
    """

    name: str
    framework: str
    versions: str
    formula: str
    reference: str
    reductions: tuple
    stages: Callable[..., tuple]
    epoch: Callable[..., Sum]
    from_generator: Callable[..., Sum]
    on_batch: Callable[..., tuple]
    extras: Mapping[str, Callable]
    own_mask: str | Callable = "merged"
    for_losses: str = ""

    def coefficients(self, values, sample_weight=None, mask=None, reduction="sum_over_batch_size"):
        """Return the Step from the values to the scalar: value, coefficients, denominator."""
        return self.stages(values, sample_weight, mask, reduction)[-1]

    def stages_of_loss(self, values, sample_weight, mask, own_mask, reduction):
        """Return the stages for a loss that keeps some positions itself (own_mask, or None)."""
        if own_mask is None:
            return self.stages(values, sample_weight, mask, reduction)
        if not self.own_mask:
            raise ValueError(
                f"ignore_class came with TensorFlow 2.10; the rule {self.name} ({self.versions}) "
                "has none. Give a mask or sample_weight instead, or take another rule."
            )
        if mask is None and self.own_mask == "merged":
            return self.stages(values, sample_weight, own_mask, reduction)
        if self.own_mask != "merged":  # the other mask is in the weight
            _, weight, _, _ = self.stages(values, sample_weight, mask, reduction)
            return self.own_mask(values, weight, own_mask, reduction)
        xp = namespace(values=values)
        mask = asarray(xp, mask) != 0
        check_fit("mask", mask, shape_of(mask), "values", own_mask)
        return self.stages(values, sample_weight, xp.logical_and(mask, own_mask), reduction)


def _family(
    name,
    versions,
    stages,
    formula,
    reference,
    reductions=keras3.REDUCTIONS,
    epoch=reported_loss,
    from_generator=None,
    on_batch=each_alone,
    activity=activity_penalty,
    add_loss=sum_of_vector,
    own_mask="merged",
    for_losses="",
):
    """Return a family; what is not named is as in the newest Keras."""

    def checked_stages(values, sample_weight=None, mask=None, reduction="sum_over_batch_size"):
        reduction = standardize_reduction(reduction)
        if reduction not in reductions:
            since = "came with Keras 3.7" if reduction.startswith("mean") else "came with Keras 2.3"
            raise ValueError(
                f"reduction={reduction!r} {since}; the rule {name} ({versions}) "
                f"knows {', '.join(reductions)}. Take one of them, or another rule."
            )
        return stages(values, sample_weight, mask, reduction)

    return Rule(
        name=name,
        framework=name.partition("-")[0],
        versions=versions,
        formula=formula,
        reference=reference,
        reductions=reductions,
        stages=checked_stages,
        epoch=epoch,
        from_generator=from_generator or epoch,
        on_batch=on_batch,
        extras=MappingProxyType({"activity_penalty": activity, "add_loss": add_loss}),
        own_mask=own_mask,
        for_losses=for_losses,
    )


def _walk_with(mask_weight):
    return partial(walk, mask_weight=mask_weight)


def _keras2_2_walk(mask_weight):
    return keras2_walk(one_or_two_axes, first_axes, mask_weight, at_the_values, nonzero=True)


_KERAS2 = {
    "formula": _BY_KIND,
    "reference": _IN_ENGINE,
    "reductions": _ONE,
    "activity": undivided_penalty,
    "add_loss": vector_itself,
    "own_mask": "",
}
_KERAS2_3 = {
    "formula": _ALL,
    "reference": _IN_KERAS2,
    "reductions": _THREE,
    "from_generator": last_batch,
    "activity": undivided_penalty,
    "add_loss": mean_of_vector,
    "own_mask": "",
}
_KERAS3 = {"formula": _VALID, "reference": _IN_KERAS3}
_TO_14 = {**_KERAS3, "on_batch": partial(running_means, reported_loss)}
_TO_13 = {**_TO_14, "activity": undivided_penalty}
_TO_6 = {**_TO_13, "reductions": _THREE}
_TO_2 = {**_TO_6, "add_loss": no_vector}
_ALIKE = {"epoch": batches_alike, "on_batch": partial(running_means, batches_alike)}
_GUARDED, _RATIO = _walk_with(partial(mask_times_ratio, guard=True)), _walk_with(mask_times_ratio)
_TF = {"formula": _ALL, "reference": _IN_TF, "reductions": _THREE, "own_mask": ""}
_TF1 = {**_TF, "from_generator": batches_alike, "add_loss": vector_itself}
_TF2 = {**_TF, "add_loss": no_vector}

# Those of a framework, oldest first; a family begins with the first of its versions.
FAMILIES = {
    "keras": (
        _family("keras-2.2", "2.2.0 to 2.2.4", _keras2_2_walk(mask_by_mean), **_KERAS2),
        _family(
            "keras-2.2.5", "2.2.5", _keras2_2_walk(partial(mask_by_mean, epsilon=1e-7)), **_KERAS2
        ),
        _family(
            "keras-2.3",
            "2.3",
            keras2_walk(one_or_two_axes, first_axes_or_number, mask_as_weight, at_a_mask_with_ones),
            **_KERAS2_3,
        ),
        _family("keras-3.0", "3.0 to 3.1", _GUARDED, **{**_TO_2, **_ALIKE}),
        _family("keras-3.2", "3.2", _GUARDED, **_TO_2),
        _family("keras-3.3", "3.3 to 3.6", _GUARDED, **_TO_6),
        _family("keras-3.7", "3.7 to 3.12", _GUARDED, **_TO_13),
        _family("keras-3.13", "3.13", _RATIO, **_TO_13),
        _family("keras-3.14", "3.14", _RATIO, **_TO_14),
        _family("keras-3.15", "3.15", walk, **_KERAS3),
    ),
    "tf.keras": (
        _family(
            "tf.keras-1.13-class",
            "1.13",
            keras2_walk(one_or_two_axes, alike, mask_as_weight, means=True, ones=True),
            for_losses="loss classes, and mean squared error",
            **_TF1,
        ),
        _family(
            "tf.keras-1.13",
            "1.13",
            sum_of_weights_walk,
            for_losses="losses given by name or function, except mean squared error",
            **{**_TF1, "formula": _BY_WEIGHT, "reference": _IN_TF1, "reductions": _ONE},
        ),
        _family(
            "tf.keras-1.14",
            "1.14",
            keras2_walk(one_or_two_axes, alike, mask_as_weight, means=True),
            **_TF1,
        ),
        _family(
            "tf.keras-1.15",
            "1.15, 2.0, 2.1",
            keras2_walk(one_or_two_axes, alike_but_one, mask_as_weight),
            **_TF1,
        ),
        _family(
            "tf.keras-2.2", "2.2 to 2.6", keras2_walk(column, one_axis, mask_as_weight), **_TF2
        ),
        _family(
            "tf.keras-2.7",
            "2.7 to 2.9",
            keras2_walk(any_shape, one_axis, mask_as_weight),
            **{**_TF2, "reference": _IN_KERAS},
        ),
        _family(
            "tf.keras-2.10",
            "2.10",
            keras2_walk(any_shape, one_axis, mask_as_weight),
            **{
                **_TF2,
                "reference": _IN_KERAS,
                "own_mask": keras2_walk(any_shape, one_axis, mask_by_valid),
            },
        ),
        _family(
            "tf.keras-2.11",
            "2.11 to 2.15",
            keras2_walk(any_shape, one_axis, mask_by_valid),
            **{**_TF2, "formula": _VALID, "reference": _IN_SRC, "own_mask": "merged"},
        ),
    ),
}
FAMILIES["tf_keras"] = FAMILIES["tf.keras"][-1:]
# (major, minor) of every release that was run
KNOWN = {
    "keras": ((2, 2), (2, 3), *((3, minor) for minor in range(16))),
    "tf.keras": ((1, 13), (1, 14), (1, 15), *((2, minor) for minor in range(16))),
    "tf_keras": tuple((2, minor) for minor in range(16, 22)),
}
