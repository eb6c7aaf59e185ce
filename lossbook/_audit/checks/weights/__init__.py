"""Sample weights: which axis they meet, and what their zeros and their sum do."""

from lossbook._audit.checks.weights import axes, sums

__all__ = ["axes", "sums"]
