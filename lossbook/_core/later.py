"""Keras for every room under its usual names: importing lossbook does not import it."""

import importlib
from typing import Any


class _Later:
    """A module of Keras that is imported when something of it is asked for."""

    def __init__(self, part: str = "") -> None:
        self._part = part

    def __getattr__(self, name: str) -> Any:
        module = importlib.import_module("keras")
        return getattr(getattr(module, self._part) if self._part else module, name)


keras: Any = _Later()
ops: Any = _Later("ops")
