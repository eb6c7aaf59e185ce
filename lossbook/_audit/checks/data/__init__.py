"""What the data themselves say: weights without a sum, nothing that counts, marks for 'unknown'."""

from lossbook._audit.checks.data import nothing_counts, reach, sentinels, signs

__all__ = ["nothing_counts", "reach", "sentinels", "signs"]
