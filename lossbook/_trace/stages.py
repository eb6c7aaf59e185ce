"""The stages of a trace: what came out of each, and how, in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lossbook._core import shape_of, size, to_numpy
from lossbook._losses import LossCall
from lossbook.reduction import Step


@dataclass(frozen=True, eq=False)
class Stage:
    """One stage of the path: what came out of it, and how."""

    name: str
    value: Any
    shape: tuple[int, ...]
    operation: str
    formula: str
    denominator: Any = None


def loss_stages(call: LossCall, elementwise: Any, values: Step) -> Iterator[Stage]:
    """Describe what the loss function does: elementwise losses, and the class axis."""
    loss = call.loss
    if loss.atomic:
        operation = "atomic: no sum over elements"
        yield _stage("values", values.value, operation, loss.formula)
        return
    how, axis = loss.class_axis, call.axis
    grain = "one loss per position" if how == "none" else "one loss per element"
    formula = loss.formula + _options(call)
    yield _stage("elementwise", elementwise, grain, formula)
    if how == "none":
        operation, formula = "none: no class axis is left", "values = elementwise"
    else:
        operation = f"{how} over axis {axis}"
        divided = f" / {values.denominator}" if how == "mean" else ""
        formula = f"sum of elementwise over axis {axis}{divided}"
    denominator = values.denominator if how == "mean" else None
    yield _stage("values", values.value, operation, formula, denominator)


def _options(call: LossCall) -> str:
    """Say in words what the options change."""
    loss, options, text = call.loss, call.options, ""
    for name in ("delta", "q", "alpha", "gamma", "ignore_class"):
        if options.get(name) is not None:
            text += f", {name} = {options[name]}"
    if options.get("label_smoothing"):
        text += f", y smoothed by {options['label_smoothing']}"
    if not loss.takes_logits:
        return text
    if call.logits is not None:
        return f"{text}, p = {loss.activation}(logits found behind the activation), not clipped"
    if options.get("from_logits"):
        text += f", p = {loss.activation}(logits)"
        return text + (", p clipped" if loss.clips_logits else ", not clipped")
    return f"{text}, p clipped"


def reduction_stages(
    reduction: str, masked: Step | None, weight: Any, weighted: Step, total: Step
) -> Iterator[Stage]:
    """Describe what Loss.__call__ does with the values: mask, weights, the reduction."""
    last = "values"
    share = 1.0 if masked is None else float(to_numpy(masked.denominator))
    if masked is not None:
        last = "mask_weight"
        count = size(shape_of(masked.value))
        rescaled = reduction in ("mean", "sum_over_batch_size")
        operation = "mask · total / valid" if rescaled else "mask as 0 or 1"
        formula = f"mask · {count} / {share * count:.6g}" if rescaled and share else operation
        yield _stage("mask_weight", masked.value, operation, formula)
    if weight is not None and (masked is None or weight is not masked.value):
        last = "effective_weight"
        operation = "sample_weight" if masked is None else "sample_weight · mask_weight"
        yield _stage("effective_weight", weight, operation, operation)
    if weight is not None:
        formula = f"values · {last}"
        yield _stage("weighted_values", weighted.value, "multiply", formula)
        last = "weighted_values"
    divisor = None
    if reduction == "none" or not shape_of(weighted.value):
        operation, formula = "none: no reduction", last
    elif reduction == "sum":
        operation, formula = "sum", f"sum of {last}"
    else:
        # With a mask the denominator of the total is this stage's times the share of the mask.
        count = size(shape_of(weighted.value))
        divisor = float(to_numpy(total.denominator)) / (share or 1.0)
        if reduction == "mean_with_sample_weight" and weight is not None:
            operation = "sum / sum of weights"
        elif share == 0 or abs(divisor - count) <= 1e-3 * count:
            operation, divisor = "sum / number of values", count
        else:  # another library's
            operation = "sum / denominator"
        formula = f"sum of {last} / {divisor:.6g}"
    yield _stage("total", total.value, operation, formula, divisor)


def _stage(name: str, value: Any, operation: str, formula: str, denominator: Any = None) -> Stage:
    return Stage(name, value, shape_of(value), operation, formula, denominator)
