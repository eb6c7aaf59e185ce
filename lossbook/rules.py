"""The catalogue of rules: from the values of a loss function to the scalar, by version.

A rule turns values, weights and mask into coefficients. Today the catalogue holds the rule of the
Keras that is installed; `aggregate` applies a rule by name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from lossbook import reduction as keras3
from lossbook._arrays import installed_keras
from lossbook.total import Sum, reported_loss


@dataclass(frozen=True)
class Rule:
    """One family of releases: what they divide by, and where that is written."""

    name: str
    framework: str
    versions: str
    formula: str
    reference: str
    coefficients: Callable[..., keras3.Step]
    epoch: Callable[..., Sum]


@dataclass(frozen=True)
class Aggregate:
    """What a rule makes of values: the scalar, the factor of each value, the denominator."""

    total: Any
    coefficients: Any
    denominator: Any


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "keras-3": Rule(
            name="keras-3",
            framework="keras",
            versions=">=3.13",
            formula=r"\frac{1}{D}\sum_i m_i\,w_i\,\ell_i,\quad D=\text{number of valid values}",
            reference="keras/src/losses/loss.py::reduce_weighted_values",
            coefficients=keras3.reduce_weighted_values,
            epoch=reported_loss,
        )
    }
)


def resolve(rule):
    """Return the Rule for a family ("keras-3") or for the installed release ("keras-3.15.1").

    Raises:
        ValueError: for an unknown rule; the message lists the known ones.
    """
    if rule in RULES:
        return RULES[rule]
    installed = installed_keras()
    if installed and rule == f"keras-{installed}":
        return RULES["keras-3"]
    known = [*RULES, *([f"keras-{installed}"] if installed else [])]
    raise ValueError(f"Unknown rule {rule!r}. Known rules: {', '.join(known)}.")


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
        rule: a key of `lossbook.RULES`, or an exact release.
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
        rule: a key of `lossbook.RULES`, or an exact release.

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
