"""The catalogue of rules: from the values of a loss function to the scalar, by release.

A rule turns values, weights and mask into coefficients, and the losses of batches into the one that
is reported. The catalogue holds the families of Keras 3 releases that compute the same numbers.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

from lossbook import reduction as keras3
from lossbook._arrays import installed_keras
from lossbook._releases import (
    batches_alike,
    each_alone,
    mask_times_ratio,
    running_means,
    undivided_penalty,
)
from lossbook.total import Sum, activity_penalty, reported_loss


@dataclass(frozen=True)
class Rule:
    """One family of releases that compute the same numbers, and where that is written.

    `stages(values, sample_weight, mask, reduction)` takes all stages after the class axis, and
    `coefficients` the same arguments to the last of them. `epoch(batch_losses, batch_sizes)` is
    what `evaluate` and `fit` report; `on_batch` what `train_on_batch` and `test_on_batch` return,
    called once per batch. `extras["activity_penalty"](penalty, batch_size)` is what the release
    adds for the activity regulariser of a layer.
    """

    name: str
    framework: str
    versions: str
    formula: str
    reference: str
    reductions: tuple
    stages: Callable[..., tuple]
    epoch: Callable[..., Sum]
    on_batch: Callable[..., tuple]
    extras: Mapping[str, Callable]

    def coefficients(self, values, sample_weight=None, mask=None, reduction="sum_over_batch_size"):
        """Return the Step from the values to the scalar: value, coefficients, denominator."""
        return self.stages(values, sample_weight, mask, reduction)[-1]


@dataclass(frozen=True)
class Aggregate:
    """What a rule makes of values: the scalar, the factor of each value, the denominator."""

    total: Any
    coefficients: Any
    denominator: Any


def _family(
    name,
    versions,
    mask_weight=keras3.mask_weight,
    reductions=keras3.REDUCTIONS,
    epoch=reported_loss,
    activity=activity_penalty,
    on_batch=None,
):
    """Return a family of Keras 3 releases; what is not named is as in the newest one."""

    def stages(values, sample_weight=None, mask=None, reduction="sum_over_batch_size"):
        reduction = keras3.standardize_reduction(reduction)
        if reduction not in reductions:
            raise ValueError(
                f"reduction={reduction!r} came with Keras 3.7; the rule {name} (Keras {versions}) "
                f"knows {', '.join(reductions)}. Take one of them, or another rule."
            )
        return keras3.walk(values, sample_weight, mask, reduction, mask_weight)

    return Rule(
        name=name,
        framework="keras",
        versions=versions,
        formula=r"\frac{1}{D}\sum_i m_i\,w_i\,\ell_i,\quad D=\text{number of valid values}",
        reference="keras/src/losses/loss.py::reduce_weighted_values",
        reductions=reductions,
        stages=stages,
        epoch=epoch,
        on_batch=on_batch or partial(running_means, epoch),
        extras=MappingProxyType({"activity_penalty": activity}),
    )


_BEFORE_3_14 = {"mask_weight": mask_times_ratio, "activity": undivided_penalty}
_BEFORE_3_13 = {**_BEFORE_3_14, "mask_weight": partial(mask_times_ratio, guard=True)}
_BEFORE_3_7 = {**_BEFORE_3_13, "reductions": ("sum_over_batch_size", "sum", "none")}
_KERAS_3 = (
    _family("keras-3.0", "3.0 to 3.1", epoch=batches_alike, **_BEFORE_3_7),
    _family("keras-3.2", "3.2 to 3.6", **_BEFORE_3_7),
    _family("keras-3.7", "3.7 to 3.12", **_BEFORE_3_13),
    _family("keras-3.13", "3.13", **_BEFORE_3_14),
    _family("keras-3.14", "3.14", mask_weight=mask_times_ratio),
    _family("keras-3.15", "3.15", on_batch=each_alone),
)
_NEWEST = 15  # the newest minor release that we have run

RULES: Mapping[str, Rule] = MappingProxyType({rule.name: rule for rule in _KERAS_3})


def resolve(rule):
    """Return the Rule of a family, of a release, or of the Keras that is installed ("keras-3").

    A minor ("keras-3.8") or exact release ("keras-3.8.0") belongs to the family with the same
    numbers. An installed Keras that is newer than all we know counts as the newest.

    Raises:
        ValueError: for an unknown rule; the message lists the known ones.
    """
    if rule in RULES:
        return RULES[rule]
    installed = installed_keras() or ""
    if rule == "keras-3" or (installed and rule == f"keras-{installed}"):
        minor = re.match(r"3\.(\d+)\.", installed)
        return _keras3(int(minor[1]) if minor else _NEWEST)
    release = re.fullmatch(r"keras-3\.(\d+)(\.\d+)?", str(rule))
    if release and int(release[1]) <= _NEWEST:
        return _keras3(int(release[1]))
    raise ValueError(
        f"Unknown rule {rule!r}. Known rules: keras-3 (the installed release), or any release from "
        f"keras-3.0 to keras-3.{_NEWEST}, as keras-3.8 or keras-3.8.0."
    )


def _keras3(minor):
    """Return the family that a minor release of Keras 3 belongs to."""
    return [rule for rule in _KERAS_3 if int(rule.name.rpartition(".")[2]) <= minor][-1]


def aggregate(
    values, sample_weight=None, mask=None, rule="keras-3", reduction="sum_over_batch_size"
):
    """Reduce the values of a loss function to the scalar, under any rule.

    Surprise: a mask changes the denominator, weights don't: Keras 3 divides by the number of
    values that the mask keeps, and never by the sum of the weights unless told to.

    Formula: total = sum of coefficient · value, coefficient = mask · sample_weight / denominator.

    Args:
        values: what a Keras loss function returns (after the class axis), `(batch, *positions)`.
        sample_weight: weights that broadcast with `values` from the last axis, or None.
        mask: array of bool (True = keep), or None.
        rule: "keras-3" (the installed release), or a release such as "keras-3.8".
        reduction: one of Keras's five reductions.

    Returns:
        Aggregate: total (an array for reduction None), coefficients in the shape of `values`,
        denominator. NumPy in, NumPy out; tensors in, tensors out (can be jitted).

    Raises:
        ValueError: for an empty batch, shapes that don't fit, an unknown rule or reduction.

    Examples:
        >>> import lossbook as lb
        >>> a = lb.aggregate([1.0, 2.0, 6.0, 7.0], sample_weight=[1, 1, 0, 0])
        >>> print(a.total, a.coefficients, a.denominator)
        0.75 [0.25 0.25 0.   0.  ] 4.0

    References:
        keras/src/losses/loss.py::reduce_weighted_values, Keras 3.15.1.
    """
    step = resolve(rule).coefficients(values, sample_weight, mask, reduction)
    return Aggregate(total=step.value, coefficients=step.coefficients, denominator=step.denominator)


def epoch_loss(batch_losses, batch_sizes, rule="keras-3"):
    """Average the losses of the batches into what a release reports for an epoch.

    Surprise: Keras counts a batch by its rows, however many of its values are valid. So the loss of
    masked data depends on the batch size, and is not the loss of one big batch; so does that of
    "sum", and of weights under "mean_with_sample_weight".

    Formula: sum of rows · batch_loss / sum of rows.

    Args:
        batch_losses: one scalar per batch.
        batch_sizes: the number of rows of each batch, or one number for all.
        rule: "keras-3" (the installed release), or a release such as "keras-3.8".

    Returns:
        float: what `evaluate` returns, and `fit` logs if the weights of the model don't move.

    Raises:
        ValueError: if there is no batch, a size is not positive, or the lengths differ.

    Examples:
        >>> import lossbook as lb
        >>> lb.epoch_loss([2.0, 8.0], batch_sizes=[3, 1])
        3.5

    References:
        keras/src/backend/tensorflow/trainer.py::TensorFlowTrainer.test_step, Keras 3.15.1.
    """
    return resolve(rule).epoch(batch_losses, batch_sizes).value
