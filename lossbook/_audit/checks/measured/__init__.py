"""What is measured on the first rows: batch sizes, weights, masks, derivatives, metrics."""

from lossbook._audit.checks.measured import (
    acts,
    batch_size,
    direction,
    gradients,
    in_sight,
    metrics,
    own_losses,
    returns,
)

__all__ = [
    "acts",
    "batch_size",
    "direction",
    "gradients",
    "in_sight",
    "metrics",
    "own_losses",
    "returns",
]
