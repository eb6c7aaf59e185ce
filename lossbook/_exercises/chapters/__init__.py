"""The exercises, one module a chapter. The answers are computed, never listed."""

import importlib
import pkgutil

from lossbook._exercises.checking.exercise import Exercise

_CHAPTERS = [
    importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)
]

EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise
    for chapter in _CHAPTERS
    for exercise in vars(chapter).values()
    if isinstance(exercise, Exercise)
}
