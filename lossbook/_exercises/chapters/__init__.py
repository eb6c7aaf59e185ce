"""The exercises, one module a chapter. The answers are computed, never listed."""

import importlib
import pkgutil

from lossbook._exercises.checking.exercise import Exercise

EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise
    for module in pkgutil.walk_packages(__path__, f"{__name__}.")
    for exercise in vars(importlib.import_module(module.name)).values()
    if isinstance(exercise, Exercise)
}
