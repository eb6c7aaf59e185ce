"""Predictions that the loss takes for something else: logits, probabilities, one class."""

from lossbook._audit.checks.predictions.check import Predictions
