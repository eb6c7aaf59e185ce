"""What is measured on the first rows: batch sizes, weights that do not act, values under a mask."""

from lossbook._audit.checks.measured import acts, batch_size, in_sight, own_losses

__all__ = ["acts", "batch_size", "in_sight", "own_losses"]
