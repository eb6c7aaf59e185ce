"""The cases of the atlas: what is given to a model, and nothing about what comes out.

A case is a plain dict (`forms.case` and `forms.output` name its keys). It says everything that a
model of the path from predictions to scalar needs, so that a test can compute the scalar without
the release that ran it. Python 3.6+ and NumPy only; no random numbers.
"""

import hashlib
import importlib
import json

import numpy as np

from .custom import CUSTOM, Numpy
from .forms import CASES
from .uses import uses

__all__ = ["CASES", "CUSTOM", "Numpy", "digest", "uses"]

# Each adds its cases, in this order.
_first = ["losses", "weights", "masks", "outputs"]
for _name in [*_first, "additional", "epochs", "elements", "functions"]:
    importlib.import_module("." + _name, __name__)


def digest():
    """Return a hash of what the cases give to a model: results belong to exactly these."""

    def plain(value):
        if isinstance(value, np.ndarray):
            return [str(value.dtype), value.tolist()]
        if isinstance(value, dict):
            return {str(key): plain(item) for key, item in value.items()}
        return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value

    words = ("title", "kinds")
    given = [{key: item for key, item in case.items() if key not in words} for case in CASES]
    return hashlib.sha256(json.dumps(plain(given), sort_keys=True).encode()).hexdigest()
