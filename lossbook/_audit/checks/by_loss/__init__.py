"""What only one kind of loss gets wrong: CTC, overlaps of regions, padded sequences, directions."""

from lossbook._audit.checks.by_loss import cosine, ctc, padding, regions

__all__ = ["cosine", "ctc", "padding", "regions"]
