"""What only one kind of loss gets wrong: CTC, regions, padding, directions, percentages."""

from lossbook._audit.checks.by_loss import cosine, ctc, padding, percentage, regions

__all__ = ["cosine", "ctc", "padding", "percentage", "regions"]
