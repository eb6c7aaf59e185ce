"""The exercises of the chapters: for each its right answer, and what known wrong answers mean.

The questions themselves stand in the chapters of the book. `chapters` has one module for each of
them, `checking` is what they share.
"""

from lossbook._exercises.chapters import EXERCISES
from lossbook._exercises.checking.exercise import Exercise

__all__ = ["EXERCISES", "Exercise"]
