"""The exercises, one module a chapter. The answers are computed, never listed."""

import importlib
import pkgutil

EXERCISES = {}
for _module in pkgutil.iter_modules(__path__):
    EXERCISES |= importlib.import_module(f"{__name__}.{_module.name}").EXERCISES
