"""Rules by name: from the values of a loss function to the scalar, as each release has it.

A rule turns values, weights and mask into coefficients, and the losses of batches into the one that
is reported. `_rules/families.py` has them, by releases that compute the same numbers.
"""

import copyreg
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from lossbook._core import ArrayLike, check_mask, described, installed_keras
from lossbook._rules import ELSEWHERE, FAMILIES, KNOWN, Rule

RULES: Mapping[str, Rule] = MappingProxyType(
    {rule.name: rule for families in FAMILIES.values() for rule in families} | ELSEWHERE
)


@dataclass(frozen=True, eq=False)
class Aggregate:
    """What a rule makes of values: the scalar, the factor of each value, the denominator."""

    total: Any
    coefficients: Any
    denominator: Any


def resolve(rule: str) -> Rule:
    """Return the Rule of a family, of a release, or of the Keras that is installed ("keras-3").

    A minor ("keras-3.8") or exact release ("tf.keras-2.4.4") belongs to the family with the same
    numbers. An installed Keras that is newer than all we know counts as the newest.

    Raises:
        ValueError: for an unknown rule; the message lists the known ones.
    """
    if isinstance(rule, str) and rule in RULES:
        return RULES[rule]
    installed = installed_keras() or ""
    name = rule if isinstance(rule, str) else ""
    if name == "keras-3" or (installed and name == f"keras-{installed}"):
        minor = re.match(r"3\.(\d+)\.", installed)
        return _family_of("keras", (3, int(minor[1])) if minor else KNOWN["keras"][-1])
    release = re.fullmatch(r"(\S+)-(\d+)\.(\d+)(?:\.(\d+))?", name)
    if release and release[1] in KNOWN:
        version = tuple(int(part or 0) for part in release.groups()[1:])
        if version[:2] in KNOWN[release[1]]:
            return _family_of(release[1], version)
    known = ", ".join(
        f"{name}-{'.'.join(map(str, minors[0]))} to {'.'.join(map(str, minors[-1]))}"
        for name, minors in KNOWN.items()
    )
    raise ValueError(
        f"Unknown rule {described(rule)}. Known rules: keras-3 (the installed release), and any "
        f"release of {known}, as keras-3.8 or tf.keras-2.4.4; of other libraries "
        f"{', '.join(ELSEWHERE)}."
    )


copyreg.pickle(Rule, lambda rule: (resolve, (rule.name,)))  # its functions have no names


def _family_of(framework, version):
    """Return the family that a release belongs to."""

    def begins(rule):
        return tuple(int(n) for n in re.findall(r"\d+", re.match(r"[\d.]+", rule.versions)[0]))

    return [rule for rule in FAMILIES[framework] if begins(rule) <= (*version, 0)[:3]][-1]


def aggregate(
    values: ArrayLike,
    sample_weight: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    rule: str = "keras-3",
    reduction: str | None = "sum_over_batch_size",
) -> Aggregate:
    """Reduce the values of a loss function to the scalar, under any rule.

    Surprise: a mask changes the denominator, weights don't: Keras 3 divides by the number of
    values that the mask keeps, and never by the sum of the weights unless told to.

    Formula: total = sum of coefficient · value, coefficient = mask · sample_weight / denominator.

    Args:
        values: what a Keras loss function returns (after the class axis), `(batch, *positions)`.
        sample_weight: weights that broadcast with `values` from the last axis, or None.
        mask: array of bool (True = keep), or None.
        rule: "keras-3" (the installed release), a release such as "keras-2.2.4", or "pytorch".
        reduction: one of Keras's five reductions.

    Returns:
        Aggregate: total (an array for reduction None), coefficients in the shape of `values`,
        denominator. NumPy in, NumPy out; tensors in, tensors out (can be jitted).

    Raises:
        ValueError: for an empty batch, an unknown rule or reduction, shapes that don't fit or that
            this release refuses.

    Warns:
        UserWarning: for a mask that holds other numbers than 0 and 1.

    Examples:
        >>> import lossbook as lb
        >>> a = lb.aggregate([1.0, 2.0, 6.0, 7.0], sample_weight=[1, 1, 0, 0])
        >>> print(a.total, a.coefficients, a.denominator)
        0.75 [0.25 0.25 0.   0.  ] 4.0

    References:
        keras/src/losses/loss.py::reduce_weighted_values, Keras 3.15.1.
    """
    check_mask(mask)
    step = resolve(rule).coefficients(values, sample_weight, mask, reduction)
    return Aggregate(total=step.value, coefficients=step.coefficients, denominator=step.denominator)


def epoch_loss(batch_losses: ArrayLike, batch_sizes: ArrayLike, rule: str = "keras-3") -> float:
    """Average the losses of the batches into what a release reports for an epoch.

    Surprise: Keras counts a batch by its rows, however many of its values are valid. So the loss of
    masked data depends on the batch size, and is not the loss of one big batch; so does that of
    "sum", and of weights under "mean_with_sample_weight".

    Formula: sum of rows · batch_loss / sum of rows.

    Args:
        batch_losses: one scalar per batch.
        batch_sizes: the number of rows of each batch, or one number for all.
        rule: "keras-3" (the installed release), a release such as "keras-2.2.4", or "pytorch".

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
