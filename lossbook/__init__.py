"""lossbook: how Keras turns a tensor of losses into the one number that `fit` prints.

    import lossbook as lb

    t = lb.trace("binary_crossentropy", y_true, y_pred)
    t.total  # the number that Keras prints
    t.coefficients  # the factor of every element in it

Importing lossbook imports NumPy and nothing else; Keras and Matplotlib are loaded where used.
"""

import importlib
from typing import Any

from lossbook import elementwise, reduction, total
from lossbook._audit import audit
from lossbook._explain import decompose, explain
from lossbook._identify import identify
from lossbook._marks import mark
from lossbook._trace import source, trace
from lossbook.rules import RULES, aggregate, epoch_loss

__version__ = "0.1.0"

__all__ = [
    "RULES",
    "ExplainCallback",
    "aggregate",
    "atlas",
    "audit",
    "data",
    "decompose",
    "elementwise",
    "epoch_loss",
    "exercises",
    "explain",
    "identify",
    "mark",
    "plots",
    "reduction",
    "source",
    "total",
    "trace",
]

_LAZY = ("atlas", "data", "exercises", "plots")


def __getattr__(name: str) -> Any:
    if name == "ExplainCallback":  # its class is Keras's
        return importlib.import_module("lossbook._explain").ExplainCallback
    if name in _LAZY:
        return importlib.import_module(f"lossbook.{name}")
    raise AttributeError(f"module 'lossbook' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
