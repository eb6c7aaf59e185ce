"""The exercises of the chapters: for each its right answer, and what known wrong answers mean.

The questions themselves stand in the chapters of the book. `chapters` has one module for each of
them, `checking` is what they share. Other modules import from here.
"""

from lossbook._exercises.chapters import EXERCISES
from lossbook._exercises.checking.exercise import Answers, AnyOf, Exercise
from lossbook._exercises.checking.verdict import verdict
