"""Steps of the kinds that people write themselves, small: what decompose makes of each.

A file for each field. A step is a function of `mark` that returns a scalar; beside it stand its
parts as plain NumPy has them. `python -m tests.real_keras.own_steps` prints a table.
"""

from tests.real_keras.own_steps import (
    contrastive,
    decisions,
    generative,
    pictures,
    sequences,
    strange,
    supervised,
)
from tests.real_keras.own_steps.step import STEPS

__all__ = [
    "STEPS",
    "contrastive",
    "decisions",
    "generative",
    "pictures",
    "sequences",
    "strange",
    "supervised",
]
