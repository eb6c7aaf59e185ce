"""What separates the parts from the number that evaluate reports, where it is not rounding."""

import math
from collections.abc import Iterator
from typing import Any

from lossbook._core import four_digits
from lossbook._model import overridden


def gap(explanation: Any, model: Any, stale: bool) -> Iterator[str]:
    """Yield notes: that the parts miss what evaluate reports by more than rounding, and why."""
    residual, rounding = abs(explanation.residual), explanation.rounding
    if math.isnan(explanation.reported) and math.isfinite(explanation.total):
        yield (
            "What evaluate reports has no 'loss', or it is NaN, though the parts add up to "
            f"{four_digits(explanation.total)}."
        )
        yield cause(model, stale)
    if not residual > rounding:
        return
    yield (
        f"The parts miss what evaluate reports by {four_digits(residual)}; rounding explains "
        f"{four_digits(rounding)}."
    )
    yield cause(model, stale)


def cause(model: Any, stale: bool) -> str:
    """Say what separates the number that evaluate reports from the parts of a step traced now."""
    if stale:
        return (
            "The model's own evaluation was compiled when the model was another, and keeps numbers "
            "of then: a plain number in a layer or a loss, a layer that was frozen since. Compile "
            "the model again; keep a number that is to change in a keras.Variable."
        )
    own = overridden(model)
    if own:
        return (
            f"{type(model).__name__} has {_and(own)} of its own: what it reports is not what its "
            "step computes. Is the metric that it reports updated with the loss of every batch?"
        )
    return "lossbook does not know why. Is the loss the same each time it is called?"


def _and(names):
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
