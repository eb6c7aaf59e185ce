"""The ways back: code that makes the newest Keras print what an older release printed.

`steps.py` has the code, `search.py` runs it with `harness.py`, found.json keeps what was found.
"""

import json
from functools import cache
from pathlib import Path

from records.atlas.ways_back.steps import STEPS

__all__ = ["FOUND", "STEPS", "found"]

FOUND = Path(__file__).with_name("found.json")


@cache
def found():
    """Return what was found: {case: [{"methods", "number", "steps"}]}."""
    return json.loads(FOUND.read_text(encoding="utf-8"))["found"] if FOUND.exists() else {}
